"""Failover between providers: the first of EMAIL_PROVIDERS that has not just refused everything is used.

One that refused everything is avoided for AVOIDED_FOR, and then tried again.
Emails that a provider refused in this way go to the next one. Emails that it may have accepted do not, so that no
email is sent by two providers at once.
"""

import datetime as dt
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from django.conf import settings

from digest import clock
from digest.delivery.providers.capabilities import KNOWN, SMTP, SMTP_BACKEND
from digest.delivery.transports import BeginCallback, Mail, Transport, begin_all
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Turn

logger = logging.getLogger(__name__)

_ANYMAIL = re.compile(r"anymail\.backends\.(\w+)\.EmailBackend")
AVOIDED_FOR = dt.timedelta(minutes=15)
RECENTLY = dt.timedelta(minutes=3)


class FallbackTransport:
    """A transport for complete emails that sends through the first available provider."""

    raw = True

    def __init__(self, names: list[str], make: Callable[[str], Transport]) -> None:
        self._names, self._make = names, make
        self._transports: dict[str, Transport] = {}

    @property
    def name(self) -> str:
        """The provider that sends next."""
        return providers_to_try(self._names)[0]

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        name, is_refused, is_reopened = self.name, False, False
        if name not in self._transports:
            self._transports[name] = self._make(name)
        for outcomes in self._transports[name].send(mails, begin):
            if not is_reopened and any(outcome.result is Result.SENT for outcome in outcomes):
                is_reopened = True
                reopen(name)
            stopped = next((outcome for outcome in outcomes if outcome.result is Result.STOPPED), None)
            if stopped and not is_refused:
                is_refused = True
                avoid_temporarily(name, stopped.reason, self._names)
            yield (
                [_for_next_provider(outcome) for outcome in outcomes]
                if stopped and available(self._names)
                else outcomes
            )

    def switch_provider(self, reason: str) -> bool:
        """Avoid the current provider for a while, because of `reason`. Return False if there is no other."""
        if len(available(self._names)) > 1:
            avoid_temporarily(self.name, reason, self._names)
            return True
        return False

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()


def _for_next_provider(outcome: Outcome) -> Outcome:
    """Return the outcome, with STOPPED turned into NEXT_PROVIDER."""
    return replace(outcome, result=Result.NEXT_PROVIDER) if outcome.result is Result.STOPPED else outcome


def providers_to_try(names: Sequence[str]) -> list[str]:
    """Return the providers that may be tried, in order. If all have just refused, return the first alone."""
    return available(names) or list(names[:1])


def available(names: Sequence[str]) -> list[str]:
    """Return those of `names` that have not refused everything in the last minutes."""
    closed = avoided_providers(now=clock.now())
    return [name for name in names if name not in closed]


def avoid_temporarily(name: str, reason: str, names: Sequence[str]) -> None:
    """Send nothing through the provider `name` for a while; the next of `names` takes over."""
    Turn.objects.update_or_create(name=_row_name(name), defaults={"free_at": clock.now() + AVOIDED_FOR})
    others = available(names)
    logger.warning(
        "%s refuses all emails, %s: %s", name, f"{others[0]} is next" if others else "there is no other", reason
    )


def avoided_providers(*, now: dt.datetime) -> dict[str, dt.datetime]:
    """Return the providers that just refused everything, and until when each is avoided."""
    # A later end than this means that the clock was set back since.
    closed = Turn.objects.filter(name__startswith=_row_name(""), free_at__gt=now, free_at__lte=now + AVOIDED_FOR)
    return {turn.name.removeprefix(_row_name("")): turn.free_at for turn in closed}


def recently_avoided(*, now: dt.datetime) -> set[str]:
    """Return the providers that are avoided, or were until a moment ago and may refuse the next email as well."""
    return avoided_providers(now=now).keys() | avoided_providers(now=now - RECENTLY).keys()


def reopen(name: str) -> None:
    """Avoid the provider `name` no longer, because it has accepted an email."""
    if Turn.objects.filter(name=_row_name(name), free_at__gt=clock.now()).update(free_at=clock.now()):
        logger.warning("%s accepts emails again", name)


def names() -> list[str]:
    """Return the providers that send digests, in order: none if emails go elsewhere, such as into the outbox."""
    if settings.EMAIL_PROVIDERS:
        return list(settings.EMAIL_PROVIDERS)
    if settings.EMAIL_BACKEND == SMTP_BACKEND:
        return [SMTP]
    match = _ANYMAIL.fullmatch(settings.EMAIL_BACKEND)
    return [match[1]] if match and match[1] in KNOWN else []


def _row_name(name: str) -> str:
    """Return the name of the Turn that holds the time until which the provider is avoided."""
    return f"mail by {name}"
