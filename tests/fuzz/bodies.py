"""Bodies that are odd as a whole: files of a form, JSON that is no plain JSON, and a connection that breaks."""

import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from typing import Any

from tests.fuzz.values import CHARSETS, TEXTS, encode

TYPES = [
    "text/csv", "text/plain", "application/zip", "image/png", "image/svg+xml", "application/gzip", "text/xml", "",
    "a/b", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv; charset=unknown",
]  # fmt: skip
NAMES = [
    "readers.csv", "readers.csv.gz", "readers.xlsx", "feeds.opml", "works.bib", "works.ris", "logo.png", "logo.svg",
    "", ".", "..", "../../etc/passwd", "C:\\a\\b.csv", "a\x00b.csv", "é.csv", "a" * 300 + ".csv", "con", "\ud800.csv",
]  # fmt: skip


class Interrupted(io.BytesIO):
    """A body that ends in an error, as when a client disconnects."""

    def read(self, size: int | None = -1, /) -> bytes:
        return self._or_error(super().read(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._or_error(super().readline(size))

    def _or_error(self, read: bytes) -> bytes:
        if not read:
            raise OSError("The client has disconnected.")
        return read


def upload(fields: list[tuple[str, str]], files: set[str], boundary: str, chance: random.Random) -> tuple[str, bytes]:
    """Return a multipart form with an odd file in each of the fields `files`."""
    parts = []
    for name, value in fields:
        if name in files:
            continue
        head = f'Content-Disposition: form-data; name="{name}"'
        parts.append(encode(f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n"))
    for name in sorted(files):
        for _ in range(chance.choice([1, 1, 1, 2])):
            head = f'Content-Disposition: form-data; name="{name}"; filename="{chance.choice(NAMES)}"'
            kind = chance.choice(TYPES)
            parts.append(encode(f"--{boundary}\r\n{head}\r\nContent-Type: {kind}\r\n\r\n") + odd_file(chance) + b"\r\n")
    chance.shuffle(parts)
    return f"multipart/form-data; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()


def odd_file(chance: random.Random) -> bytes:
    """Return the content of a file: a table, an archive, a picture, XML, references, or bytes."""
    made = chance.choice([_table, _table, _archive, _workbook, _picture, _xml, _references, _bytes])(chance)
    how = chance.random()
    if how < 0.1:
        return made[: chance.randrange(len(made) + 1)]
    if how < 0.2 and made:
        at = chance.randrange(len(made))
        return made[:at] + chance.randbytes(4) + made[at:]
    return gzip.compress(made) if how < 0.25 else made


def _table(chance: random.Random) -> bytes:
    columns = chance.choices(
        ["email", "Email Address", "status", "topics", "words", "created_at", "language", "time_zone", "send_hour", "",
         "email", "ip", "name", chance.choice(TEXTS)], k=chance.choice([1, 3, 8, 600])
    )  # fmt: skip
    rows = [columns, *([_cell(chance) for _ in columns[: chance.choice([len(columns), 1])]] for _ in range(5))]
    text = chance.choice(["\r\n", "\n", "\r"]).join(chance.choice([",", ";", "\t"]).join(row) for row in rows)
    if chance.random() < 0.2:
        return text.encode(chance.choice(["utf-16", "utf-8-sig", "cp1252", "utf-16-be"]), "replace")
    return encode(text)


def _cell(chance: random.Random) -> str:
    cell = chance.choice([*TEXTS, "ada@example.org", "Eve <eve@example.org>", "=1+1", "agents", "active"])[:1000]
    return f'"{cell}"' if chance.random() < 0.3 else cell


def _archive(chance: random.Random) -> bytes:
    return _zip({name: _table(chance) for name in chance.sample(["a.csv", "../b.csv", "x/", "é.csv", "/c.csv"], 2)})


def _workbook(chance: random.Random) -> bytes:
    """Return a workbook with odd parts, most of them not what a reader of workbooks expects."""
    sheet = chance.choice([
        b"<worksheet/>", b"", b"<a", b"\x00" * 100, b"<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet>&b;</worksheet>",
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="x">'
        b'<c r="ZZZZ9" t="s"><v>99</v></c></row><row><c t="n"><v>1e999</v></c></row></sheetData></worksheet>',
        b" " * 10_000_000,
    ])  # fmt: skip
    parts = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": sheet}
    return _zip({name: part for name, part in parts.items() if chance.random() < 0.9})


def _zip(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


def _picture(chance: random.Random) -> bytes:
    """Return a PNG of odd dimensions with hardly any pixels, an SVG, or the beginning of another picture."""
    size = chance.choice([(0, 0), (1, 1), (60_000, 60_000), (2**31, 1)])
    header = struct.pack(">IIBBBBB", *size, chance.choice([1, 8, 99]), chance.choice([0, 3, 6]), 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\x00\x00")), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="1e9"><script>alert(1)</script></svg>'
    return chance.choice(
        [png, png, svg, b"GIF89a\xff\xff\xff\xff", b"\xff\xd8\xff\xe0", b"RIFF\xff\xff\xff\xffWEBPVP8L", b"BM"]
    )


def _xml(chance: random.Random) -> bytes:
    inner = chance.choice([
        '<outline xmlUrl="http://[" text="x"/>', '<outline xmlUrl="https://example.org/feed" text="&#0;"/>',
        '<outline xmlUrl="file:///etc/passwd"/>', "<outline>" * 5_000, '<outline xmlUrl="' + "a" * 9_000 + '"/>', "&b;",
        '<outline xmlUrl="https://example.org/\U0001f600" text="' + "é" * 500 + '"/>', "",
    ])  # fmt: skip
    encoding = chance.choice(["utf-8", *CHARSETS])
    dtd = chance.choice(["", "", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'])
    return encode(f'<?xml version="1.0" encoding="{encoding}"?>{dtd}<opml version="2.0"><body>{inner}</body></opml>')


def _references(chance: random.Random) -> bytes:
    entry = chance.choice([
        "@article{a, title = {" + "{" * 3_000, "@article{a, title={Attention}, eprint={2608.00661}}", "@", "@string{a=",
        "TY  - JOUR\nTI  - Attention\nDO  - 10.1/x\nER  - \n", "TY  -", "@comment{" * 500, "%T Attention\n%A \x00",
        '[{"title": 1, "DOI": [], "author": {"family": null}}]', "@article{a, title = \"" + "\\" * 5_000,
    ])  # fmt: skip
    return encode(entry + chance.choice(["", *TEXTS]))


def _bytes(chance: random.Random) -> bytes:
    return chance.choice([b"", b"\x00", b"\xff" * 10, b"\n" * 100_000, chance.randbytes(1_000)])


def odd_json(value: Any, chance: random.Random) -> bytes:
    """Return `value` as JSON, sometimes in a way that few programs write it."""
    plain = json.dumps(value)
    if chance.random() < 0.7:
        return plain.encode()
    inside = plain[1:-1] or '"a": 1'
    return chance.choice([
        b"", b"\xef\xbb\xbf" + plain.encode(), plain.encode("utf-16"), plain.encode("utf-32-le"), plain[:-1].encode(),
        f"[{plain}]".encode(), f'{{{inside}, "email": "b@example.org"}}'.encode(), b"NaN", b"1" * 5_000,
        f'{{{inside}, "max_papers": {"9" * 5_000}}}'.encode(), f'{{{inside}, "send_hour": NaN}}'.encode(),
        f'{{{inside}, "send_hour": -Infinity}}'.encode(), f'{{{inside}, "send_hour": 1e999}}'.encode(),
        b'{"a":' * 20_000, b"[" * 50_000, f"{plain} {plain}".encode(), encode(json.dumps(value, ensure_ascii=False)),
        plain.encode() + b"\x00", b"null", b'"a"', b"\xff", f"// a\n{plain}".encode(),
    ])  # fmt: skip
