"""Fetching and storing: sources don't affect each other, and each attempt is recorded."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from digest import sources
from digest.editions import publication
from digest.ingest import fetcher, source_client
from digest.ingest.fetcher import fetch_all, fetch_one
from digest.models import Edition, FetchRun, Listing, Paper, Source
from digest.sources import huggingface
from digest.sources.http import Http
from digest.sources.records import SourceError, UnreachableError
from tests.conftest import NOW, TODAY
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parent.parent.parent / "data"
DAY = dt.timedelta(days=1)
YESTERDAY = TODAY - dt.timedelta(days=1)
HUGGING_FACE = "/api/daily_papers"
ARXIV = (DATA / "arxiv_atom.xml").read_bytes()

Status = FetchRun.Status


pytestmark = pytest.mark.usefixtures("at_noon", "impatient")


@pytest.fixture
def arxiv() -> Source:
    return switch_on("cs.CL")


def switch_on(category: str) -> Source:
    source = Source.objects.get(kind=Source.Kind.ARXIV, key=category)
    source.is_active = True
    source.save()
    return source


def day_of(*numbers: int, **paper: Any) -> str:
    """Return an answer of Hugging Face with these papers."""
    return json.dumps(
        [{"paper": {"id": f"2608.{n:05}", "title": f"Paper {n}", "summary": "On it."} | paper} for n in numbers]
    )


def outcome(run: FetchRun) -> tuple[str, int, int, int, int]:
    return run.status, run.new, run.changed, run.unchanged, run.rejected


# --- What is written down -------------------------------------------------------


def test_it_writes_down_what_came_in(upstream: Upstream, hugging_face: Source) -> None:
    body = day_of(1, 2)
    upstream.say(HUGGING_FACE, body)
    run = fetch_one(hugging_face, TODAY)
    assert run == FetchRun.objects.get()
    assert outcome(run) == (Status.OK, 2, 0, 0, 0)
    assert (run.day, run.started_at, run.bytes, run.message) == (TODAY, NOW, len(body), "")
    assert Listing.objects.filter(source=hugging_face, day=TODAY).count() == 2


def test_it_writes_down_how_long_it_took(hugging_face: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 102.5])
    monkeypatch.setattr("digest.ingest.fetch_log.time.monotonic", lambda: next(clock, 102.5))
    monkeypatch.setattr(huggingface, "fetch", lambda *arguments: b"[]")
    assert fetch_one(hugging_face, TODAY).seconds == 2.5


def test_it_changes_nothing_in_a_second_run(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(1, 2))
    assert [outcome(fetch_one(hugging_face, TODAY)) for _ in range(2)] == [
        (Status.OK, 2, 0, 0, 0),
        (Status.OK, 0, 0, 2, 0),
    ]
    assert FetchRun.objects.count() == 2


def test_it_merges_a_day_that_grows(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(1, 2, upvotes=1))
    upstream.say(HUGGING_FACE, day_of(2, 3, upvotes=5))
    fetch_one(hugging_face, TODAY)
    assert outcome(fetch_one(hugging_face, TODAY)) == (Status.OK, 1, 1, 0, 0)
    assert dict(Paper.objects.values_list("title", "votes")) == {"Paper 1": 1, "Paper 2": 5, "Paper 3": 5}


def test_it_says_what_it_rejected(upstream: Upstream, hugging_face: Source) -> None:
    items = [*json.loads(day_of(1, 2)), {"paper": {"id": "\x00"}}]
    upstream.say(HUGGING_FACE, json.dumps(items))
    run = fetch_one(hugging_face, TODAY)
    assert outcome(run) == (Status.OK, 2, 0, 0, 1)
    assert run.message == r"1 rejected. item 3: ValueError: '\x00' is not an arXiv id"


def test_it_says_that_nothing_was_listed(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, "[]")
    run = fetch_one(hugging_face, dt.date(2026, 8, 16))
    assert outcome(run) == (Status.EMPTY, 0, 0, 0, 0)
    assert run.message == "Hugging Face Daily Papers listed nothing for 2026-08-16 (Sunday)."


def test_it_takes_the_future_for_an_empty_day(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, '{"error":"date must not be in the future"}', 400)
    assert fetch_one(hugging_face, TODAY).status == Status.EMPTY


def test_it_says_that_a_feed_holds_another_day(upstream: Upstream, arxiv: Source) -> None:
    upstream.say("/atom/cs.CL", ARXIV)
    run = fetch_one(arxiv, TODAY + dt.timedelta(days=1))
    assert (run.status, run.new) == (Status.OK, 3)
    assert run.message == "The feed holds 2026-08-20, not 2026-08-21."


@pytest.mark.parametrize(
    ("body", "status", "outcome", "message"),
    [
        ("", 200, Status.FAILED, "not JSON: the answer is empty"),
        ("\x00\x01<html>", 200, Status.FAILED, "not JSON: it begins “<html>”"),  # no database takes the NUL
        ("[{}]", 200, Status.FAILED, "1 of 1 items can't be read. The first: item 1: KeyError: 'paper'"),
        ("<p>No\x00</p>", 404, Status.FAILED, "answered 404 Not Found: No"),
        ("busy", 500, Status.UNREACHABLE, "answered 500 Internal Server Error, after 3 tries"),
        ("busy", 429, Status.UNREACHABLE, "answered 429 Too Many Requests, after 3 tries"),
    ],
)
def test_it_says_why_it_failed(
    upstream: Upstream, hugging_face: Source, body: str, status: int, outcome: str, message: str
) -> None:
    upstream.say(HUGGING_FACE, body, status)
    run = fetch_one(hugging_face, TODAY)
    run.refresh_from_db()
    assert run.status == outcome
    assert run.message.endswith(message)


def test_it_writes_down_no_character_that_a_database_refuses(
    hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise SourceError("it said \x00\ud83d“no”")

    monkeypatch.setattr(huggingface, "fetch", refuse)
    assert fetch_one(hugging_face, TODAY).message == "it said “no”"


def test_it_writes_down_an_error_of_our_own(
    upstream: Upstream, hugging_face: Source, arxiv: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(*arguments: Any) -> None:
        raise ZeroDivisionError("\x00half")

    monkeypatch.setattr(huggingface, "parse", slip)
    upstream.say(HUGGING_FACE, day_of(1))
    upstream.say("/atom/cs.CL", ARXIV)
    broken, fine = sorted(fetch_all([TODAY]), key=lambda run: run.source.kind, reverse=True)
    assert broken.status == Status.FAILED
    assert broken.message.startswith("internal error, please report: ZeroDivisionError(")
    assert (fine.source, fine.status) == (arxiv, Status.OK)


def test_it_stores_nothing_of_a_day_that_it_could_not_store_whole(
    upstream: Upstream, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slip(*arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("digest.papers.upsert._list", slip)
    upstream.say(HUGGING_FACE, day_of(1))
    assert fetch_one(hugging_face, TODAY).status == Status.FAILED
    assert not Paper.objects.exists()


def test_it_says_who_asks(upstream: Upstream, hugging_face: Source, settings: Any) -> None:
    upstream.say(HUGGING_FACE, "[]")
    fetch_one(hugging_face, TODAY)
    settings.CONTACT_EMAIL = "me@example.org"
    fetch_one(hugging_face, TODAY)
    assert [asked.headers["user-agent"] for asked in upstream.asked] == [
        "DailyPapers/1.0 (+https://papers.example.org)",
        "DailyPapers/1.0 (+me@example.org)",
    ]


def test_it_keeps_to_the_limit_of_the_settings(upstream: Upstream, hugging_face: Source, settings: Any) -> None:
    settings.FETCH_LIMIT_MB = 1
    upstream.say(HUGGING_FACE, day_of(1, summary="x" * 1_000_000))
    assert fetch_one(hugging_face, TODAY).message.endswith("larger than 1 MB")


# --- Pages ----------------------------------------------------------------------


def test_it_asks_for_further_pages_as_long_as_they_are_full(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(*range(100)))
    upstream.say(HUGGING_FACE, day_of(*range(100, 200)))
    upstream.say(HUGGING_FACE, day_of(*range(199, 205)))
    assert outcome(fetch_one(hugging_face, TODAY)) == (Status.OK, 205, 0, 0, 0)
    assert [(asked.query["limit"], asked.query["p"]) for asked in upstream.asked] == [
        ("100", "0"),
        ("100", "1"),
        ("100", "2"),
    ]


def test_it_counts_unreadable_items_when_it_asks_whether_a_page_was_full(
    upstream: Upstream, hugging_face: Source
) -> None:
    upstream.say(HUGGING_FACE, json.dumps([*json.loads(day_of(*range(99))), {}]))
    upstream.say(HUGGING_FACE, "[]")
    assert outcome(fetch_one(hugging_face, TODAY)) == (Status.OK, 99, 0, 0, 1)
    assert len(upstream.asked) == 2


def test_it_asks_an_upstream_that_repeats_itself_only_so_often(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(*range(100)))
    assert outcome(fetch_one(hugging_face, TODAY)) == (Status.OK, 100, 0, 0, 0)
    assert len(upstream.asked) == fetcher.MAX_PAGES


def test_it_asks_arxiv_for_one_page(upstream: Upstream, arxiv: Source) -> None:
    upstream.say("/atom/cs.CL", ARXIV)
    fetch_one(arxiv, TODAY)
    assert len(upstream.asked) == 1


# --- Several sources and days -----------------------------------------------------


def test_it_reads_every_active_source_and_no_other(upstream: Upstream, hugging_face: Source, arxiv: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(1))
    upstream.say("/atom/cs.CL", ARXIV)
    assert {run.source for run in fetch_all([TODAY])} == {hugging_face, arxiv}
    Source.objects.filter(kind=Source.Kind.HUGGINGFACE).update(is_active=False)
    assert {run.source for run in fetch_all([TODAY])} == {arxiv}


def test_it_asks_for_past_days_only_where_there_are_any(
    upstream: Upstream, hugging_face: Source, arxiv: Source
) -> None:
    upstream.say(HUGGING_FACE, "[]")
    upstream.say("/atom/cs.CL", ARXIV)
    fetch_all([TODAY, YESTERDAY])
    asked = [asked.query.get("date", asked.path) for asked in upstream.asked]
    assert sorted(asked) == ["/atom/cs.CL", str(YESTERDAY), str(TODAY)]
    assert asked.index(str(TODAY)) < asked.index(str(YESTERDAY))


@pytest.mark.parametrize("broken", [(b"<html>", 200), (b"", 500), (b"", 404), (b"\xff\xfe\x00", 200)])
def test_it_lets_a_broken_source_stop_no_other(
    upstream: Upstream, hugging_face: Source, arxiv: Source, broken: tuple[bytes, int]
) -> None:
    switch_on("cs.LG")
    upstream.say("/atom/cs.CL", *broken)
    upstream.say("/atom/cs.LG", ARXIV)
    upstream.say(HUGGING_FACE, day_of(9))
    runs = {run.source.key: run for run in fetch_all([TODAY])}
    assert runs["cs.CL"].status in (Status.FAILED, Status.UNREACHABLE)
    assert runs["cs.CL"].message
    assert (runs["cs.LG"].new, runs[""].new) == (3, 1)
    assert FetchRun.objects.count() == 3


def test_it_leaves_a_source_alone_that_can_not_be_reached_for_two_days(
    upstream: Upstream, hugging_face: Source
) -> None:
    upstream.say(HUGGING_FACE, "", 503)
    runs = fetch_all([TODAY - back * DAY for back in range(5)])
    assert [(run.day, run.status) for run in runs] == [(TODAY, Status.UNREACHABLE), (YESTERDAY, Status.UNREACHABLE)]


def test_it_lets_no_past_day_keep_today_from_coming(hugging_face: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(http: Http, key: str, day: dt.date, page: int = 0) -> bytes:
        if day == YESTERDAY:
            raise UnreachableError("answered 500, after 3 tries")
        return b"[]"

    monkeypatch.setattr("digest.sources.huggingface.fetch", fetch)
    runs = fetch_all([TODAY - back * DAY for back in range(4)])
    expected = [Status.EMPTY, Status.UNREACHABLE, Status.EMPTY, Status.EMPTY]
    assert [run.status for run in runs] == expected


def test_it_asks_for_the_whole_while_arxiv_owes_the_days_batch(
    upstream: Upstream, hugging_face: Source, time_machine: Any
) -> None:
    """Otherwise yesterday's batch, answered with "not modified", would count as unchanged."""
    Source.objects.update(is_active=False)
    switch_on("cs.CL")
    upstream.say("/atom/cs.CL", ARXIV, ETag='"1"')
    for moment in (NOW, NOW + dt.timedelta(minutes=30), NOW + DAY):
        time_machine.move_to(moment, tick=False)
        fetch_all([moment.date()], changes_only=True)
    assert [asked.headers.get("if-none-match") for asked in upstream.asked] == [None, '"1"', None]
    assert FetchRun.objects.first().status == Status.STALE  # type: ignore[union-attr]


