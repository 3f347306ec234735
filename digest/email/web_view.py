"""Show a sent digest again, in the browser."""

from dataclasses import replace

from django.utils import translation

from digest.editions import candidates
from digest.email import rendering
from digest.matching import Finding, Match
from digest.models import Delivery, Paper
from digest.personalization import snapshot
from digest.personalization.digest_selection import is_by_interest
from subscriptions.email import builder
from subscriptions.models import Subscriber


def render_web_view(delivery: Delivery, visitor: Subscriber | None = None) -> str:
    """Return the HTML of the digest as it was sent, or "" if none was sent or its content is no longer stored.

    Papers have today's titles and the votes that they had then. A paper that was hidden or deleted since is left out,
    and the page says so. Only its own reader, signed in as the `visitor`, sees it with headings, reasons and personal
    links. Its link is made to be shared, so to others the page shows nothing personal. Links on top lead to the pages
    of the visitor, if one is signed in.
    """
    record = delivery.papers
    if "for_you" not in record:
        return ""
    votes = snapshot.votes(record)
    papers = candidates.with_pictures(Paper.objects.filter(is_hidden=False)).in_bulk(votes)
    for pk, paper in papers.items():
        paper.votes = votes[pk]
    digest = snapshot.restore(record, delivery.edition.day, papers)
    reader = Subscriber(frequency=record["frequency"], confirmed_at=delivery.subscriber.confirmed_at)
    if visitor == delivery.subscriber:
        urls = rendering.urls_of(delivery) | {"digest_url": ""}
    else:
        digest = digest._replace(for_you=tuple(map(_without_reasons, digest.for_you)), is_grouped=False)
        urls = dict.fromkeys(rendering.READER_URLS, "")
        reader.confirmed_at = delivery.edition.published_at
    with translation.override(record["language"]):
        context = rendering.make_context(digest, delivery.edition, subscriber=reader, **urls)
        context |= {"withdrawn": len(votes) - len(papers), "is_in_browser": True, "is_signed_in": visitor is not None}
        context |= {"papers": rendering.macros_of("_papers.html")}
        return builder.render_html("digest", context | {"subject": builder.render_subject("digest", context)})


def _without_reasons(match: Match) -> Match:
    """Return the match without what its reader follows, except whether they follow anything."""
    follows_something = is_by_interest(match.findings)
    return replace(match, findings=(Finding("-" if follows_something else "", 0, ()),))
