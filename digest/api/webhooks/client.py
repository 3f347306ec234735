"""The HTTP client of webhooks: one POST, with limits on time, size and hosts, and without redirects."""

from typing import NamedTuple

import httpx
from django.conf import settings

from digest.sources.http import Deadline, TransientError, check_host, only_public
from digest.sources.records import SourceError
from digest.text.cleanup import without_secrets

TIMEOUT = 5.0  # seconds, between two bytes
DEADLINE = 10.0  # seconds, for all
MAX_ANSWER_BYTES = 2_000  # bytes of an answer


class WebhookResponse(NamedTuple):
    """The status of an answer, or None without one, and how it begins or why there is none."""

    status: int | None
    text: str

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, headers: dict[str, str]) -> WebhookResponse:
    """Post `body` to an address that an admin typed. As for feeds, private hosts need FETCH_PRIVATE_HOSTS."""
    try:
        trusted = httpx.URL(url).host if settings.FETCH_PRIVATE_HOSTS else ""
        check_host(url, trusted)
        with httpx.Client(timeout=TIMEOUT, trust_env=False) as client, Deadline(DEADLINE) as limit:
            trace = limit.trace if trusted else only_public(limit.trace, url)
            with client.stream("POST", url, content=body, headers=headers, extensions={"trace": trace}) as answer:
                beginning = _beginning(answer)
            return (
                WebhookResponse(None, _no_answer(""))
                if limit.is_expired
                else WebhookResponse(answer.status_code, beginning)
            )
    except (SourceError, TransientError) as error:
        return WebhookResponse(None, without_secrets(str(error)))
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OverflowError, OSError) as error:
        return WebhookResponse(None, _no_answer(str(error)))


def _no_answer(why: str) -> str:
    return f"No answer: {why}" if why else f"No answer within {DEADLINE:g} s"


def _beginning(answer: httpx.Response) -> str:
    read = bytearray()
    for chunk in answer.iter_raw():  # compressed answers are not worth reading
        read += chunk
        if len(read) >= MAX_ANSWER_BYTES:
            break
    text = read[:MAX_ANSWER_BYTES].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
