"""The URL patterns of the site, values that fit into them, and the form fields of their pages."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.regex_helper import normalize

from digest.delivery.events.webhooks import WEBHOOKS
from digest.email import reader_urls
from digest.models import ApiToken, Edition, Paper
from digest.models.api_tokens import ApiScope
from subscriptions.models import Device, Subscriber, Topic
from subscriptions.readers import address_change
from subscriptions.security import devices, link_tokens, reader_session
from subscriptions.security.link_tokens import Purpose
from tests import site
from tests.conftest import TODAY

# Routes that take the token of another purpose than their name says.
PURPOSES = {"personal_feed": Purpose.FEED, "reason": Purpose.UNSUBSCRIBE}
SESSIONS = {"superuser": "a" * 32, "viewer": "b" * 32, "outsider": "c" * 32}
DEVICE, API_TOKEN = "d" * 43, "dp_" + "e" * 43  # of a signed-in reader, and of a program
API = "api/v1/%(rest)s"


@dataclass
class Route:
    """A URL pattern with places, such as "papers/%(key)s/", and the form fields of its page."""

    template: str
    places: list[str]
    name: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)  # the values of each select
    files: set[str] = field(default_factory=set)  # the fields that take a file

    @property
    def is_admins(self) -> bool:
        return self.template.startswith("admin/")


def routes() -> list[Route]:
    """Return all patterns of the URLconf."""
    found = []
    for name, regex in _walk(get_resolver(), ""):
        for template, places in normalize(regex):
            found.append(Route(template, places, name))
    return found


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        regex = before + pattern.pattern.regex.pattern.removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield pattern.name or "", regex
        else:
            yield from _walk(pattern, regex)


def values(route: Route) -> dict[str, list[str]]:
    """Return existing values for each place of the pattern."""
    return {place: _values(route, place) for place in route.places}


def _values(route: Route, place: str) -> list[str]:
    days = {
        "week": [f"{TODAY:%G-W%V}", "2026-W01"],
        "month": [f"{TODAY:%Y-%m}", "2026-01"],
    }
    keys = [str(key) for key in Paper.objects.order_by("pk").values_list("key", flat=True)[:8]]
    known: dict[str, list[str]] = {
        "token": _tokens(route.name),
        "slug": [str(slug) for slug in Topic.objects.order_by("pk").values_list("slug", flat=True)[:8]],
        "key": [*keys, "arxiv:2608.00661"],
        "day": days.get(route.name, [str(TODAY), str(site.YESTERDAY), str(site.QUIET)]),
        "pk": [str(pk) for pk in Paper.objects.order_by("pk").values_list("pk", flat=True)[:4]],
        "mark": ["0" * 12],
        "color": ["0a6e6e"],
        "provider": sorted(WEBHOOKS),
        "name": ["pages", "papers-1", "editions", "topics"],
        "object_id": _objects(route),
        "content_type_id": ["1", "7"],
        "app_label": sorted(apps.app_configs),
        "url": ["nowhere/", "digest/"],
        "uidb64": ["MQ"],
        "rest": _operations(),
    }
    return known.get(place) or ["1"]


def _operations() -> list[str]:
    """Return the paths of the API below api/v1/."""
    reader = uuid.UUID(int=Subscriber.objects.order_by("pk").values_list("pk", flat=True)[0])
    about_readers = ["readers", f"readers/{reader}", f"readers/{reader}/unsubscribe"]
    return [*about_readers, "deliveries", "deliveries/1", "editions", f"editions/{TODAY}", "topics"]


def reader_cookie() -> str:
    """Return the cookie of the signed-in reader."""
    name = reader_session.cookie_name()
    return f"{name}={signing.get_cookie_signer(salt=name + reader_session.SALT).sign(DEVICE)}"


def _objects(route: Route) -> list[str]:
    """Return the keys of some rows of the model of an admin page."""
    _, app, model, *_ = [*route.template.split("/"), "", "", ""]
    try:
        rows = apps.get_model(app, model)._default_manager.order_by("pk").values_list("pk", flat=True)[:4]
    except LookupError:
        return ["1"]
    return [str(pk).replace("_", "_5F") for pk in rows] or ["1"]


def _tokens(name: str) -> list[str]:
    readers = list(Subscriber.objects.order_by("pk"))
    edition = Edition.objects.get(day=TODAY).pk
    if name == "digest":
        return [reader_urls.digest_token(reader.uid.bytes, edition) for reader in readers]
    if name == "opinion":
        return [reader_urls.opinion_token(reader.uid.bytes, edition) for reader in readers]
    if name == "change_address":
        return [address_change.make_url(site.reader("daily")).rstrip("/").rpartition("/")[2]]
    own = {purpose.value: purpose for purpose in Purpose}
    purpose = PURPOSES.get(name) or own.get(name, Purpose.PREFERENCES)
    return [link_tokens.make_token(purpose, reader) for reader in readers]


def seed() -> None:
    """Fill the site with the same identifiers in every run. Log in three users, a reader and a program."""
    site.seed()
    for pk in Subscriber.objects.order_by("pk").values_list("pk", flat=True):
        Subscriber.objects.filter(pk=pk).update(uid=uuid.UUID(int=pk))
    people = {
        "superuser": User.objects.create(username="superuser", is_staff=True, is_superuser=True),
        "viewer": User.objects.create(username="viewer", is_staff=True),
        "outsider": User.objects.create(username="outsider"),
    }
    people["viewer"].user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    for name, user in people.items():
        session = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        until = timezone.now() + dt.timedelta(days=14)
        Session.objects.create(
            session_key=SESSIONS[name], session_data=SessionStore().encode(session), expire_date=until
        )
    now = timezone.now()
    reader, times = site.reader("daily"), {"signed_in_at": now, "last_seen_on": now.date()}
    Device.objects.create(subscriber=reader, token_hash=devices.hash_of(DEVICE), **times)
    token = {"name": "fuzz", "token_hash": devices.hash_of(API_TOKEN), "scopes": ApiScope.values}
    ApiToken.objects.create(created_at=now, created_by="superuser", **token)


class FormReader(HTMLParser):
    """A parser of a page: the form fields with their values and choices, and the names in the queries of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.query: set[str] = set()
        self.choices: dict[str, list[str]] = {}
        self.files: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said: dict[str, Any] = dict(attrs)
        if tag in ("input", "select", "textarea", "button") and said.get("name"):
            self.fields.append((said["name"], said.get("value") or ""))
        if tag == "input" and said.get("type") == "file" and said.get("name"):
            self.files.add(said["name"])
        if tag == "option" and self.fields:
            self._add_option(said.get("value") or "", "selected" in said)
        for address in (said.get("href"), said.get("action")):
            if address and re.match(r"[/?.]", address):
                self.query |= {name for name, _ in parse_qsl(urlsplit(address).query)}

    def _add_option(self, value: str, is_selected: bool) -> None:
        name = self.fields[-1][0]
        self.choices.setdefault(name, []).append(value)
        if is_selected:
            self.fields[-1] = (name, value)


def learn(route: Route, page: bytes) -> None:
    """Store the form fields of the page of `route`."""
    reader = FormReader()
    reader.feed(page.decode("utf-8", "replace"))
    route.fields = reader.fields[:150]
    route.choices, route.files = reader.choices, reader.files
    route.query = sorted(reader.query | {name for name, _ in route.fields})[:60]
