"""Calls that hold different emails, for providers that accept them. django-anymail does not offer such calls.

django-anymail makes the payload of the first email, with everything that its settings ask for. Each other email is a
copy of that payload with its own recipient, content and metadata.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from digest.delivery.providers import responses
from digest.delivery.providers.anymail_messages import Content
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result

Json = Any


@dataclass(frozen=True)
class BatchApi:
    """One provider's batch call: its endpoint and extra headers, and how to write and read it.

    `email` makes the fields of one email, `wrap` puts all emails into one body, and `read` makes the outcomes.
    """

    endpoint: str
    email: Callable[[Mail, Content], dict[str, Json]]
    wrap: Callable[[list[dict[str, Json]]], Json]
    read: Callable[[list[Mail], Json], list[Outcome]]
    headers: dict[str, str]


def body(api: BatchApi, first: dict[str, Json], mails: list[Mail], contents: list[Content]) -> bytes:
    """Return the body of the call. `first` is django-anymail's payload of one of the emails."""
    parts = [first | api.email(mail, content) for mail, content in zip(mails, contents, strict=True)]
    return json.dumps(api.wrap(parts), separators=(",", ":")).encode()


def _postmark(mail: Mail, content: Content) -> dict[str, Json]:
    return {
        "To": mail.address,
        "Subject": content.subject,
        "TextBody": content.text,
        "HtmlBody": content.html,
        "Headers": [{"Name": name, "Value": value} for name, value in content.headers.items()],
        "Metadata": mail.about,
    }


def _read_postmark(mails: list[Mail], reply: Json) -> list[Outcome]:
    return [_postmark_outcome(mail, result) for mail, result in zip(mails, reply, strict=True)]


def _postmark_outcome(mail: Mail, reply: Json) -> Outcome:
    code = reply.get("ErrorCode", 0)
    if code == 0:
        return responses.sent(mail, reply.get("MessageID"))
    if code in (300, 406):  # an invalid address; an address that bounced or complained before
        return responses.refused(mail, reply.get("Message"))
    return Outcome(mail.delivery_id, Result.RETRY_LATER, f"The provider answered {code}: {reply.get('Message')}"[:300])


def _resend(mail: Mail, content: Content) -> dict[str, Json]:
    # Resend returns the headers with each event.
    about = {"X-Metadata": json.dumps(mail.about)}
    return {
        "to": [mail.address],
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": content.headers | about,
    }


def _read_resend(mails: list[Mail], reply: Json) -> list[Outcome]:
    wrong = {int(error["index"]): error.get("message") for error in reply.get("errors") or []}
    ids = iter(reply["data"])
    return [
        responses.refused(mail, wrong[number]) if number in wrong else responses.sent(mail, next(ids)["id"])
        for number, mail in enumerate(mails)
    ]


def _mailtrap(mail: Mail, content: Content) -> dict[str, Json]:
    return {
        "to": [{"email": mail.address}],
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": content.headers,
        "custom_variables": mail.about,
    }


def _read_mailtrap(mails: list[Mail], reply: Json) -> list[Outcome]:
    return [
        responses.sent(mail, next(iter(result.get("message_ids", [])), ""))
        if result.get("success")
        else responses.refused(mail, "; ".join(map(str, result.get("errors", []))))
        for mail, result in zip(mails, reply["responses"], strict=True)
    ]


def _as_list(parts: list[dict[str, Json]]) -> Json:
    return parts


BATCH_APIS = {
    "postmark": BatchApi("email/batch", _postmark, _as_list, _read_postmark, {}),
    # Otherwise one wrong email makes Resend refuse the whole call.
    "resend": BatchApi("emails/batch", _resend, _as_list, _read_resend, {"x-batch-validation": "permissive"}),
    "mailtrap": BatchApi("batch", _mailtrap, lambda parts: {"base": {}, "requests": parts}, _read_mailtrap, {}),
}
