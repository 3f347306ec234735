"""Superscripts and subscripts in plain Unicode, with a readable form where Unicode has none. Pure."""

import re

_SIGNS = {"∘": "°", "°": "°", "circ": "°", "⊤": "ᵀ", "top": "ᵀ", "star": "*", "ast": "*", "⋆": "*", "★": "*"} | {
    "∗": "*", "prime": "′", "dagger": "†", "th": "th", "st": "st", "nd": "nd", "rd": "rd",
} | {sign: sign for sign in "*′″†‡§+"}  # fmt: skip
_RAISED = str.maketrans(
    dict(
        zip(
            "0123456789+-−=()/abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
            "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᐟᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
            strict=True,
        )
    )
)
_LOWERED = str.maketrans(
    dict(zip("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
)
_KEPT = ".,"  # they read well between small digits: π₀.₅
_WORD = re.compile("[A-Za-z]{3}")  # small letters are hard to read as a word
_SIMPLE = re.compile(r"[\w.]+")
LONGEST_RAISED = 12


def superscript(content: str, base: str) -> str:
    """Return `content` as a superscript of the text `base`, which ends where it begins: ², ⁿ⁻¹, or ^(x, y)."""
    if content in _SIGNS:
        return "⁺" if content == "+" else _SIGNS[content]
    small = _small(content, _RAISED)
    if small and len(small) <= LONGEST_RAISED:
        return small
    return f"^{content}" if len(content) == 1 else f"^({content})"


def subscript(content: str, base: str, after: str) -> str:
    """Return `content` as a subscript of the text `base`: ₀, ₜ₊₁, _total or, for a name of several letters, -RT.

    `after` is the text that follows.
    """
    small = "" if _WORD.search(content) else _small(content, _LOWERED)
    if small:
        return small
    if not _SIMPLE.fullmatch(content) or after[:1].isalnum():
        return f"_({content})"
    return f"-{content}" if len(base) > 1 and base[-2:].isalnum() else f"_{content}"


def _small(content: str, letters: dict[int, str]) -> str:
    """Return `content` in small letters, or "" if one of them has no small form."""
    content = content.replace(" ", "")
    small = content.translate(letters)
    is_small = all(new != old or old in _KEPT for new, old in zip(small, content, strict=True))
    return small if is_small and content.strip(_KEPT) == content else ""
