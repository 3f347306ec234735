"""A digest becomes a mail: subject, text and HTML for one reader."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.urls import get_resolver
from django.utils import translation
from jinja2.environment import Environment, TemplateModule

from digest.email import headers, reader_urls
from digest.models import Delivery, Edition
from digest.personalization import snapshot
from digest.personalization.digest_selection import Digest
from subscriptions.email import builder
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

MOST_HTML = 100_000  # bytes: Gmail clips what is longer than 102


@dataclass(frozen=True)
class RenderedEmail:
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
    opinion_url: str = "",
    subscriber: Subscriber | None = None,
    occasion: str = "",
) -> RenderedEmail:
    """The mail of `digest`, from the template trio `templates/email/digest.*`.

    `digest_url` is where this very digest can be read in a browser; with `opinion_url`, which ends on a slash, begin
    the addresses by which the reader says what they think of its papers. Without them nothing links there.
    """
    with translation.override(subscriber.language if subscriber else settings.LANGUAGE_CODE):
        context = make_context(
            digest,
            edition,
            preferences_url=preferences_url,
            unsubscribe_url=unsubscribe_url,
            digest_url=digest_url,
            opinion_url=opinion_url,
            subscriber=subscriber,
            occasion=occasion,
        )
        subject = builder.render_subject("digest", context)
        text = builder.render_text("digest", context | {"papers": macros_of("_papers.txt")})
        html = builder.render_html("digest", context | {"papers": macros_of("_papers.html"), "subject": subject})
        return RenderedEmail(subject, text, html)


def make_context(
    digest: Digest, edition: Edition, *, subscriber: Subscriber | None = None, occasion: str = "", **urls: str
) -> dict[str, Any]:
    """What the templates know, but for `papers` (the macros of their kind) and `subject`.

    The sentences come with it, and are not imported by the templates, so that others can stand in their places (see
    `digest.email.batch.assembler`).
    """
    context = {
        "digest": digest,
        "edition": edition,
        "subscriber": subscriber,
        "edition_url": f"{settings.SITE_URL}/{digest.day}/",
        "withdrawn": 0,
        "occasion": occasion,  # "welcome": it is the reader's first mail
        **urls,
    }
    return context | {"say": macros_of("_sentences.txt", context)}


def why_this_mail(subscriber: Subscriber, day: dt.date) -> str:
    """What a digest says at its end, for other mails of the subscription."""
    sentences: Any = macros_of("_sentences.txt", {"subscriber": subscriber, "digest": Digest(day, (), (), 0, 0)})
    return str(sentences.why_this_mail())


def preload() -> None:
    """Load what every digest is made with, so that processes forked from this one need not."""
    environment: Environment = cast(Jinja2, engines["jinja2"]).env
    parts = ("email/digest.", "email/_", "email/email.css")
    for name in environment.list_templates(filter_func=lambda name: name.startswith(parts)):
        environment.get_template(name)
    get_resolver().reverse_dict  # noqa: B018  # reads all addresses, and with them the views


def macros_of(name: str, context: dict[str, Any] | None = None) -> TemplateModule:
    environment: Environment = cast(Jinja2, engines["jinja2"]).env
    return environment.get_template(f"email/{name}").make_module(context)


def render_page(digest: Digest, edition: Edition, frequency: str, withdrawn: int) -> str:
    """The HTML of a digest that was mailed, without anything of its reader's; so many of its papers are gone."""
    anybody = Subscriber(frequency=frequency, confirmed_at=edition.published_at)
    nowhere = dict.fromkeys(("preferences_url", "unsubscribe_url", "digest_url", "opinion_url"), "")
    context = make_context(digest, edition, subscriber=anybody, **nowhere)
    context |= {"withdrawn": withdrawn, "papers": macros_of("_papers.html")}
    return builder.render_html("digest", context | {"subject": builder.render_subject("digest", context)})


def urls_of(delivery: Delivery) -> dict[str, str]:
    """The addresses in its mail that are the reader's own."""
    return {
        "preferences_url": link_tokens.make_url(Purpose.PREFERENCES, delivery.subscriber),
        "unsubscribe_url": link_tokens.make_url(Purpose.UNSUBSCRIBE, delivery.subscriber),
        "digest_url": reader_urls.digest_url(delivery.subscriber, delivery.edition_id),
        "opinion_url": reader_urls.opinion_url(delivery.subscriber, delivery.edition_id),
    }


def build_digest_message(digest: Digest, delivery: Delivery, *, occasion: str = "") -> builder.Message:
    """The message that is handed over for `delivery`, and in its `papers` what it holds (see
    `digest.personalization.snapshot`).

    The last papers are left out where the HTML would get too long.
    """
    reader = delivery.subscriber
    while True:
        with translation.override(reader.language):
            rendered = render(digest, delivery.edition, subscriber=reader, occasion=occasion, **urls_of(delivery))
        if fits(rendered.html) or not digest.can_be_shorter:
            message = build_message(rendered, delivery)
            message.papers = snapshot.record(digest, reader.frequency, reader.language)
            return message
        digest = digest.shorter()


def fits(html: str) -> bool:
    return len(html) <= MOST_HTML and len(html.encode()) <= MOST_HTML


def build_message(rendered: RenderedEmail, delivery: Delivery) -> builder.Message:
    """The message of what was rendered for `delivery`."""
    own = headers.of_digest(delivery, urls_of(delivery)["unsubscribe_url"])
    message = builder.build_message(delivery.subscriber.email, rendered.subject, rendered.text, rendered.html, own)
    # For django-anymail: comes back with each event. Other backends take no notice.
    about = {"delivery": str(delivery.pk), "reader": delivery.subscriber.uid.hex}
    message.metadata = about  # type: ignore[attr-defined]
    return message
