"""Plain Unicode from titles and abstracts that may hold TeX. Pure.

Authors write TeX, Markdown, code and plain text in the same field. Only certain TeX is converted, and all other text
stays as written. An unknown command is replaced by its argument or its name, so that no word is lost.
"""

import re
import unicodedata

from digest.text import loose_math
from digest.text.cleanup import clean
from digest.text.latex_math import WRAPPERS, plain_formula, symbol

PASSES = 12  # each converts the innermost level of nested TeX; text that needs more is not TeX

_MAYBE = re.compile(r"[\\`~${]|--")
_ACCENTS = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "r": "\u030a", "c": "\u0327", "k": "\u0328", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip
_GROUP = r"\s?\{(?P<%s>(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+)\}"
_LETTERS = "ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j"
# No branch reads past the next delimiter of its kind, so the time is linear in the length for any input.
_TEX = re.compile(
    rf"""
    # Addresses, where tildes and dashes mean themselves, and paths.
    (?P<address>(?:\bhttps?://|(?<![\w.-])(?:[\w-]++\.)++[a-z]{{2,12}}/)(?:[^\s{{}}$\\`']|\\[_%\#&~])*+)
    | \b[A-Za-z]:\\[^\s{{}}$]*+(?!\{{)
    | (?=[\\`~${{-]) (?:
    # Code, and quotes in JSON within JSON.
      \\\\
    | (?<!`)(?P<fence>`{{1,3}})(?![\s`])[^`]*+(?<![\s(\[–—-])(?P=fence)(?![\w`])
    | \\(?P<escaped>["'])[^"'\\]*+\\(?P=escaped)(?![A-Za-z{{\\])
    # Formulas.
    | (?<![$\\])\$(?P<marked>[\\^_<>=~](?:[^$\\]|\\.)*?)(?<![\s/\\])\$(?!\$)
    | (?<![\d$\\])(?<![A-Za-z](?=\$\d))\$(?![\s$])(?P<inline>(?:[^$\\]|\\.)++)(?<![\s/\\])\$(?![\d$])
    | \$\$(?P<display>(?:[^$\\]|\\.)++)\$\$
    | \\\((?P<round>(?:[^\\]|\\[^()])*+)\\\)
    | \\\[(?P<square>(?:[^\\]|\\[^\[\]])*+)\\\]
    # Letters.
    | (?P<braced>\{{)?\\(?P<accent>["'`^~=](?=[A-Za-z\\{{])|[.uvHrckdb](?=\{{)|[cvHk](?=\s)|\.(?=[A-Z]))
        (?:\{{\\?(?P<inner>[A-Za-z])\}}|\\(?P<dotless>[ij])(?![A-Za-z])|\s?(?P<bare>[A-Za-z]))(?(braced)\}})
    | \{{\\(?P<letter>{_LETTERS})\s?(?:\{{\}})?\}}
    | \\(?P<loose>{_LETTERS})(?![A-Za-z])(?:\{{\}}|(?<!\\AA)\s(?=[a-z])|(?![\w+*?\\]))
    # Commands.
    | \\url{_GROUP % "url"}
    | \\href\s?\{{[^{{}}]*+\}}{_GROUP % "linked"}
    | \\cite[pt]?\*?\s?\{{(?P<cited>[^{{}}]*+)\}}
    | \\(?:{WRAPPERS})(?![A-Za-z]){_GROUP % "wrapped"}
    | \{{\\(?:bf|em|it|sl|sc|tt|rm|sf|bfseries|itshape|scshape|ttfamily)\s(?P<styled>[^{{}}]*+)\}}
    | \\footnote\s?\{{(?P<footnote>[^{{}}]*+)\}}
    | (?<=[\s(~])\\(?P<dollars>\d)
    | \\(?P<about>~)(?=\d)
    | (?P<command>\{{\\[A-Za-z]++\}}|\\[A-Za-z]++(?:\{{[^{{}}]*+\}})*+)
    | \\(?P<sign>[%&_$\#{{}},;\ ])
    | (?<=[a-z])\\(?P<hyphenation>-)(?=[a-z])
    | (?<=\w)\{{(?P<spared>[-,=+:<>]?)\}}(?=[\w=<>])
    # Quotes, dashes, spaces that don't break.
    | (?<![`\w])``(?P<double>[^`"]*?)(?:''|")
    | (?<![`\w])`(?=\w)(?P<single>(?:[^`']|'(?=\w))*+)'(?!['\w])
    | (?<![-<|!])(?<!\|\s)(?P<em>---)(?![->|])
    | (?P<en>(?<=[\w)\]}}%.$"'’”])--(?=[\w(\\{{$"'‘“`])|(?<=\s)--(?=\s))
    | (?P<tie>(?<=[A-Za-z.,;)\]}}$%])~(?=[\w(\[$\\])(?!(?<=\b\w~)\w+\()|(?<=\d)~(?=[A-Za-z(\[$\\]))  # x~N(0, 1)
    )
    """,
    re.VERBOSE | re.DOTALL,
)


def _readable(tex: re.Match[str]) -> str:
    """Return the plain text of a piece of TeX, or the piece itself if there is doubt."""
    written, kind = tex[0], tex.lastgroup or ""
    content = tex[kind] if kind else ""
    match kind:
        case "address":
            return _ESCAPED.sub(r"\1", content)
        case "url":
            return _ESCAPED.sub(r"\1", content.replace(r"\~{}", "~"))
        case "inline" | "marked" | "display" | "round" | "square":
            plain = None if _PROSE.search(_COMMANDS.sub(r"\\", content)) else plain_formula(content)
            return written if plain is None else plain
        case "inner" | "dotless" | "bare":
            letter = unicodedata.normalize("NFC", content + _ACCENTS[tex["accent"]])
            return letter if len(letter) == 1 else written
        case "letter" | "loose":
            return symbol(content) or written
        case "command":
            plain = plain_formula(content)
            return written if plain is None else plain
        case "linked" | "about" | "wrapped" | "styled" | "spared":
            return content
        case "cited":
            return f"[{content}]"
        case "footnote":
            return f" ({content.strip()})"
        case "dollars":
            return f"${content}"
        case "sign":
            return " " if content in ",; " else content
        case "hyphenation":
            return ""
        case "double":
            return f"“{content}”"
        case "single":
            return f"‘{content}’"
    return {"em": "—", "en": "–", "tie": " "}.get(kind, written)


_ESCAPED = re.compile(r"\\([_%#&~])")
# Two words in a row. The dollar sign is then likely an amount of money and not the start of a formula.
_PROSE = re.compile(r"[A-Za-z]{2}[.,:;]?\s+\(?[A-Za-z]{2}|[A-Za-z]{2}\s+[A-Za-z]\s+[A-Za-z]{2}")
_COMMANDS = re.compile(r"\\[A-Za-z]+(?:\s?\{[^{}]*\})?")


def from_tex(text: str) -> str:
    """Return the readable form of a text that may hold TeX, cleaned by `clean`. A second call changes nothing."""
    before = given = clean(text)
    if not _MAYBE.search(given) and not loose_math.MAYBE.search(given):
        return given
    for _ in range(PASSES):
        after = clean(loose_math.plain_loose_math(_TEX.sub(_readable, before)))
        if after == before:
            return after
        before = after
    return given
