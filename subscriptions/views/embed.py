"""A short sign-up form that other sites show in a frame, and the HTML to copy into them.

Only the sites of EMBED_ALLOWED_SITES may frame it. It sets no cookie. Its button opens this site in a new tab, so that
no other site frames the pages after it.
"""

from html import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from subscriptions import brand, forms
from subscriptions.models import Topic

THEMES = ("light", "dark")
MAX_TOPICS = 20


@csrf_exempt
@require_safe
@xframe_options_exempt
@cache_control(public=True, max_age=300)
def embed(request: HttpRequest) -> HttpResponse:
    """Show the form: ?topics=a,b ticks topics, and ?theme= is light or dark. The language is that of the address."""
    slugs = [slug for slug in request.GET.get("topics", "").split(",") if slug and "\x00" not in slug]
    topics = Topic.objects.offered().filter(slug__in=slugs[:MAX_TOPICS])
    theme = request.GET.get("theme", "")
    context = {"form": forms.AddressForm(), "topics": topics, "theme": theme if theme in THEMES else ""}
    response = render(request, "web/embed.html", context)
    response.headers["Content-Security-Policy"] = _policy()
    return response


def form_snippet() -> str:
    """Return the HTML of a form for other sites. It has no stamp, so this site shows it once more after it is sent."""
    return (
        f'<form method="post" action="{settings.SITE_URL}/subscribe/">\n'
        '  <label>Email address <input type="email" name="email" required maxlength="254"></label>\n'
        f'  <button name="go" value="1">Subscribe to {escape(brand.current().name)}</button>\n'
        "</form>"
    )


def frame_snippet() -> str:
    """Return the HTML of the frame with the form."""
    title = f"Subscribe to {escape(brand.current().name)}"
    return (
        f'<iframe src="{settings.SITE_URL}/embed/" title="{title}" width="100%" height="360" loading="lazy"></iframe>'
    )


def _policy() -> str:
    """Return the site's content security policy, with the sites that may frame the page."""
    allowed = settings.EMBED_ALLOWED_SITES
    ancestors = ["'self'", *allowed] if allowed else ["'none'"]
    directives = settings.CONTENT_SECURITY_POLICY | {"frame-ancestors": ancestors}
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
