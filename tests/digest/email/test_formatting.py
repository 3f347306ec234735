"""Dates, numbers, names and texts as readers see them."""

import datetime as dt

import pytest
from django.utils import translation

from digest.email import formatting, reasons
from digest.matching import Finding, Reason

DAY = dt.date(2026, 8, 20)
HEBREW = "עדה לאבלייס"


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Thursday, 20 August 2026"), ("de", "Donnerstag, 20 August 2026")]
)
def test_it_names_the_day_in_the_readers_language(language: str, said: str) -> None:
    with translation.override(language):
        assert formatting.long_date(DAY).replace("20. ", "20 ") == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (dt.date(2026, 8, 17), "17"),
        (dt.date(2026, 7, 27), "27 July"),
        (dt.date(2025, 12, 29), "29 December 2025"),
    ],
)
def test_a_range_of_days_repeats_no_part_of_the_date(day: dt.date, said: str) -> None:
    assert formatting.day_before(day, DAY) == said
    with translation.override("de"):
        assert formatting.day_before(dt.date(2026, 8, 17), DAY) == "17."


@pytest.mark.parametrize(("number", "said"), [(0, "0 votes"), (1, "1 vote"), (2, "2 votes"), (1234, "1,234 votes")])
def test_it_counts_with_the_noun(number: int, said: str) -> None:
    assert formatting.votes(number) == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason("RL", "phrase", "GRPO", "title", 3), "RL: “GRPO” in the title"),
        (Reason("RL", "phrase", "GRPO", "abstract", 1), "RL: “GRPO” in the abstract"),
        (Reason("RL", "phrase", "GRPO", "keywords", 1), "RL: “GRPO” in the keywords"),
        (Reason("RL", "author", "Ada Lovelace", "authors", 5), "RL: by Ada Lovelace"),
        (Reason("RL", "category", "cs.CL", "categories", 0.5), "RL: in cs.CL"),
        (Reason("RL", "meaning", "RL", "", 1), "RL: close in meaning to this topic"),
        (Reason("Your words", "meaning", "to learn", "", 1), "Your words: close in meaning to “to learn”"),
        (Reason("", "votes", "30", "votes", 0), ""),
    ],
)
def test_it_formats_a_reason(reason: Reason, said: str) -> None:
    assert reasons.why(Finding(reason.interest, reason.weight, (reason,))) == said


def test_it_groups_reasons_of_one_kind() -> None:
    found = [
        ("phrase", "Quantization", "title"),
        ("meaning", "RL", ""),
        ("phrase", "bit quantization", "abstract"),
        ("phrase", "4-bit", "abstract"),
        ("phrase", "low-bit quantization", "abstract"),  # more than low-bit alone
        ("topic", "Learning", ""),
        ("topic", "Vision", ""),
        ("author", "Ada Lovelace", "authors"),
        ("author", "Augusta Ada Lovelace", "authors"),
        ("words", "Models, small", "title"),
        ("words", "small, cheap", "title"),
    ]
    finding = Finding("RL", 1, tuple(Reason("RL", *each, 1) for each in found))
    name, line = reasons.why_in_full(finding)
    assert f"{name}: {line}" == f"{reasons.why(finding)}."
    assert reasons.why(finding) == (
        "RL: “Quantization” in the title; close in meaning to this topic; "
        "“4-bit”, “low-bit quantization” in the abstract; on the topics “Learning”, “Vision”; "
        "by Ada Lovelace; by Augusta Ada Lovelace; "
        "Models, small, cheap in the title"
    )
    with translation.override("de"):
        assert "„4-bit“, „low-bit quantization“ im Abstract" in reasons.why(finding)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a" * 78, ["a" * 78]),
        ("a" * 78 + " b", ["a" * 78, "b"]),
        ("a" * 77 + " b", ["a" * 77, "b"]),
        ("a" * 76 + " b", ["a" * 76 + " b"]),
        ("a" * 100 + " b", ["a" * 100, "b"]),
        ("b " + "a" * 100, ["b", "a" * 100]),
        (" ".join(["four"] * 30), [" ".join(["four"] * 15), " ".join(["four"] * 15)]),
    ],
)
def test_it_wraps_text_between_words(text: str, lines: list[str]) -> None:
    assert formatting.wrapped(text).split("\n") == lines


def test_the_preheader_shows_the_next_titles() -> None:
    assert formatting.preheader(["Faster Diffusion", "A Survey of Everything There Is"], "2 of 3") == (
        "Also: Faster Diffusion · A Survey of Everything There Is"
    )
    assert (
        formatting.preheader(["Short"], "2 of the day’s 3 papers match.")
        == "Also: Short 2 of the day’s 3 papers match."
    )
    assert formatting.preheader([], "1 of 3") == "1 of 3"
    assert len(formatting.preheader(["word " * 30] * 3, "2 of 3")) <= 110


def test_it_leaves_out_the_middle_of_a_long_list_of_authors() -> None:
    names = [f"Author {letter}" for letter in "ABCDEFGH"]
    assert formatting.short_authors(names, 3).replace("\u00a0", " ") == "Author A, Author B, 5 more, Author H"
    assert formatting.short_authors(names[:4], 3) == "Author A, Author B, Author C, Author D"


def test_it_isolates_only_text_of_the_other_direction() -> None:
    assert formatting.isolated("Ada Lovelace") == "Ada Lovelace"
    assert formatting.isolated(HEBREW) == f"\u2068{HEBREW}\u2069"
    with translation.override("he"):
        assert formatting.isolated("Ada Lovelace") == "\u2068Ada Lovelace\u2069"
        assert formatting.isolated(HEBREW) == HEBREW


def test_it_cuts_before_it_isolates() -> None:
    found = formatting.short_authors([HEBREW * 30])
    assert found.startswith("\u2068")
    assert found.endswith("…\u2069")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("university of science and technology of china", "University of Science and Technology of China"),
        ("deepseek-ai", "deepseek-ai"),  # as it calls itself
        ("KAIST AI", "KAIST AI"),
        ("inclusionAI labs", "inclusionAI labs"),
        ("", ""),
    ],
)
def test_it_capitalizes_an_organization(told: str, shown: str) -> None:
    assert formatting.named(told) == shown


def test_no_line_begins_with_the_dot_before_an_organization() -> None:
    assert formatting.by_line(["Ada Lovelace"], "KAIST AI") == "Ada Lovelace\u00a0· KAIST AI"
    assert formatting.by_line([], "KAIST AI") == "KAIST AI"
    assert formatting.by_line(["Ada Lovelace"], "") == "Ada Lovelace"


def test_on_pages_a_reason_is_a_sentence_below_the_interest() -> None:
    finding = Finding("Learning", 1, (Reason("Learning", "meaning", "Learning", "", 1),))
    assert reasons.why_in_full(finding) == ("Learning", "Close in meaning to this topic.")
    assert reasons.why_in_full(Finding("Learning", 1, (Reason("Learning", "votes", "30", "votes", 0),)))[1] == ""


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Short: It Fits", "Short: It Fits"),
        ("What Agents Remember: A Study of Memory", "What Agents Remember"),
        ("Zeta: An Efficient Harness for Everything", "Zeta: An Efficient Harness…"),
        ("A Very Long Title Without Any Subtitle", "A Very Long Title…"),
    ],
)
def test_a_long_title_loses_its_subtitle_before_it_is_cut(title: str, shown: str) -> None:
    assert formatting.main_title(title, 33) == shown
