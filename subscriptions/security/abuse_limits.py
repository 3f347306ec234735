"""Abuse limits on form posts, logins, guesses, and emails a stranger can trigger.

Each use is a row, so that all workers and web processes share the counts. The rate limits on sending are in
`digest.delivery.limits`.
"""

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

LimitRate = tuple[int, dt.timedelta]  # the maximum number of uses within any window of this length
DAY = dt.timedelta(days=1)
SIGN_IN_MAILS = [(3, DAY), (12, 30 * DAY)]  # sign_in_sent.html says “three a day”
KEYS_AT_ONCE = 500  # per query
NETWORKS_OF_A_CUSTOMER = 5  # the limit on an IPv6 /48 is this many times the limit on a /64


@dataclass(frozen=True)
class Limit:
    """The `rates` of one counter, such as the posts from one network: `scope` is the kind, `value` the network."""

    scope: str
    value: str
    rates: Sequence[LimitRate]

    @property
    def about(self) -> tuple[str, str]:
        return self.scope, self.value

    @property
    def key(self) -> str:
        # Rows store this key: a different prefix would reset all counts.
        return email_addresses.keyed_hash(f"subscriptions.limits.{self.scope}", self.value)


def network_limits(address: str) -> list[Limit]:
    """Return the limits on posts from a network: its own and, for an IPv6 /64, also that on its /48."""
    own, customer = Limit("network", address, settings.LIMIT_PER_NETWORK), client_ip.customer_network_of(address)
    if customer == address:
        return [own]
    return [
        own,
        Limit(
            "network", customer, [(most * NETWORKS_OF_A_CUSTOMER, span) for most, span in settings.LIMIT_PER_NETWORK]
        ),
    ]


def turned_away_counter() -> Limit:
    """Return the counter of refused posts for the daily report.

    It stops at 1,000 a day, so a flood can't fill the table.
    """
    return Limit("turned away", "", [(1_000, DAY)])


def local_part_limit(kind: str, email: str) -> Limit:
    """Return the limit on a local part across all subdomains of an organization.

    A wildcard may make them one mailbox.
    """
    local, _, domain = email_addresses.mailbox(email).rpartition("@")
    return Limit(f"{kind} name", f"{local}@{email_addresses.organization(domain)}", [(5, DAY)])


def domain_limit(kind: str, email: str) -> Limit:
    """Return the limit on emails that one kind of post triggers to an organization's addresses."""
    own = email_addresses.mailbox(email).rpartition("@")[2]
    return Limit(f"{kind} domain", email_addresses.organization(own), settings.LIMIT_PER_DOMAIN)


def site_wide_limit(kind: str) -> Limit:
    return Limit(f"{kind} all", "", settings.LIMIT_IN_ALL)


def counted_posts_limit(kind: str, email: str) -> Limit:
    """Return the limit on a mailbox's posts that count against the limits of its domain. More lead to no email."""
    return Limit(f"{kind} first", email_addresses.mailbox(email), settings.LIMIT_PER_ADDRESS)


def served_counter(kind: str, customer: str) -> Limit:
    """Return the counter of processed posts from a network. It has no limit."""
    return Limit(f"{kind} turn", customer, [])


def email_limit(kind: str, email: str) -> Limit:
    """Return the limit on emails of one kind that a stranger can trigger to an address."""
    rates = SIGN_IN_MAILS if kind == "sign_in" else settings.LIMIT_PER_ADDRESS
    return Limit(f"mail:{kind}", email_addresses.mailbox(email), rates)


def hourly_email_limit(email: str) -> Limit:
    """Return the limit on emails of all kinds together that strangers can trigger to an address.

    It is the shortest rate of LIMIT_PER_ADDRESS.
    """
    shortest = sorted(settings.LIMIT_PER_ADDRESS, key=lambda rate: rate[1])[:1]
    return Limit("mail", email_addresses.mailbox(email), shortest)


