"""Different mails in one call: for providers that take that, and for which django-anymail does not offer it.

It makes the first mail's payload, with all that its settings ask for; the others are copies of it with what is theirs.
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
    """How one provider writes it: where to, one mail, all of them; and how it answers."""

    endpoint: str
    own: Callable[[Mail, Content], dict[str, Json]]
    all: Callable[[list[dict[str, Json]]], Json]
    read: Callable[[list[Mail], Json], list[Outcome]]
    headers: dict[str, str]


def body(api: BatchApi, first: dict[str, Json], mails: list[Mail], contents: list[Content]) -> bytes:
    """The body of the call; `first` is the payload of any of the mails, made by django-anymail."""
    parts = [first | api.own(mail, content) for mail, content in zip(mails, contents, strict=True)]
    return json.dumps(api.all(parts), separators=(",", ":")).encode()


def _postmark(mail: Mail, content: Content) -> dict[str, Json]:
    return {
        "To": mail.address,
        "Subject": content.subject,
        "TextBody": content.text,
        "HtmlBody": content.html,
        "Headers": [{"Name": name, "Value": value} for name, value in content.headers.items()],
        "Metadata": mail.about,
    }


def _read_postmark(mails: list[Mail], told: Json) -> list[Outcome]:
    return [_postmark_outcome(mail, one) for mail, one in zip(mails, told, strict=True)]


def _postmark_outcome(mail: Mail, told: Json) -> Outcome:
    code = told.get("ErrorCode", 0)
    if code == 0:
        return responses.sent(mail, told.get("MessageID"))
    if code in (300, 406):  # no valid address; one that bounced or complained before
        return responses.refused(mail, told.get("Message"))
    return Outcome(mail.delivery_id, Result.LATER, f"The provider answered {code}: {told.get('Message')}"[:300])


def _resend(mail: Mail, content: Content) -> dict[str, Json]:
    # They hand headers back with each report.
    about = {"X-Metadata": json.dumps(mail.about)}
    return {
        "to": [mail.address],
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": content.headers | about,
    }


def _read_resend(mails: list[Mail], told: Json) -> list[Outcome]:
    wrong = {int(error["index"]): error.get("message") for error in told.get("errors") or []}
    ids = iter(told["data"])
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


def _read_mailtrap(mails: list[Mail], told: Json) -> list[Outcome]:
    return [
        responses.sent(mail, next(iter(one.get("message_ids", [])), ""))
        if one.get("success")
        else responses.refused(mail, "; ".join(map(str, one.get("errors", []))))
        for mail, one in zip(mails, told["responses"], strict=True)
    ]


def _as_they_are(parts: list[dict[str, Json]]) -> Json:
    return parts


DIALECTS = {
    "postmark": BatchApi("email/batch", _postmark, _as_they_are, _read_postmark, {}),
    # Else one that is wrong would have all refused.
    "resend": BatchApi("emails/batch", _resend, _as_they_are, _read_resend, {"x-batch-validation": "permissive"}),
    "mailtrap": BatchApi("batch", _mailtrap, lambda parts: {"base": {}, "requests": parts}, _read_mailtrap, {}),
}
