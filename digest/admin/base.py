"""Parts that several admin pages share."""

from collections.abc import Container, Iterable, Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from digest.email import bold_terms, reasons
from digest.matching import Match
from digest.models import Paper
from digest.text.cleanup import first_sentences
from subscriptions.pills import pill

NEW = mark_safe(" <strong>new</strong>")
LONGEST = 300  # characters of a reason in a list; the row's own page shows it whole


def outcome_of(status: str, reason: str, *, text: str = "") -> str:
    """Return one cell of a list, with the status, or a `text` about it, above its reason."""
    first = pill(status, text)
    if not reason:
        return first
    return format_html("{}<p>{}</p>", first, f"{reason[:LONGEST]}…" if len(reason) > LONGEST else reason)


def papers_of(matches: Iterable[Match], *, new: Container[str] = ()) -> str:
    """Return the papers as a list, each with a link to its page and the reason of each filter.

    Papers with a key in `new` are marked.
    """
    rows = ((*_row_of(one), NEW if one.paper.key in new else "") for one in matches)
    lines = format_html_join("", '<li><a href="{0}">{1}</a>{4}<p>{2}</p>{3}</li>', rows)
    return format_html('<ol class="holds">{}</ol>', lines)


def _row_of(match: Match) -> tuple[str, str, str, str]:
    """Return the paper's admin page, its title, its text with matched terms in bold, and the reason of each filter."""
    paper: Paper = match.paper  # type: ignore[assignment]  # a row in every index
    found = [(f"{name}:" if name else "", why) for name, why in map(reasons.why_in_full, match.findings) if why]
    lines = format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b> {}</li>", found)) if found else ""
    shown = bold_terms.emphasized(paper.summary or first_sentences(paper.abstract, 280), match.findings)
    return reverse("admin:digest_paper_change", args=[paper.pk]), paper.title, shown, lines


def show_secret(
    page: ModelAdmin[Any], request: HttpRequest, made: Sequence[tuple[str, str]], *, title: str, about: str
) -> TemplateResponse:
    """Return the page that shows new secrets once, each with the name of its row."""
    context = page.admin_site.each_context(request) | {
        "title": title,
        "opts": page.model._meta,
        "made": made,
        "about": about,
    }
    response = TemplateResponse(request, "admin/secret.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response
