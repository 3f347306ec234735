from digest.email.bold_terms import emphasized
from digest.matching import Finding, Reason


def test_phrases_are_in_bold_and_single_words_of_a_longer_one_are_not() -> None:
    reasons = (
        Reason("Agents", "phrase", "tool use", "abstract", 1),
        Reason("", "words", "context, model", "abstract", 1, "long context"),
    )
    text = "Tool use & a model of its context"
    assert emphasized(text, [Finding("Agents", 1, reasons)]) == "<b>Tool use</b> &amp; a model of its context"
