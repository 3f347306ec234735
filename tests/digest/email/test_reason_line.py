"""The one line that says why a paper was chosen."""

import pytest
from django.utils import translation

from digest.email.reason_line import followed_in_html, reason_line, reason_line_in_html, reason_line_in_text
from digest.matching import OWN_WORDS, Finding, Reason
from digest.personalization.like_filter import LIKES

VOTES = Finding("", 1, (Reason("", "votes", "30", "votes", 0),))


def finding(interest: str, *found: tuple[str, str, str]) -> Finding:
    return Finding(interest, 1, tuple(Reason(interest, *each, 1) for each in found))


LEARNING = finding("Reinforcement learning", ("meaning", "Reinforcement learning", ""))
AGENTS = finding("Training agents", ("phrase", "agents", "title"))


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ([LEARNING], "Because you follow Reinforcement learning"),
        ([LEARNING, AGENTS], "Because you follow Reinforcement learning and Training agents"),
        (
            [LEARNING, AGENTS, finding("Robots", ("meaning", "Robots", ""))],
            "Because you follow Reinforcement learning, Training agents and 1 more",
        ),
        ([VOTES], ""),
        ([finding("Your words", ("votes", "30", "votes"))], ""),
        ([], ""),
    ],
)
def test_it_names_what_the_reader_follows(findings: list[Finding], line: str) -> None:
    assert reason_line(findings) == line


GRPO = ("phrase", "GRPO", "title")


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ([LEARNING], ""),
        ([LEARNING, AGENTS], "Because you also follow Training agents"),
        ([finding("Reinforcement learning", GRPO)], ""),
        ([finding("Reinforcement learning", ("assessment", "", ""))], "Judged by an AI model"),
        ([LEARNING, finding("", ("liked", "A paper", ""))], "Close to “A paper”"),
        ([AGENTS], "Because you follow Training agents"),
    ],
)
def test_below_a_heading_it_says_only_what_the_heading_does_not(findings: list[Finding], line: str) -> None:
    assert reason_line(findings, "Reinforcement learning") == line
    assert reason_line_in_text(findings, "Reinforcement learning").strip() == line


def test_it_names_a_topic_once_that_own_words_are_about_too() -> None:
    own = finding(OWN_WORDS, ("topic", "Training agents", ""))
    assert reason_line([own]) == "Because you follow “Training agents”"
    assert reason_line([AGENTS, own]) == "Because you follow Training agents"
    assert reason_line([AGENTS, own], "Training agents") == ""
    assert reason_line([own, LEARNING], "Training agents") == "Because you follow Reinforcement learning"


def test_it_does_not_repeat_a_heading_of_the_readers_own_words() -> None:
    own = finding(OWN_WORDS, ("phrase", "world models", "title"))
    assert reason_line([own], "“world models”") == ""


def test_below_a_heading_of_several_own_words_it_says_which_of_them_matched() -> None:
    own = finding(OWN_WORDS, ("phrase", "world models", "title"))
    heading = "“agents”, “world models”"
    assert reason_line([own], heading) == "Matched “world models”"
    also = "Because you also follow Reinforcement learning · matched “world models”"
    assert reason_line([LEARNING, own], heading) == also
    assert reason_line([own], "“agents”, …") == "Because you follow “world models”"


def test_below_a_heading_of_several_own_words_it_names_them_as_the_reader_typed_them() -> None:
    asked = [Reason(OWN_WORDS, "phrase", "World-Models", "title", 1, "world models"), _asked("agents")]
    heading = "“agents”, “world models”"
    assert reason_line([Finding(OWN_WORDS, 1, tuple(asked))], heading) == "Matched “world models” and “agents”"
    in_html = reason_line_in_html([Finding(OWN_WORDS, 1, (_asked("R&D"),))], "“agents”, “R&D”")
    assert in_html == "Matched “R&amp;D”"


