"""The metrics for Prometheus."""

from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from digest import clock
from digest.ops.metrics import access


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the metrics to a client with METRICS_TOKEN, or to one on this machine if there is no token."""
    if settings.METRICS_TOKEN:
        if not access.has_token(request):
            answer = HttpResponse("Send METRICS_TOKEN as “Authorization: Bearer …”.\n", content_type="text/plain")
            answer.status_code = HTTPStatus.UNAUTHORIZED
            answer["WWW-Authenticate"] = "Bearer"
            return answer
    elif not access.is_from_here(request):
        raise Http404("Set METRICS_TOKEN to read the metrics from another machine.")
    from digest.ops.metrics import exposition  # not at the start, because few processes are ever asked

    return HttpResponse(exposition.write(now=clock.now()), content_type=exposition.CONTENT_TYPE)