def test_it_asks_a_source_that_failed_for_the_other_days(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, "<html>")
    upstream.say(HUGGING_FACE, day_of(1))
    assert [run.status for run in fetch_all([YESTERDAY, TODAY])] == [Status.FAILED, Status.OK]


def test_it_leaves_arxiv_three_seconds_between_two_requests(
    upstream: Upstream, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(source_client.wait_for_turn, "__kwdefaults__", {"sleep": naps.append})
    for category in ("cs.AI", "cs.CL", "cs.LG"):
        switch_on(category)
        upstream.say(f"/atom/{category}", ARXIV)
    upstream.say(HUGGING_FACE, "[]")
    fetch_all([YESTERDAY, TODAY])
    assert naps == [0, 3, 6]  # the clock is frozen here, so each request gets a slot after the last one


def test_it_shows_its_progress(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, "[]")
    shown: list[Any] = []

    def track(errands: list[Any]) -> list[Any]:
        shown.extend(errands)
        return errands

    fetch_all([YESTERDAY, TODAY], track=track)
    assert shown == [(hugging_face, TODAY), (hugging_face, YESTERDAY)]


# --- Feeds ----------------------------------------------------------------------


@pytest.fixture
def blog(upstream: Upstream) -> Source:
    upstream.say("/feed", (DATA / "feed_rss.xml").read_bytes())
    return Source.objects.create(kind=Source.Kind.FEED, key=f"{upstream.url}/feed", name="A Blog")


def test_it_reads_no_feed_on_a_private_host_unless_the_operator_allows_it(
    upstream: Upstream, blog: Source, settings: Any
) -> None:
    run = fetch_one(blog, TODAY)
    assert (run.status, run.new) == (Status.FAILED, 0)
    assert run.message.endswith("leads to 127.0.0.1, which is not a public address")
    assert not upstream.asked
    settings.FETCH_PRIVATE_HOSTS = True
    assert fetch_one(blog, TODAY).new == 3


def test_it_lists_what_a_feed_holds_today_under_no_day_gone_by(blog: Source, settings: Any) -> None:
    settings.FETCH_PRIVATE_HOSTS = True
    long_ago = TODAY - dt.timedelta(days=30)
    assert fetch_one(blog, long_ago).day == long_ago
    assert set(Listing.objects.values_list("paper__title", "day")) == {
        ("Cats & Dogs: H2O for Both", YESTERDAY),
        ("Seen on arXiv", TODAY),  # undated
        ("Announced for Next Month", TODAY),
    }


def test_each_kind_of_source_has_its_module() -> None:
    assert list(sources.KINDS) == Source.Kind.values


@pytest.mark.parametrize("kind", list(sources.KINDS))
def test_it_finds_in_every_kind_of_source_what_the_others_have(kind: str) -> None:
    module = sources.KINDS[kind]
    parts: list[Callable[..., Any]] = [module.fetch, module.parse, module.problem_with_key]
    assert all(callable(part) for part in parts)
    assert module.BY_DAY in (True, False)
    assert module.PAUSE >= 0
    assert module.PAGE_SIZE is None or module.PAGE_SIZE > 0


# --- Changes only, stale batches, trouble ---------------------------------------


def test_it_asks_for_changes_only_when_it_may(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(2), ETag='"1"', Last_Modified="Thu, 20 Aug 2026 08:00:00 GMT")
    upstream.say(HUGGING_FACE, "", 304)
    assert [run.status for run in fetch_all([TODAY], changes_only=True)] == [Status.OK]
    (run,) = fetch_all([TODAY], changes_only=True)
    assert (run.status, run.message, run.bytes, run.new) == (Status.UNCHANGED, "", 0, 0)
    first, second = (asked.headers for asked in upstream.asked)
    assert "if-none-match" not in first
    assert (second["if-none-match"], second["if-modified-since"]) == ('"1"', "Thu, 20 Aug 2026 08:00:00 GMT")


def test_it_reads_all_when_a_person_asks(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(2), ETag='"1"')
    for _ in range(2):
        assert fetch_all([TODAY])[0].status == Status.OK
    assert "if-none-match" not in upstream.asked[1].headers


@pytest.mark.parametrize("body", ["[]", "<html>"])
def test_it_keeps_no_mark_of_an_answer_that_gave_nothing(upstream: Upstream, hugging_face: Source, body: str) -> None:
    upstream.say(HUGGING_FACE, body, ETag='"1"')
    for _ in range(2):
        fetch_all([TODAY], changes_only=True)
    assert "if-none-match" not in upstream.asked[1].headers


def test_it_marks_each_day_by_itself(upstream: Upstream, hugging_face: Source) -> None:
    upstream.say(HUGGING_FACE, day_of(1), ETag='"yesterday"')
    upstream.say(HUGGING_FACE, day_of(2), ETag='"today"')
    for _ in range(2):
        fetch_all([YESTERDAY, TODAY], changes_only=True)
    assert [asked.headers.get("if-none-match") for asked in upstream.asked[2:]] == ['"yesterday"', '"today"']


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-08-20T12:00", Status.OK),  # the batch of the day
        ("2026-08-21T03:00", Status.OK),  # still Thursday in New York
        ("2026-08-21T12:00", Status.STALE),
        ("2026-08-22T12:00", Status.OK),  # nothing new is due on a Saturday
    ],
)
def test_it_tells_a_stale_batch_from_a_new_one(
    upstream: Upstream, hugging_face: Source, time_machine: Any, moment: str, status: str
) -> None:
    Source.objects.update(is_active=False)
    arxiv = switch_on("cs.CL")
    upstream.say("/atom/cs.CL", ARXIV.replace(b"2026-08-19", b"2026-08-20"))
    time_machine.move_to(dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC), tick=False)
    run = fetcher.fetch_one(arxiv, dt.date.fromisoformat(moment[:10]))
    assert run.status == status


