"""Quoted-printable text in pieces."""

import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.email.quoted_printable import decode, encode, escape, without_dots
from subscriptions.email.builder import _inliner

# Difficult texts: dots, equals signs, spaces, line ends, letters of one to four bytes, and lengths around a line's.
AWKWARD = st.text(st.sampled_from(".=aé“💥\n\r\t \x00\x0c\xa0"), max_size=300)
TEXTS = st.one_of(
    st.text(max_size=200), AWKWARD, st.integers(60, 160).map("a".__mul__), st.integers(1, 99).map(".".__mul__)
)


def with_plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.lists(TEXTS, max_size=5))
def test_joined_pieces_decode_to_the_joined_texts(texts: list[str]) -> None:
    wire = b"".join(encode(text) for text in texts)
    assert quopri.decodestring(wire).decode().replace("\r\n", "\n") == "".join(map(with_plain_ends, texts))
    assert decode(wire) == "".join(map(with_plain_ends, texts))


@given(TEXTS)
def test_it_writes_lines_that_every_server_accepts(text: str) -> None:
    wire = encode(text)
    assert wire.isascii()
    assert not wire or wire.endswith(b"\r\n")
    for line in wire.split(b"\r\n"):
        assert len(line) <= 76
        assert re.fullmatch(rb"(?:[\t !-<>-~]|=[0-9A-F]{2})*=?", line), line
        assert not line.startswith(b".")
        assert not line.endswith((b" ", b"\t"))


@pytest.mark.parametrize("text", ["", "a", "a\n", "\n", ".", ".a\n..b", "a" * 75, "a" * 76, "a" * 77, "=" * 26])
def test_it_adds_nothing_to_a_text(text: str) -> None:
    assert decode(encode(text)) == text


@given(st.text(st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=100))
def test_it_escapes_as_the_inliner_does(text: str) -> None:
    html = f"<html><head></head><body><p>x{escape(text)}x</p></body></html>"
    assert _inliner().inline(html) == html


@pytest.mark.parametrize("line", [b".", b"..", b".a" * 38, b".=C3" + b"a" * 71 + b"=", b".=C3" + b"a" * 65 + b"=C3=A9"])
def test_it_encodes_dots_at_the_start_of_lines(line: bytes) -> None:
    wire = b"Subject: x\r\n\r\nA\r\n" + line + b"\r\nB\r\n"
    clean = without_dots(wire)
    assert b"\r\n." not in clean
    assert quopri.decodestring(clean) == quopri.decodestring(wire)
    assert all(len(part) <= 76 for part in clean.split(b"\r\n"))
    assert without_dots(b"A.\r\nB") == b"A.\r\nB"
