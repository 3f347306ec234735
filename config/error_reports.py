"""Reports of errors to Sentry, or to any server that speaks its protocol: SENTRY_DSN. Only then is it imported.

A report holds the traceback without variables, and nothing of the visitor or of the request but the masked path.
"""

from collections.abc import Callable
from typing import Any

from config import logs

# What a report may say about a request. Headers, cookies, the query and the body can identify readers.
_OF_REQUEST = ("method", "url")


def start(dsn: str, *, environment: str, version: str, transport: Callable[..., Any] | None = None) -> None:
    """Report every error from now on. A second call changes nothing."""
    import sentry_sdk

    if sentry_sdk.is_initialized():
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=f"daily-papers@{version}",
        transport=transport,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,  # queries and log lines before the error
        auto_session_tracking=False,
        server_name="",
        before_send=_scrub,
    )


def _scrub(event: Any, hint: Any) -> Any:
    for name in ("user", "breadcrumbs", "extra"):  # the last holds the arguments of tasks
        event.pop(name, None)
    event.get("contexts", {}).pop("celery-job", None)
    if request := event.get("request"):
        event["request"] = {name: request[name] for name in _OF_REQUEST if name in request}
    return _masked(event)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return logs.masked(value)
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list | tuple) else value
