"""The phrases of a paper that match its reasons, in bold. Pure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from markupsafe import Markup

from digest.email.quoted_printable import escape
from digest.matching import Finding, Reason
from digest.matching.highlight import split_highlights
from digest.personalization.snapshot import shown

_around: ContextVar[tuple[str, str] | None] = ContextVar("around", default=None)


def emphasized(text: str, findings: Sequence[Finding]) -> Markup:
    """Return `text` as HTML, with the phrases that `findings` found in it in bold."""
    if around := _around.get():
        return Markup(around[0]) + text + Markup(around[1])  # noqa: S704  # digits
    return Markup(bold_html(text, bold_reasons(findings)))  # noqa: S704  # escaped there


def bold_html(text: str, reasons: Sequence[Reason]) -> str:
    """Return `text` as HTML, escaped as HTML serializers do, with what `reasons` found in bold."""
    parts = split_highlights(text, reasons)
    return "".join(f"<b>{escape(part)}</b>" if is_found else escape(part) for part, is_found in parts)


def bold_reasons(findings: Sequence[Finding]) -> list[Reason]:
    """Return the reasons that an email puts in bold. Single words of a longer phrase are left out: they are common."""
    return [reason for finding in shown(findings) for reason in finding.reasons if reason.kind == "phrase"]


@contextmanager
def marked_instead_of_bold(begin: str, end: str) -> Iterator[None]:
    """Put nothing in bold, but put `begin` and `end` around each text, so that it can be found again."""
    token = _around.set((begin, end))
    try:
        yield
    finally:
        _around.reset(token)
