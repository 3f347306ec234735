"""How often something may be done, counted in the database, so that all workers and web processes count together."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from subscriptions.addresses import keyed_hash
from subscriptions.models import Mark

Rate = tuple[int, dt.timedelta]  # at most so many, in any span of that length
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """`rates` for what `scope` and `value` name, such as the posts of one network."""

    scope: str
    value: str
    rates: Sequence[Rate]

    @property
    def key(self) -> str:
        return keyed_hash(f"subscriptions.limits.{self.scope}", self.value)


def network(network: str) -> Limit:
    return Limit("network", network, settings.LIMIT_PER_NETWORK)


def turned_away() -> Limit:
    """Of the posts that a network's limit refused, as many as are counted for the operators: a flood fills no table."""
    return Limit("turned away", "", [(1_000, DAY)])


def domain(kind: str, email: str) -> Limit:
    """Of the mails that one kind of post asks for, to the addresses of a domain."""
    return Limit(f"{kind} domain", email.rpartition("@")[2].lower(), settings.LIMIT_PER_DOMAIN)


def in_all(kind: str) -> Limit:
    return Limit(f"{kind} all", "", settings.LIMIT_IN_ALL)


def mails(kind: str, email: str) -> Limit:
    """Of small mails that a stranger can ask for in somebody's name. A reader's link may be lost twice a day."""
    rates = {"already_subscribed": [(1, 7 * DAY)], "link": [(2, DAY), (6, 30 * DAY)]}
    return Limit(f"mail:{kind}", email.strip().lower(), rates.get(kind, settings.LIMIT_PER_ADDRESS))


def take(*limits: Limit, now: dt.datetime) -> Limit | None:
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


def _freed_at(limit: Limit, rate: Rate, now: dt.datetime) -> dt.datetime | None:
    """When the mark leaves the span that must do so before one more fits; None where one fits already."""
    most, span = rate
    marks = Mark.objects.filter(key=limit.key, made_at__gt=now - span).order_by("-made_at")
    made_at = marks.values_list("made_at", flat=True)[most - 1 : most].first()
    return made_at + span if made_at else None


def _all_rates() -> list[Sequence[Rate]]:
    return [
        settings.LIMIT_PER_NETWORK,
        settings.LIMIT_PER_DOMAIN,
        settings.LIMIT_IN_ALL,
        settings.LIMIT_PER_ADDRESS,
        [(1, 30 * DAY)],
    ]
