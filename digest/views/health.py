"""Two checks for load balancers and monitoring: whether the process is up, and whether the site is ready."""

from django.http import HttpRequest, JsonResponse

from digest.ops.health import readiness

# Headings without the names of hosts, because anyone can read them.
PUBLIC = {
    "clock": "The clock of a machine is wrong",
    "disk": "The disk of a machine is full",
    "keys": "A process has other keys",
}


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer with 200 as long as the process is up, whatever else is down."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer with 503 and the reasons if the site can't serve or send. The admin says what to do."""
    reasons = [
        {"key": key, "heading": PUBLIC.get(key, problem.heading)}
        for problem in readiness.reasons()
        for key in [problem.key.partition(":")[0]]
    ]
    status = {"status": "not ready" if reasons else "ready", "reasons": reasons}
    answer = JsonResponse(status, status=503 if reasons else 200)
    answer["Cache-Control"] = "no-store"
    answer._has_been_logged = True  # type: ignore[attr-defined]  # the log has each reason once, as an incident
    return answer