def _asked(words: str) -> Reason:
    return Reason(OWN_WORDS, "phrase", words.title(), "abstract", 1, words)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ("Bench", ""),
        ("evaluating", ""),
        ("eval", " · matched “eval”"),
        ("leaderboard", " · matched “leaderboard”"),
        ("benchmark saturation", ""),  # too long for one line
    ],
)
def test_it_leaves_out_another_form_of_a_word_in_the_topics_name(found: str, line: str) -> None:
    topic = "Benchmarks and evaluation"
    assert reason_line([finding(topic, ("phrase", found, "title"))]) == f"Because you follow {topic}{line}"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ("a benchmark for", ""),
        ("computational complexity of", " · matched “computational complexity”"),
        ("with human preferences", " · matched “human preferences”"),
        ("chain of thought", " · matched “chain of thought”"),
        ("T cells", " · matched “T cells”"),
    ],
)
def test_it_shows_the_words_that_say_something(found: str, line: str) -> None:
    assert reason_line([finding("Theory", ("phrase", found, "title"))]) == f"Because you follow Theory{line}"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([("phrase", "world models", "title")], "“world models”"),
        ([("phrase", "policy", "abstract"), ("phrase", "policies", "title")], "“policy” and “policies”"),
        ([("phrase", "agent", "title"), ("phrase", "LLM agents", "title")], "“LLM agents”"),
        ([("meaning", "to learn from few examples", "")], "“to learn from few examples”"),
        ([("words", "Models, small", "title"), ("words", "small", "abstract")], "“Models” and “small”"),
        ([("author", "Ada Lovelace", "authors"), ("phrase", "proofs", "title")], "Ada Lovelace · matched “proofs”"),
        ([("category", "cs.CL", "categories")], "cs.CL"),
    ],
)
def test_it_quotes_the_readers_own_words_and_names_authors(found: list[tuple[str, str, str]], line: str) -> None:
    assert reason_line([finding(OWN_WORDS, *found)]) == f"Because you follow {line}"


@pytest.mark.parametrize(
    ("found", "extra"),
    [
        ([("phrase", "reward model", "abstract"), ("phrase", "GRPO", "title")], " · matched “GRPO”"),
        ([("phrase", "reinforcement-learning", "title")], ""),  # the topic's name says it
        ([("words", "level, turn", "abstract")], ""),
        ([("phrase", "a phrase of more than four words", "title")], ""),
    ],
)
def test_it_adds_what_matched_in_a_few_words(found: list[tuple[str, str, str]], extra: str) -> None:
    line = "Because you follow Reinforcement learning"
    assert reason_line([finding("Reinforcement learning", *found)]) == line + extra


def test_it_says_that_the_reader_liked_such_papers() -> None:
    liked = Finding(LIKES, 0, (Reason("", "liked", "Diffusion", "liked", 0),))
    assert reason_line([LEARNING, AGENTS, liked]).endswith("Training agents · close to “Diffusion”")
    assert reason_line_in_html([liked]) == 'Close to “<i lang="en">Diffusion</i>”, which you liked'


def test_names_are_bold_and_escaped_in_html() -> None:
    found = finding("R&D <b>", ("phrase", "x < y", "title"))
    assert reason_line_in_html([found]) == "Because you follow <b>R&amp;D &lt;b&gt;</b> · matched “x &lt; y”"


def test_a_percent_sign_is_no_placeholder() -> None:
    assert "100 %(names)s" in reason_line([finding(OWN_WORDS, ("phrase", "100 %(names)s", "title"))])


def test_it_is_translated_and_wrapped() -> None:
    long = finding("Large language models everywhere", ("meaning", "", ""))
    with translation.override("de"):
        line = reason_line_in_text([LEARNING, long, AGENTS])
    assert line == "Weil Sie Bestärkendes Lernen, Large language models everywhere und 1\n  weiteren folgen"


@pytest.mark.parametrize(
    ("asked", "reason", "line"),
    [
        ("video", ("phrase", "videos", "title"), "“video”"),
        ("video", ("phrase", "Video", "title"), "“video”"),
        ("pre-training", ("phrase", "Pretraining", "abstract"), "“pre-training” · matched “Pretraining”"),
        ("world-model", ("phrase", "world model", "abstract"), "“world-model”"),
        ("video agents", ("words", "videos", "title"), "“video agents”"),
    ],
)
def test_it_names_words_as_they_were_typed(asked: str, reason: tuple[str, str, str], line: str) -> None:
    found = Finding(OWN_WORDS, 1, (Reason(OWN_WORDS, *reason, 1, asked),))
    assert reason_line([found]) == f"Because you follow {line}"


def test_it_does_not_repeat_typed_words_between_german_quotes() -> None:
    found = Finding("Your words", 1, (Reason("Your words", "phrase", "Video", "title", 1, asked="video"),))
    with translation.override("de"):
        assert reason_line([found]) == "Weil Sie „video“ folgen"


def test_the_short_line_names_what_is_followed_and_ends_there() -> None:
    followed = finding("Robots", ("meaning", "Robots", ""), ("liked", "A paper", ""))
    assert followed_in_html([followed]) == "Because you follow <b>Robots</b>"
    liked = finding("", ("liked", "A paper", ""))
    assert followed_in_html([liked]) == 'Close to “<i lang="en">A paper</i>”, which you liked'


def test_a_long_title_of_a_saved_paper_keeps_the_line_on_one_line() -> None:
    title = "A Compact End-to-End Visual Document Retriever via Distillation of Large Models"
    saved = Finding("", 0, (Reason("", "liked", title, "saved", 0),))
    line = reason_line([saved])
    assert line.startswith("Close to “A Compact End-to-End")
    assert line.endswith("…”, which you saved")
    assert len(line) <= 76
