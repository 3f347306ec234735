"""A client of servers with OpenAI's API for chats."""

import datetime as dt
import json
import logging
import re
import time
from typing import NamedTuple

import httpx

from digest.models import Turn

logger = logging.getLogger(__name__)

PAUSE = dt.timedelta(minutes=15)  # after an error of the server
MAX_BYTES = 100_000  # of an answer
MAX_ANSWER = 5_000  # characters, with a model's reasoning
MAX_ABSTRACT = 6_000  # characters that are sent
_REASONING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)  # some models show it


class ServerError(Exception):
    """The server cannot answer at the moment. The message says why."""


class AnswerError(ValueError):
    """The answer is of no use. The message says why."""


class Server(NamedTuple):
    """A server, and the model that it runs."""

    url: str  # up to and including /v1; empty if there is no server
    key: str
    model: str
    timeout: float  # seconds for one answer


def ask(server: Server, instructions: str, data: dict[str, str], *, max_tokens: int) -> str:
    """Return the answer to `instructions` about `data`, without a model's reasoning. Raise ServerError or AnswerError.

    `data` is sent as JSON in a message of its own, so that its text is not taken for instructions.
    """
    body = {
        "model": server.model,
        "messages": [
            {"role": "system", "content": instructions},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ],
        "max_tokens": max_tokens,
        "temperature": 0,
    }
    return read_answer(_post(server, body))


def read_answer(answer: bytes) -> str:
    """Return the text in the server's `answer`."""
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ServerError("the answer is not that of a chat") from error
    if not isinstance(content, str):
        raise AnswerError("the answer has no text")
    if len(content) > MAX_ANSWER:
        raise AnswerError(f"the answer has {len(content):,} characters, more than {MAX_ANSWER:,}")
    return _REASONING.sub("", content)


def is_paused(turn: str, *, now: dt.datetime) -> bool:
    return Turn.objects.filter(name=turn, free_at__gt=now).exists()


def pause(turn: str, error: ServerError, *, now: dt.datetime) -> None:
    """Ask the server nothing for PAUSE, because of `error`."""
    logger.warning("%s: nothing is asked for %d minutes: %s", turn, PAUSE.total_seconds() / 60, error)
    rest(turn, now + PAUSE)


def rest(turn: str, until: dt.datetime) -> None:
    Turn.objects.update_or_create(name=turn, defaults={"free_at": until})


def _post(server: Server, body: dict[str, object]) -> bytes:
    """Return the server's answer. It must arrive within the server's timeout, and have at most MAX_BYTES."""
    deadline, found = time.monotonic() + server.timeout, b""
    headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
    url = f"{server.url}/chat/completions"
    try:
        with (
            httpx.Client(timeout=server.timeout, headers=headers, follow_redirects=False) as client,
            client.stream("POST", url, json=body) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise ServerError(f"{url} answered with status {response.status_code}")
            for part in response.iter_bytes():
                found += part
                if len(found) > MAX_BYTES:
                    raise ServerError(f"the answer of {url} is longer than {MAX_BYTES:,} bytes")
                if time.monotonic() > deadline:
                    raise ServerError(f"{url} took longer than {server.timeout} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(f"{url} cannot be reached: {str(error) or type(error).__name__}") from error
    return found
