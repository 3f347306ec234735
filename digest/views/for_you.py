"""The page “For you”: the digest that the signed-in reader would get, for any day."""

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from digest.editions import candidates, publication
from digest.matching import Match
from digest.models import Edition, Paper
from digest.models.papers import CARD_FIELDS
from digest.personalization.digest_selection import is_by_interest
from digest.search import reader_digest
from digest.site import archive, reader_state, thumbnails, topics
from subscriptions.models import Subscriber
from subscriptions.views.common import for_signed_in


@require_safe
@for_signed_in
def for_you(request: HttpRequest, reader: Subscriber, day: dt.date | None = None) -> HttpResponse:
    """Show the digest of a day, by default of the newest edition, with the reason for each paper."""
    edition = Edition.objects.filter(day=day).first() if day else publication.newest()
    if day and edition is None:
        raise Http404(f"There is no edition of {day}.")
    state = reader_state.of_request(request)
    context = _context(reader, edition, state.dismissed if state else None) if edition else {"digest": None}
    return render(request, "web/for_you.html", context)


def _context(reader: Subscriber, edition: Edition, dismissed: frozenset[int] | None = None) -> dict[str, Any]:
    digest = reader_digest.of_edition(reader, edition, dismissed)
    pks = {match.paper.pk for match in digest.matches}  # type: ignore[attr-defined]
    # The papers of an index have only the columns that matching needs.
    papers = Paper.objects.only(*CARD_FIELDS).in_bulk(pks)
    shown = list(papers.values())
    by_interest = tuple(match for match in digest.for_you if is_by_interest(match.findings))
    by_votes = tuple(match for match in digest.for_you if match not in by_interest)
    return {
        "digest": digest,
        "for_you": _with_papers(by_interest, papers),
        "top_voted": _with_papers(by_votes, papers),
        "trending": _with_papers(digest.trending, papers),
        "since": candidates.weekly_cutoff(edition, reader),  # None for a daily digest
        "days": archive.span(edition.day, edition.day),
        "follows_something": bool(by_interest) or reader.filters.exists(),
        "topics_of": topics.of_papers(shown, topics.offered()),
        "pictures": thumbnails.of_papers(shown),
    }


def _with_papers(matches: tuple[Match, ...], papers: dict[int, Paper]) -> list[tuple[Paper, Match]]:
    """Return the matches with their papers, without those that were deleted meanwhile."""
    pks = ((match.paper.pk, match) for match in matches)  # type: ignore[attr-defined]
    return [(papers[pk], match) for pk, match in pks if pk in papers]
