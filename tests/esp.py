"""Mail providers on loopback: they take what each provider's interface takes, and fill in what each would fill in.

    with Esp() as esp:
        settings.ANYMAIL = esp.settings()
        …
        assert esp.taken[0].html == …

In the formats that the providers document. `answer` makes the next call end in something else; `refused` are addresses
that are not taken.
"""

import base64
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Json = Any
KEY = "a-key-of-ours"
KNOWN_FOR = {"brevo": 1800.0, "resend": 86400.0}  # seconds


@dataclass(frozen=True)
class Taken:
    """One reader's mail, as it would arrive."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    delivery: str


@dataclass(frozen=True)
class Answer:
    """What a call is answered with; `taken`: whether its mails were taken all the same; `drops`: the line goes dead."""

    status: int = 200
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)
    taken: bool = False
    drops: bool = False


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # as where a worker is killed while it calls
            super().handle_error(request, client_address)


class Esp:
    """All of them at one address."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.calls: list[tuple[str, dict[str, str], Json]] = []
        self.refused: set[str] = set()
        self.answers: list[Answer] = []
        self.seconds = 0.0  # each call takes
        self.keys: dict[str, tuple[float, bytes, Json]] = {}  # of calls that were done: when, their content and answers
        self.lock = threading.Lock()

    def __enter__(self) -> "Esp":
        handler = type("Handler", (_Handler,), {"esp": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self) -> dict[str, Any]:
        """For django-anymail."""
        keys = {
            "BREVO_API_KEY": KEY,
            "MAILERSEND_API_TOKEN": KEY,
            "MAILGUN_API_KEY": KEY,
            "MAILGUN_SENDER_DOMAIN": "example.org",
            "MAILJET_API_KEY": KEY,
            "MAILJET_SECRET_KEY": KEY,
            "MAILTRAP_API_TOKEN": KEY,
            "MANDRILL_API_KEY": KEY,
            "POSTAL_API_KEY": KEY,
            "POSTMARK_SERVER_TOKEN": KEY,
            "RESEND_API_KEY": KEY,
            "SCALEWAY_SECRET_KEY": KEY,
            "SCALEWAY_PROJECT_ID": KEY,
            "SENDGRID_API_KEY": KEY,
            "SPARKPOST_API_KEY": KEY,
            "UNISENDER_GO_API_KEY": KEY,
        }
        urls = {f"{name.upper()}_API_URL": f"{self.url}/{name}/" for name in PROVIDERS if name != "amazon_ses"}
        aws = {
            "endpoint_url": f"{self.url}/amazon_ses",
            "region_name": "eu-west-1",
            "aws_access_key_id": KEY,
            "aws_secret_access_key": KEY,
        }
        return keys | urls | {"AMAZON_SES_CLIENT_PARAMS": aws}

    def take(self, provider: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        time.sleep(self.seconds)
        told = _read(headers, body)
        with self.lock:
            self.calls.append((path, headers, told))
            answer = self.answers.pop(0) if self.answers else None
            if answer and not answer.taken:
                return answer
            key = _key(headers, told)
            at, *done = self.keys.get(key, (0.0, b"", None))
            if key and time.time() < at + KNOWN_FOR[provider]:
                return answer or _known(provider, body, *done)
            mails, reply = PROVIDERS[provider](self, told)
            self.taken += mails
            if key:
                self.keys[key] = time.time(), body, reply
            return answer or Answer(200, reply)


class _Handler(BaseHTTPRequestHandler):
    esp: Esp
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever called was killed
            self.close_connection = True
            return
        provider = self.path.split("/")[1]
        answer = self.esp.take(provider, self.path, dict(self.headers), body)
        if answer.drops:
            self.close_connection = True
            return
        data = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        kind = "application/json" if data else "text/html"
        theirs = {"X-Message-Id": "ms-1"} if provider == "mailersend" and answer.status < 300 else {}
        for name, value in ({"Content-Type": kind} | theirs | answer.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def _key(headers: dict[str, str], told: Json) -> str:
    """By which the call is known again, if it has one."""
    inside = told.get("headers") if isinstance(told, dict) else None
    in_body = inside.get("idempotencyKey", "") if isinstance(inside, dict) else ""
    return headers.get("Idempotency-Key") or in_body


def _known(provider: str, body: bytes, former: bytes, reply: Json) -> Answer:
    """What is said of a call whose key is known."""
    if provider == "brevo":
        return Answer(400, {"code": "duplicate_parameter", "message": "The idempotency key was used before"})
    if body != former:
        return Answer(409, {"name": "invalid_idempotent_request", "message": "Same key, and another content"})
    return Answer(200, reply)


def _read(headers: dict[str, str], body: bytes) -> Json:
    if "json" in headers.get("Content-Type", "") or body[:1] in b"{[":
        return json.loads(body)
    return {name: ",".join(values) for name, values in parse_qs(body.decode()).items()}


@dataclass(frozen=True)
class Filler:
    """Puts one reader's values into the blanks."""

    blank: str
    values: dict[str, str]

    def __call__(self, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace(self.blank % name, value)
        return text

    def take(self, to: str, subject: str, text: str, html: str, headers: dict[str, str], delivery: str) -> Taken:
        filled = {name: self(value) for name, value in headers.items()}
        return Taken(to, self(subject), self(text), self(html), filled, self(delivery))


def brevo(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    versions = told.get("messageVersions") or [told]
    mails = []
    for version in versions:
        headers = version.get("headers", told.get("headers", {}))
        fill = Filler("{{params.%s}}", version.get("params", {}))
        delivery = json.loads(headers["X-Mailin-custom"])["delivery"]
        mails.append(
            Taken(
                version["to"][0]["email"],
                fill(told["subject"]),
                fill(told["textContent"]),
                fill(told["htmlContent"]),
                headers,
                delivery,
            )
        )
    ids = [f"<{number}@brevo>" for number in range(len(mails))]
    return mails, {"messageIds": ids} if "messageVersions" in told else {"messageId": ids[0]}


def mailgun(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    variables = json.loads(told.get("recipient-variables", "{}"))
    mails = []
    for to in told["to"].split(","):
        fill = Filler("%%recipient.%s%%", variables.get(to.strip(), {}))
        headers = {name[2:]: fill(value) for name, value in told.items() if name.startswith("h:")}
        mails.append(
            Taken(
                to.strip(),
                fill(told["subject"]),
                fill(told["text"]),
                fill(told["html"]),
                headers,
                fill(told["v:delivery"]),
            )
        )
    return mails, {"id": "<mg-1>", "message": "Queued. Thank you."}


def mailjet(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    shared, mails, replies = told["Globals"], [], []
    for message in told["Messages"]:
        to = message["To"][0]["Email"]
        if to in esp.refused:
            replies.append({"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "StatusCode": 400}]})
            continue
        fill = Filler("[[var:%s]]", message.get("Variables", {}))
        headers = message.get("Headers") or shared.get("Headers", {})
        delivery = json.loads(message.get("EventPayload") or shared["EventPayload"])["delivery"]
        mails.append(
            Taken(to, fill(shared["Subject"]), fill(shared["TextPart"]), fill(shared["HTMLPart"]), headers, delivery)
        )
        replies.append({"Status": "success", "To": [{"Email": to, "MessageID": 7}]})
    return mails, {"Messages": replies}


def sendgrid(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    mails = []
    content = {part["type"]: part["value"] for part in told["content"]}
    for person in told["personalizations"]:
        fill = Filler("%s", person.get("substitutions", {}))
        headers = told.get("headers", {}) | person.get("headers", {})
        delivery = (told.get("custom_args", {}) | person.get("custom_args", {}))["delivery"]
        mails.append(
            Taken(
                person["to"][0]["email"],
                fill(told["subject"]),
                fill(content["text/plain"]),
                fill(content["text/html"]),
                headers,
                delivery,
            )
        )
    return mails, None


def sparkpost(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    content, mails = told["content"], []
    for recipient in told["recipients"]:
        to = recipient["address"]["email"]
        if to in esp.refused:
            continue
        fill = Filler("{{%s}}", told.get("substitution_data", {}) | recipient.get("substitution_data", {}))
        headers = {name: fill(value) for name, value in content.get("headers", {}).items()}
        delivery = (told.get("metadata", {}) | recipient.get("metadata", {}))["delivery"]
        mails.append(
            Taken(to, fill(content["subject"]), fill(content["text"]), fill(content["html"]), headers, delivery)
        )
    refused = len(told["recipients"]) - len(mails)
    return mails, {
        "results": {"total_accepted_recipients": len(mails), "total_rejected_recipients": refused, "id": "65"}
    }


def unisender_go(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    message, mails, failed = told["message"], [], {}
    for recipient in message["recipients"]:
        to = recipient["email"]
        if to in esp.refused:
            failed[to] = "permanent_unavailable"
            continue
        fill = Filler("{{%s}}", recipient.get("substitutions", {}))
        headers = {name: fill(value) for name, value in message.get("headers", {}).items()}
        delivery = (message.get("global_metadata", {}) | recipient.get("metadata", {}))["delivery"]
        body = message["body"]
        mails.append(
            Taken(to, fill(message["subject"]), fill(body["plaintext"]), fill(body["html"]), headers, delivery)
        )
    return mails, {"status": "success", "job_id": "1u", "emails": [mail.to for mail in mails], "failed_emails": failed}


def postmark(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    mails, replies = [], []
    for one in told if isinstance(told, list) else [told]:
        if one["To"] in esp.refused:
            replies.append({"ErrorCode": 406, "Message": "You tried to send to an inactive recipient."})
            continue
        headers = {header["Name"]: header["Value"] for header in one["Headers"]}
        delivery = one.get("Metadata", {}).get("delivery", "")
        mails.append(Taken(one["To"], one["Subject"], one["TextBody"], one["HtmlBody"], headers, delivery))
        replies.append({"ErrorCode": 0, "Message": "OK", "To": one["To"], "MessageID": f"pm-{one['To']}"})
    return mails, replies if isinstance(told, list) else replies[0]


def resend(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    mails, wrong = [], []
    for number, one in enumerate(told):
        if one["to"][0] in esp.refused:
            wrong.append({"index": number, "message": "The `to` field is invalid."})
            continue
        headers = dict(one["headers"])
        delivery = json.loads(headers.pop("X-Metadata"))["delivery"]
        mails.append(Taken(one["to"][0], one["subject"], one["text"], one["html"], headers, delivery))
    return mails, {"data": [{"id": f"re-{mail.to}"} for mail in mails], "errors": wrong}


def mailtrap(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    mails, replies = [], []
    for part in told["requests"]:
        one = told["base"] | part
        to = one["to"][0]["email"]
        if to in esp.refused:
            replies.append({"success": False, "errors": ["'to' address is suppressed"]})
            continue
        mails.append(
            Taken(to, one["subject"], one["text"], one["html"], one["headers"], one["custom_variables"]["delivery"])
        )
        replies.append({"success": True, "message_ids": [f"mt-{to}"]})
    return mails, {"success": True, "responses": replies}


def mailersend(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    headers = {header["name"]: header["value"] for header in told.get("headers", [])}
    return [Taken(told["to"][0]["email"], told["subject"], told["text"], told["html"], headers, "")], None


def mandrill(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    message = told["message"]
    to = message["to"][0]["email"]
    if to in esp.refused:
        return [], [{"email": to, "status": "rejected", "reject_reason": "hard-bounce", "_id": "md-0"}]
    mail = Taken(
        to, message["subject"], message["text"], message["html"], message["headers"], message["metadata"]["delivery"]
    )
    return [mail], [{"email": to, "status": "sent", "_id": "md-1"}]


def postal(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    to = told["to"][0]
    mail = Taken(to, told["subject"], told["plain_body"], told["html_body"], told["headers"], "")
    return [mail], {"status": "success", "data": {"message_id": "x", "messages": {to: {"id": 5, "token": "t"}}}}


def scaleway(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    to = told["to"][0]["email"]
    headers = {header["key"]: header["value"] for header in told.get("additional_headers", [])}
    delivery = json.loads(headers.get("X-Metadata", "{}")).get("delivery", "")
    mail = Taken(to, told["subject"], told["text"], told["html"], headers, delivery)
    return [mail], {"emails": [{"id": "sc-1", "message_id": "<sc-1>", "mail_rcpt": to, "status": "new", "rcpt_to": to}]}


def amazon_ses(esp: Esp, told: Json) -> tuple[list[Taken], Json]:
    mime = message_from_bytes(base64.b64decode(told["Content"]["Raw"]["Data"]), policy=policy.default)
    text, html = mime.get_body(("plain",)), mime.get_body(("html",))
    headers = {name: str(value) for name, value in mime.items()}
    delivery = json.loads(headers.get("X-Metadata", "{}")).get("delivery", "")
    mail = Taken(
        told["Destination"]["ToAddresses"][0],
        headers["Subject"],
        text.get_content() if text else "",
        html.get_content() if html else "",
        headers,
        delivery,
    )
    return [mail], {"MessageId": "ses-1"}


_MERGING = (brevo, mailgun, mailjet, sendgrid, sparkpost, unisender_go)
_MANY = (mailtrap, postmark, resend)
_SINGLE = (amazon_ses, mailersend, mandrill, postal, scaleway)
PROVIDERS: dict[str, Callable[[Esp, Json], tuple[list[Taken], Json]]] = {
    function.__name__: function for function in (*_MERGING, *_MANY, *_SINGLE)
}
