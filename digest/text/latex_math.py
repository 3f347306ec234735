"""Convert formulas to plain Unicode where that makes them easier to read. Pure."""

import re
from functools import cache, lru_cache
from typing import Any

from pylatexenc.latex2text import get_default_latex_context_db

from digest.text.superscripts import subscript, superscript

LONGEST = 2_000  # characters
DEEPEST = 20  # levels of nesting

# Commands that are replaced by their argument.
WRAPPERS = (
    "text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal|superscript|subscript)?|emph|uline|underline|[mh]box|ensuremath"
    "|math(?:rm|bf|cal|it|sf|tt|frak|scr|normal)|operatorname|boldsymbol|bm|bf|it|rm"
)
_WRAPPER = re.compile(WRAPPERS)
_FUNCTION = re.compile(
    "arc(?:cos|sin|tan)|arg(?:max|min)?|cosh?|cot|csc|deg|det|dim|exp|gcd|hom|ker|lg|lim(?:inf|sup)?|ln|log|max|min|Pr"
    "|sec|sinh?|inf|sup|tanh?"
)
_INVISIBLE = re.compile("left|right|[bB]igg?[lr]?|(?:no)?limits|(?:display|text)style|nobreakdash|xspace|protect")
_OWN = {  # commands that the library lacks, or converts to an unusual form
    "ne": "≠", "quad": " ", "qquad": " ", "prime": "′", "etal": "et al.", "ie": "i.e.", "eg": "e.g.",
    "textgreater": ">", "textless": "<", "textasciitilde": "~", "textbar": "|", "lbrace": "{", "rbrace": "}",
    "copyright": "©", "pounds": "£", "euro": "€", "checkmark": "✓", "LaTeX": "LaTeX", "TeX": "TeX", "mid": "|",
    "vert": "|", "lvert": "|", "rvert": "|", "newline": " ", "par": " ", "noindent": "",
}  # fmt: skip
_BLACKBOARD = str.maketrans("CHNPQRZ", "ℂℍℕℙℚℝℤ")
_SIGNS = {"|": "‖", ",": " ", ";": " ", ":": " ", " ": " ", ">": " ", "!": "", "-": "", "/": ""} | {
    sign: sign for sign in "{}%$&#_"
}
_STRUCTURE = re.compile("begin|end|over|choose|substack|hline|cline|multicolumn|def|newcommand")
_UNKNOWN = re.compile("[A-Za-z]{3,}")  # shorter ones may be escapes of strings
_ROOTS = {"2": "√", "3": "∛", "4": "∜"}
_ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0305", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308",
}  # fmt: skip


@lru_cache(1_000)
def symbol(name: str) -> str | None:
    """Return the sign, letter or function name that a command produces, or None if it is unknown."""
    if _FUNCTION.fullmatch(name):
        return name
    if name in _OWN:
        return _OWN[name]
    known = getattr(_library().get_macro_spec(name), "simplify_repl", None)
    return known if isinstance(known, str) and len(known) == 1 and not known.isascii() else None


@cache
def _library() -> Any:
    return get_default_latex_context_db()


class _UnclearError(Exception):
    """The formula has no clear plain form."""


def plain_formula(source: str) -> str | None:
    """Return the formula in plain Unicode, or None if it has no clear plain form."""
    if len(source) > LONGEST:
        return None
    try:
        return _Formula(source).all()
    except _UnclearError:
        return None


class _Formula:
    """A parser that reads a formula from left to right. It raises _UnclearError for anything that it doesn't know."""

    def __init__(self, source: str) -> None:
        self.pieces = re.findall(r"\\[A-Za-z]+|\\.|.", source)[::-1]

    def all(self) -> str:
        return self._group("", 0)

    def _group(self, end: str, depth: int) -> str:
        parts: list[str] = []
        while self.pieces:
            piece = self.pieces.pop()
            if piece == end:
                return "".join(parts)
            parts.append(self._part(piece, "".join(parts[-2:])[-2:], depth))
        if end:
            raise _UnclearError
        return "".join(parts)

    def _part(self, piece: str, before: str, depth: int) -> str:
        if piece in ("}", "&", "$") or depth > DEEPEST:
            raise _UnclearError
        if piece == "{":
            return self._group("}", depth + 1)
        if piece in ("^", "_"):
            content = self._argument(depth)
            return superscript(content, before) if piece == "^" else subscript(content, before, self._next())
        if piece == "~":
            return " "
        if piece == "'":
            return "′"
        return self._command(piece[1:], before, depth) if piece[0] == "\\" else piece

    def _command(self, name: str, before: str, depth: int) -> str:
        if name in _SIGNS:
            return _SIGNS[name]
        if _WRAPPER.fullmatch(name):
            return self._argument(depth)
        if _INVISIBLE.fullmatch(name):
            if name in ("left", "right"):
                self._skip(".")
            return ""
        if name == "mathbb":
            return self._argument(depth).translate(_BLACKBOARD)
        if name in ("frac", "dfrac", "tfrac"):
            return f"{_bracketed(self._argument(depth))}/{_bracketed(self._argument(depth))}"
        if name == "sqrt":
            return self._root(depth)
        if name in _ACCENTS:
            return self._accented(name, depth)
        sign = symbol(name)
        if sign is None:
            return self._unknown(name, depth)
        # In `n\log n` and `p\in P`, the space after the command is meant for both sides.
        needs_space = before[-1:].isalnum() and (
            _FUNCTION.fullmatch(name) or (not sign.isalnum() and self._next().isspace())
        )
        return f" {sign}" if needs_space else sign

    def _accented(self, name: str, depth: int) -> str:
        letter = self._argument(depth)
        return letter + _ACCENTS[name] if len(letter) == 1 else f"{name}({letter})"

    def _root(self, depth: int) -> str:
        root = "√"
        if self._next() == "[":
            self.pieces.pop()
            degree = self._group("]", depth + 1)
            root = _ROOTS.get(degree) or superscript(degree, "") + root
        return root + _bracketed(self._argument(depth))

    def _unknown(self, name: str, depth: int) -> str:
        """Return the arguments of an unknown command, or its name if it has none."""
        if _STRUCTURE.fullmatch(name) or not _UNKNOWN.fullmatch(name):
            raise _UnclearError
        arguments: list[str] = []
        while self._next() == "{":
            arguments.append(self._argument(depth))
        return " ".join(filter(None, arguments)) or name

    def _argument(self, depth: int) -> str:
        self._skip(" ")
        if not self.pieces:
            raise _UnclearError
        return self._part(self.pieces.pop(), "", depth + 1)

    def _next(self) -> str:
        return self.pieces[-1] if self.pieces else ""

    def _skip(self, piece: str) -> None:
        if self._next() == piece:
            self.pieces.pop()


def _bracketed(text: str) -> str:
    """Return `text` in brackets, unless it is a single number or name."""
    return text if re.fullmatch(r"[\w.]+", text) else f"({text})"
