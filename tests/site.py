"""A site with sample data, and the list of all its pages: a new page is one line in PAGES."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

import time_machine
from django.conf import settings
from django.core import signing
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone, translation
from PIL import Image
from playwright.sync_api import Page as Shown

from digest.editions import publication
from digest.email import reader_urls
from digest.email.batch.composer import Composer, DueDelivery
from digest.models import Delivery, Edition, OutsidePaper, Paper, QuietDay, Thumbnail
from digest.opinions import feedback, reading_list
from digest.papers import topic_assignment
from digest.search import topic_suggestions
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import address_change, lifecycle
from subscriptions.readers.preferences import Preferences
from subscriptions.security import abuse_limits, bot_check, devices, link_tokens, reader_session
from subscriptions.security.link_tokens import Purpose
from subscriptions.topics import catalogue
from tests.conftest import NOW, TODAY, make_reader
from tests.email import cast

YESTERDAY, QUIET = TODAY - dt.timedelta(days=1), TODAY - dt.timedelta(days=4)
# The expected statuses other than 200.
ACCEPTED, NOT_FOUND, GONE, BROKEN, INVALID, TOO_MANY = 202, 404, 410, 500, 400, 429


@dataclass(frozen=True)
class Page:
    """A page. `path` is its path, or a function that returns the path once the site is set up.

    `act` brings the page into the right state, and `given` is a context to do so in. Both can run many times.
    """

    path: str | Callable[[], str]
    status: int = 200
    act: Callable[[Shown], object] = lambda shown: None
    given: Callable[[], AbstractContextManager[Any]] = nullcontext
    signed_in: str = ""  # the name of a reader

    def bring_up(self, shown: Shown) -> None:
        if self.signed_in:
            sign_in(shown, self.signed_in)
        shown.goto(self.path if isinstance(self.path, str) else self.path())
        self.act(shown)


def link(purpose: Purpose, name: str, then: str = "") -> Callable[[], str]:
    """Return a function that returns the path of a link in an email to the reader `name`."""
    return lambda: reverse(f"subscriptions:{purpose}", args=[link_tokens.make_token(purpose, reader(name))]) + then


def old_link(purpose: Purpose, name: str) -> Callable[[], str]:
    """Return the same for a link sent 60 days ago."""

    def path() -> str:
        with time_machine.travel(timezone.now() - dt.timedelta(days=60), tick=True):
            return link(purpose, name)()

    return path


def digests(name: str, *, day: dt.date = TODAY) -> Callable[[], str]:
    """Return a function that returns the path of the reader's digest in a browser."""

    def path() -> str:
        token = reader_urls.digest_token(reader(name).uid.bytes, Edition.objects.get(day=day).pk)
        return reverse("digest:digest", args=[token])

    return path


def opinion(name: str, *, then: str = "") -> Callable[[], str]:
    """Return a function that returns the path of the reader's opinion on a paper in today's digest."""

    def path() -> str:
        token = reader_urls.opinion_token(reader(name).uid.bytes, Edition.objects.get(day=TODAY).pk)
        return reverse("digest:opinion", args=[token, first().pk]) + then

    return path


def paper_page() -> str:
    return reverse("digest:paper", args=[first().key])


def sign_in(shown: Shown, name: str) -> None:
    """Give the browser the cookie of a signed-in device."""
    _device, token = devices.add(reader(name), "Firefox/128.0 (Linux)", now=timezone.now())
    cookie = reader_session.cookie_name()
    signed = signing.get_cookie_signer(salt=cookie + reader_session.SALT).sign(token)
    shown.context.add_cookies([{"name": cookie, "value": signed, "domain": "127.0.0.1", "path": "/"}])


@contextmanager
def by_http() -> Iterator[None]:
    """Let a browser keep the reader's cookie, although the site says https."""
    with mock.patch.object(reader_session, "is_https", return_value=False):
        yield


@contextmanager
def signed_up_again() -> Iterator[None]:
    wishes = Preferences(topics=Topic.objects.filter(slug__in=["quantum", "heritage"])).as_json()
    Subscriber.objects.filter(email="daily@example.org").update(requested_preferences=wishes)
    yield


@contextmanager
def network_is_full() -> Iterator[None]:
    full = abuse_limits.Limit("full", "", [(1, dt.timedelta(minutes=8))])
    abuse_limits.refused_by(full, now=timezone.now())
    with mock.patch.object(abuse_limits, "network_limits", return_value=[full]):
        yield


