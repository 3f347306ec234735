"""What may leave, as one number and the reason for it."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from digest.delivery.limits import daily_quota, rate_limiter


@dataclass(frozen=True)
class LimitSummary:
    """`an_hour`: how many mails may leave in the hour from now on; None: as many as the provider takes."""

    an_hour: int | None
    reasons: list[str]


def summarize_limits(provider: str, *, now: dt.datetime) -> LimitSummary:
    """What holds for mail that leaves by `provider`."""
    rate = rate_limiter.rate_of(provider)
    numbers, reasons = [], []
    if rate:
        numbers.append(int(rate.per_hour))
        reasons.append(f"SEND_RATE lets {rate} leave by {provider}.")
    cap = daily_quota.cap(now.date())
    if cap is not None:
        left = max(cap - daily_quota.taken(now=now), 0)
        numbers.append(left)
        reasons.append(f"{left:,} of today's {cap:,} mails are left. {_why_of_the_day(cap, now.date())}")
    lanes = settings.DOMAIN_RATES
    for lane, lane_rate in lanes.rates.items():
        domains = [domain for domain, name in lanes.lane_of_domain.items() if name == lane]
        reasons.append(f"At most {lane_rate} to {' and '.join(domains) or 'each other domain'}.")
    return LimitSummary(min(numbers, default=None), reasons)


def _why_of_the_day(cap: int, today: dt.date) -> str:
    plan = daily_quota.warm_up()
    if plan is None or cap != plan.cap(today):
        return "SEND_PER_DAY says so."
    tomorrow = daily_quota.cap(today + dt.timedelta(days=1))
    return f"The domain is warming up since {plan.since}; tomorrow {tomorrow:,} may leave."
