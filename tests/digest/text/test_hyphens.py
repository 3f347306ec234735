"""Hyphenated words in titles."""

from digest.text.hyphens import by_words, split_hyphenated


def test_it_splits_a_title_at_its_hyphenated_words() -> None:
    parts = split_hyphenated("Exploring Black-Box RL (HarnessEval-W): on - off")
    assert parts == [
        ("Exploring ", False), ("Black-Box", True), (" RL ", False), ("(HarnessEval-W):", True), (" on - off", False)
    ]  # fmt: skip


def test_it_loses_no_character() -> None:
    for title in ("", "a-b", "-", " plain words ", "Zero-Shot, Few-Shot\u00a0x-y"):
        assert "".join(part for part, _ in split_hyphenated(title)) == title


def test_a_hyphenated_word_stays_whole_where_a_part_of_it_is_highlighted() -> None:
    parts = [("Human-", False), ("Agent Systems", True), (" for ", False), ("On-Policy", True), (" RL", False)]
    assert by_words(parts) == [
        ([("Human-", False), ("Agent", True)], True),
        ([(" Systems", True), (" for ", False)], False),
        ([("On-Policy", True)], True),
        ([(" RL", False)], False),
    ]
    assert by_words([]) == []