def test_it_says_once_in_the_log_that_a_source_is_in_trouble(
    upstream: Upstream, hugging_face: Source, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.say(HUGGING_FACE, "gone", 404)
    told = []
    for _ in range(5):
        fetch_all([TODAY])
        told.append(caplog.text.count("Source keeps failing: Hugging Face"))
    assert told == [0, 0, 1, 1, 1]


def test_it_reads_again_the_days_that_could_not_be_read(hugging_face: Source) -> None:
    def days() -> list[int]:
        return [day.day for day in fetcher.days_to_read(hugging_face, today=TODAY)]

    assert days() == [14, 15, 16, 17, 18, 19, 20]
    for day, status in ((14, "failed"), (15, "ok"), (16, "empty"), (17, "unreachable"), (20, "ok")):
        FetchRun.objects.create(source=hugging_face, day=TODAY.replace(day=day), started_at=NOW, status=status)
    assert days() == [14, 17, 18, 19, 20]


# --- New sources ----------------------------------------------------------------


def test_it_floods_no_edition_with_what_a_new_source_listed_long_ago(upstream: Upstream, hugging_face: Source) -> None:
    Edition.objects.create(day=TODAY - DAY, published_at=NOW - DAY, closed_at=NOW - DAY)
    upstream.say(HUGGING_FACE, day_of(1))
    for number in range(7):
        upstream.say(HUGGING_FACE, day_of(10 + number))
    fetch_all([TODAY - back * DAY for back in range(7)])
    publication.publish(TODAY, now=NOW)
    assert Paper.objects.count() == 7
    assert Paper.objects.exclude(edition=None).count() == 2  # today's and yesterday's


def test_it_takes_what_a_new_feed_holds_without_a_day_for_known(blog: Source, settings: Any) -> None:
    settings.FETCH_PRIVATE_HOSTS = True
    Edition.objects.create(day=TODAY - DAY, published_at=NOW - DAY, closed_at=NOW - DAY)
    fetch_all([TODAY])
    publication.publish(TODAY, now=NOW)
    published = set(Paper.objects.exclude(edition=None).values_list("title", flat=True))
    assert published == {"Cats & Dogs: H2O for Both", "Announced for Next Month"}  # and not what bears no day
    fetch_all([TODAY])
    assert Listing.objects.filter(paper__title="Seen on arXiv").count() == 1


def test_it_brings_the_days_of_an_outage_of_the_whole_site(
    upstream: Upstream, hugging_face: Source, time_machine: Any
) -> None:
    Edition.objects.create(day=TODAY - 9 * DAY, published_at=NOW, closed_at=NOW)
    upstream.say(HUGGING_FACE, "[]")
    time_machine.move_to(NOW - 5 * DAY, tick=False)
    fetch_all([TODAY - 5 * DAY])
    time_machine.move_to(NOW, tick=False)  # five days later
    upstream.answers.clear()
    for number in range(4):
        upstream.say(HUGGING_FACE, day_of(number))
    fetch_all([TODAY - back * DAY for back in range(4)])
    publication.publish(TODAY, now=NOW)
    assert Paper.objects.exclude(edition=None).count() == 4


def test_it_begins_anew_with_a_source_that_was_off_for_a_while(
    upstream: Upstream, hugging_face: Source, arxiv: Source, time_machine: Any
) -> None:
    Edition.objects.create(day=TODAY - 9 * DAY, published_at=NOW, closed_at=NOW)
    upstream.say(HUGGING_FACE, "[]")
    time_machine.move_to(NOW - 9 * DAY, tick=False)
    fetcher.fetch_one(hugging_face, TODAY - 9 * DAY)
    time_machine.move_to(NOW - 4 * DAY, tick=False)  # another source is read meanwhile
    FetchRun.objects.create(source=arxiv, day=TODAY - 4 * DAY, started_at=NOW - 4 * DAY, status="ok")
    time_machine.move_to(NOW, tick=False)
    hugging_face.refresh_from_db()
    fetcher.fetch_one(hugging_face, TODAY)
    assert hugging_face.watched_from == TODAY - DAY


def test_it_publishes_a_day_long_gone_by_when_a_person_asks(upstream: Upstream, hugging_face: Source) -> None:
    long_ago = TODAY - 90 * DAY
    upstream.say(HUGGING_FACE, day_of(1, 2))
    fetch_all([long_ago])
    assert publication.publish(long_ago, now=NOW).papers == 2


def test_it_writes_down_no_password_and_no_key_of_a_feed(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    address = "http://user:secret@127.0.0.1:1/feed.xml?apikey=secret"
    feed = Source.objects.create(kind=Source.Kind.FEED, key=address, name="Feed")
    run = fetch_one(feed, TODAY)
    run.refresh_from_db()
    assert "http://…@127.0.0.1:1/feed.xml?apikey=…" in run.message
    assert "secret" not in run.message
    assert "apikey=…" in caplog.text
    assert "secret" not in caplog.text
    with pytest.raises(SystemExit):
        call_command("fetch_papers", date=str(TODAY))
    assert "apikey=…" in (said := "".join(capsys.readouterr()))
    assert "secret" not in said
