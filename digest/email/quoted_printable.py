"""Quoted-printable text (RFC 2045, 6.7) in pieces that can be joined in any order. Pure.

A piece begins at the start of a line and ends at the end of one. If its text does not end a line, a soft line break
("=" CRLF) does, and the reader's email client removes it. Pieces are encoded once and joined in many emails.
"""

import binascii
from collections.abc import Iterator

LINE = 76  # characters at most, including the "=" of a soft line break
SOFT_BREAK = b"=\r\n"
HARD_BREAK = b"\r\n"


def encode(text: str) -> bytes:
    """Return `text` as a piece.

    Line ends become CRLF. No line begins with a dot, because SMTP would have to double it.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    quoted = binascii.b2a_qp(text.encode())
    rest = len(quoted) - quoted.rfind(b"\n") - 1  # bytes after the last line end
    if rest < LINE and quoted[:1] != b"." and b"\n." not in quoted:
        lines = quoted.replace(b"\n", HARD_BREAK)
        return lines + SOFT_BREAK if rest else lines
    return b"".join(part + HARD_BREAK for line in _lines(quoted) for part in _folded(line))


def without_dots(wire: bytes) -> bytes:
    """Return a quoted-printable email from another encoder with no line that begins with a dot."""
    if b"\r\n." not in wire:
        return wire
    lines = wire.split(HARD_BREAK)
    return HARD_BREAK.join(part for line in lines for part in (_folded(line) if line[:1] == b"." else (line,)))


def decode(piece: bytes) -> str:
    """Return the text of one piece or of several joined ones, with LF at the ends of lines."""
    return binascii.a2b_qp(piece).decode().replace("\r\n", "\n")


def escape(text: str) -> str:
    """Escape `text` between tags as HTML serializers do (HTML, 13.3). Template engines escape quotes, too."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _lines(quoted: bytes) -> list[bytes]:
    *whole, rest = quoted.split(b"\n")
    return [*whole, rest + b"="] if rest else whole


def _folded(line: bytes) -> Iterator[bytes]:
    """Yield `line` without a dot at its start, folded again if that made it too long."""
    while True:
        if line.startswith(b"."):
            line = b"=2E" + line[1:]
        if len(line) <= LINE:
            yield line
            return
        end = LINE - 1
        while b"=" in line[end - 2 : end]:  # do not cut an escape such as =C3
            end -= 1
        yield line[:end] + b"="
        line = line[end:]
