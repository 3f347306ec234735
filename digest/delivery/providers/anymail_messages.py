"""Emails in the form that django-anymail takes."""

import secrets
from typing import Any, NamedTuple

from anymail.message import AnymailMessageMixin
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from digest.delivery.providers.capabilities import BatchCapability, capability_of
from digest.delivery.providers.merge_variables import MergeGroup, fill_in, with_placeholders
from digest.delivery.providers.parsed_email import ParsedEmail, parse_mail
from digest.delivery.transports import Mail
from subscriptions.email import builder as mails


class ProviderMessage(AnymailMessageMixin, mails.Message):  # type: ignore[misc]
    """A message with django-anymail's attributes, and with long headers on one line."""


class Content(NamedTuple):
    """An email in Unicode, without any text that the provider could mistake for a placeholder.

    `headers` are the remaining headers, encoded for transport.
    """

    sender: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]


def content_of(parsed: ParsedEmail, capability: BatchCapability) -> Content:
    """Return the content of `parsed`, with its placeholders guarded for a provider of this capability."""
    return Content(
        capability.guarded(parsed.sender),
        capability.guarded(parsed.reply_to),
        capability.guarded(parsed.subject),
        capability.guarded(parsed.text),
        capability.guarded(parsed.html),
        parsed.own_headers,
    )


def guard_single_email(message: EmailMessage, esp_name: str) -> None:
    """Change the texts of `message` so that the provider mistakes nothing in them for a placeholder.

    This is for emails that go through Django's mail backends. `esp_name` is django-anymail's name of the provider.
    """
    guarded = capability_of(esp_name.lower().replace(" ", "_")).guarded
    message.from_email, message.reply_to = guarded(message.from_email), [guarded(reply) for reply in message.reply_to]
    message.subject, message.body = guarded(str(message.subject)), guarded(str(message.body))
    if not isinstance(message, EmailMultiAlternatives):
        return
    alternatives, message.alternatives = message.alternatives, []
    for content, kind in alternatives:
        message.attach_alternative(guarded(content) if isinstance(content, str) else content, kind)


def single(mail: Mail, capability: BatchCapability) -> ProviderMessage:
    """Return the message of one email to one reader."""
    content = content_of(parse_mail(mail), capability)
    message = _message(content, [mail.address])
    message.extra_headers = content.headers
    if capability.returns_metadata:
        message.metadata = mail.about
    return message


def merged(group: MergeGroup, capability: BatchCapability) -> ProviderMessage:
    """Return one message to all readers of `group`, with the values that the provider fills in for each."""
    shared = group.shared
    nonce = secrets.token_hex(8)  # so that no text can hold a placeholder of this call
    names = [f"p{number}x{nonce}" for number in range(len(group.values[0]))]
    addresses = [mail.address for mail in group.mails]
    content = content_of(ParsedEmail(dict(shared.headers), shared.text, shared.html), capability)
    text, html = (with_placeholders(part, capability, names) for part in (content.text, content.html))
    message = _message(content._replace(text=text, html=html), addresses)
    common, own = _headers(content.headers, capability)
    message.extra_headers = common
    each = list(zip(addresses, group.values, group.mails, strict=True))
    message.merge_data = {address: dict(zip(names, values, strict=True)) for address, values, _ in each}
    message.merge_headers = {
        address: {name: fill_in(value, values) for name, value in own.items()} for address, values, _ in each
    }
    message.merge_metadata = {address: mail.about for address, _, mail in each}
    return message


def _headers(headers: dict[str, str], capability: BatchCapability) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers that all readers share, and those with blanks, which differ from reader to reader."""
    own = {name: value for name, value in headers.items() if "\ue000" in value}
    common = {name: value for name, value in headers.items() if name not in own}
    return ({}, headers) if capability.replaces_headers else (common, own)


def _message(content: Content, addresses: list[str]) -> ProviderMessage:
    message: Any = ProviderMessage(
        subject=content.subject,
        body=content.text,
        from_email=content.sender or settings.DEFAULT_FROM_EMAIL,
        to=addresses,
        reply_to=[content.reply_to] if content.reply_to else None,
    )
    message.attach_alternative(content.html, "text/html")
    return message  # type: ignore[no-any-return]
