"""Show a sent digest again, in the browser."""

from dataclasses import replace
from typing import Any

from django.utils import translation

from digest.editions import candidates
from digest.email import rendering
from digest.matching import Finding, Match
from digest.models import Delivery, Edition, Paper
from digest.personalization import snapshot
from digest.personalization.digest_selection import Digest, is_by_interest
from subscriptions.email import builder
from subscriptions.models import Subscriber


def render_web_view(delivery: Delivery, *, is_signed_in: bool = False) -> str:
    """Return the HTML of the digest as it was sent, or "" if none was sent or its content is no longer stored.

    Papers have today's titles and the votes that they had then. A paper that was hidden or deleted since is left out,
    and the page says so. The page contains nothing personal, because its link is made to be shared: no reasons, and no
    headings of what the reader follows. Links on top lead to the pages of the visitor, if one is signed in.
    """
    record = delivery.papers
    if "for_you" not in record:
        return ""
    votes = snapshot.votes(record)
    papers = candidates.with_pictures(Paper.objects.filter(is_hidden=False)).in_bulk(votes)
    for pk, paper in papers.items():
        paper.votes = votes[pk]
    digest = snapshot.restore(record, delivery.edition.day, papers)
    digest = digest._replace(for_you=tuple(map(_without_reasons, digest.for_you)), is_grouped=False)
    with translation.override(record["language"]):
        context = {"withdrawn": len(votes) - len(papers), "is_signed_in": is_signed_in}
        return _render(digest, delivery.edition, record["frequency"], context)


def _without_reasons(match: Match) -> Match:
    """Return the match without what its reader follows, except whether they follow anything."""
    follows_something = is_by_interest(match.findings)
    return replace(match, findings=(Finding("-" if follows_something else "", 0, ()),))


def _render(digest: Digest, edition: Edition, frequency: str, shown: dict[str, Any]) -> str:
    """Return the HTML of `digest`. `shown` is what the page says beside it, such as how many papers are left out."""
    reader = Subscriber(frequency=frequency, confirmed_at=edition.published_at)
    no_urls = dict.fromkeys(("preferences_url", "unsubscribe_url", "digest_url", "opinion_url"), "")
    context = rendering.make_context(digest, edition, subscriber=reader, **no_urls)
    context |= shown | {"papers": rendering.macros_of("_papers.html")}
    return builder.render_html("digest", context | {"subject": builder.render_subject("digest", context)})
