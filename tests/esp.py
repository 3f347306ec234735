"""Email providers on loopback, which accept each provider's API calls and fill in its placeholders.

    with Esp() as esp:
        settings.ANYMAIL = esp.settings()
        …
        assert esp.taken[0].html == …

They use the formats that the providers document, and are as strict: they refuse a header beyond ASCII, an invalid
sender, a placeholder without a value, and too many emails. `answers` replace the answers to the next calls; `refused`
are addresses that are not accepted.
"""

import base64
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import ObsoleteHeaderDefect
from email.header import decode_header, make_header
from email.headerregistry import HeaderRegistry
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs

Json = Any
KEY = "a-key-of-ours"
KNOWN_FOR = {"brevo": 1800.0, "resend": 86400.0}  # seconds


class RefusedError(Exception):
    """A provider refuses the content of a call."""


class Mailbox(NamedTuple):
    """A name, in Unicode, and an address."""

    name: str
    address: str


@dataclass(frozen=True)
class Taken:
    """One reader's email, as it would arrive. `about` is the metadata that events return; `headers` are ours."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    delivery: str
    sender: Mailbox
    reply_to: Mailbox | None
    about: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer to a call. `taken`: its emails are accepted all the same. `drops`: the connection breaks instead."""

    status: int = 200
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)
    taken: bool = False
    drops: bool = False


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # as if a worker is killed during a call
            super().handle_error(request, client_address)


