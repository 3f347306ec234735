"""Formulas that lost their dollar signs and backslashes on the way, as at Hugging Face: 10^{19}, 360^circ. Pure.

Only what cannot be ordinary text is converted. Addresses and code stay as written.
"""

import re

from digest.text.latex_math import symbol
from digest.text.superscripts import subscript, superscript

MAYBE = re.compile(r"[\^_{}]|[\d°]times|\bsim\d|[a-z]\$")

_GREEK = (
    "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|varphi|chi|psi"
    "|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|ell"
)
_OPERATORS = "times|sim|pm|approx|cdot|geq|leq|ge|le|ne|neq|circ|infty|rightarrow|to"
_WRAPPERS = (
    "text(?:bf|it|tt|sc|rm|sf)?|emph|math(?:rm|bf|cal|it|sf|tt|frak|bb)|operatorname|boldsymbol|ensuremath|underline"
)
# No branch reads past the next delimiter of its kind, so the time is linear in the length for any input.
_LOOSE = re.compile(
    rf"""
      (?P<address>(?:\bhttps?://|(?<![\w.-])(?:[\w-]++\.)++[a-z]{{2,12}}/)(?:[^\s{{}}]|(?<=[_^=])\{{[^\s{{}}]*+\}})*+)
        (?:\{{(?P<label>[^{{}}]*+)\}})?
    | `[^`]*+`
    | (?<!\\)\b(?:{_WRAPPERS})\{{(?P<wrapped>[^{{}}]*+)\}}
    | (?<=[\^_])(?:{_WRAPPERS})\{{(?P<script>[^{{}}]*+)\}}
    | \{{(?P<operator>{_OPERATORS})\}}
    | (?<=[\w ])\{{(?P<divisor>{_GREEK}|[α-ωℓ])(?P<power>\^\d|[²³])?\}}
    | \b(?P<greek>{_GREEK})(?=[_^](?:\{{|\*|[\da-zA-Z](?![A-Za-z_])))
    | (?<![A-Za-z])(?P<letter>[A-Z]?)left\((?P<inside>[^()]*?)\s?right\)
    | (?<=[\d°])times(?![a-z])
    | \bsim(?=\d[\d.,]*+(?:×|times|%))
    | (?<=\d)\ times\ (?=\d)
    | (?<![A-Za-z])frac(?P<above>\d)(?P<below>\d)
    | (?<!\w)(?P<exponential>e\^)(?=\()
    | (?<=[\w)\]}}°])\^(?:\{{(?P<raised>[^{{}}]*+)\}}
        |(?P<power_of>-?\d++|[*∘⋆∗⊤†§]|(?:circ|star|ast|top|dagger|prime)(?![a-su-z])|[A-Za-z](?![A-Za-z])))
    | (?<=[\w)\]}}])_\{{(?P<lowered>[^{{}}]*+)\}}(?![./]\w)
    | (?<![\w\\./"'])(?P<base>[A-Za-zα-ωΑ-Ωℓ])_(?P<index>\d(?:\.\d)?|[ijknt])(?![\w(/"'\[=]|\.\w)
    | (?<![\w\\./"'])(?P<molecule>CO|[HNO]|NO|SO)_(?P<atoms>\d)(?=[A-Z])
    | \$(?P<emphasis>[a-z]{{3}}[^$]{{0,200}}[a-z]{{3}})\$(?!\w)
    | (?<=[a-z]{{3}})\$(?=\s)
    """,
    re.VERBOSE,
)


_LONE_BRACE = re.compile(r"(?<=\S)\}")


def plain_loose_math(text: str) -> str:
    """Return `text` with loose formulas in plain Unicode. If they are nested, only the innermost is converted."""
    if not MAYBE.search(text):
        return text
    text = _LOOSE.sub(_readable, text)
    return _LONE_BRACE.sub("", text) if text.count("}") == 1 and "{" not in text else text


def _readable(found: re.Match[str]) -> str:
    written, kind, text = found[0], found.lastgroup or "", found.string
    before = text[max(0, found.start() - 2) : found.start()]
    match kind:
        case "exponential":
            return "exp"
        case "label":
            return _address(found["address"], found["label"])
        case "wrapped" | "emphasis":
            return found[kind]
        case "script":
            return f"{{{found[kind]}}}"
        case "operator" | "greek":
            return symbol(found[kind]) or written
        case "divisor" | "power":
            sign = symbol(found["divisor"]) or found["divisor"]
            return ("/" if before[-1:] != " " else "") + sign + (found["power"] or "")
        case "inside":
            return f"{found['letter']}({found['inside'].strip()})"
        case "below":
            return f"{found['above']}/{found['below']}"
        case "raised" | "power_of":
            return superscript(found[kind], before)
        case "lowered":
            return subscript(found[kind], before, text[found.end() : found.end() + 1])
        case "index":
            return found["base"] + subscript(found["index"], "", "")
        case "atoms":
            return found["molecule"] + subscript(found["atoms"], "", "")
    return {"times": "×", " times ": " × ", "sim": "∼", "$": ""}.get(written, written)


def _address(address: str, label: str) -> str:
    r"""Return what is left of \href{address}{label}: the label only if it says more than the address."""
    label = label.strip()
    return (
        address
        if label.strip("./") in ("", address.strip("./"), address.partition("//")[2].strip("./"))
        else (f"{address} ({label})")
    )