@contextmanager
def unconfirmed() -> Iterator[None]:
    Subscriber.objects.filter(email="quiet@example.org").update(status=Subscriber.Status.PENDING)
    yield


def translated(shown: Shown, message: str) -> str:
    """Return the message in the language of the page."""
    with translation.override(shown.locator("html").get_attribute("lang")):
        return translation.gettext(message)


def press(name: str) -> Callable[[Shown], None]:
    def act(shown: Shown) -> None:
        shown.get_by_role("main").get_by_role("button", name=translated(shown, name), exact=True).first.click()

    return act


def send_wrong(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Email address")).fill("ada@example.org")
    shown.get_by_label(translated(shown, "Your own words")).fill("author:")
    press("Subscribe")(shown)
    shown.get_by_text(translated(shown, "Please fix the following:")).wait_for()


def send_in_haste(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Email address")).fill("ada@example.org")
    press("Subscribe")(shown)
    shown.get_by_text(translated(shown, "Please press the button again.")).wait_for()


def send_too_much(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Email address")).fill("ada@example.org")
    press("Subscribe")(shown)
    shown.get_by_text(translated(shown, "Nothing was sent yet.")).wait_for()


def open_areas(shown: Shown) -> None:
    for area in shown.locator(".area summary").all():
        area.click()
    shown.locator("#arrival > summary").click()
    shown.locator(".area > .chip input").first.check()


def sign_up_with_a_slip(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Email address")).fill("ada@gmial.com")
    press("Subscribe")(shown)
    shown.get_by_role("heading", name=translated(shown, "Check your email")).wait_for()


def ask_for_link(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Email address")).fill("nobody@example.org")
    press("Email me my link")(shown)
    shown.get_by_role("heading", name=translated(shown, "Check your email")).wait_for()


def ask_for_sign_in(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Email address")).fill("nobody@example.org")
    press("Email me a sign-in link")(shown)
    shown.get_by_role("heading", name=translated(shown, "Check your email")).wait_for()


def preview(shown: Shown) -> None:
    name = translated(shown, "Reasoning models")
    shown.get_by_label(translated(shown, "Find a topic")).fill(name)
    shown.get_by_role("checkbox", name=name).first.check()
    phrase = "nothing like this"
    shown.get_by_label(translated(shown, "Your own words")).fill(phrase)
    shown.locator(".preview-day").first.wait_for()
    advice = translated(shown, "“%(phrase)s” appears in none of these papers.")
    shown.get_by_text(advice % {"phrase": phrase}).wait_for()


def paste(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Papers"), exact=True).fill(
        f"{first().title}\nhttps://arxiv.org/abs/1706.03762\n"
    )
    press("Find the papers")(shown)


def take_suggestions(shown: Shown) -> None:
    paste(shown)
    press("Continue to sign-up")(shown)


def suggestions_of(name: str) -> Callable[[], str]:
    """Return the path of the page on which a reader starts from papers, with one paper from elsewhere."""

    def path() -> str:
        values = {"title": "On Computable Numbers", "said_at": NOW}
        OutsidePaper.objects.get_or_create(subscriber=reader(name), key="title:1", defaults=values)
        return f"/suggest/{link_tokens.make_token(Purpose.PREFERENCES, reader(name))}/"

    return path


def settings_are_wrong(shown: Shown) -> None:
    shown.locator("#move summary").click()
    shown.get_by_label(translated(shown, "Your new address")).fill("bob@example.org")
    shown.locator("#move").get_by_label(translated(shown, "Your current address")).fill("not-me@example.org")
    press("Email me a link")(shown)
    shown.locator("#move .error").wait_for()


def erase_another(shown: Shown) -> None:
    shown.get_by_label(translated(shown, "Your current address")).fill("not-me@example.org")
    press("Erase everything")(shown)
    shown.locator(".error").wait_for()


PAGES = {
    "home": Page("/"),
    "home, in haste": Page(
        "/", act=send_in_haste, given=lambda: mock.patch.object(bot_check, "MAX_AGE", dt.timedelta(-1))
    ),
    "edition": Page(f"/{YESTERDAY}/"),
    "edition, on one topic": Page(f"/{TODAY}/?topic=reasoning"),
    "edition with hostile texts": Page(f"/{TODAY - dt.timedelta(days=2)}/"),
    "no edition": Page("/", given=lambda: mock.patch.object(publication, "newest", return_value=None)),
    "quiet day": Page(f"/{QUIET}/", status=NOT_FOUND),
    "paper": Page(paper_page),
    "paper with hostile texts": Page("/papers/arxiv:2608.00661/"),
    "save a paper": Page(lambda: reverse("digest:save", args=[first().key])),
    "author": Page("/authors/ada-lovelace/"),
    "topics": Page("/topics/"),
    "topics that a search finds": Page("/topics/?q=agents"),
    "topic": Page("/topics/reasoning/"),
    "topic by votes": Page("/topics/reasoning/?sort=votes"),
    "topic without papers": Page("/topics/quantum/"),
    "week": Page(f"/weeks/{TODAY:%G-W%V}/"),
    "month": Page(f"/months/{TODAY:%Y-%m}/"),
    "calendar": Page("/calendar/"),
    "search": Page("/search"),
    "search with results": Page("/search?q=agents"),
    "search without results": Page("/search?q=submarine+archaeology"),
    "search that can't be read": Page("/search?q=author:"),
    "suggest": Page("/suggest/"),
    "suggestions": Page("/suggest/", act=paste),
    "suggestions, on to the sign-up form": Page("/suggest/", act=take_suggestions),
    "suggestions for a reader": Page(suggestions_of("daily"), act=paste),
    "suggestions from a paper": Page(lambda: f"/suggest/?like={first().key}"),
    "subscribe": Page("/subscribe/"),
    "subscribe, with errors": Page("/subscribe/", act=send_wrong, status=INVALID),
    "subscribe, too often": Page("/subscribe/", act=send_too_much, status=TOO_MANY, given=network_is_full),
    "subscribe, preview shown": Page("/subscribe/", act=preview),
    "subscribe, with areas open": Page("/subscribe/", act=open_areas),
    "check your mail, in another language": Page("/subscribe/sent/"),
    "check your mail": Page("/subscribe/", act=sign_up_with_a_slip, status=ACCEPTED),
    "confirm": Page(link(Purpose.CONFIRM, "pending")),
    "confirmed": Page(link(Purpose.CONFIRM, "quiet"), act=press("Only confirm"), given=unconfirmed),
    "link of long ago": Page(old_link(Purpose.CONFIRM, "pending"), status=GONE),
    "topics of a second sign-up": Page(link(Purpose.PREFERENCES, "daily", "add/"), given=signed_up_again),
    "link to another address, of long ago": Page(old_link(Purpose.CHANGE_ADDRESS, "daily"), status=GONE),
    "link back, of long ago": Page(old_link(Purpose.RESUBSCRIBE, "left"), status=GONE),
    "forged link": Page("/confirm/nonsense/", status=NOT_FOUND),
    "preferences": Page(link(Purpose.PREFERENCES, "daily")),
    "preferences, saved": Page(link(Purpose.PREFERENCES, "words", "?saved=1")),
    "preferences, with errors": Page(link(Purpose.PREFERENCES, "daily"), act=settings_are_wrong, status=INVALID),
    "preferences, paused": Page(link(Purpose.PREFERENCES, "weekly")),
    "preferences, left": Page(link(Purpose.PREFERENCES, "left")),
    "lost link": Page("/preferences/"),
    "lost link, sent": Page("/preferences/", act=ask_for_link, status=ACCEPTED),
    "another address": Page(lambda: address_change.make_url(reader("daily")).removeprefix(settings.SITE_URL)),
    "erase": Page(link(Purpose.PREFERENCES, "daily", "erase/")),
    "erase, with an error": Page(link(Purpose.PREFERENCES, "daily", "erase/"), act=erase_another, status=INVALID),
    "sign in": Page("/sign-in/"),
    "sign in, sent": Page("/sign-in/", act=ask_for_sign_in, status=ACCEPTED),
    "sign in, by the link": Page(link(Purpose.SIGN_IN, "daily")),
    "latest, signed in": Page("/", given=by_http, signed_in="signs-in"),
    "for you": Page("/for-you/", given=by_http, signed_in="signs-in"),
    "saved": Page("/saved/", given=by_http, signed_in="signs-in"),
    "preferences, signed in": Page(link(Purpose.PREFERENCES, "signs-in"), given=by_http, signed_in="signs-in"),
    "reading list": Page(link(Purpose.PREFERENCES, "daily", "reading-list/")),
    "reading list, empty": Page(link(Purpose.PREFERENCES, "words", "reading-list/")),
    "learnt": Page(link(Purpose.PREFERENCES, "daily", "learnt/")),
    "learnt, nothing": Page(link(Purpose.PREFERENCES, "words", "learnt/")),
    "opinion": Page(opinion("words", then="?opinion=like")),
    "opinion, said": Page(opinion("daily")),
    "unsubscribe": Page(link(Purpose.UNSUBSCRIBE, "daily")),
    "unsubscribe, less instead": Page(
        link(Purpose.UNSUBSCRIBE, "daily"), act=press("One email a week with the best papers")
    ),
    "unsubscribed": Page(link(Purpose.UNSUBSCRIBE, "left")),
    "come back": Page(link(Purpose.RESUBSCRIBE, "left")),
    "come back, done": Page(link(Purpose.RESUBSCRIBE, "daily")),
    "view in browser": Page(digests("daily")),
    "view in browser, no longer kept": Page(digests("daily", day=YESTERDAY), status=GONE),
    "privacy": Page("/privacy/"),
    "imprint": Page("/imprint/"),
    "form on another site": Page("/embed/?topics=reasoning,quantum"),
    "API": Page("/api/docs/"),
    "not found": Page("/nowhere/", status=NOT_FOUND),
    "broken": Page(
        lambda: f"/suggest/?like={first().key}",
        status=BROKEN,
        given=lambda: mock.patch.object(topic_suggestions, "suggest", side_effect=RuntimeError),
    ),
}


@contextmanager
def seeded() -> Iterator[None]:
    """Set up the site that PAGES expects. It needs access to a database."""
    with override_settings(IMPRINT_TEXT="Ada Lovelace\n12 St James’s Square\n\nLondon", POSTAL_ADDRESS="London"):
        seed()
        yield


def seed() -> None:
    catalogue.load()
    QuietDay.objects.create(day=QUIET, reason="It was a Sunday, and no source listed a paper.")
    cast.hostile_day(TODAY - dt.timedelta(days=2))
    cast.some_day(YESTERDAY)
    today = cast.sample_day(TODAY)
    for edition in Edition.objects.all():
        topic_assignment.assign_topics(edition)
    for paper in today.papers.all()[:2]:
        Thumbnail.objects.create(
            paper=paper, address="https://example.org/p.png", mark="0" * 12, image=picture(), tried_at=NOW
        )
    _seed_readers(today)


def _seed_readers(today: Edition) -> None:
    """Make readers of each kind, one who left, one who never confirmed, and `daily` with a digest and opinions."""
    now = timezone.now()
    cast.make_readers()
    lifecycle.pause(reader("weekly"), now.date() + dt.timedelta(days=20))
    make_reader("left@example.org", topics=[cast.make_topic("reasoning")])
    lifecycle.unsubscribe(reader("left"), now=now)
    lifecycle.sign_up("pending@example.org", Preferences(words="agents"), now=now)
    daily, (liked, disliked, *_) = reader("daily"), publication.papers_as_shown(today)
    feedback.rate(daily, liked, "like", now=now)
    feedback.rate(daily, disliked, "not-for-me", now=now)
    Subscriber.objects.filter(pk=daily.pk).update(new_email="daily@example.com")
    _send(today, daily)
    signed_in = make_reader("signs-in@example.org", words="agents, reasoning")
    reading_list.save(signed_in, liked, now=now)
    reading_list.save(signed_in, disliked, now=now)
    reading_list.annotate(signed_in, liked, "agents, to read", "Compare with ours.")


def _send(edition: Edition, reader: Subscriber) -> None:
    """Record the delivery of a digest, with its papers, as if it had been sent."""
    row = Delivery.objects.create(edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW)
    made = next(Composer().compose([DueDelivery(row.pk, edition.pk, reader.pk)]))
    row.papers, row.status, row.sent_at = made.papers, Delivery.Status.SENT, NOW
    row.save()


def reader(name: str) -> Subscriber:
    return Subscriber.objects.get(email=f"{name}@example.org")


def first() -> Paper:
    """Return today's paper with the most votes."""
    return publication.papers_as_shown(Edition.objects.get(day=TODAY))[0]


def picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (576, 312), "teal").save(drawn, "WEBP")
    return drawn.getvalue()
