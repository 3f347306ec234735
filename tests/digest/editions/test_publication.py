"""The day's papers: frozen once, and each in one edition only."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from digest import papers
from digest.editions import candidates, publication
from digest.models import Edition, FetchRun, Listing, Paper, QuietDay, Source
from tests.conftest import NOW, TODAY, make_record

pytestmark = pytest.mark.both_databases
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
FRIDAY, SATURDAY, MONDAY = TODAY + DAY, TODAY + 2 * DAY, TODAY + 4 * DAY


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    pass


def list_papers(day: dt.date, *titles: str, votes: int = 0) -> None:
    """List `titles` at Hugging Face on `day`."""
    source = Source.objects.get(kind=Source.Kind.HUGGINGFACE)
    known = {title: number for number, title in enumerate("abcdefgh", 1)}
    records = [make_record(f"2608.0000{known[title]}", title, day=day, votes=votes) for title in titles]
    papers.ingest(source, records, day)


def titles(edition: Edition | None) -> list[str]:
    assert edition is not None
    return [paper.title for paper in publication.papers_as_emailed(edition)]


def publish(day: dt.date, **options: Any) -> Edition | None:
    return publication.publish(day, now=NOW, **options).edition


def test_it_publishes_the_papers_of_the_day() -> None:
    list_papers(TODAY, "a", "b")
    done = publication.publish(TODAY, now=NOW)
    assert (done.is_new, done.papers, done.reason) == (True, 2, "")
    assert done.edition is not None
    assert (done.edition.day, done.edition.published_at) == (TODAY, NOW)
    assert titles(done.edition) == ["a", "b"]


def test_it_publishes_a_day_once_and_for_all() -> None:
    list_papers(TODAY, "a")
    first = publication.publish(TODAY, now=NOW)
    list_papers(TODAY, "b", votes=50)
    again = publication.publish(TODAY, now=NOW + HOUR)
    assert (again.edition, again.is_new, again.papers) == (first.edition, False, 1)
    assert titles(again.edition) == ["a"]
    assert Edition.objects.get().published_at == NOW


def test_late_papers_are_in_the_next_edition() -> None:
    list_papers(TODAY, "a")
    publish(TODAY)
    list_papers(TODAY, "a", "b")
    list_papers(FRIDAY, "c")
    assert titles(publish(FRIDAY)) == ["b", "c"]


def test_no_paper_is_in_two_editions() -> None:
    list_papers(TODAY, "a")
    publish(TODAY)
    list_papers(FRIDAY, "a", "b")
    assert titles(publish(FRIDAY)) == ["b"]


def test_papers_of_earlier_editions_make_no_edition() -> None:
    list_papers(TODAY, "a")
    publish(TODAY)
    list_papers(FRIDAY, "a")
    done = publication.publish(FRIDAY, now=NOW)
    assert (done.edition, done.is_new, done.papers) == (None, False, 0)
    assert done.reason == f"Every paper listed for {FRIDAY} was in an earlier edition, or is hidden."
    assert Edition.objects.count() == 1


def test_papers_that_are_late_on_friday_are_in_mondays_edition() -> None:
    list_papers(FRIDAY, "a")
    publish(FRIDAY)
    list_papers(FRIDAY, "b")
    assert publish(SATURDAY) is None
    list_papers(MONDAY, "c")
    assert titles(publish(MONDAY)) == ["b", "c"]


@pytest.mark.parametrize(("age", "comes"), [(7, True), (8, False)])
def test_papers_may_be_a_week_late(age: int, comes: bool) -> None:
    list_papers(TODAY - age * DAY, "a")
    list_papers(TODAY, "b")
    assert titles(publish(TODAY)) == (["a", "b"] if comes else ["b"])


def test_papers_are_not_published_before_their_day() -> None:
    list_papers(FRIDAY, "b")
    list_papers(TODAY, "a")
    assert titles(publish(TODAY)) == ["a"]


def test_it_ranks_by_the_votes_at_publication() -> None:
    list_papers(TODAY, "a", votes=10)
    list_papers(TODAY, "b", votes=20)
    list_papers(TODAY, "c", votes=10)
    edition = publish(TODAY)
    list_papers(TODAY, "c", votes=90)
    assert titles(edition) == ["b", "a", "c"]
    assert Paper.objects.get(title="c").edition_votes == 10


def test_it_shows_pinned_papers_first_and_hidden_ones_not_at_all() -> None:
    list_papers(TODAY, "a", votes=30)
    list_papers(TODAY, "b", votes=20)
    list_papers(TODAY, "c", votes=10)
    edition = publish(TODAY)
    Paper.objects.filter(title="c").update(is_pinned=True)
    Paper.objects.filter(title="a").update(is_hidden=True)
    assert titles(edition) == ["c", "b"]


def test_a_hidden_paper_waits_until_it_is_shown_again() -> None:
    list_papers(TODAY, "a", "b")
    Paper.objects.filter(title="a").update(is_hidden=True)
    assert publication.publish(TODAY, now=NOW).papers == 1
    Paper.objects.update(is_hidden=False)
    list_papers(FRIDAY, "c")
    assert titles(publish(FRIDAY)) == ["a", "c"]


def test_it_publishes_no_edition_of_hidden_papers_only() -> None:
    list_papers(TODAY, "a")
    Paper.objects.update(is_hidden=True)
    done = publication.publish(TODAY, now=NOW)
    assert (done.edition, Edition.objects.count()) == (None, 0)
    assert "is hidden" in done.reason


@pytest.mark.parametrize(("age", "is_mailed"), [(0, True), (1, True), (2, False), (30, False)])
def test_editions_of_today_and_yesterday_are_sent(age: int, is_mailed: bool) -> None:
    day = TODAY - age * DAY
    list_papers(day, "a")
    edition = publish(day)
    assert edition is not None
    assert edition.send_after == (NOW if is_mailed else None)


def test_an_edition_that_is_published_without_sending_is_not_sent() -> None:
    list_papers(TODAY, "a")
    edition = publish(TODAY, mail=False)
    assert edition is not None
    assert edition.send_after is None


def rows() -> list[list[Any]]:
    return [list(model.objects.order_by("pk").values()) for model in (Edition, Paper, Listing)]


def test_two_processes_that_publish_at_once_leave_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    list_papers(TODAY, "a", "b")
    look = Listing.objects.filter

    def let_the_other_go_first(**wanted: Any) -> Any:
        monkeypatch.undo()
        assert publication.publish(TODAY, now=NOW).is_new
        before.extend(rows())
        return look(**wanted)

    before: list[list[Any]] = []
    monkeypatch.setattr(Listing.objects, "filter", let_the_other_go_first)
    second = publication.publish(TODAY, now=NOW + HOUR)
    assert (second.edition, second.is_new, second.papers) == (Edition.objects.get(), False, 2)
    assert rows() == before


def test_the_days_of_a_new_site_are_published_in_order_and_not_sent() -> None:
    list_papers(TODAY, "a", "b")
    list_papers(TODAY - DAY, "a")
    done = publication.publish_last_days([TODAY, TODAY - DAY, TODAY - 2 * DAY], now=NOW)
    assert [(published.edition is not None, published.papers) for published in done] == [
        (False, 0),
        (True, 1),
        (True, 1),
    ]
    assert set(Edition.objects.values_list("day", "send_after")) == {(TODAY - DAY, None), (TODAY, None)}


def test_it_counts_days_back() -> None:
    assert publication.last_days(3, until=dt.date(2026, 3, 1)) == [
        dt.date(2026, 2, 27),
        dt.date(2026, 2, 28),
        dt.date(2026, 3, 1),
    ]


@pytest.mark.parametrize(
    ("hour", "now", "day"),
    [
        (16, "2026-08-20T15:59", "2026-08-19"),
        (16, "2026-08-20T16:00", "2026-08-20"),
        (16, "2026-08-21T00:00", "2026-08-20"),
        (0, "2026-08-20T00:00", "2026-08-20"),
        (23, "2026-08-20T22:59", "2026-08-19"),
        (16, "2026-03-01T03:00", "2026-02-28"),
    ],
)
def test_it_knows_the_newest_day_that_is_due(settings: Any, hour: int, now: str, day: str) -> None:
    settings.PUBLISH_HOUR = hour
    assert str(publication.due_day(dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))) == day


def test_it_finds_the_latest_edition() -> None:
    assert publication.newest() is None
    for day in (TODAY, TODAY - DAY):
        Edition.objects.create(day=day, published_at=NOW)
    latest = publication.newest()
    assert latest is not None
    assert latest.day == TODAY


def test_a_week_is_ranked_by_the_votes_now() -> None:
    list_papers(TODAY - DAY, "a", votes=1)
    publish(TODAY - DAY)
    list_papers(TODAY, "b", "c", votes=5)
    Paper.objects.filter(title="c").update(is_hidden=True)
    edition = publish(TODAY)
    assert edition is not None
    list_papers(TODAY - DAY, "a", votes=9)
    assert [paper.title for paper in candidates.papers(edition, TODAY - 2 * DAY)] == ["a", "b"]
    assert [paper.title for paper in candidates.papers(edition, TODAY - DAY)] == ["b"]
    assert [paper.title for paper in candidates.papers(edition, None)] == ["b"]


# --- Why a day is empty ---------------------------------------------------------


def fetched(kind: str, message: str = "", *, status: str = "empty", key: str = "", ago: int = 0) -> None:
    source = Source.objects.get(kind=kind, key=key)
    Source.objects.filter(pk=source.pk).update(is_active=True)
    FetchRun.objects.create(
        source=source, day=SATURDAY, started_at=timezone.now() - ago * HOUR, status=status, message=message
    )


def test_it_says_that_no_source_was_asked() -> None:
    done = publication.publish(SATURDAY, now=NOW)
    assert (done.edition, done.papers) == (None, 0)
    assert done.reason == "No source was asked for 2026-08-22 yet. Run fetch_papers --date 2026-08-22 first."
    assert QuietDay.objects.get().cause == "trouble"


@pytest.mark.parametrize(
    ("statuses", "cause"),
    [(["empty"], "nothing"), (["empty", "failed"], "trouble"), (["unreachable"], "trouble"), (["stale"], "nothing")],
)
def test_it_notes_the_cause_for_readers(statuses: list[str], cause: str) -> None:
    for (kind, key), status in zip((("huggingface", ""), ("arxiv", "cs.CL")), statuses, strict=False):
        fetched(kind, "Told.", status=status, key=key)
    publication.publish(SATURDAY, now=NOW)
    assert QuietDay.objects.get().cause == cause


def test_it_says_what_each_source_last_said() -> None:
    fetched("huggingface", "Listed nothing on Saturday.", ago=0)
    fetched("huggingface", "It could not be reached.", status="unreachable", ago=1)
    fetched("arxiv", key="cs.CL", status="failed")
    assert publication.why_empty(SATURDAY) == (
        "Hugging Face Daily Papers: Listed nothing on Saturday. arXiv cs.CL (Computation and Language): failed."
    )


def test_a_failed_run_for_a_later_day_says_only_that_the_day_was_not_read() -> None:
    fetched("huggingface", "It can't be reached.", status="unreachable")
    assert publication.why_empty(TODAY) == (
        "Hugging Face Daily Papers: it was not read for 2026-08-20, and its run for 2026-08-22 failed: "
        "It can't be reached."
    )


def test_inactive_sources_give_no_reason() -> None:
    fetched("huggingface", "Listed nothing.")
    fetched("arxiv", "Broken.", key="cs.CL")
    Source.objects.filter(kind="arxiv").update(is_active=False)
    assert publication.why_empty(SATURDAY) == "Hugging Face Daily Papers: Listed nothing."


def test_it_keeps_the_day_of_a_new_site_open_until_its_hour(hugging_face: Source) -> None:
    """The first start publishes the papers that exist. Papers until the hour still belong to the day."""
    papers.ingest(hugging_face, [make_record("2608.00001", "Morning", votes=1)], TODAY)
    first = publication.publish(TODAY, now=NOW, mail=False)
    assert (first.is_new, first.papers) == (True, 1)
    assert not publication.publish(TODAY, now=NOW, mail=False).is_new
    late = [make_record("2608.00001", "Morning", votes=7), make_record("2608.00002", "Noon")]
    papers.ingest(hugging_face, late, TODAY)
    done = publication.publish(TODAY, now=publication.hour_of(TODAY))
    assert (done.is_new, done.papers) == (True, 2)
    edition = Edition.objects.get()
    assert edition.closed_at == edition.send_after == publication.hour_of(TODAY)
    assert [paper.edition_votes for paper in publication.papers_as_emailed(edition)] == [7, 0]
    papers.ingest(hugging_face, [make_record("2608.00003", "Night")], TODAY)
    assert publication.publish(TODAY, now=publication.hour_of(TODAY)).papers == 2


def test_an_edition_that_an_operator_publishes_early_is_closed(hugging_face: Source) -> None:
    papers.ingest(hugging_face, [make_record("2608.00001", "Morning")], TODAY)
    publication.publish(TODAY, now=NOW)
    papers.ingest(hugging_face, [make_record("2608.00002", "Noon")], TODAY)
    assert publication.publish(TODAY, now=NOW).papers == 1


def test_it_begins_with_days_older_than_the_site(hugging_face: Source) -> None:
    for back in range(3):
        day = TODAY - back * DAY
        papers.ingest(hugging_face, [make_record(f"2608.0000{back}", f"Day {back}", day=day)], day)
    publication.publish(TODAY, now=NOW)  # by hand, before the first start
    publication.publish_first_days(now=NOW)
    assert Edition.objects.count() == 1  # the sources have not been read yet
    FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=NOW, status="ok")
    publication.publish_first_days(now=NOW)
    # Papers that were listed before went into the first edition, like late papers.
    assert [edition.papers.count() for edition in Edition.objects.all()] == [3]


def test_days_of_an_outage_get_a_reason_afterwards(hugging_face: Source) -> None:
    for back in (6, 3):
        day = TODAY - back * DAY
        papers.ingest(hugging_face, [make_record(f"2608.0000{back}", f"Day {back}", day=day)], day)
    publication.publish(TODAY - 6 * DAY, now=NOW)
    for _ in range(2):
        publication.note_quiet_days(until=TODAY)
    reasons = dict(QuietDay.objects.values_list("day", "reason"))
    assert sorted(reasons) == [TODAY - back * DAY for back in (5, 4, 3, 2, 1)]
    assert reasons[TODAY - 3 * DAY].endswith("its papers came in the next edition.")
    assert QuietDay.objects.get(day=TODAY - 3 * DAY).cause == "later"
