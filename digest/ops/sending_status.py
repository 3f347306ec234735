"""What an admin sees of it at a glance: how mail was received, and how much may leave."""

import datetime as dt
from dataclasses import dataclass

from digest.delivery.limits.limit_summary import LimitSummary, summarize_limits
from digest.delivery.providers import failover
from digest.ops import reputation
from digest.ops.reputation import ReputationRates
from subscriptions import outbox


@dataclass(frozen=True)
class ProviderStatus:
    """One provider: what may leave by it, and until when it is left alone since it refused everything."""

    name: str
    plain: LimitSummary
    closed_until: dt.datetime | None


@dataclass(frozen=True)
class SendingStatus:
    """The last seven days, and the hour to come."""

    rates: ReputationRates
    shares: list[tuple[str, str]]  # of the mails sent, in percent; none where nothing was reported of any
    ways: list[ProviderStatus]
    is_outbox: bool  # mails are files, of which nobody reports


def sending_status(*, now: dt.datetime) -> SendingStatus:
    closed = failover.closed_providers(now=now)
    ways = [ProviderStatus(name, summarize_limits(name, now=now), closed.get(name)) for name in failover.names()]
    lately = reputation.recent_rates(now=now)
    return SendingStatus(lately, _shares(lately), ways, outbox.is_in_use())


def _shares(lately: ReputationRates) -> list[tuple[str, str]]:
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
