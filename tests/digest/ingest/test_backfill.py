"""Days that arXiv announced and no run read."""

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from digest import papers, tasks
from digest.ingest import source_client
from digest.ingest.backfill import backfill_missed_days, missed_days
from digest.models import FetchRun, Listing, Paper, Source
from digest.sources.http import Http
from tests.conftest import NOW, TODAY, make_record
from tests.upstream import Upstream

BODY = (Path(__file__).resolve().parents[2] / "data" / "arxiv_oai.xml").read_bytes()
LAST = BODY.replace(b"verb%3DListRecords%26skip%3D4", b"")
NOTHING = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="noRecordsMatch">None.</error></OAI-PMH>'
NO_SUCH_SET = NOTHING.replace(b"noRecordsMatch", b"badArgument")
OAI = "/oai"
# The morning after today, which is a Thursday, with a weekend behind.
NIGHT = dt.datetime(2026, 8, 21, 2, 40, tzinfo=dt.UTC)
WEEKDAYS = [dt.date(2026, 8, day) for day in (14, 17, 18, 19, 20)]

Status = FetchRun.Status


@pytest.fixture(autouse=True)
def at_night(db: None, time_machine: Any) -> None:
    time_machine.move_to(NIGHT, tick=False)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the waits between two tries and for a turn."""
    monkeypatch.setattr("digest.ingest.source_client.Http", partial(Http, sleep=lambda seconds: None))
    monkeypatch.setattr(source_client.wait_for_turn, "__kwdefaults__", {"sleep": lambda seconds: None})


@pytest.fixture
def language() -> Source:
    """The category cs.CL, which has been read for a month but not today."""
    return switch_on("cs.CL", but=TODAY)


def switch_on(category: str, but: dt.date | None = None) -> Source:
    """Create an active source of the category, with a paper on each weekday but one."""
    source = Source.objects.get(kind=Source.Kind.ARXIV, key=category)
    source.is_active = True
    source.save()
    note(source, TODAY - dt.timedelta(days=30), Status.OK)
    for day in WEEKDAYS:
        if day != but:
            paper = make_record(f"2607.{source.pk:03}{day.day}", f"Of {category} on {day}", day=day)
            papers.ingest(source, [paper], day)
    return source


def note(source: Source, day: dt.date, status: str, message: str = "") -> None:
    noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
    FetchRun.objects.create(source=source, day=day, status=status, message=message, started_at=noon)


def days_asked(upstream: Upstream) -> list[str]:
    return [asked.query["from"] for asked in upstream.asked]


# --- Which days are missed --------------------------------------------------------


def test_it_misses_weekdays_on_which_nothing_was_listed(language: Source) -> None:
    assert missed_days(language, today=NIGHT.date()) == [TODAY]
    Listing.objects.all().delete()
    assert missed_days(language, today=NIGHT.date()) == WEEKDAYS


def test_it_misses_no_day_before_the_first_run(language: Source) -> None:
    Listing.objects.all().delete()
    FetchRun.objects.all().delete()
    assert missed_days(language, today=NIGHT.date()) == []
    note(language, dt.date(2026, 8, 19), Status.OK)
    assert missed_days(language, today=NIGHT.date()) == WEEKDAYS[-2:]


@pytest.mark.parametrize("status", [Status.EMPTY, Status.STALE, Status.UNCHANGED, Status.FAILED, Status.OK])
def test_it_takes_no_feeds_word_for_it_that_a_weekday_was_empty(language: Source, status: str) -> None:
    note(language, TODAY, status)
    assert missed_days(language, today=NIGHT.date()) == [TODAY]


def test_it_misses_a_day_on_which_only_older_papers_came_again(language: Source) -> None:
    papers.ingest(language, [make_record(f"2607.{language.pk:03}19", "Of cs.CL on 2026-08-19")], TODAY)
    assert Listing.objects.filter(day=TODAY).exists()
    assert missed_days(language, today=NIGHT.date()) == [TODAY]


# --- How they are caught up -------------------------------------------------------


def test_it_catches_up_and_says_so(upstream: Upstream, language: Source) -> None:
    upstream.say(OAI, LAST)
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.status, run.new, run.changed, run.rejected) == (Status.OK, 2, 0, 0)
    assert (run.day, run.started_at, run.bytes, run.message) == (TODAY, NIGHT, len(LAST), "Caught up by OAI-PMH.")
    assert dict(Listing.objects.filter(day=TODAY).values_list("paper__key", "announce_type")) == {
        "arxiv:2608.00001": "new",
        "arxiv:2608.00002": "cross",
    }
    assert backfill_missed_days(now=NIGHT) == []
    assert len(upstream.asked) == 1


def test_it_reads_all_pages(upstream: Upstream, language: Source) -> None:
    upstream.say(OAI, BODY)
    other = (
        LAST.replace(b"2608.0000", b"2608.0001").replace(b"<title>", b"<title>More: ").replace(b".5</doi>", b"</doi>")
    )
    upstream.say(OAI, other)
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.new, run.bytes) == (4, len(BODY) + len(other))
    assert upstream.asked[1].query == {"verb": "ListRecords", "resumptionToken": "verb%3DListRecords%26skip%3D4"}


def test_it_asks_an_arxiv_that_repeats_itself_only_so_often(upstream: Upstream, language: Source) -> None:
    upstream.say(OAI, BODY)
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.status, len(upstream.asked)) == (Status.OK, 20)


def test_it_asks_for_a_holiday_once(upstream: Upstream, language: Source) -> None:
    note(language, TODAY, Status.EMPTY)
    upstream.say(OAI, NOTHING)
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.status, run.message) == (Status.EMPTY, "Caught up by OAI-PMH.")
    assert backfill_missed_days(now=NIGHT + dt.timedelta(hours=1)) == []


def test_it_counts_what_it_cannot_read(upstream: Upstream, language: Source) -> None:
    upstream.say(OAI, LAST.replace(b"<id>2608.00002</id>", b"<id>?</id>"))
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.status, run.new, run.rejected) == (Status.OK, 1, 1)
    assert run.message == "Caught up by OAI-PMH. 1 rejected. item 2: ValueError: '?' is not an arXiv id"


def test_it_asks_again_the_next_night_for_what_failed(upstream: Upstream, language: Source) -> None:
    upstream.say(OAI, NO_SUCH_SET)
    upstream.say(OAI, LAST)
    [failed] = backfill_missed_days(now=NIGHT)
    assert (failed.status, failed.message) == (Status.FAILED, "arXiv's OAI-PMH answered: badArgument: None.")
    run = backfill_missed_days(now=NIGHT + dt.timedelta(days=1))[0]
    assert (run.day, run.status) == (TODAY, Status.OK)


def test_it_stores_nothing_of_a_day_of_which_a_page_is_missing(upstream: Upstream, language: Source) -> None:
    upstream.say(OAI, BODY)
    upstream.say(OAI, "gone", 404)
    [run] = backfill_missed_days(now=NIGHT)
    assert run.status == Status.FAILED
    assert not Paper.objects.filter(key="arxiv:2608.00001").exists()


def test_it_lets_a_day_that_fails_keep_no_other_from_arriving(upstream: Upstream, language: Source) -> None:
    switch_on("cs.LG", but=TODAY)
    upstream.say(OAI, NO_SUCH_SET)
    upstream.say(OAI, LAST)
    assert [(run.source.key, run.status) for run in backfill_missed_days(now=NIGHT)] == [
        ("cs.CL", Status.FAILED),
        ("cs.LG", Status.OK),
    ]


def test_it_asks_for_no_further_day_of_a_category_that_cannot_be_reached(upstream: Upstream, language: Source) -> None:
    Listing.objects.all().delete()
    upstream.say(OAI, "busy", 503)
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.day, run.status) == (WEEKDAYS[0], Status.UNREACHABLE)
    assert set(days_asked(upstream)) == {str(WEEKDAYS[0])}


def test_it_writes_down_an_error_of_our_own(
    upstream: Upstream, language: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(*arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(papers, "ingest", slip)
    upstream.say(OAI, LAST)
    [run] = backfill_missed_days(now=NIGHT)
    assert (run.status, run.message) == (Status.FAILED, "internal error, please report: ZeroDivisionError()")


def test_it_leaves_arxiv_three_seconds_between_two_requests(
    upstream: Upstream, language: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(source_client.wait_for_turn, "__kwdefaults__", {"sleep": naps.append})
    Listing.objects.all().delete()
    upstream.say(OAI, NOTHING)
    backfill_missed_days(now=NIGHT)
    assert naps == [0, 3, 6, 9, 12]
    assert days_asked(upstream) == [str(day) for day in WEEKDAYS]


def test_it_catches_up_with_active_categories_of_arxiv_alone(upstream: Upstream, hugging_face: Source) -> None:
    idle = switch_on("cs.CL", but=TODAY)
    Source.objects.filter(pk=idle.pk).update(is_active=False)
    note(hugging_face, TODAY - dt.timedelta(days=30), Status.OK)
    assert backfill_missed_days(now=NIGHT) == []


def test_it_is_rung_for_each_category_beside_the_fetching(upstream: Upstream, language: Source, settings: Any) -> None:
    upstream.say(OAI, LAST)
    current_app.conf.task_always_eager = True
    tasks.catch_up_missed_days()
    current_app.conf.task_always_eager = False
    assert FetchRun.objects.filter(day=TODAY, status=Status.OK).exists()
    assert settings.CELERY_TASK_ROUTES["digest.tasks.catch_up_source"] == {"queue": "fetch"}


def test_it_leaves_todays_announcement_to_the_feed(language: Source) -> None:
    assert NOW.date() not in missed_days(language, today=NOW.date())
