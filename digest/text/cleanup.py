"""Clean plain Unicode from the text that sources send. Pure."""

import html
import re
import unicodedata
from itertools import pairwise

# Controls other than white space; marks that change the direction of all text after them; invisible characters, which
# hide a word from a search; lone surrogates, which no database accepts.
_HARMFUL = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    r"\ud800-\udfff]"
)
# Only certain markup counts as markup: `n<k`, `a<b and c>d` and `<think>` are text. A tag never reaches past the next
# `<`, so the time is linear in the length for any input.
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
# A parameter in the query or fragment of an address, without the punctuation of the sentence around it.
_PARAMETER = re.compile(r"(?<=[?&;#])([\w.~%\[\]-]{1,80})=([^\s&#;\"'<>“”]*[^\s&#;\"'<>“”:.,!?)])")
_SECRET_NAME = re.compile(
    r"key$|token|secret|passw|pwd|credential|signature|session|hmac|licen[cs]e"
    r"|(?<![a-z])(?:auth|code|hash|k|login|pass|pw|sid|sig|uid|user|username)(?![a-z])",
    re.IGNORECASE,
)
_KEY_LIKE = re.compile(r"(?=.*\d)(?=.*[a-z])[\w%~+/=-]{20,}", re.IGNORECASE)


def clean(text: str) -> str:
    """Return one line of plain text: white space folded, composed Unicode, no controls. `<` and `$` are kept."""
    return " ".join(unicodedata.normalize("NFC", _HARMFUL.sub("", text)).split())


def from_html(markup: str) -> str:
    """Return the readable text of an HTML fragment, cleaned by `clean`; scripts and styles are dropped."""
    return clean(html.unescape(_MARKUP.sub(_space_for, markup)))


def _space_for(tag: re.Match[str]) -> str:
    return " " if tag["block"] or tag["letter"] in ("p", "P") else ""


def without_secrets(text: str) -> str:
    """Return `text` with … for names, passwords and keys in its web addresses: https://…@example.org/?apikey=…"""
    return _PARAMETER.sub(_masked, _USER_INFO.sub("…@", text))


def _masked(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    is_secret = _SECRET_NAME.search(name) or _KEY_LIKE.fullmatch(value)
    return f"{name}=…" if is_secret else parameter[0]


def beginning(body: bytes) -> str:
    """Return how an unreadable answer begins, for the error message."""
    start = clean(body[:200].decode("utf-8", "replace"))[:80]
    return f"it begins “{start}”" if start else "the answer is empty"


_SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s+[A-Z(\"'])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|al|approx|cf|Eqs?|Figs?|resp|Secs?|vs)|\b[A-Z])\.$")
_PLAIN_WORD = re.compile(r"[^\W\d_]{2,}(?:[-’'][^\W\d_]+)*[,;:]?")
# SpamAssassin's rule LONGWORDS takes such a run of words for generated text and adds two points. About one abstract in
# six hundred has one.
_LONG_WORDS = re.compile(r"\b(?:(?:[a-z]{8,}[\s.]+){5}|(?:[a-z]{6,}[\s.]+){8}|(?:[a-z]{5,}[\s.]+){9})(?=[a-z]{5})")


def first_sentences(text: str, limit: int) -> str:
    """Return the whole sentences of `text` that fit into `limit` characters.

    If not even one fits, cut it between words. The cut is never inside a formula, as far as plain text shows where one
    is, and a run of long words is left out.
    """
    long_words = _LONG_WORDS.search(text, 0, limit)
    if len(text) <= limit and not long_words:
        return text
    limit = min(limit, long_words.end() + 2) if long_words else limit
    ends = [end.end() for end in _SENTENCE_END.finditer(text) if end.end() <= limit and not _is_abbreviation(text, end)]
    return text[: ends[-1]] if ends and ends[-1] >= limit // 3 else _cut(text, limit - 2)


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`, in order."""
    ends = [end.end() for end in _SENTENCE_END.finditer(text) if not _is_abbreviation(text, end)]
    return [text[begin:end].strip() for begin, end in pairwise([0, *ends, len(text)]) if text[begin:end].strip()]


def whole(text: str, limit: int) -> str:
    """Return `text` if `first_sentences` would return it unchanged, else ""."""
    return text if first_sentences(text, limit) == text else ""


def _is_abbreviation(text: str, end: re.Match[str]) -> bool:
    return bool(_ABBREVIATION.search(text, max(0, end.start() - 10), end.start() + 1))


def _cut(text: str, limit: int) -> str:
    """Return the beginning of `text`, cut between two plain words, because a space at a formula may belong to it."""
    spaces = [position for position in range(1, min(limit, len(text) - 1) + 1) if text[position] == " "]
    for space in reversed(spaces):
        if _is_between_words(text, space):
            return text[:space].rstrip(",;:–-") + " …"
    return text[: spaces[-1] if spaces else limit].rstrip(",;:–- ") + " …"


def _is_between_words(text: str, space: int) -> bool:
    before, after = text[:space], text[space + 1 : space + 40].split(" ", 1)[0].lstrip("(\"'“")
    balanced = all(before.count(a) == before.count(b) for a, b in ("()", "[]", "{}")) and before.count("$") % 2 == 0
    last = before.rsplit(" ", 1)[-1].lstrip("(\"'“")
    return balanced and bool(_PLAIN_WORD.fullmatch(last) and _PLAIN_WORD.match(after))
