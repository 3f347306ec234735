"""A reader's digest, in a browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.mails import addresses, showing
from digest.models import Delivery, Edition
from subscriptions.framing import policy_for
from subscriptions.links import ForgedLinkError


@require_safe
@cache_control(private=True, max_age=300)
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """Exactly what was mailed, for whoever has the link."""
    try:
        uid, edition_id = addresses.read_digest_token(token)
    except ForgedLinkError:
        return render(request, "web/bad_link.html", {"expired": False}, status=404)
    edition = get_object_or_404(Edition, pk=edition_id)
    delivery = Delivery.objects.filter(subscriber__uid=uid, edition=edition).select_related("edition").first()
    html = showing.show(delivery) if delivery else ""
    if not delivery or not html:
        return render(request, "web/digest_gone.html", {"edition": edition}, status=410)
    headers = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer", "Content-Security-Policy": policy_for(html)}
    return HttpResponse(html, headers=headers | {"Content-Language": delivery.papers["language"]})
