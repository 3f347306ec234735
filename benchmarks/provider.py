"""An email provider on loopback that accepts everything. `python -m benchmarks.provider` prints its port and serves."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        data = json.dumps(answer(self.path, body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def answer(path: str, body: bytes) -> Any:
    """Return the success response of the provider that `path` belongs to."""
    if "/postmark/" in path:
        number = body.count(b'"To":')
        return [{"ErrorCode": 0, "Message": "OK", "To": "x", "MessageID": f"pm-{n}"} for n in range(number)]
    if "/resend/" in path:
        return {"data": [{"id": f"re-{n}"} for n in range(body.count(b'"to":'))]}
    if "/sparkpost/" in path:
        number = body.count(b'"header_to"')
        return {"results": {"total_accepted_recipients": number, "total_rejected_recipients": 0, "id": "1"}}
    if "/brevo/" in path:
        return {"messageIds": [f"<{n}@brevo>" for n in range(body.count(b'"to":'))]}
    return {"id": "<mg>", "message": "Queued. Thank you."}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
