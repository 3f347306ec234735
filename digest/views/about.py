"""The pages about the site: privacy, imprint, and the style of its accent color."""

import datetime as dt
import math
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.views.page_cache import show
from subscriptions import colors
from subscriptions.readers import lifecycle
from subscriptions.security import abuse_limits, devices, link_tokens

DAY = dt.timedelta(days=1)


@require_safe
def privacy(request: HttpRequest) -> HttpResponseBase:
    """Show the operator's own text, or a description of what this software stores."""
    context = {
        "judge": urlsplit(settings.JUDGE_API_URL).hostname,
        "reads_profiles": settings.READ_PROFILES,
        "text": settings.PRIVACY_TEXT,
        "contact": settings.CONTACT_EMAIL,
        "records_ip": settings.RECORD_IP_ADDRESSES,
        "retention_days": settings.RETENTION_DAYS,
        "unsubscribed_days": settings.RETENTION_UNSUBSCRIBED_DAYS,
        "device_days": devices.LIFETIME // DAY,
        "confirmation_days": link_tokens.CONFIRMATION_DAYS,
        "limits_days": math.ceil(abuse_limits.kept_for() / DAY),
        "unconfirmed_days": lifecycle.UNCONFIRMED_LIFETIME // DAY,
    }
    return show(request, "web/privacy.html", context)


@require_safe
def imprint(request: HttpRequest) -> HttpResponseBase:
    if not settings.IMPRINT_TEXT:
        raise Http404("IMPRINT_TEXT is not set.")
    return show(request, "web/imprint.html", {"text": settings.IMPRINT_TEXT})


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def accent(request: HttpRequest, color: str) -> HttpResponse:
    """Return the style of an accent color. It never changes, because the address holds the color."""
    schemes = [colors.light(f"#{color}"), colors.dark(f"#{color}")]
    washes = [colors.mixed(scheme.accent, scheme.card, 0.12) for scheme in schemes]
    rules = {
        "--accent": [scheme.accent for scheme in schemes],
        "--on-accent": [scheme.on_accent for scheme in schemes],
        "--wash": washes,
    }
    style = " ".join(f"{name}: light-dark({light}, {dark});" for name, (light, dark) in rules.items())
    return HttpResponse(f":root {{ {style} }}\n", content_type="text/css; charset=utf-8")
