"""The status of sending in the admin: how emails were received lately, and how many may be sent."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from digest.delivery.limits import daily_quota, rate_limiter
from digest.delivery.providers import failover
from digest.models import DeliveryEvent
from digest.ops import reputation
from digest.ops.reputation import ReputationRates
from subscriptions import outbox
from subscriptions.slow_counts import remembered


@dataclass(frozen=True)
class LimitSummary:
    """The limits of one provider."""

    per_hour: int | None  # emails that may be sent in the coming hour; None if there is no limit
    reasons: list[str]  # one sentence for each limit


@dataclass(frozen=True)
class ProviderStatus:
    """The status of one provider: its limits, and until when it is avoided because it refused everything."""

    name: str
    limits: LimitSummary
    closed_until: dt.datetime | None


@dataclass(frozen=True)
class Share:
    """A part of the emails sent, by the providers' reports about them."""

    name: str
    number: int
    percent: str  # of the emails sent; of those delivered, of the emails with a report
    wanted: str  # the filter of these reports in the admin, as a query string


@dataclass(frozen=True)
class SendingStatus:
    """The rates of the last days, and what each provider may send in the next hour."""

    rates: ReputationRates
    days: int  # that the rates are about
    since: dt.datetime  # where they begin
    shares: list[Share]  # empty if there are no reports
    providers: list[ProviderStatus]
    is_outbox: bool  # emails are files, so there are no reports
    last_report: dt.datetime | None  # when the newest report came, if not all emails have one


def sending_status(*, now: dt.datetime) -> SendingStatus:
    closed = failover.avoided_providers(now=now)
    providers = [ProviderStatus(name, summarize_limits(name, now=now), closed.get(name)) for name in failover.names()]
    rates = remembered("sending rates", lambda: reputation.recent_rates(now=now))
    since = now - reputation.SPAN
    shares, is_outbox = _shares(rates), outbox.is_in_use()
    last = remembered("last report", _last_report) if shares and rates.ended < rates.sent else None
    return SendingStatus(rates, reputation.SPAN.days, since, shares, providers, is_outbox, last)


def _last_report() -> dt.datetime | None:
    return DeliveryEvent.objects.order_by("-happened_at").values_list("happened_at", flat=True).first()


def summarize_limits(provider: str, *, now: dt.datetime) -> LimitSummary:
    """Return the limits on emails through `provider`, as one number with its reasons."""
    rate = rate_limiter.rate_of(provider)
    numbers, reasons = [], []
    if rate:
        numbers.append(int(rate.per_hour))
        reasons.append(f"SEND_RATE allows {rate} by {provider}.")
    cap = daily_quota.cap(now.date())
    if cap is not None:
        left = max(cap - daily_quota.taken(now=now), 0)
        numbers.append(left)
        reasons.append(f"{left:,} of today’s {cap:,} emails are left. {_reason_of_quota(cap, now.date())}")
    lanes = settings.DOMAIN_RATES
    for lane, lane_rate in lanes.rates.items():
        domains = [domain for domain, name in lanes.lane_of_domain.items() if name == lane]
        reasons.append(f"At most {lane_rate} to {' and '.join(domains) or 'each other domain'}.")
    return LimitSummary(min(numbers, default=None), reasons)


def _reason_of_quota(cap: int, today: dt.date) -> str:
    plan = daily_quota.warm_up()
    if plan is None or cap != plan.cap(today):
        return "SEND_PER_DAY sets this limit."
    tomorrow = daily_quota.cap(today + dt.timedelta(days=1))
    return f"The domain has been warming up since {plan.since}; tomorrow {tomorrow:,} may be sent."


def _shares(rates: ReputationRates) -> list[Share]:
    """Return the parts that were reported. Some providers report bounces only, so no email counts as delivered."""
    if not rates.sent or not rates.reported:
        return []
    delivered = f"{100 * rates.delivered / rates.ended:.1f} %" if rates.delivered else ""
    parts = [
        ("Bounced: no such mailbox", rates.hard, "meaning=hard"),
        ("Bounced: mailbox full or unavailable", rates.soft, "meaning=soft"),
        ("Blocked by the mailbox provider", rates.policy, "meaning=policy"),
        ("Marked as spam", rates.complaints, "meaning=complaint"),
        ("Unsubscribed at their provider", rates.left, "meaning=left"),
    ]
    others = [Share(name, number, f"{rates.percent(number):.2f} %", wanted) for name, number, wanted in parts if number]
    return [Share("Delivered", rates.delivered, delivered, "event_type=delivered"), *others] if delivered else others
