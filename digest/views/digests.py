"""A reader's digest in a browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.email import reader_urls, web_view
from digest.models import Delivery, Edition
from subscriptions.security import reader_session
from subscriptions.security.link_tokens import ForgedLinkError
from subscriptions.security.mail_csp import policy_for


@require_safe
@cache_control(private=True, max_age=300)
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """Show exactly what was emailed, to anyone who has the link."""
    try:
        uid, edition_id = reader_urls.read_digest_token(token)
    except ForgedLinkError:
        return render(request, "web/bad_link.html", {"expired": False}, status=404)
    edition = get_object_or_404(Edition, pk=edition_id)
    delivery = Delivery.objects.filter(subscriber__uid=uid, edition=edition).select_related("edition").first()
    is_signed_in = reader_session.reader_of(request) is not None
    html = web_view.render_web_view(delivery, is_signed_in=is_signed_in) if delivery else ""
    if not delivery or not html:
        return render(request, "web/digest_gone.html", {"edition": edition}, status=410)
    headers = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer", "Content-Security-Policy": policy_for(html)}
    return HttpResponse(html, headers=headers | {"Content-Language": delivery.papers["language"]})
