"""A digest becomes a mail: subject, text and HTML for one reader."""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.utils import translation
from jinja2.environment import Environment, TemplateModule

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
    with translation.override(subscriber.language if subscriber else settings.LANGUAGE_CODE):
        context = make_context(
            digest,
            edition,
            preferences_url=preferences_url,
            unsubscribe_url=unsubscribe_url,
            digest_url=digest_url,
            subscriber=subscriber,
        )
        subject = mail.render_subject("digest", context)
        text = mail.render_text("digest", context | {"papers": macros_of("_papers.txt")})
        html = mail.render_html("digest", context | {"papers": macros_of("_papers.html"), "subject": subject})
        return Rendered(subject, text, html)


def make_context(
    digest: Digest, edition: Edition, *, subscriber: Subscriber | None = None, **urls: str
) -> dict[str, Any]:
    """What the templates know, but for `papers` (the macros of their kind) and `subject`.

    The sentences come with it, and are not imported by the templates, so that others can stand in their places (see
    `digest.kits`).
    """
    context = {
        "digest": digest,
        "edition": edition,
        "subscriber": subscriber,
        "edition_url": f"{settings.SITE_URL}/{digest.day}/",
        **urls,
    }
    return context | {"say": macros_of("_sentences.txt", context)}


def macros_of(name: str, context: dict[str, Any] | None = None) -> TemplateModule:
    environment: Environment = cast(Jinja2, engines["jinja2"]).env
    return environment.get_template(f"email/{name}").make_module(context)


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
