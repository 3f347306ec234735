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


def clean(text: str) -> str:
    """One line of plain text: white space folded, composed Unicode, no controls. `<` and `$` stay as they are."""
    return " ".join(unicodedata.normalize("NFC", _HARMFUL.sub("", text)).split())


def from_html(markup: str) -> str:
    """The readable text of an HTML fragment, as `clean` leaves it; scripts and styles are dropped."""
    return clean(html.unescape(_MARKUP.sub(_gap, markup)))


def _gap(found: re.Match[str]) -> str:
    return " " if found["block"] or found["letter"] in ("p", "P") else ""


def beginning(body: bytes) -> str:
    """How an answer begins that can't be read, for the message that says so."""
    start = clean(body[:200].decode("utf-8", "replace"))[:80]
    return f"it begins “{start}”" if start else "the answer is empty"


def first_sentences(text: str, limit: int) -> str:
    """The whole sentences of `text` that fit into `limit` characters; at least one, cut between words if need be."""
    if len(text) <= limit:
        return text
    ends = [found.end(1) for found in re.finditer(r"([.!?][\"')\]]*)\s+(?=[A-Z(\"'])", text) if found.end(1) <= limit]
    if ends and ends[-1] >= limit // 3:
        return text[: ends[-1]]
    return text[: limit - 2].rsplit(" ", 1)[0].rstrip(",;:–-") + " …"
