"""Odd values for each part of a request."""

import random
from typing import Any

TEXTS = [
    "", " ", "0", "1", "-1", "+1", "1.5", "1e308", "NaN", "٣", "²", "99999999999999999999", "9" * 5000, "true", "null",
    "\x00", "a\x00b", "\r\n", "\x1b[2J", "é", "e\u0301", "論文", "\u202eabc", "\ufeff", "\ufffe", "😀", "ß", "İ", "ﬁ",
    "\ud800", "\udfff\ud800", "a" * 300, "a" * 5000, "é" * 20_000, "%", "%00", "%zz", "%ED%A0%80", "+", "&", "=", ";",
    "../../etc/passwd", "//evil.example", "https://evil.example/", "javascript:alert(1)", "<script>alert(1)</script>",
    "{{7*7}}", "{% debug %}", "${x}", "%(x)s", "%s%n", "' OR 1=1 --", '"', "\\", "[", "]", "(", ")", "((((", "*", "?",
    "author:", "author:\"", "cat:", "cat:cs.LG", "title:", "about:", "votes:99999999999", "-", "--", "a AND",
    "NOT", "OR",
    "\"", "\"a", "-survey", "diffusion*", ",", ",,,,", "a," * 60, "2026-08-20", "2026-02-30", "0000-00-00",
    "9999-12-31",
    "2026-W34", "2026-W99", "0001-W01", "2026-08", "2026-13", "arxiv:2608.00661", "doi:10.1/x",
    "ada@example.org", "a@b",
    "a@", "@b", "Ada <a@b.org>", "a@é.example", "a@[::1]", "ada@example.org\nBcc: x@y", "Europe/Berlin",
    "Mars/Base", "de",
    "en", "xx", "de-DE-x-a", "on", "like", "not-for-me", "weekly", "pause", "__all__", "pk", "-pk", "0.1.2.3", "id__gt",
    "32768", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "0x10", "1_000", "1e5",
    "-0", "Infinity", "0001-01-01", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00-14:00", "2026-08-20 24:00",
    "2026-03-29 02:30:00", "23:59:60", "1,2,99999999999999999999", "None", "(?P<x", "a" * 254 + "@example.org",
]  # fmt: skip
# Odd values that fit into the patterns of paths: the ends of the calendar, and of numbers in a database.
PLACES: dict[str, list[str]] = {
    "day": ["0001-01-01", "9999-12-31", "0000-01-01", "2026-02-29", "2024-02-29"],
    "week": ["0001-W01", "9999-W52", "9999-W53", "0000-W01", "2026-W53", "2026-W00"],
    "month": ["0001-01", "9999-12", "0000-01", "2026-00"],
    "number": ["0", "32768", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 30, "9" * 5000],
}
CHARSETS = [
    "utf-8", "UTF-8", "latin-1", "iso-8859-1", "windows-1252", "utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig",
    "idna", "punycode", "unicode_escape", "raw_unicode_escape", "rot13", "zlib", "hex", "base64", "quopri", "uu", "bz2",
    "mbcs", "undefined", "unknown", "x-unknown", "hz", "iso2022_jp", "gb18030", "shift_jis", "cp037", "", "\"",
    "utf-8\x00",
]  # fmt: skip
TYPES = [
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=xxBOUNDARYxx", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 300, "multipart/mixed; boundary=x",
    "multipart/form-data; boundary=\xff", "application/json", "text/plain", "text/html", "application/octet-stream", "",
    ";", "/", "a", "application/xml", "message/rfc822", "application/json; a*=unknown''%41", "text/plain; a*0=b; a*1=c",
]  # fmt: skip
METHODS = ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "post", "X" * 100, "G\xc9T"]
TRANSFER_ENCODINGS = ["base64", "quoted-printable", "7bit", "8bit", "binary", "gzip", "unknown", ""]
HEADERS: dict[str, list[str]] = {
    "HTTP_ACCEPT": ["text/html", "*/*", "", "application/json", "text/html;q=x", ",;,", "a/b;" * 500],
    "HTTP_ACCEPT_ENCODING": ["gzip", "br", "identity", "gzip;q=nan", "*;q=0", "\xff", "gzip," * 500],
    "HTTP_ACCEPT_LANGUAGE": ["de", "en", "de-DE,de;q=0.9", "xx", "de;q=9" * 100, "*", "\xff\xfe", ";q=1", "a" * 5000],
    "HTTP_AUTHORIZATION": ["Basic", "Basic !!!", "Basic w6k6w6k=", "Bearer x", "Basic \xff", "Digest a=b"],
    "HTTP_CONTENT_ENCODING": ["gzip", "br", "deflate", "x"],
    "HTTP_EXPECT": ["100-continue"],
    "HTTP_HOST": ["localhost", "localhost:80", "evil.example", "", "a b", "[::1]", "[::1", "localhost:x", "\xff", "."],
    "HTTP_HX_CURRENT_URL": ["http://localhost/", "//", "http://[", "\xff", "%zz"],
    "HTTP_HX_CURRENT_URL_URI_AUTOENCODED": ["true", "x"],
    "HTTP_HX_REQUEST": ["true", "false", "\xff"],
    "HTTP_HX_TARGET": ["preview", "\xff"],
    "HTTP_IF_MATCH": ["*", '"', '"x"'],
    "HTTP_IF_MODIFIED_SINCE": ["Thu, 20 Aug 2026 12:00:00 GMT", "yesterday", "Mon, 99 Xxx 9999 99:99:99 GMT", "\xff"],
    "HTTP_IF_NONE_MATCH": ["*", '"', 'W/"x"', '"a","b"', "\xff"],
    "HTTP_IF_UNMODIFIED_SINCE": ["Thu, 01 Jan 1970 00:00:00 GMT", "x"],
    "HTTP_ORIGIN": ["https://papers.example.org", "https://evil.example", "null", "http://[", "\xff", "://"],
    "HTTP_RANGE": ["bytes=0-1", "bytes=-", "bytes=9-1", "x", "bytes=0-,0-,0-"],
    "HTTP_REFERER": ["http://localhost/", "http://[", "//", "\xff", "https://evil.example/"],
    "HTTP_SEC_FETCH_SITE": ["cross-site", "same-origin", "x"],
    "HTTP_USER_AGENT": ["curl/8", "\xff\xfe", "", "a" * 5000, "Mozilla/5.0 \xc3\xa9"],
    "HTTP_X_FORWARDED_FOR": ["1.2.3.4", "::1", "x", "1.2.3.4, 5.6.7.8", "," * 100, "\xff", "1.2.3.4:99999"],
    "HTTP_X_FORWARDED_HOST": ["evil.example"],
    "HTTP_X_FORWARDED_PROTO": ["https", "x"],
    "HTTP_X_HTTP_METHOD_OVERRIDE": ["DELETE"],
    "HTTP_X_REQUESTED_WITH": ["XMLHttpRequest"],
    "REMOTE_ADDR": ["", "unix:", "::1", "fe80::1%eth0", "999.1.1.1"],
}
COOKIES = [
    "dailypapers=x",
    "__Host-dailypapers=\x00",
    "; ".join(f"a{number}=b" for number in range(3_000)),
    "a",
    "=",
    ";",
    "sessionid=",
    "csrftoken=x",
    "messages=x",
    'a="\\777"',
    "\xff=\xfe",
    "a=b;" * 500,
    "sessionid=\x00",
]
SCALARS: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e308, 2**63, 10**30, "", "\x00", "\ud800", "é", "a" * 2000, [], {}, [[]],
    {"a": {}}, [None],
]  # fmt: skip


def text(chance: random.Random) -> str:
    """Return an odd text, or two joined together."""
    one = chance.choice(TEXTS)
    return one + chance.choice(TEXTS) if chance.random() < 0.1 else one


def encode(said: str) -> bytes:
    """Return `said` as UTF-8, including halves of surrogate pairs (three bytes each)."""
    return said.encode("utf-8", "surrogatepass")


def spoilt(value: Any, chance: random.Random, odds: float = 0.15) -> Any:
    """Return JSON data with some values, keys or whole branches replaced."""
    if chance.random() < odds:
        return chance.choice([*SCALARS, text(chance)])
    if isinstance(value, dict):
        changed = {key: spoilt(one, chance, odds) for key, one in value.items() if chance.random() > odds / 3}
        return changed | ({text(chance): 1} if chance.random() < odds / 3 else {})
    if isinstance(value, list):
        return [spoilt(one, chance, odds) for one in value]
    return value
