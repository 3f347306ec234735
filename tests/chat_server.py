"""A server on this machine with OpenAI's API for chats: a stub that keeps the requests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def reply(content: object) -> bytes:
    """Return the body of an answer with the text `content`."""
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


class ChatServer:
    """A server that gives the answer that `answer` returns for the data of a request, with `status`."""

    def __init__(self, answer: Callable[[dict[str, str]], str | bytes]) -> None:
        self.answer = answer
        self.status = 200
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub.keys.append(self.headers.get("Authorization", ""))
                stub.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                content = stub.answer(stub.asked[-1])
                with suppress(ConnectionError):  # the caller may no longer wait for a late answer
                    self.send_response(stub.status)
                    self.end_headers()
                    self.wfile.write(content if isinstance(content, bytes) else reply(content))

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def asked(self) -> list[dict[str, str]]:
        """The data of each request."""
        return [json.loads(request["messages"][1]["content"]) for request in self.requests]

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Leave requests without an answer until the block ends. Fail if there was none."""
        asked, is_over = threading.Event(), threading.Event()

        def answer(_data: dict[str, str]) -> str:
            asked.set()
            is_over.wait(30)
            return "late"

        self.answer = answer
        try:
            yield
            assert asked.wait(30), "the server was not asked"
        finally:
            is_over.set()

    @contextmanager
    def running(self) -> Iterator["ChatServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
