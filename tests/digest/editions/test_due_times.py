"""The times when digests are due."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.editions.due_times import Schedule, due_at, next_due, weekly_send_from
from subscriptions.time_zones import time_zones


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("frequency", "zone", "hour", "send_after", "due"),
    [
        ("daily", "UTC", 7, "2026-08-20T16:00", "2026-08-21T07:00"),
        ("daily", "UTC", 16, "2026-08-20T16:00", "2026-08-20T16:00"),
        ("daily", "Europe/Berlin", 7, "2026-08-20T16:00", "2026-08-21T05:00"),
        ("daily", "Asia/Tokyo", 7, "2026-08-20T16:00", "2026-08-20T22:00"),
        ("daily", "America/Los_Angeles", 7, "2026-08-20T16:00", "2026-08-21T14:00"),
        ("daily", "Asia/Kolkata", 7, "2026-08-20T16:00", "2026-08-21T01:30"),
        # Friday's edition is due on Saturday for "daily", on Monday for "weekdays".
        ("daily", "UTC", 7, "2026-08-21T16:00", "2026-08-22T07:00"),
        ("weekdays", "UTC", 7, "2026-08-21T16:00", "2026-08-24T07:00"),
        # It is still Friday there.
        ("weekdays", "America/Los_Angeles", 17, "2026-08-21T16:00", "2026-08-22T00:00"),
        # In spring 02:00–03:00 does not exist. In autumn it comes twice, and the first counts.
        ("daily", "Europe/Berlin", 2, "2026-03-28T16:00", "2026-03-29T01:00"),
        ("daily", "Europe/Berlin", 2, "2026-10-24T16:00", "2026-10-25T00:00"),
    ],
)
def test_it_is_due_at_the_readers_next_hour(frequency: str, zone: str, hour: int, send_after: str, due: str) -> None:
    assert due_at(Schedule(frequency, zone, hour), utc(send_after)) == utc(due)


@given(
    st.sampled_from(["daily", "weekdays", "weekly"]),
    st.sampled_from(time_zones()),
    st.integers(0, 23),
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 31)),
)
def test_it_is_never_before_and_never_long_after(frequency: str, zone: str, hour: int, moment: dt.datetime) -> None:
    send_after = moment.replace(tzinfo=dt.UTC)
    waits = due_at(Schedule(frequency, zone, hour), send_after) - send_after
    # A day, two for the weekend, an hour for the clock, and a day for islands that jumped over the date line.
    assert dt.timedelta(0) <= waits <= dt.timedelta(days=4, hours=1)


@pytest.mark.parametrize(
    ("day", "newest", "expected"),
    [
        ("2026-08-21", "2026-08-21", "2026-08-21T16:00"),  # Friday's closes the week
        ("2026-08-20", "2026-08-21", None),  # Thursday's does not if there is Friday's
        ("2026-08-20", "2026-08-20", "2026-08-22T16:00"),  # no Friday: known on Saturday
    ],
)
def test_it_makes_the_weekly_digest_at_the_last_edition(day: str, newest: str, expected: str | None) -> None:
    found = weekly_send_from(dt.date.fromisoformat(day), dt.date.fromisoformat(newest), utc("2026-08-21T16:00"), 16)
    assert found == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    ("zone", "hour", "now", "expected"),
    [
        ("Europe/Berlin", 7, "2026-08-20T12:00", "2026-08-22"),  # Friday's edition, in the morning of Saturday
        ("Europe/Berlin", 7, "2026-08-22T04:59", "2026-08-22"),
        ("Europe/Berlin", 7, "2026-08-22T05:01", "2026-08-29"),
        ("Europe/Berlin", 7, "2026-08-23T22:30", "2026-08-29"),  # Monday there, Sunday by UTC
        ("America/New_York", 18, "2026-08-20T12:00", "2026-08-21"),  # Friday evening
        ("UTC", 16, "2026-08-20T12:00", "2026-08-22"),  # the edition is still being made at that time
        ("Pacific/Kiritimati", 7, "2026-08-20T12:00", "2026-08-22"),
        ("Pacific/Kiritimati", 6, "2026-08-20T12:00", "2026-08-23"),
    ],
)
def test_it_knows_the_day_of_the_next_weekly_digest(zone: str, hour: int, now: str, expected: str) -> None:
    assert next_due(Schedule("weekly", zone, hour), utc(now), 16).date() == dt.date.fromisoformat(expected)


def test_it_takes_a_zone_that_this_machine_does_not_know_for_utc() -> None:
    assert due_at(Schedule("daily", "Mars/Olympus", 7), utc("2026-08-20T16:00")) == utc("2026-08-21T07:00")
