"""A parser for the settings of rate limits. Pure.

20/s   90/min   1000/h   5000/day                     a rate
postmark=50/s, smtp=10/s                              a rate for each name
gmail.com=20/s, outlook.com|hotmail.com=5/s, *=10/s   domains that share a rate; * for every other domain
"""

import re
from dataclasses import dataclass, field

SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
OTHERS = "*"
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*([a-z]+)")


class RateError(ValueError):
    """A text is not a rate. The message explains how to write one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate: `number` emails per `unit`."""

    number: float
    unit: str

    @property
    def per_second(self) -> float:
        return self.number / SECONDS[self.unit]

    @property
    def per_hour(self) -> float:
        return self.per_second * 3600

    def __str__(self) -> str:
        return f"{self.number:g}/{self.unit}"


@dataclass(frozen=True)
class DomainLanes:
    """The lanes of domains that share a rate. A lane has the name of its first domain."""

    rates: dict[str, Rate] = field(default_factory=dict)
    lane_of_domain: dict[str, str] = field(default_factory=dict)

    def lane_of(self, address: str) -> str:
        """Return the lane of an email address, or "" if its domain has no limit."""
        domain = address.rpartition("@")[2].lower()
        lane = self.lane_of_domain.get(domain)
        return lane if lane is not None else (domain if OTHERS in self.rates else "")

    def rate_of(self, lane: str) -> Rate:
        return self.rates.get(lane) or self.rates[OTHERS]


def parse_rate(text: str) -> Rate:
    """Return the rate that `text` holds, or raise RateError."""
    match = _RATE.fullmatch(text.strip().lower())
    if not match or match[2] not in SECONDS or not float(match[1]):
        raise RateError(f"“{text.strip()}” is not a rate. Write 20/s, 90/min, 1000/h or 5000/day.")
    return Rate(float(match[1]), match[2])


def parse_rates(text: str) -> dict[str, Rate]:
    """Return the rate of each name, or raise RateError. A rate without a name is that of "*"."""
    rates: dict[str, Rate] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, has_name, rate = part.rpartition("=")
        name = name.strip().lower()
        if (has_name and not name) or (name or OTHERS) in rates:
            raise RateError(
                f"“{part}” has no name, or the name of another rate. Write postmark=20/s or gmail.com=20/s."
            )
        rates[name or OTHERS] = parse_rate(rate)
    return rates


def parse_lanes(text: str) -> DomainLanes:
    """Return the lanes of domains, or raise RateError."""
    rates: dict[str, Rate] = {}
    lane_of_domain: dict[str, str] = {}
    for names, rate in parse_rates(text).items():
        domains = [name.strip() for name in names.split("|")]
        if len(domains) > 1 and OTHERS in domains:
            raise RateError(f"“{names}”: * can't be combined with domains. Write *=10/s.")
        rates[domains[0]] = rate
        for domain in domains:
            if domain in lane_of_domain or (domain != OTHERS and "." not in domain):
                raise RateError(f"“{domain}” is not a domain, or is named twice. Write gmail.com=20/s.")
            if domain != OTHERS:
                lane_of_domain[domain] = domains[0]
    return DomainLanes(rates, lane_of_domain)
