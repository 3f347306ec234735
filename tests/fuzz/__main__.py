"""python -m tests.fuzz [--requests 20000] [--seed N] [--short] [--only NUMBER]

It runs on SQLite in memory, or with TEST_LEG=services on PostgreSQL and Redis. Each request is rolled back before the
next, so one request can be repeated alone, by the seed and its number.
"""

import argparse
import logging
import os
import random
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from tests import environment  # before the settings are loaded

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHORT, LONG = 1_500, 20_000
SHOWN = 300  # characters of a request
LOCAL = {"127.0.0.1", "localhost", "::1", None, ""}


def main() -> int:
    asked = _arguments()
    requests, seed = (SHORT if asked.short else asked.requests), asked.seed
    numbers = [asked.only] if asked.only is not None else range(requests)
    where = "PostgreSQL" if environment.SERVICES else "SQLite"
    print(f"{len(numbers):,} requests on {where}, seed {seed}", flush=True)
    begun, failed, statuses = time.monotonic(), 0, Counter[int]()
    with running_site() as site:
        for number in numbers:
            chance = random.Random(f"{seed}:{number}")
            status, line, error = site.ask(chance)
            statuses[status] += 1
            if error:
                failed += 1
                print(f"#{number} {line}\n    {error}", flush=True)
                if asked.only is not None:
                    print(site.traceback)
            if number and number % 1_000 == 0:
                print(f"{number:,} done after {time.monotonic() - begun:.0f} s", flush=True)
    print("Answers: " + ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items())))
    print(f"{len(numbers):,} requests, {failed} error{'' if failed == 1 else 's'}")
    if failed:
        print(f"Make one again: python -m tests.fuzz --seed {seed} --only NUMBER")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--requests", type=int, default=LONG)
    parser.add_argument("--seed", type=int, default=1, help="the same requests in every run")
    parser.add_argument("--short", action="store_true", help=f"{SHORT:,} requests")
    parser.add_argument("--only", type=int, help="make the request of this number alone")
    return parser.parse_args()


class Site:
    """The WSGI application, its routes, and the errors of the last request."""

    def __init__(self) -> None:
        from django.core.signals import got_request_exception, request_finished, request_started
        from django.db import close_old_connections

        from config.wsgi import application
        from tests.fuzz import targets

        self._application, self._errors, self.traceback = application, list[str](), ""
        got_request_exception.connect(self._note)
        for signal in (request_started, request_finished):  # a transaction is open: see `_answer`
            signal.disconnect(close_old_connections)
        targets.seed()
        self.routes = targets.routes()
        self._public = [route for route in self.routes if not route.is_admins]
        self._learn()
        self._forms = [route for route in self.routes if route.fields]
        self._uploads = [route for route in self.routes if route.files or route.template == targets.API]

    def ask(self, chance: random.Random) -> tuple[int, str, str]:
        """Make one random request and roll it back. Return the status, the request on one line, and the error or ""."""
        from tests.fuzz import requests

        choices = [self._public, self.routes, self._forms, self._uploads]
        environ, body = requests.random_request(chance.choice(chance.choices(choices, [35, 35, 20, 10])[0]), chance)
        asked = {name: value for name, value in environ.items() if name in ("CONTENT_TYPE",) or name[:5] == "HTTP_"}
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING'][:SHOWN]}"
        status, _ = self._answer(environ)
        error = self._errors[0] if self._errors else ""
        if status >= 500 and not error and not (status == 503 and environ["PATH_INFO"].endswith("/readyz")):
            error = f"answered {status}"
        return status, f"{line!a:.{2 * SHOWN}} {asked!a:.{2 * SHOWN}} {body[:SHOWN]!r}", error

    def _answer(self, environ: dict[str, Any]) -> tuple[int, bytes]:
        from django.db import transaction

        self._errors.clear()
        statuses: list[int] = [0]
        start = lambda status, headers, exc_info=None: statuses.append(int(status[:3]))  # noqa: E731
        page = b""
        with transaction.atomic():
            try:
                answered = self._application(environ, start)
                page = b"".join(answered)
                getattr(answered, "close", lambda: None)()
            except Exception as error:
                self._keep(error)
            transaction.set_rollback(True)
        return statuses[-1], page

    def _learn(self) -> None:
        """Read the forms of each page, as a superuser and a signed-in reader."""
        from tests.fuzz import requests, targets

        for route in self.routes:
            path = requests.path_of(route, random.Random(0))
            cookie = f"csrftoken={requests.CSRF}; sessionid={targets.SESSIONS['superuser']}; {targets.reader_cookie()}"
            status, page = self._answer(requests.make_environ("GET", path, HTTP_COOKIE=cookie))
            if self._errors or status >= 500:
                print(f"GET {path!r} answers {status} {self._errors}", flush=True)
            if status < 400:
                targets.learn(route, page)

    def _note(self, **kwargs: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            self._keep(error)

    def _keep(self, error: BaseException) -> None:
        self._errors.append(_last_frame(error))
        self.traceback = "".join(traceback.format_exception(error))


def _last_frame(error: BaseException) -> str:
    """Return the error on one line, with the place where it was raised, and the last line of our code before it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(ROOT) and ".venv" not in frame.filename]
    places = [f"{frame.filename.removeprefix(ROOT + '/')}:{frame.lineno}" for frame in (*ours[-1:], *frames[-1:])]
    return ascii(f"{type(error).__name__}: {error}"[:SHOWN]) + " at " + ", ".join(dict.fromkeys(places))


@contextmanager
def running_site() -> Iterator[Site]:
    """Run a seeded site in a database of its own, at the time of the tests' papers."""
    import django

    django.setup()
    import time_machine
    from django.conf import settings
    from django.test.utils import override_settings, setup_databases, teardown_databases
    from django.utils import timezone

    from digest import clock
    from tests.conftest import NOW
    from tests.digest.delivery.events import payloads

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with ExitStack() as stack:
            stack.enter_context(time_machine.travel(NOW, tick=True))
            stack.enter_context(
                mock.patch.object(clock, "now", timezone.now)
            )  # the database's clock does not travel in time
            stack.enter_context(mock.patch.object(socket, "getaddrinfo", _local_addresses(socket.getaddrinfo)))
            # Log messages are formatted and dropped.
            stack.enter_context(mock.patch.object(logging.StreamHandler, "emit", logging.Handler.format))
            anymail = payloads.keys() | {"WEBHOOK_SECRET": [payloads.SECRET]}
            hosts = [*settings.ALLOWED_HOSTS, "localhost"]
            stack.enter_context(override_settings(ANYMAIL=anymail, ALLOWED_HOSTS=hosts))
            yield Site()
    finally:
        teardown_databases(databases, verbosity=0)


def _local_addresses(real: Any) -> Any:
    """Return a getaddrinfo() that knows only this machine, so that no request leaves it."""

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in LOCAL:
            raise socket.gaierror(f"{host!r} is not looked up while the site is fuzzed")
        return real(host, *args, **kwargs)

    return getaddrinfo


if __name__ == "__main__":
    sys.exit(main())
