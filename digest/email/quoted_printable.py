"""Text as it travels in a mail: quoted-printable (RFC 2045, 6.7), in pieces that can be put together at will. Pure.

A piece begins at the beginning of a line and ends at the end of one: where its text does not, after a soft line break
(“=”, CRLF), which whoever reads the mail takes out again. So pieces that were encoded once can stand beside others in
every mail, and none is encoded twice.
"""

import binascii
from collections.abc import Iterator

LINE = 76  # characters at most, with the “=” of a soft line break
SOFT_BREAK = b"=\r\n"
HARD_BREAK = b"\r\n"


def encode(text: str) -> bytes:
    """`text` as a piece. Line ends become CRLF, and no line begins with a dot, which SMTP would have to double."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    quoted = binascii.b2a_qp(text.encode())
    rest = len(quoted) - quoted.rfind(b"\n") - 1  # of the last line, if it has no end
    if rest < LINE and quoted[:1] != b"." and b"\n." not in quoted:
        lines = quoted.replace(b"\n", HARD_BREAK)
        return lines + SOFT_BREAK if rest else lines
    return b"".join(part + HARD_BREAK for line in _lines(quoted) for part in _folded(line))


def without_dots(wire: bytes) -> bytes:
    """A mail in quoted-printable that somebody else wrote, with no line that begins with a dot."""
    if b"\r\n." not in wire:
        return wire
    lines = wire.split(HARD_BREAK)
    return HARD_BREAK.join(part for line in lines for part in (_folded(line) if line[:1] == b"." else (line,)))


def decode(piece: bytes) -> str:
    """The text of a piece, or of many together; lines end on LF."""
    return binascii.a2b_qp(piece).decode().replace("\r\n", "\n")


def escape(text: str) -> str:
    """`text` as HTML serializers write it between tags (HTML, 13.3); template engines escape quotes, too."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _lines(quoted: bytes) -> list[bytes]:
    *whole, rest = quoted.split(b"\n")
    return [*whole, rest + b"="] if rest else whole


def _folded(line: bytes) -> Iterator[bytes]:
    """`line` without a dot at its beginning, folded once more where that made it too long."""
    while True:
        if line.startswith(b"."):
            line = b"=2E" + line[1:]
        if len(line) <= LINE:
            yield line
            return
        end = LINE - 1
        while b"=" in line[end - 2 : end]:  # not within an escape, such as =C3
            end -= 1
        yield line[:end] + b"="
        line = line[end:]
