"""Mails as django-anymail takes them."""

from typing import Any

from anymail.message import AnymailMessageMixin
from django.conf import settings

from digest.providers.letters import Letter, decoded, letter_of
from digest.providers.sharing import Group, filled, written
from digest.providers.ways import Way
from digest.transports import Mail
from subscriptions import mail as mails


class Message(AnymailMessageMixin, mails.Message):  # type: ignore[misc]
    """With django-anymail's attributes, and long headers on one line."""


def single(mail: Mail, way: Way) -> Message:
    """One mail, for one reader."""
    letter = letter_of(mail)
    message = _message(letter.headers, letter.text, letter.html, [mail.address])
    message.extra_headers = letter.own_headers
    if way.gives_back:
        message.metadata = mail.about
    return message


def merged(group: Group, way: Way) -> Message:
    """One mail for all readers of `group`, with what the provider is to fill in for each."""
    shared = group.shared
    names = [f"dp{number}x" for number in range(len(group.values[0]))]
    addresses = [mail.address for mail in group.mails]
    headers = dict(shared.headers)
    text, html = (written(part, way, names) for part in (shared.text, shared.html))
    message = _message(headers, text, html, addresses, way)
    common, own = _headers(shared.headers, way)
    message.extra_headers = common
    each = list(zip(addresses, group.values, group.mails, strict=True))
    message.merge_data = {address: dict(zip(names, values, strict=True)) for address, values, _ in each}
    message.merge_headers = {
        address: {name: filled(value, values) for name, value in own.items()} for address, values, _ in each
    }
    message.merge_metadata = {address: mail.about for address, _, mail in each}
    return message


def _headers(headers: tuple[tuple[str, str], ...], way: Way) -> tuple[dict[str, str], dict[str, str]]:
    """Those in common, and those with blanks, which each reader gets for themselves."""
    letter = Letter(dict(headers), "", "")
    all_of_them = letter.own_headers
    own = {name: value for name, value in all_of_them.items() if "\ue000" in value}
    common = {name: value for name, value in all_of_them.items() if name not in own}
    return ({}, all_of_them) if way.whole_headers else (common, own)


def _message(headers: dict[str, str], text: str, html: str, addresses: list[str], way: Way | None = None) -> Message:
    subject = decoded(headers.get("Subject", ""))
    reply_to = [decoded(headers["Reply-To"])] if headers.get("Reply-To") else None
    message: Any = Message(
        subject=written(subject, way, []) if way else subject,
        body=text,
        from_email=decoded(headers.get("From", "")) or settings.DEFAULT_FROM_EMAIL,
        to=addresses,
        reply_to=reply_to,
    )
    message.attach_alternative(html, "text/html")
    return message  # type: ignore[no-any-return]
