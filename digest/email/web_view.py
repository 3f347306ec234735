"""A digest that was mailed, shown again."""

from django.utils import translation

from digest.email import rendering
from digest.models import Delivery, Paper
from digest.personalization import snapshot


def render_web_view(delivery: Delivery) -> str:
    """The HTML of the digest as it was mailed; empty if none was, or if what it held is no longer kept.

    Papers are called what they are called today, and have the votes of then. One that was hidden or removed since is
    left out, and the page says so. Nothing on the page is the reader's own: the link may have been passed on.
    """
    kept = delivery.papers
    if "for_you" not in kept:
        return ""
    votes = snapshot.votes(kept)
    papers = Paper.objects.filter(is_hidden=False).in_bulk(votes)
    for pk, paper in papers.items():
        paper.votes = votes[pk]
    digest = snapshot.restore(kept, delivery.edition.day, papers)
    with translation.override(kept["language"]):
        return rendering.render_page(digest, delivery.edition, kept["frequency"], len(votes) - len(papers))
