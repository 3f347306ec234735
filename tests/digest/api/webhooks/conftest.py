"""A program on loopback that listens to webhooks."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from digest.api.webhooks import signatures
from digest.models import WebhookEndpoint
from tests.conftest import NOW


class Listener(HTTPServer):
    """The program. It answers with `status` and `answer`, and keeps the messages that it got."""

    def __init__(self) -> None:
        self.status, self.answer, self.location = 200, b"ok", ""
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:  # the name that http.server calls
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        answer = self.server.answer
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    settings.FETCH_PRIVATE_HOSTS = True
    with Listener() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def add_endpoint(db: None, listener: Listener) -> Callable[..., WebhookEndpoint]:
    def add(*events: str, **fields: Any) -> WebhookEndpoint:
        values = {"name": "crm", "url": listener.url, "secret": signatures.new_secret(), "created_at": NOW} | fields
        return WebhookEndpoint.objects.create(events=list(events), **values)

    return add
