"""What the admin shows of how mail was received."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from digest.delivery.limits.rate_settings import parse_rates
from digest.delivery.providers.capabilities import SMTP_BACKEND
from digest.models import Edition
from digest.ops import daily_totals
from tests.conftest import NOW
from tests.digest.ops.test_retention import deliver, tell

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def page(admin_client: Client, edition: Edition, settings: Any) -> Any:
    """The pages' text, after ten mails of which one bounced."""
    settings.EMAIL_BACKEND, settings.RATES_FROM_MAILS = SMTP_BACKEND, 10
    settings.SEND_RATE, settings.WARM_UP_FROM = parse_rates("2/s"), NOW.date()
    for number in range(10):
        row = deliver(edition, NOW - dt.timedelta(days=1), f"reader{number}@example.org")
        tell("bounced" if number == 0 else "delivered", NOW - dt.timedelta(days=1), row, "hard" if number == 0 else "")
    daily_totals.count_days(now=NOW)
    return lambda name: " ".join(admin_client.get(reverse(name)).content.decode().split())


@pytest.mark.parametrize("name", ["admin:index", "admin:digest_dailytotal_changelist"])
def test_it_shows_rates_and_what_may_leave(page: Any, name: str) -> None:
    shown = page(name)
    assert "10.0 % of the mails bounced: 4 % is too many, 8 % stops sending." in shown
    assert "delivered 90.0 %, hard bounces 10.00 %" in shown
    assert "200 in this hour" in shown
    assert "The domain is warming up since 2026-08-20; tomorrow 200 may leave." in shown


def test_it_lists_totals_that_nobody_can_change(page: Any, admin_client: Client) -> None:
    assert "bounced hard" in page("admin:digest_dailytotal_changelist")
    assert admin_client.get(reverse("admin:digest_dailytotal_add")).status_code == 403
