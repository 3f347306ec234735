"""The status of sending in the admin."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from digest.delivery.limits import daily_quota
from digest.delivery.limits.rate_settings import parse_lanes, parse_rates
from digest.delivery.providers.capabilities import SMTP_BACKEND
from digest.models import Edition
from digest.ops import daily_totals
from digest.ops.sending_status import summarize_limits
from tests.conftest import NOW
from tests.digest.ops.test_retention import deliver, tell

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def page(admin_client: Client, edition: Edition, settings: Any) -> Any:
    """The text of the pages, after ten emails and one bounce."""
    settings.EMAIL_BACKEND, settings.RATES_FROM_MAILS = SMTP_BACKEND, 10
    settings.SEND_RATE, settings.WARM_UP_FROM = parse_rates("2/s"), NOW.date()
    for number in range(10):
        row = deliver(edition, NOW - dt.timedelta(days=1), f"reader{number}@example.org")
        tell("bounced" if number == 0 else "delivered", NOW - dt.timedelta(days=1), row, "hard" if number == 0 else "")
    daily_totals.count_days(now=NOW)
    return lambda name: " ".join(admin_client.get(reverse(name)).content.decode().split())


@pytest.mark.parametrize("name", ["admin:index", "admin:digest_dailytotal_changelist"])
def test_it_shows_rates_and_limits(page: Any, name: str) -> None:
    shown = page(name)
    assert "1 of 10 emails sent from 13 Aug 12:00 to 20 Aug 12:00 UTC bounced: 10.0 %. 4 % is too many" in shown
    assert "Delivered</a></th><td>9</td><td>90.0 %</td>" in shown
    assert "Bounced: no such mailbox</a></th><td>1</td><td>10.00 %</td>" in shown
    assert "Marked as spam" not in shown
    assert "200 this hour" in shown
    assert "The domain has been warming up since 2026-08-20; tomorrow 200 may be sent." in shown


@pytest.mark.parametrize("name", ["admin:index", "admin:digest_dailytotal_changelist"])
def test_it_counts_deliveries_among_the_emails_with_a_report(page: Any, edition: Edition, name: str) -> None:
    for number in range(10, 15):
        deliver(edition, NOW - dt.timedelta(hours=1), f"reader{number}@example.org")
    shown = page(name)
    assert "Delivered</a></th><td>9</td><td>90.0 %</td>" in shown
    said = (
        "10 of the 15 have a report so far; “Delivered” is a share of these. The last report is of 19 Aug 2026, 12:00"
    )
    assert said in shown


def test_it_lists_totals_that_no_admin_can_change(page: Any, admin_client: Client) -> None:
    assert "bounced hard" in page("admin:digest_dailytotal_changelist")
    assert admin_client.get(reverse("admin:digest_dailytotal_add")).status_code == 403


def test_it_gives_one_number_with_its_reasons(settings: Any, db: None) -> None:
    assert summarize_limits("smtp", now=NOW).per_hour is None
    settings.SEND_RATE, settings.DOMAIN_RATES = parse_rates("1/s"), parse_lanes("gmail.com=20/min")
    settings.SEND_PER_DAY = 10_000
    summary = summarize_limits("smtp", now=NOW)
    assert summary.per_hour == 3600
    assert summary.reasons == [
        "SEND_RATE allows 1/s by smtp.",
        "10,000 of today’s 10,000 emails are left. SEND_PER_DAY sets this limit.",
        "At most 20/min to gmail.com.",
    ]


def test_it_shows_what_a_new_domain_may_send(settings: Any, db: None) -> None:
    settings.WARM_UP_FROM, settings.WARM_UP_FIRST_DAY, settings.WARM_UP_DOUBLES_EVERY = dt.date(2026, 8, 18), 50, 1
    settings.SEND_PER_DAY = 10_000
    daily_quota.take(200, now=NOW)
    summary = summarize_limits("smtp", now=NOW)
    assert summary.per_hour == 0
    assert summary.reasons == [
        "0 of today’s 200 emails are left. The domain has been warming up since 2026-08-18; tomorrow 400 may be sent."
    ]
