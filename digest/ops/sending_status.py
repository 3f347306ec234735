"""What an admin sees of it at a glance: how mail was received, and how much may leave."""

import datetime as dt
from dataclasses import dataclass

from digest.delivery.limits.limit_summary import Plain, plain
from digest.delivery.providers import failover
from digest.ops import reputation
from digest.ops.reputation import Rates
from subscriptions import outbox


@dataclass(frozen=True)
class Way:
    """One provider: what may leave by it, and until when it is left alone since it refused everything."""

    name: str
    plain: Plain
    closed_until: dt.datetime | None


@dataclass(frozen=True)
class Outlook:
    """The last seven days, and the hour to come."""

    rates: Rates
    shares: list[tuple[str, str]]  # of the mails sent, in percent; none where nothing was reported of any
    ways: list[Way]
    is_outbox: bool  # mails are files, of which nobody reports


def outlook(*, now: dt.datetime) -> Outlook:
    closed = failover.closed_providers(now=now)
    ways = [Way(name, plain(name, now=now), closed.get(name)) for name in failover.names()]
    lately = reputation.lately(now=now)
    return Outlook(lately, _shares(lately), ways, outbox.is_in_use())


def _shares(lately: Rates) -> list[tuple[str, str]]:
    if not lately.sent or not lately.reported:
        return []
    parts = [
        ("delivered", lately.delivered, 1),
        ("hard bounces", lately.hard, 2),
        ("soft bounces", lately.soft, 2),
        ("blocked", lately.policy, 2),
        ("complaints", lately.complaints, 3),
        ("unsubscribed by their provider", lately.left, 2),
    ]
    return [(name, f"{lately.percent(number):.{digits}f} %") for name, number, digits in parts]
