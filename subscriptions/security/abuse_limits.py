"""How often something may be done, counted in the database, so that all workers and web processes count together."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from subscriptions import email_addresses
from subscriptions.models import Mark
from subscriptions.security import client_ip

LimitRate = tuple[int, dt.timedelta]  # at most so many, in any span of that length
DAY = dt.timedelta(days=1)
KEYS_AT_ONCE = 500  # in one query
NETWORKS_OF_A_SITE = 5  # posts from an IPv6 /48 may be so many times those from one of its /64s


@dataclass(frozen=True)
class Limit:
    """`rates` for what `scope` and `value` name, such as the posts of one network."""

    scope: str
    value: str
    rates: Sequence[LimitRate]

    @property
    def about(self) -> tuple[str, str]:
        return self.scope, self.value

    @property
    def key(self) -> str:
        # Stored in rows: another purpose would forget all that was counted.
        return email_addresses.keyed_hash(f"subscriptions.limits.{self.scope}", self.value)


def network(address: str) -> list[Limit]:
    """Return the limits of posts from a network: its own and, for an IPv6 /64, that of its site's /48 as well."""
    own, site = Limit("network", address, settings.LIMIT_PER_NETWORK), client_ip.site_of(address)
    if site == address:
        return [own]
    return [
        own,
        Limit("network", site, [(most * NETWORKS_OF_A_SITE, span) for most, span in settings.LIMIT_PER_NETWORK]),
    ]


def turned_away() -> Limit:
    """Of the posts that a network's limit refused, as many as are counted for the operators: a flood fills no table."""
    return Limit("turned away", "", [(1_000, DAY)])


def name(kind: str, email: str) -> Limit:
    """Return the limit of a name at all subdomains of an organization: with a wildcard all of them are one mailbox."""
    local, _, domain = email_addresses.mailbox(email).rpartition("@")
    return Limit(f"{kind} name", f"{local}@{email_addresses.organization(domain)}", [(5, DAY)])


def domain(kind: str, email: str) -> Limit:
    """Return the limit of the emails that one kind of post asks for, to all addresses of an organization."""
    own = email_addresses.mailbox(email).rpartition("@")[2]
    return Limit(f"{kind} domain", email_addresses.organization(own), settings.LIMIT_PER_DOMAIN)


def in_all(kind: str) -> Limit:
    return Limit(f"{kind} all", "", settings.LIMIT_IN_ALL)


def first_post(kind: str, email: str) -> Limit:
    """Return the limit that is free for the first post of an hour that names the mailbox."""
    return Limit(f"{kind} first", email_addresses.mailbox(email), [(1, dt.timedelta(hours=1))])


def turn(kind: str, site: str) -> Limit:
    """Return the count of posts of a site that got their turn. It refuses none."""
    return Limit(f"{kind} turn", site, [])


def mails(kind: str, email: str) -> Limit:
    """Return the limit of small emails that a stranger can ask for in a reader's name.

    A reader's link may be lost twice a day.
    """
    rates = {"already_subscribed": [(1, 7 * DAY)], "link": [(2, DAY), (6, 30 * DAY)]}
    return Limit(f"mail:{kind}", email_addresses.mailbox(email), rates.get(kind, settings.LIMIT_PER_ADDRESS))


def guesses(reader: uuid.UUID) -> Limit:
    """Return the limit of wrong answers to the question for a reader's address: a forwarded digest may print it."""
    return Limit("guess", reader.hex, [(5, dt.timedelta(hours=1))])


def data_links(reader: uuid.UUID) -> Limit:
    return Limit("data", reader.hex, [(3, DAY)])


def returns(reader: uuid.UUID) -> Limit:
    """Return the limit of coming back by a button: each time the reader is sent an email."""
    return Limit("return", reader.hex, [(3, DAY)])


def acquire(*limits: Limit, now: dt.datetime) -> Limit | None:
    """Count one more of each; or name the limit that is reached, and count nothing.

    Those who come at the same moment take their turns, also where they do so within a transaction.
    """
    with transaction.atomic():
        _wait_for_others(limits)
        reached = next((limit for limit in limits if is_reached(limit, now=now)), None)
        if reached is None:
            Mark.objects.bulk_create([Mark(key=limit.key, made_at=now) for limit in limits])
    return reached


def is_reached(limit: Limit, *, now: dt.datetime) -> bool:
    """Would one more be one too many?"""
    marks = Mark.objects.filter(key=limit.key)
    return any(marks.filter(made_at__gt=now - span).count() >= most for most, span in limit.rates)


def free_at(limit: Limit, *, now: dt.datetime) -> dt.datetime:
    """When one more will not be too many; `now` where it is not."""
    return max([now, *(freed for rate in limit.rates if (freed := _freed_at(limit, rate, now)))])


def count(limit: Limit, *, since: dt.datetime) -> int:
    """How often it was taken."""
    return Mark.objects.filter(key=limit.key, made_at__gt=since).count()


def counts(several: Iterable[Limit], *, since: dt.datetime) -> dict[str, int]:
    """Return how often each was taken, by its key; those that were not are left out."""
    keys, taken = [limit.key for limit in several], dict[str, int]()
    for at in range(0, len(keys), KEYS_AT_ONCE):
        marks = Mark.objects.filter(key__in=keys[at : at + KEYS_AT_ONCE], made_at__gt=since).order_by()
        taken |= dict(marks.values_list("key").annotate(Count("pk")))
    return taken


def forget(limit: Limit) -> None:
    """Begin to count anew."""
    Mark.objects.filter(key=limit.key).delete()


def prune(*, now: dt.datetime) -> int:
    """Delete the marks that no limit looks at any more; how many."""
    return Mark.objects.filter(made_at__lt=now - kept_for()).delete()[0]


def kept_for() -> dt.timedelta:
    """The longest span that a limit looks back on."""
    return max(span for rates in _all_rates() for _, span in rates)


def _wait_for_others(limits: Sequence[Limit]) -> None:
    """Until the transactions have ended of all who took one of `limits`: nobody sees their marks before.

    SQLite has one writer at a time, and needs no more.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for key in sorted({limit.key for limit in limits}):  # in one order, lest two wait for each other
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _freed_at(limit: Limit, rate: LimitRate, now: dt.datetime) -> dt.datetime | None:
    """When the mark leaves the span that must do so before one more fits; None where one fits already."""
    most, span = rate
    marks = Mark.objects.filter(key=limit.key, made_at__gt=now - span).order_by("-made_at")
    made_at = marks.values_list("made_at", flat=True)[most - 1 : most].first()
    return made_at + span if made_at else None


def _all_rates() -> list[Sequence[LimitRate]]:
    return [
        settings.LIMIT_PER_NETWORK,
        settings.LIMIT_PER_DOMAIN,
        settings.LIMIT_IN_ALL,
        settings.LIMIT_PER_ADDRESS,
        [(1, 30 * DAY)],
    ]
