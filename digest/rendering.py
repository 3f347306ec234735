"""A digest becomes a mail: subject, text and HTML for one reader."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from digest import headers
from digest.composing import Digest
from digest.models import Delivery, Edition
from subscriptions import links, mail
from subscriptions.links import Purpose
from subscriptions.models import Subscriber


@dataclass(frozen=True)
class Rendered:
    """One reader's mail, before it becomes a message."""

    subject: str
    text: str
    html: str


def render(
    digest: Digest,
    edition: Edition,
    *,
    preferences_url: str,
    unsubscribe_url: str,
    digest_url: str = "",
    subscriber: Subscriber | None = None,
) -> Rendered:
    """The mail of `digest`, from the template trio `templates/email/digest.*`.

    `digest_url` is where this very digest can be read in a browser, ending on a slash; without one nothing links there.
    """
    context: dict[str, Any] = {
        "digest": digest,
        "edition": edition,
        "subscriber": subscriber,
        "edition_url": f"{settings.SITE_URL}/{digest.day}/",
        "preferences_url": preferences_url,
        "unsubscribe_url": unsubscribe_url,
        "digest_url": digest_url,
    }
    return Rendered(*mail.render_email("digest", context))


def build_digest_message(digest: Digest, delivery: Delivery) -> mail.Message:
    """The message that is handed over for `delivery`."""
    subscriber = delivery.subscriber
    unsubscribe_url = links.make_url(Purpose.UNSUBSCRIBE, subscriber)
    rendered = render(
        digest,
        delivery.edition,
        preferences_url=links.make_url(Purpose.PREFERENCES, subscriber),
        unsubscribe_url=unsubscribe_url,
        subscriber=subscriber,
    )
    message = mail.build_message(
        subscriber.email, rendered.subject, rendered.text, rendered.html, headers.of_digest(delivery, unsubscribe_url)
    )
    # For django-anymail: comes back with each event. Other backends take no notice.
    message.metadata = {"delivery": str(delivery.pk)}  # type: ignore[attr-defined]
    return message
