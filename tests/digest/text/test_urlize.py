"""Links in plain text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.text.urlize import split_links


@pytest.mark.parametrize(
    ("text", "followed"),
    [
        ("See https://example.org/a?b=1&c=2.", ["https://example.org/a?b=1&c=2"]),
        (
            "(https://example.org/wiki/A_(b)), then HTTP://example.org",
            ["https://example.org/wiki/A_(b)", "HTTP://example.org"],
        ),
        ("“https://example.org/x”", ["https://example.org/x"]),
        ("javascript:alert(1) data:text/html,x ftp://example.org www.example.org", []),
        ("https:// https://. http://[", []),
        ("https://bank.example@evil.example/", []),
        ("https://example.org/\u202egro", []),
        ('https://example.org/"onclick="x', ["https://example.org/"]),
        ("<https://example.org>", ["https://example.org"]),
    ],
)
def test_it_finds_addresses_that_can_be_followed(text: str, followed: list[str]) -> None:
    assert [address for _, address in split_links(text) if address] == followed


@given(st.text() | st.text(alphabet="https:/.@()[]<>\"' a", max_size=60))
def test_it_loses_nothing_and_leads_only_where_it_says(text: str) -> None:
    parts = split_links(text)
    assert "".join(part for part, _ in parts) == text
    for part, address in parts:
        assert address in ("", part)
        assert not address or address.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize("end", [")", ".", ")].", "()"])
def test_the_end_of_an_address_takes_time_by_its_length_alone(end: str) -> None:
    def cost(length: int) -> float:
        text = "https://example.org/" + end * (length // len(end))
        began = time.process_time()
        split_links(text)
        return time.process_time() - began

    assert min(cost(100_000) for _ in range(2)) < 1
