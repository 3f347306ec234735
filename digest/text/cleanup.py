"""Clean plain Unicode out of what sources send. Pure."""

import html
import re
import unicodedata

# Controls other than white space; marks that turn the direction of all text after them; invisible ones, which
# hide a word from a search; halves of surrogate pairs, which no database takes.
_HARMFUL = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    r"\ud800-\udfff]"
)
# Only what is surely markup is taken for it: `n<k`, `a<b and c>d` and `<think>` are text. No tag reaches past the
# next `<`: the time taken grows with the length, whatever is sent.
_BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|d[dlt]|details|div|fig(?:caption|ure)|footer|form|h[1-6]"
    "|head|header|hr|html|jats:(?:p|sec|title)|li|main|nav|[ou]l|pre|section|summary|t(?:able|body|foot|head)|t[dhr]"
    "|title"
)
_INLINE = (
    "abbr|acronym|audio|bd[io]|big|button|canvas|cite|code|col|colgroup|del|dfn|em|embed|font|iframe|img|input"
    "|ins|kbd|label|link|mark|math|meta|noscript|object|path|picture|samp|small|source|span|strike|strong|su[bp]|svg"
    "|time|tt|var|video|wbr|m(?:frac|i|n|o|over|row|space|sqrt|style|su[bp]|subsup|text|under)|(?:jats|mml):[a-z-]+"
)
_ATTRIBUTES = r"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*"""
_MARKUP = re.compile(
    rf"""<!--.*?(?:-->|\Z)
    | <!(?:doctype|\[if|\[endif)[^<>]*>
    | <(?P<silent>script|style)\b[^<>]*>.*?(?:</(?P=silent)\s*>|\Z)
    | </?(?P<block>{_BLOCKS})(?:\s{_ATTRIBUTES}|/)?>
    | </?(?:{_INLINE})(?:\s{_ATTRIBUTES}|/)?>
    | </?(?P<letter>[abipqsu])(?:\s+[\w:-]+\s*={_ATTRIBUTES}|\s*/)?>""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

_USER_INFO = re.compile(r"(?<=://)[^\s/?#]+@")
# A parameter in the query or fragment of an address, without the punctuation of a sentence that it ends.
_PARAMETER = re.compile(r"(?<=[?&;#])([\w.~%\[\]-]{1,80})=([^\s&#;\"'<>“”]*[^\s&#;\"'<>“”:.,!?)])")
_SECRET_NAME = re.compile(
    r"key$|token|secret|passw|pwd|credential|signature|session|hmac|licen[cs]e"
    r"|(?<![a-z])(?:auth|code|hash|k|login|pass|pw|sid|sig|uid|user|username)(?![a-z])",
    re.IGNORECASE,
)
_KEY_LIKE = re.compile(r"(?=.*\d)(?=.*[a-z])[\w%~+/=-]{20,}", re.IGNORECASE)


def clean(text: str) -> str:
    """One line of plain text: white space folded, composed Unicode, no controls. `<` and `$` stay as they are."""
    return " ".join(unicodedata.normalize("NFC", _HARMFUL.sub("", text)).split())


def from_html(markup: str) -> str:
    """The readable text of an HTML fragment, as `clean` leaves it; scripts and styles are dropped."""
    return clean(html.unescape(_MARKUP.sub(_gap, markup)))


def _gap(found: re.Match[str]) -> str:
    return " " if found["block"] or found["letter"] in ("p", "P") else ""


def without_secrets(text: str) -> str:
    """Return `text` with … for names, passwords and keys in its web addresses: https://…@example.org/?apikey=…"""
    return _PARAMETER.sub(_masked, _USER_INFO.sub("…@", text))


def _masked(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    is_secret = _SECRET_NAME.search(name) or _KEY_LIKE.fullmatch(value)
    return f"{name}=…" if is_secret else parameter[0]


def beginning(body: bytes) -> str:
    """How an answer begins that can't be read, for the message that says so."""
    start = clean(body[:200].decode("utf-8", "replace"))[:80]
    return f"it begins “{start}”" if start else "the answer is empty"


_SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s+[A-Z(\"'])")
_NO_END = re.compile(r"(?:\b(?:e\.g|i\.e|al|approx|cf|Eqs?|Figs?|resp|Secs?|vs)|\b[A-Z])\.$")
_PLAIN_WORD = re.compile(r"[^\W\d_]{2,}(?:[-’'][^\W\d_]+)*[,;:]?")
# SpamAssassin takes such a row of words for made up, and gives two points (its rule LONGWORDS). One abstract in some
# six hundred has one.
_LONG_WORDS = re.compile(r"\b(?:(?:[a-z]{8,}[\s.]+){5}|(?:[a-z]{6,}[\s.]+){8}|(?:[a-z]{5,}[\s.]+){9})(?=[a-z]{5})")


def first_sentences(text: str, limit: int) -> str:
    """The whole sentences of `text` that fit into `limit` characters; at least one, cut between words if need be.

    It is never cut inside a formula, as far as plain text tells where one is, nor after a row of long words.
    """
    row = _LONG_WORDS.search(text, 0, limit)
    if len(text) <= limit and not row:
        return text
    limit = min(limit, row.end() + 2) if row else limit
    ends = [end.end() for end in _SENTENCE_END.finditer(text) if end.end() <= limit and not _is_no_end(text, end)]
    return text[: ends[-1]] if ends and ends[-1] >= limit // 3 else _cut(text, limit - 2)


def whole(text: str, limit: int) -> str:
    """`text`, where `first_sentences` would leave it as it is; else nothing."""
    return text if first_sentences(text, limit) == text else ""


def _is_no_end(text: str, end: re.Match[str]) -> bool:
    return bool(_NO_END.search(text, max(0, end.start() - 10), end.start() + 1))


def _cut(text: str, limit: int) -> str:
    """The beginning of `text`, up to between two plain words: what is around a formula is not."""
    spaces = [at for at in range(1, min(limit, len(text) - 1) + 1) if text[at] == " "]
    for at in reversed(spaces):
        if _is_between_words(text, at):
            return text[:at].rstrip(",;:–-") + " …"
    return text[: spaces[-1] if spaces else limit].rstrip(",;:–- ") + " …"


def _is_between_words(text: str, at: int) -> bool:
    before, after = text[:at], text[at + 1 : at + 40].split(" ", 1)[0].lstrip("(\"'“")
    balanced = all(before.count(a) == before.count(b) for a, b in ("()", "[]", "{}")) and before.count("$") % 2 == 0
    last = before.rsplit(" ", 1)[-1].lstrip("(\"'“")
    return balanced and bool(_PLAIN_WORD.fullmatch(last) and _PLAIN_WORD.match(after))
