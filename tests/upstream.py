"""An HTTP server on loopback with answers set by a test."""

import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None  # the value of Content-Length; None for the real length


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Upstream:
    """The server. Each request for a path takes the first of `answers[path]`; the last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.asked: list[Asked] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                upstream._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def say(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
        """Append an answer to those for `path`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path].append(Answer(body.encode() if isinstance(body, str) else body, status, named))

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.asked.append(Asked(parts.path, query, {k.lower(): v for k, v in handler.headers.items()}))
        waiting = self.answers.get(parts.path) or [Answer(b"not found", 404)]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        handler.end_headers()
        with suppress(OSError):  # a client may close the connection early
            handler.wfile.write(answer.body)

    def __enter__(self) -> "Upstream":
        # Poll often, because shutdown waits for the next poll.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