def next_allowed(rates: Sequence[LimitRate], used: Sequence[dt.datetime], *, now: dt.datetime) -> dt.datetime:
    """Return when one more use is allowed, given the times of earlier ones: `now` if no rate is reached."""
    newest = sorted(used, reverse=True)
    freed = [newest[most - 1] + span for most, span in rates if len(newest) >= most]
    return max([now, *freed])


def guess_limit(reader: uuid.UUID) -> Limit:
    """Return the limit on wrong guesses at a reader's address by a visitor with a link from a forwarded digest."""
    return Limit("guess", reader.hex, [(5, dt.timedelta(hours=1))])


def action_limit(reader: uuid.UUID) -> Limit:
    """Return the limit on presses of the buttons on papers, topics and authors."""
    return Limit("action", reader.hex, [(120, dt.timedelta(minutes=10)), (1_000, DAY)])


def profile_limits(visitor: str) -> tuple[Limit, Limit]:
    """Return the limits on requests to other services for authors' profiles: of a network or reader, and of all."""
    hour = dt.timedelta(hours=1)
    return Limit("profile", visitor, [(10, hour), (40, DAY)]), Limit("profile all", "", [(300, hour)])


def data_link_limit(reader: uuid.UUID) -> Limit:
    return Limit("data", reader.hex, [(3, DAY)])  # preferences.html says “three times today”


def resubscribe_limit(reader: uuid.UUID) -> Limit:
    """Return the limit on resubscribing by the button, because each time sends an email."""
    return Limit("return", reader.hex, [(3, DAY)])  # bad_link.html says “three times a day”


def refused_by(*limits: Limit, now: dt.datetime) -> Limit | None:
    """Count one use of each limit and return None. If a limit is reached, count nothing and return that limit.

    Concurrent calls are serialized, even inside outer transactions.
    """
    with transaction.atomic():
        _wait_for_others(limits)
        reached = next((limit for limit in limits if is_reached(limit, now=now)), None)
        if reached is None:
            Mark.objects.bulk_create([Mark(key=limit.key, made_at=now) for limit in limits])
    return reached


def is_reached(limit: Limit, *, now: dt.datetime) -> bool:
    """Return whether one more use would exceed the limit."""
    marks = Mark.objects.filter(key=limit.key)
    return any(marks.filter(made_at__gt=now - span).count() >= most for most, span in limit.rates)


def free_at(limit: Limit, *, now: dt.datetime) -> dt.datetime:
    """Return when the limit allows one more use: `now` if it already does."""
    return max([now, *(freed for rate in limit.rates if (freed := _freed_at(limit, rate, now)))])


def count(limit: Limit, *, since: dt.datetime) -> int:
    """Return the number of uses after `since`."""
    return Mark.objects.filter(key=limit.key, made_at__gt=since).count()


def counts(several: Iterable[Limit], *, since: dt.datetime) -> dict[str, int]:
    """Return the number of uses after `since` by key. Keys without any are left out."""
    keys, uses = [limit.key for limit in several], dict[str, int]()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        marks = Mark.objects.filter(key__in=keys[start : start + KEYS_AT_ONCE], made_at__gt=since).order_by()
        uses |= dict(marks.values_list("key").annotate(Count("pk")))
    return uses


def reset(limit: Limit) -> None:
    """Reset the count."""
    Mark.objects.filter(key=limit.key).delete()


def delete_old(*, now: dt.datetime) -> int:
    """Delete the marks that no longer count toward a limit. Return their number."""
    return Mark.objects.filter(made_at__lt=now - kept_for()).delete()[0]


def kept_for() -> dt.timedelta:
    """Return the longest window that any limit covers."""
    return max(span for rates in _all_rates() for _, span in rates)


def _wait_for_others(limits: Sequence[Limit]) -> None:
    """Wait until other transactions that use any of `limits` have ended, because their marks are invisible until then.

    SQLite has only one writer at a time and needs no lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for key in sorted({limit.key for limit in limits}):  # in one order, to avoid deadlocks
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _freed_at(limit: Limit, rate: LimitRate, now: dt.datetime) -> dt.datetime | None:
    """Return when the use that blocks the rate drops out of the window, or None if the rate is not reached."""
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
        SIGN_IN_MAILS,
    ]
