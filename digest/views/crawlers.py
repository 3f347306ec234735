"""Pages for search engines and browsers: robots.txt, the sitemaps, the icons and the web app manifest."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.site import sitemaps
from digest.views.page_cache import show
from subscriptions import brand

XML = "application/xml; charset=utf-8"
NOT_FOR_SEARCH = (
    "/admin/", "/anymail/", "/outbox/", "/confirm/", "/preferences/", "/unsubscribe/", "/search?", "/*/search?",
    "/save/", "/*/save/",
)  # fmt: skip


@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_SEARCH), ""]
    lines.append(f"Sitemap: {settings.SITE_URL}{reverse('digest:sitemap')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon. Browsers look here on pages that don't link to one, such as the admin."""
    return redirect(static("icon.svg"))


@require_safe
@cache_control(public=True, max_age=86_400)
def apple_touch_icon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon for home screens. Phones look here, too, on pages that don't link to one."""
    return redirect(static("apple-touch-icon.png"))


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """Describe the site for browsers that install it as an app."""
    icons = [
        {"src": static(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
        for size in (192, 512)
    ]
    name = brand.current().name
    described = {
        "name": name,
        "short_name": name,
        "lang": translation.get_language(),
        "start_url": reverse("digest:latest"),
        "scope": reverse("digest:latest"),
        "display": "minimal-ui",
        "background_color": "#faf8f4",
        "theme_color": "#faf8f4",
        "icons": [*icons, {"src": static("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return JsonResponse(described, content_type="application/manifest+json")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponseBase:
    """Show the index of the sitemap files."""
    addresses = [f"{settings.SITE_URL}{reverse('digest:sitemap_part', args=[name])}" for name in sitemaps.parts()]
    return show(request, "web/sitemaps.xml", {"addresses": addresses}, content_type=XML)


@require_safe
def sitemap_part(request: HttpRequest, name: str) -> HttpResponseBase:
    if name not in sitemaps.parts():
        raise Http404(name)
    pages = sitemaps.days_and_topics() if name == "pages" else sitemaps.papers(int(name.removeprefix("papers-")))
    return show(request, "web/sitemap.xml", {"pages": list(pages)}, content_type=XML)
