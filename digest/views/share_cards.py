"""The pictures that social media and chats show beside a link to a page."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.editions import publication
from digest.models import Edition, Paper
from digest.models.papers import CARD_FIELDS
from digest.site import share_cards
from subscriptions import brand
from subscriptions.models import Topic

cached = cache_control(public=True, max_age=86_400)


@require_safe
@cached
def edition(request: HttpRequest, day: dt.date) -> HttpResponse:
    first = publication.papers_as_shown(get_object_or_404(Edition, day=day)).only(*CARD_FIELDS).first()
    return _card(first.title if first else f"{day:%Y-%m-%d}", f"Papers of {day:%Y-%m-%d}")


@require_safe
@cached
def paper(request: HttpRequest, key: str) -> HttpResponse:
    found = get_object_or_404(Paper.objects.filter(is_hidden=False).only(*CARD_FIELDS), key=key)
    authors = ", ".join(found.authors[:2])
    return _card(found.title, f"{authors} and others" if len(found.authors) > 2 else authors)


@require_safe
@cached
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic.objects.known(), slug=slug)
    return _card(found.name, found.group)


def _card(title: str, above: str) -> HttpResponse:
    """Return the card, or redirect to the one without a title if the font lacks a letter."""
    look = brand.current()
    drawn = share_cards.draw(title[:1_000], above[:60], look.name[:60], look.accent)
    return HttpResponse(drawn, content_type="image/png") if drawn else redirect(static("share.png"))
