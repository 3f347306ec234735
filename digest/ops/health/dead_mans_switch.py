"""The dead man's switch: a request to HEARTBEAT_URL after each good tick. The service there alerts when they stop."""

import logging
import threading

import httpx
from django.conf import settings

logger = logging.getLogger(__name__)

SECONDS = 5.0


def send(*, is_good: bool) -> threading.Thread | None:
    """Request HEARTBEAT_URL in a thread, so that a slow answer delays nothing. Add /fail if something is wrong."""
    if not settings.HEARTBEAT_URL:
        return None
    url = settings.HEARTBEAT_URL if is_good else f"{settings.HEARTBEAT_URL}/fail"
    thread = threading.Thread(target=_request, args=[url], name="ping", daemon=True)
    thread.start()
    return thread


def _request(url: str) -> None:
    try:
        with httpx.stream("GET", url, timeout=SECONDS, follow_redirects=True) as answer:  # its body may never end
            answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning("HEARTBEAT_URL was not reached: %s", type(error).__name__)
