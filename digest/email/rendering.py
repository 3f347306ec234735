"""Render a digest as an email for one reader: subject, text and HTML."""

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
from subscriptions.readers import follow_names
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

MAX_HTML = 100_000  # bytes; Gmail clips emails of more than 102 KB
READER_URLS = ("preferences_url", "unsubscribe_url", "digest_url", "opinion_url")  # the keys of `urls_of`


@dataclass(frozen=True)
class RenderedEmail:
    """One reader's email as strings, before it becomes a message."""

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
    """Render `digest` with the three templates `templates/email/digest.*`.

    `digest_url` is where this digest can be read in a browser. `opinion_url` ends with a slash, and all feedback links
    begin with it. Without these URLs the email has no such links.
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
    """Return the context of the templates, without `subject` and `papers` (the macros for the text or the HTML part).

    The macros for sentences are in the context and not imported by the templates, so that the batch path can replace
    some of them (see `digest.email.batch.template_parts`).
    """
    follows = subscriber.filters.select_related("topic") if subscriber and occasion == "welcome" else ()
    context = {
        "digest": digest,
        "edition": edition,
        "subscriber": subscriber,
        "edition_url": f"{settings.SITE_URL}/{digest.day}/",
        "withdrawn": 0,
        "is_in_browser": False,
        "is_signed_in": False,
        "occasion": occasion,  # "welcome" in the reader's first email, which names their choice; "repeat"
        "choice": follow_names.listed(follow_names.names_of(follows)),
        **urls,
    }
    return context | {"say": macros_of("_sentences.txt", context)}


def why_this_mail(subscriber: Subscriber, day: dt.date) -> str:
    """Return the sentence at the end of a digest that says why the reader gets it, for other emails to the reader."""
    sentences: Any = macros_of("_sentences.txt", {"subscriber": subscriber, "digest": Digest(day, (), (), 0, 0)})
    return str(sentences.why_this_mail())


def preload() -> None:
    """Load everything that a digest needs, so that processes forked from this one do not have to."""
    environment: Environment = cast(Jinja2, engines["jinja2"]).env
    parts = ("email/digest.", "email/_", "email/email.css")
    for name in environment.list_templates(filter_func=lambda name: name.startswith(parts)):
        environment.get_template(name)
    get_resolver().reverse_dict  # noqa: B018  # loads all URLs and their views


def macros_of(name: str, context: dict[str, Any] | None = None) -> TemplateModule:
    """Return the macros of the template `email/{name}`, which see `context`."""
    environment: Environment = cast(Jinja2, engines["jinja2"]).env
    return environment.get_template(f"email/{name}").make_module(context)


def urls_of(delivery: Delivery) -> dict[str, str]:
    """Return the URLs that only this reader's email contains."""
    return {
        "preferences_url": link_tokens.make_url(Purpose.PREFERENCES, delivery.subscriber),
        "unsubscribe_url": link_tokens.make_url(Purpose.UNSUBSCRIBE, delivery.subscriber),
        "digest_url": reader_urls.digest_url(delivery.subscriber, delivery.edition_id),
        "opinion_url": reader_urls.opinion_url(delivery.subscriber, delivery.edition_id),
    }


def build_digest_message(digest: Digest, delivery: Delivery, *, occasion: str = "") -> builder.Message:
    """Return the message to send for `delivery`, without the last papers if the HTML would be too long.

    Its `papers` are the record of its content (see `digest.personalization.snapshot`).
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
    """Return whether email clients show `html` without clipping it."""
    return len(html) <= MAX_HTML and len(html.encode()) <= MAX_HTML


def build_message(rendered: RenderedEmail, delivery: Delivery) -> builder.Message:
    """Return `rendered` as the message for `delivery`."""
    extra = headers.of_digest(delivery, urls_of(delivery)["unsubscribe_url"])
    message = builder.build_message(delivery.subscriber.email, rendered.subject, rendered.text, rendered.html, extra)
    # For django-anymail: the provider returns it with each event. Other backends ignore it.
    about = {"delivery": str(delivery.pk), "reader": delivery.subscriber.uid.hex}
    message.metadata = about  # type: ignore[attr-defined]
    return message
