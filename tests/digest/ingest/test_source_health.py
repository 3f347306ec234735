"""The conditions for a source to count as failing."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from digest.ingest import source_health
from digest.models import FetchRun, Source

THURSDAY = dt.datetime(2026, 8, 20, 17, tzinfo=dt.UTC)
MORNING = dt.timedelta(hours=-12)
SATURDAY = dt.timedelta(days=2)
Run = Callable[..., FetchRun]


@pytest.fixture
def run(hugging_face: Source) -> Run:
    def record(status: str, later: dt.timedelta = dt.timedelta(0), day: dt.date | None = None) -> FetchRun:
        started = THURSDAY + later
        return FetchRun.objects.create(
            source=hugging_face, day=day or started.date(), started_at=started, status=status, message="why"
        )

    return record


def is_failing(run: Run) -> bool:
    return bool(source_health.failing_sources())


@pytest.mark.parametrize(
    ("statuses", "failing"),
    [
        (["failed", "unreachable", "failed"], True),
        (["empty", "empty", "stale"], True),
        (["ok", "failed", "empty", "failed"], True),
        (["failed", "failed"], False),
        (["failed", "failed", "failed", "ok"], False),
        (["failed", "failed", "ok", "failed"], False),
    ],
)
def test_it_takes_three_bad_runs_in_a_row(run: Run, statuses: list[str], failing: bool) -> None:
    for status in statuses:
        run(status)
    assert is_failing(run) is failing


@pytest.mark.parametrize("later", [MORNING, SATURDAY])
def test_it_finds_nothing_wrong_with_an_empty_morning_or_weekend(run: Run, later: dt.timedelta) -> None:
    for _ in range(5):
        run("empty", later)
    assert not is_failing(run)


def test_it_is_not_put_at_ease_by_an_empty_weekend(run: Run) -> None:
    for later in (dt.timedelta(0), dt.timedelta(hours=1), SATURDAY, SATURDAY, dt.timedelta(days=4)):
        run("empty", later)
    assert is_failing(run)


def test_it_is_not_put_at_ease_by_past_days_either(run: Run) -> None:
    for hour in range(3):
        later = dt.timedelta(hours=hour)
        run("ok", later, day=THURSDAY.date() - dt.timedelta(days=1))
        run("empty", later)
    assert is_failing(run)


def test_it_says_what_the_last_run_said(run: Run, hugging_face: Source) -> None:
    for _ in range(3):
        run("unreachable")
    assert str(source_health.failing_sources()[0]) == f"{hugging_face}: 3 runs in a row failed. why"


def test_it_counts_them_and_does_not_call_others_what_the_last_one_is(run: Run, hugging_face: Source) -> None:
    for status in ("failed", "failed", "empty", "failed", "unreachable"):
        run(status)
    assert source_health.failing_sources()[0].summary == "5 runs in a row went wrong, the last one: failed. why"
    assert not source_health.has_just_begun(source_health.failing_sources()[0])


def test_it_takes_two_queries_for_any_number_of_sources(
    run: Run, hugging_face: Source, django_assert_num_queries: Any
) -> None:
    said = {"day": THURSDAY.date(), "started_at": THURSDAY, "message": "why"}
    for number in range(9):
        source = Source.objects.create(kind="feed", key=f"https://lab.example.org/{number}", name=f"Lab {number}")
        statuses = ("ok", "failed", "failed", "failed" if number % 2 else "ok")
        FetchRun.objects.bulk_create(FetchRun(source=source, status=status, **said) for status in statuses)
    with django_assert_num_queries(2):
        found = source_health.failing_sources()
        assert [failing.source.name for failing in found] == ["Lab 1", "Lab 3", "Lab 5", "Lab 7"]
        assert {len(failing.runs) for failing in found} == {3}


def test_it_leaves_sources_that_are_off_alone(run: Run) -> None:
    for _ in range(3):
        run("failed")
    Source.objects.update(is_active=False)
    assert source_health.failing_sources() == []
