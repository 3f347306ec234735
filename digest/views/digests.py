"""A reader's digest in a browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.email import reader_urls, web_view
from digest.models import Delivery, Edition
from subscriptions.security import reader_session
from subscriptions.security.link_tokens import ForgedLinkError
from subscriptions.security.mail_csp import policy_for


@require_safe
@cache_control(private=True)
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was emailed: all of it to its reader who is signed in, and nothing personal to others with the link."""
    try:
        uid, edition_id = reader_urls.read_digest_token(token)
    except ForgedLinkError:
        return render(request, "web/bad_link.html", {"expired": False}, status=404)
    edition = get_object_or_404(Edition, pk=edition_id)
    deliveries = Delivery.objects.filter(subscriber__uid=uid, edition=edition)
    delivery = deliveries.select_related("edition", "subscriber").first()
    visitor = reader_session.reader_of(request)
    html = web_view.render_web_view(delivery, visitor) if delivery else ""
    if not delivery or not html:
        return render(request, "web/digest_gone.html", {"edition": edition}, status=410)
    headers = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer", "Content-Security-Policy": policy_for(html)}
    response = HttpResponse(html, headers=headers | {"Content-Language": delivery.papers["language"]})
    patch_cache_control(response, **({"no_store": True} if visitor else {"max_age": 300}))
    return response