class Esp:
    """A server that plays all providers."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.calls: list[tuple[str, dict[str, str], Json]] = []
        self.refused: set[str] = set()
        self.answers: list[Answer] = []
        self.seconds = 0.0  # that each call takes
        self.keys: dict[str, tuple[float, bytes, Json]] = {}  # of former calls: their time, content and answer
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
        """Return the settings for django-anymail."""
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
        call = _read(headers, body)
        with self.lock:
            self.calls.append((path, headers, call))
            answer = self.answers.pop(0) if self.answers else None
            if answer and not answer.taken:
                return answer
            key = _key(headers, call)
            at, *done = self.keys.get(key, (0.0, b"", None))
            if key and time.time() < at + KNOWN_FOR[provider]:
                return answer or _known(provider, body, *done)
            try:
                mails, reply = PROVIDERS[provider](self, call)
            except RefusedError as error:
                return Answer(400, {"message": str(error)})
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
        if len(body) < length:  # the caller was killed
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


def _key(headers: dict[str, str], call: Json) -> str:
    """Return the idempotency key of the call, or ""."""
    inside = call.get("headers") if isinstance(call, dict) else None
    in_body = inside.get("idempotencyKey", "") if isinstance(inside, dict) else ""
    return headers.get("Idempotency-Key") or in_body


def _known(provider: str, body: bytes, former: bytes, reply: Json) -> Answer:
    """Return the answer to a call with a known key."""
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
class Language:
    """A provider's template language, as documented.

    `named` finds a placeholder and its name, in the innermost of several brackets. `begins` finds all else that the
    provider would interpret. A placeholder without a value is refused.
    """

    named: re.Pattern[str]
    begins: re.Pattern[str]

    def fill(self, text: str, values: dict[str, str]) -> str:
        filled = self.named.sub(lambda found: self._value(found, values), text)
        if found := self.begins.search(filled):
            raise RefusedError(f"template error at {filled[max(0, found.start() - 20) : found.end() + 20]!r}")
        return filled

    @staticmethod
    def _value(found: re.Match[str], values: dict[str, str]) -> str:
        if found["name"] not in values:
            raise RefusedError(f"no value for {found[0]!r}")
        return values[found["name"]]


NEVER = re.compile(r"(?!)(?P<name>)")
LANGUAGES = {
    # Brevo's template language: variables, statements and comments.
    "brevo": Language(re.compile(r"\{\{\s*params\.(?P<name>\w+)\s*\}\}"), re.compile(r"\{[{%#]")),
    # Recipient variables, and those that Mailgun knows by itself.
    "mailgun": Language(
        re.compile(r"%recipient\.(?P<name>[\w:-]+)%"),
        re.compile(r"%(recipient|unsubscribe_|tag_unsubscribe_|mailing_list_)\w*%?", re.IGNORECASE),
    ),
    # Variables in brackets, which we use; variables in braces, and statements.
    "mailjet": Language(re.compile(r"\[\[var:(?P<name>\w+)(?::[^\]]*)?\]\]"), re.compile(r"\[\[|\{[{%]")),
    # Links of unsubscribe groups, of subscription tracking and to the web version. `sendgrid` does the substitutions.
    "sendgrid": Language(NEVER, re.compile(r"<%|\[(unsubscribe|weblink)", re.IGNORECASE)),
    # Expressions, raw expressions in three braces, and attributes of links in text parts.
    "sparkpost": Language(re.compile(r"\{\{\s*(?P<name>\w+)\s*\}\}"), re.compile(r"\{\{|\[\[")),
    # The template engine “simple”, which is the default.
    "unisender_go": Language(re.compile(r"\{\{(?P<name>\w+)\}\}"), re.compile(r"\{\{")),
    # These fill in unsubscribe links or variables of stored templates, and none of our values.
    "amazon_ses": Language(NEVER, re.compile(r"\{\{")),
    "mailersend": Language(NEVER, re.compile(r"\{[{%$]")),
    "mailtrap": Language(NEVER, re.compile(r"\{\{")),
    "mandrill": Language(NEVER, re.compile(r"\{\{|\*\|")),
    "postmark": Language(NEVER, re.compile(r"\{\{")),
    "resend": Language(NEVER, re.compile(r"\{\{")),
    "postal": Language(NEVER, NEVER),
    "scaleway": Language(NEVER, NEVER),
}
# Headers that the provider sets. It refuses a call that sets them.
_RESERVED = {"bcc", "cc", "content-transfer-encoding", "content-type", "date", "from", "reply-to", "subject", "to"}
_REGISTRY = HeaderRegistry()


def mailbox_of(name: str, email: str) -> Mailbox:
    """Read a sender in two fields: a name in Unicode, and an address."""
    if "=?" in name:
        raise RefusedError(f"the name is encoded: {name!r}")
    if not email.isascii() or not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise RefusedError(f"no address: {email!r}")
    return Mailbox(_line(name), email)


def read_header(written: str) -> Mailbox:
    """Read a sender as a header, with the name encoded (RFC 2047)."""
    name, address = parseaddr(written)
    return read_name(name, address)


def read_mailbox(written: str) -> Mailbox:
    """Read a sender in one text (RFC 5322): one address, with its name in quotes if necessary."""
    if "=?" in written:
        raise RefusedError(f"the name is encoded: {written!r}")
    header: Any = _REGISTRY("From", _line(written))
    wrong = [defect for defect in header.defects if not isinstance(defect, ObsoleteHeaderDefect)]
    if wrong or len(header.addresses) != 1:
        raise RefusedError(f"not one address: {written!r}")
    (found,) = header.addresses
    return mailbox_of(found.display_name, found.addr_spec)


def read_name(name: str, email: str) -> Mailbox:
    """Read a sender in two fields if the name may be encoded, because the provider would otherwise write it wrongly."""
    return mailbox_of(str(make_header(decode_header(name))), email)


def _line(text: str) -> str:
    if "\r" in text or "\n" in text:
        raise RefusedError(f"not one line: {text!r}")
    return text


@dataclass(frozen=True)
class Filler:
    """The maker of one reader's email of a call. It fills in the placeholders, and refuses what the provider would."""

    provider: str
    values: dict[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        return LANGUAGES[self.provider].fill(text, self.values)

    def take(
        self,
        to: str,
        sender: Mailbox,
        subject: str,
        text: str,
        html: str,
        headers: dict[str, str],
        about: dict[str, str],
        reply_to: Mailbox | None = None,
    ) -> Taken:
        filled = {name: self(_line(value)) for name, value in headers.items()}
        for name, value in filled.items():
            if name.lower() in _RESERVED or not value or not value.isascii():
                raise RefusedError(f"not a header: {name}: {value!r}")
        sender = Mailbox(self(sender.name), sender.address)
        parts = _line(self(subject)), self(text), self(html)
        about = {name: self(value) for name, value in about.items()}
        return Taken(to, *parts, filled, about.get("delivery", ""), sender, reply_to, about)


def _at_most(most: int, mails: Sequence[Json]) -> None:
    if not 1 <= len(mails) <= most:
        raise RefusedError(f"{len(mails)} emails in one call")


def brevo(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    versions = call.get("messageVersions") or [call]
    _at_most(1000, versions)
    sender = read_name(call["sender"].get("name", ""), call["sender"]["email"])
    reply_to = call.get("replyTo") and read_name(call["replyTo"].get("name", ""), call["replyTo"]["email"])
    mails = []
    for version in versions:
        headers = dict(version.get("headers", call.get("headers", {})))
        headers.pop("idempotencyKey", None)
        about = json.loads(headers.pop("X-Mailin-custom", "{}"))
        mails.append(
            Filler("brevo", version.get("params", {})).take(
                version["to"][0]["email"],
                sender,
                call["subject"],
                call["textContent"],
                call["htmlContent"],
                headers,
                about,
                reply_to,
            )
        )
    ids = [f"<{number}@brevo>" for number in range(len(mails))]
    return mails, {"messageIds": ids} if "messageVersions" in call else {"messageId": ids[0]}


def mailgun(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    variables = json.loads(call.get("recipient-variables", "{}"))
    recipients = call["to"].split(",")
    _at_most(1000, recipients)
    reply_to = call.get("h:Reply-To") and read_mailbox(call["h:Reply-To"])
    headers = {name[2:]: value for name, value in call.items() if name.startswith("h:") and name != "h:Reply-To"}
    about = {name[2:]: value for name, value in call.items() if name.startswith("v:")}
    sender = read_mailbox(call["from"])
    mails = [
        Filler("mailgun", variables.get(to.strip(), {})).take(
            to.strip(), sender, call["subject"], call["text"], call["html"], headers, about, reply_to
        )
        for to in recipients
    ]
    return mails, {"id": "<mg-1>", "message": "Queued. Thank you."}


def mailjet(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    shared, mails, replies = call["Globals"], [], []
    _at_most(50, call["Messages"])
    sender = mailbox_of(shared["From"].get("Name", ""), shared["From"]["Email"])
    reply_to = shared.get("ReplyTo") and mailbox_of(shared["ReplyTo"].get("Name", ""), shared["ReplyTo"]["Email"])
    for message in call["Messages"]:
        to = message["To"][0]["Email"]
        if to in esp.refused:
            replies.append({"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "StatusCode": 400}]})
            continue
        # Variables are only replaced if the template language is on.
        values = message.get("Variables", {}) if shared.get("TemplateLanguage") else {}
        headers = message.get("Headers") or shared.get("Headers", {})
        about = json.loads(message.get("EventPayload") or shared.get("EventPayload", "{}"))
        mails.append(
            Filler("mailjet", values).take(
                to, sender, shared["Subject"], shared["TextPart"], shared["HTMLPart"], headers, about, reply_to
            )
        )
        replies.append({"Status": "success", "To": [{"Email": to, "MessageID": 7}]})
    return mails, {"Messages": replies}


def sendgrid(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    mails = []
    _at_most(1000, call["personalizations"])
    content = {part["type"]: part["value"] for part in call["content"]}
    sender = mailbox_of(call["from"].get("name", ""), call["from"]["email"])
    replies = [mailbox_of(reply.get("name", ""), reply["email"]) for reply in call.get("reply_to_list", [])]
    for person in call["personalizations"]:
        words = person.get("substitutions", {})

        def substituted(text: str, words: dict[str, str] = words) -> str:
            for word, value in words.items():
                text = text.replace(word, value)
            return text

        about = call.get("custom_args", {}) | person.get("custom_args", {})
        mails.append(
            Filler("sendgrid").take(
                person["to"][0]["email"],
                Mailbox(substituted(sender.name), sender.address),
                substituted(call["subject"]),
                substituted(content["text/plain"]),
                substituted(content["text/html"]),
                call.get("headers", {}) | person.get("headers", {}),
                {name: value for name, value in about.items() if name != "anymail_id"},
                replies[0] if replies else None,
            )
        )
    return mails, None


def sparkpost(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    content, mails = call["content"], []
    _at_most(1000, call["recipients"])
    sender = read_mailbox(content["from"])
    reply_to = content.get("reply_to") and read_mailbox(content["reply_to"])
    for recipient in call["recipients"]:
        to = recipient["address"]["email"]
        if to in esp.refused:
            continue
        about = call.get("metadata", {}) | recipient.get("metadata", {})
        values = about | call.get("substitution_data", {}) | recipient.get("substitution_data", {})
        mails.append(
            Filler("sparkpost", values).take(
                to,
                sender,
                content["subject"],
                content["text"],
                content["html"],
                content.get("headers", {}),
                about,
                reply_to,
            )
        )
    refused = len(call["recipients"]) - len(mails)
    return mails, {
        "results": {"total_accepted_recipients": len(mails), "total_rejected_recipients": refused, "id": "65"}
    }


def unisender_go(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    message, mails, failed = call["message"], [], {}
    _at_most(500, message["recipients"])
    sender = mailbox_of(message.get("from_name", ""), message["from_email"])
    reply_to = message.get("reply_to") and read_name(message.get("reply_to_name", ""), message["reply_to"])
    headers = {name: value for name, value in message.get("headers", {}).items() if name != "to"}
    for recipient in message["recipients"]:
        to = recipient["email"]
        if to in esp.refused:
            failed[to] = "permanent_unavailable"
            continue
        about = message.get("global_metadata", {}) | recipient.get("metadata", {})
        body = message["body"]
        mails.append(
            Filler("unisender_go", message.get("global_substitutions", {}) | recipient.get("substitutions", {})).take(
                to,
                sender,
                message["subject"],
                body["plaintext"],
                body["html"],
                headers,
                {name: value for name, value in about.items() if name != "anymail_id"},
                reply_to,
            )
        )
    return mails, {"status": "success", "job_id": "1u", "emails": [mail.to for mail in mails], "failed_emails": failed}


def postmark(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    mails, replies = [], []
    calls = call if isinstance(call, list) else [call]
    _at_most(500, calls)
    for email in calls:
        if email["To"] in esp.refused:
            replies.append({"ErrorCode": 406, "Message": "You tried to send to an inactive recipient."})
            continue
        mails.append(
            Filler("postmark").take(
                email["To"],
                read_mailbox(email["From"]),
                email["Subject"],
                email["TextBody"],
                email["HtmlBody"],
                {header["Name"]: header["Value"] for header in email["Headers"]},
                email.get("Metadata", {}),
                read_mailbox(email["ReplyTo"]) if email.get("ReplyTo") else None,
            )
        )
        replies.append({"ErrorCode": 0, "Message": "OK", "To": email["To"], "MessageID": f"pm-{email['To']}"})
    return mails, replies if isinstance(call, list) else replies[0]


def resend(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    mails, wrong = [], []
    calls = call if isinstance(call, list) else [call]
    _at_most(100, calls)
    for number, email in enumerate(calls):
        if email["to"][0] in esp.refused:
            wrong.append({"index": number, "message": "The `to` field is invalid."})
            continue
        headers = dict(email["headers"])
        about = json.loads(headers.pop("X-Metadata", "{}"))
        replies = [read_mailbox(reply) for reply in email.get("reply_to", [])]
        mails.append(
            Filler("resend").take(
                email["to"][0],
                read_mailbox(email["from"]),
                email["subject"],
                email["text"],
                email["html"],
                headers,
                about,
                replies[0] if replies else None,
            )
        )
    ids = [{"id": f"re-{mail.to}"} for mail in mails]
    return mails, {"data": ids, "errors": wrong} if isinstance(call, list) else ids[0]


def mailtrap(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    mails, replies = [], []
    requests = call.get("requests", [{}])
    _at_most(500, requests)
    for part in requests:
        email = call.get("base", call) | part
        to = email["to"][0]["email"]
        if to in esp.refused:
            replies.append({"success": False, "errors": ["'to' address is suppressed"]})
            continue
        reply_to = email.get("reply_to")
        mails.append(
            Filler("mailtrap").take(
                to,
                mailbox_of(email["from"].get("name", ""), email["from"]["email"]),
                email["subject"],
                email["text"],
                email["html"],
                email["headers"],
                email.get("custom_variables", {}),
                mailbox_of(reply_to.get("name", ""), reply_to["email"]) if reply_to else None,
            )
        )
        replies.append({"success": True, "message_ids": [f"mt-{to}"]})
    return mails, {"success": True, "responses": replies} if "requests" in call else replies[0]


def mailersend(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    headers = {header["name"]: header["value"] for header in call.get("headers", [])}
    if call.get("precedence_bulk"):
        headers["Precedence"] = "list"
    reply_to = call.get("reply_to")
    mail = Filler("mailersend").take(
        call["to"][0]["email"],
        mailbox_of(call["from"].get("name", ""), call["from"]["email"]),
        call["subject"],
        call["text"],
        call["html"],
        headers,
        {},
        mailbox_of(reply_to.get("name", ""), reply_to["email"]) if reply_to else None,
    )
    return [mail], None


def mandrill(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    message = call["message"]
    to = message["to"][0]["email"]
    if to in esp.refused:
        return [], [{"email": to, "status": "rejected", "reject_reason": "hard-bounce", "_id": "md-0"}]
    headers = dict(message["headers"])
    reply_to = headers.pop("Reply-To", "")
    mail = Filler("mandrill").take(
        to,
        mailbox_of(message.get("from_name", ""), message["from_email"]),
        message["subject"],
        message["text"],
        message["html"],
        headers,
        message.get("metadata", {}),
        read_mailbox(reply_to) if reply_to else None,
    )
    return [mail], [{"email": to, "status": "sent", "_id": "md-1"}]


def postal(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    to = call["to"][0]
    mail = Filler("postal").take(
        to,
        read_mailbox(call["from"]),
        call["subject"],
        call["plain_body"],
        call["html_body"],
        call["headers"],
        {},
        read_mailbox(call["reply_to"]) if call.get("reply_to") else None,
    )
    return [mail], {"status": "success", "data": {"message_id": "x", "messages": {to: {"id": 5, "token": "t"}}}}


def scaleway(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    to = call["to"][0]["email"]
    headers = {header["key"]: header["value"] for header in call.get("additional_headers", [])}
    about = json.loads(headers.pop("X-Metadata", "{}"))
    reply_to = headers.pop("Reply-To", "")
    mail = Filler("scaleway").take(
        to,
        mailbox_of(call["from"].get("name", ""), call["from"]["email"]),
        call["subject"],
        call["text"],
        call["html"],
        headers,
        about,
        read_header(reply_to) if reply_to else None,
    )
    return [mail], {"emails": [{"id": "sc-1", "message_id": "<sc-1>", "mail_rcpt": to, "status": "new", "rcpt_to": to}]}


def amazon_ses(esp: Esp, call: Json) -> tuple[list[Taken], Json]:
    mime = message_from_bytes(base64.b64decode(call["Content"]["Raw"]["Data"]), policy=policy.default)
    written = dict(mime.raw_items())
    text, html = mime.get_body(("plain",)), mime.get_body(("html",))
    ours = {name: str(value) for name, value in mime.items() if name.lower() not in {*_RESERVED, "mime-version"}}
    about = json.loads(ours.pop("X-Metadata", "{}"))
    (to,) = call["Destination"]["ToAddresses"]
    mail = Filler("amazon_ses").take(
        to,
        read_header(written["From"]),
        str(mime["Subject"]),
        text.get_content() if text else "",
        html.get_content() if html else "",
        ours,
        about,
        read_header(written["Reply-To"]) if "Reply-To" in written else None,
    )
    return [mail], {"MessageId": "ses-1"}


_MERGING = (brevo, mailgun, mailjet, sendgrid, sparkpost, unisender_go)
_MANY = (mailtrap, postmark, resend)
_SINGLE = (amazon_ses, mailersend, mandrill, postal, scaleway)
PROVIDERS: dict[str, Callable[[Esp, Json], tuple[list[Taken], Json]]] = {
    function.__name__: function for function in (*_MERGING, *_MANY, *_SINGLE)
}
