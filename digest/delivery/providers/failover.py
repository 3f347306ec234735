"""Which provider's turn it is: the first of EMAIL_PROVIDERS that has not just refused everything.

What a provider refused that way was not handed over, and goes to the next one. What it may have taken never does: no
reader's mail is sent by two.
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
CLOSED_FOR = dt.timedelta(minutes=15)


class FallbackTransport:
    """Hands over complete mails by one provider, or by the next."""

    raw = True

    def __init__(self, names: list[str], make: Callable[[str], Transport]) -> None:
        self._names, self._make = names, make
        self._transports: dict[str, Transport] = {}

    @property
    def name(self) -> str:
        """Whose turn it is. Where all have refused lately, the first's: the others are no better."""
        return in_turn(self._names)[0]

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        name, is_refused = self.name, False
        if name not in self._transports:
            self._transports[name] = self._make(name)
        for outcomes in self._transports[name].send(mails, begin):
            stopped = next((outcome for outcome in outcomes if outcome.result is Result.STOPPED), None)
            if stopped and not is_refused:
                is_refused = True
                avoid_for_a_while(name, stopped.reason, self._names)
            yield (
                [_elsewhere(outcome) for outcome in outcomes] if stopped and available_among(self._names) else outcomes
            )

    def switch_provider(self, reason: str) -> bool:
        """Turn to the next provider, since this one refuses mail after mail; whether there is one."""
        if len(available_among(self._names)) > 1:
            avoid_for_a_while(self.name, reason, self._names)
            return True
        return False

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()


def _elsewhere(outcome: Outcome) -> Outcome:
    return replace(outcome, result=Result.ELSEWHERE) if outcome.result is Result.STOPPED else outcome


def in_turn(names: Sequence[str]) -> list[str]:
    """Who may be asked, in order. Where all have refused lately, the first: the others are no better."""
    return available_among(names) or list(names[:1])


def available_among(names: Sequence[str]) -> list[str]:
    closed = closed_providers(now=clock.now())
    return [name for name in names if name not in closed]


def avoid_for_a_while(name: str, reason: str, names: Sequence[str]) -> None:
    """Leave it alone for a while, and turn to the next of `names`."""
    Turn.objects.update_or_create(host=_turn(name), defaults={"free_at": clock.now() + CLOSED_FOR})
    others = available_among(names)
    logger.warning("%s takes no mail, %s: %s", name, f"{others[0]} is next" if others else "there is no other", reason)


def closed_providers(*, now: dt.datetime) -> dict[str, dt.datetime]:
    """Those that refused everything a short while ago, and until when they are left alone."""
    # Until later than that none is: the clock was set back since.
    closed = Turn.objects.filter(host__startswith=_turn(""), free_at__gt=now, free_at__lte=now + CLOSED_FOR)
    return {turn.host.removeprefix(_turn("")): turn.free_at for turn in closed}


def names() -> list[str]:
    """Who hands digests over, in order; nobody of them where mail goes elsewhere, such as into the outbox."""
    if settings.EMAIL_PROVIDERS:
        return list(settings.EMAIL_PROVIDERS)
    if settings.EMAIL_BACKEND == SMTP_BACKEND:
        return [SMTP]
    found = _ANYMAIL.fullmatch(settings.EMAIL_BACKEND)
    return [found[1]] if found and found[1] in KNOWN else []


def _turn(name: str) -> str:
    return f"mail by {name}"
