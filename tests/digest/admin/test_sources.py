"""The admin of sources: preview, import, and the sources that keep failing."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from kombu.exceptions import OperationalError

from digest import tasks
from digest.models import FetchRun, Paper, Source, Turn, Validator
from tests.boxes import untouched
from tests.conftest import NOW, TODAY
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parent.parent.parent / "data"
LIST = "/admin/digest/source/"
ADD = f"{LIST}add/"
IMPORT = f"{LIST}import-opml/"
FEED = "https://lab.example.org/feed.xml"

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def feed_address(upstream: Upstream, settings: Any) -> str:
    settings.FETCH_PRIVATE_HOSTS = True
    upstream.say("/feed", (DATA / "feed_rss.xml").read_bytes())
    return f"{upstream.url}/feed"


def staff(client: Client, *permissions: str) -> Client:
    """Log in `client` as a user who has only these permissions."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def try_it(client: Client, address: str = ADD, **typed: str) -> str:
    """Return the page that the button "Try it" leads to."""
    response = client.post(address, {"kind": "feed", "key": "", "name": "", "_try": "Try it"} | typed)
    assert response.status_code == 200
    return response.content.decode()


# --- Try it ---------------------------------------------------------------------


def test_it_offers_to_try_a_source_where_one_is_added_or_changed(admin_client: Client, hugging_face: Source) -> None:
    for address in (ADD, f"{LIST}{hugging_face.pk}/change/"):
        assert 'name="_try"' in admin_client.get(address).content.decode()


def test_it_shows_what_would_come_in_and_saves_nothing(admin_client: Client, feed_address: str) -> None:
    sources = Source.objects.count()
    page = try_it(admin_client, key=feed_address)
    assert "<strong>3 papers</strong> of 3 items" in page
    assert "Cats &amp; Dogs: H2O for Both" in page
    assert "with &lt;think&gt; tokens" in page
    assert f'value="{feed_address}"' in page
    assert "Please correct" not in page
    assert Source.objects.count() == sources
    assert not any(model.objects.exists() for model in (FetchRun, Paper, Turn, LogEntry))


def test_it_tries_a_changed_source_as_it_is_typed(
    admin_client: Client, hugging_face: Source, feed_address: str
) -> None:
    page = try_it(admin_client, f"{LIST}{hugging_face.pk}/change/", key=feed_address, name="Another")
    assert "3 papers" in page
    hugging_face.refresh_from_db()
    assert (hugging_face.kind, hugging_face.key, hugging_face.name) == ("huggingface", "", "Hugging Face Daily Papers")


def test_it_says_at_the_key_what_is_wrong_with_it(admin_client: Client, upstream: Upstream) -> None:
    page = try_it(admin_client, key="example.org")
    assert re.search(r'class="errorlist" id="id_key_error">\s*<li>Write the feed', page)
    assert 'id="trial"' not in page
    assert "This field is required" not in page


def test_it_says_that_a_source_is_known_and_tries_it_all_the_same(admin_client: Client, feed_address: str) -> None:
    Source.objects.create(kind="feed", key=feed_address, name="Known")
    page = try_it(admin_client, key=feed_address)
    assert "already exists" in page
    assert "3 papers" in page


def test_it_shows_why_nothing_can_be_read(admin_client: Client, feed_address: str) -> None:
    assert "answered 404" in try_it(admin_client, key=f"{feed_address}/nothing")


def test_it_shows_that_a_private_address_is_refused(admin_client: Client, upstream: Upstream) -> None:
    assert "is in a private network" in try_it(admin_client, key=f"{upstream.url}/feed")
    assert upstream.asked == []


def test_it_waits_for_the_network_outside_of_any_transaction(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, upstream: Upstream
) -> None:
    depths: list[int] = []
    outside = len(connection.savepoint_ids)

    def fetch(*arguments: object) -> bytes:
        depths.append(len(connection.savepoint_ids))
        return b""

    monkeypatch.setattr("digest.sources.feed.fetch", fetch)
    try_it(admin_client, key=FEED)
    assert depths == [outside]


def test_it_still_saves_by_the_other_buttons(admin_client: Client, db: None) -> None:
    form = {"kind": "feed", "key": FEED, "name": "Lab", "_save": "Save"}
    assert admin_client.post(ADD, form).status_code == 302
    assert Source.objects.filter(key=FEED, name="Lab").exists()
    assert "This field is required" in admin_client.post(ADD, form | {"name": ""}).content.decode()


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("arxiv", "cs.ZZ", "arXiv has no category cs.ZZ."),
        ("feed", "http://127.0.0.1:8799/nope", "is in a private network (127.0.0.1)"),
        ("feed", "http://localhost/feed", "is in a private network (127.0.0.1)"),
        ("feed", "http://[fd00::1]/feed", "is in a private network (fd00::1)"),
    ],
)
def test_it_saves_no_source_that_can_not_work(
    admin_client: Client, settings: Any, kind: str, key: str, said: str
) -> None:
    settings.FETCH_PRIVATE_HOSTS = False
    form = {"kind": kind, "key": key, "name": "Lab", "is_active": "on", "_save": "Save"}
    assert said in admin_client.post(ADD, form).content.decode()
    assert not Source.objects.filter(key=key).exists()


def test_it_saves_private_feeds_where_they_may_be_read(admin_client: Client, feed_address: str) -> None:
    admin_client.post(ADD, {"kind": "feed", "key": feed_address, "name": "Lab", "_save": "Save"})
    assert Source.objects.filter(key=feed_address).exists()


def test_what_is_saved_and_can_not_work_can_be_switched_off(admin_client: Client, db: None) -> None:
    Source.objects.all().delete()
    source = Source.objects.create(kind="arxiv", key="cs.ZZ", name="Typo")
    row = untouched(admin_client.get(LIST))
    del row["form-0-is_active"]
    assert admin_client.post(LIST, row | {"_save": "Save"}).status_code == 302
    source.refresh_from_db()
    assert not source.is_active
    form = untouched(admin_client.get(f"{LIST}{source.pk}/change/"))
    assert admin_client.post(f"{LIST}{source.pk}/change/", form | {"name": "Renamed"}).status_code == 302


def test_it_lets_nobody_try_who_may_not_save(client: Client, hugging_face: Source, feed_address: str) -> None:
    staff(client, "view_source")
    change = f"{LIST}{hugging_face.pk}/change/"
    assert 'name="_try"' not in client.get(change).content.decode()
    for address in (ADD, change):
        assert client.post(address, {"kind": "feed", "key": feed_address, "_try": ""}).status_code == 403


# --- Import ---------------------------------------------------------------------


def opml(*addresses: str) -> str:
    lines = (f"<outline type='rss' text='Feed {n} &lt;b>' xmlUrl='{a}'/>" for n, a in enumerate(addresses))
    return f"<opml version='2.0'><body>{''.join(lines)}</body></opml>"


def shown(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found
    return found[1]


def give(client: Client, text: str) -> str:
    return client.post(IMPORT, {"text": text}).content.decode()


def test_it_offers_the_import_on_the_list(admin_client: Client, db: None) -> None:
    assert IMPORT in admin_client.get(LIST).content.decode()
    assert "OPML file" in admin_client.get(IMPORT).content.decode()


def test_it_shows_what_a_list_holds_before_it_adds_anything(admin_client: Client, db: None) -> None:
    Source.objects.create(kind="feed", key=FEED, name="Lab")
    page = give(admin_client, opml(FEED, "https://a.example.org/feed", "ftp://b.example.org/"))
    assert "<strong>1 new</strong>, 1 already added, 1 refused" in page
    assert "Feed 1 &lt;b&gt;" in page
    assert "Write the feed" in page
    assert Source.objects.filter(kind="feed").count() == 1


@pytest.mark.parametrize(("ticked", "is_active"), [({}, False), ({"is_active": "on"}, True)])
def test_it_adds_the_new_ones_on_confirmation(
    admin_client: Client, db: None, ticked: dict[str, str], is_active: bool
) -> None:
    file = SimpleUploadedFile("feeds.opml", opml(FEED, FEED).encode())
    page = admin_client.post(IMPORT, {"file": file}).content.decode()
    form = {"shown": shown(page), "add": ""} | ticked
    response = admin_client.post(IMPORT, form, follow=True)
    assert "1 feed added." in response.content.decode()
    added = Source.objects.get(kind="feed")
    assert (added.key, added.name, added.is_active) == (FEED, "Feed 0 <b>", is_active)
    assert LogEntry.objects.get().object_id == str(added.pk)
    assert "0 feeds added." in admin_client.post(IMPORT, form, follow=True).content.decode()


def test_it_checks_which_answer_when_asked_to(admin_client: Client, feed_address: str) -> None:
    page = give(admin_client, opml(feed_address, f"{feed_address}/dead"))
    page = admin_client.post(IMPORT, {"shown": shown(page), "check": ""}).content.decode()
    assert "<strong>1 can be added</strong>, 1 can’t be read now" in page
    assert "answered 404" in page
    admin_client.post(IMPORT, {"shown": shown(page), "add": ""})
    assert Source.objects.get(kind="feed").key == feed_address


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "Give either a file or text."),
        ({"text": "<html/>"}, "This is no OPML: it begins with &lt;html&gt;"),
        ({"text": opml(FEED), "file": SimpleUploadedFile("a.opml", b"<opml/>")}, "Give either"),
        ({"file": SimpleUploadedFile("a.opml", b" " * 1_000_001)}, "larger than 1 MB"),
        ({"text": opml(FEED) + "é" * 500_000}, "larger than 1 MB"),
        ({"file": SimpleUploadedFile("a.opml", b"")}, "The submitted file is empty."),
    ],
)
def test_it_says_what_is_wrong_with_a_list(admin_client: Client, db: None, form: dict[str, Any], message: str) -> None:
    page = admin_client.post(IMPORT, form).content.decode()
    assert message in page
    assert 'name="shown"' not in page


@pytest.mark.parametrize("forged", ["", "x", "x:y:z"])
def test_it_adds_only_what_it_has_shown(admin_client: Client, db: None, forged: str) -> None:
    response = admin_client.post(IMPORT, {"shown": forged, "add": ""}, follow=True)
    assert "Upload the file again." in response.content.decode()
    assert not Source.objects.filter(kind="feed").exists()


def test_it_imports_for_those_only_who_may_add(client: Client, db: None) -> None:
    assert "/login/" in client.get(IMPORT)["Location"]
    staff(client, "view_source", "change_source")
    assert IMPORT not in client.get(LIST).content.decode()
    assert client.get(IMPORT).status_code == 403
    assert client.post(IMPORT, {"text": opml(FEED)}).status_code == 403


def test_it_takes_no_form_of_another_site(admin_user: User, db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    for address in (IMPORT, ADD):
        assert client.post(address, {"text": opml(FEED), "_try": ""}).status_code == 403


# --- The list -------------------------------------------------------------------


def run(source: Source, status: str, ago: dt.timedelta = dt.timedelta(0), **said: Any) -> None:
    FetchRun.objects.create(source=source, day=TODAY, started_at=NOW - ago, status=status, **said)


def test_it_shows_which_sources_are_in_trouble_and_why(admin_client: Client, hugging_face: Source) -> None:
    for _ in range(3):
        run(hugging_face, "failed", message="not <b>JSON")
    page = admin_client.get(LIST).content.decode()
    assert "<strong>Failing:</strong> 3 runs in a row failed. not &lt;b&gt;JSON" in page
    Source.objects.update(is_active=False)
    assert "Failing:" not in admin_client.get(LIST).content.decode()


def test_it_lists_those_in_trouble_alone(admin_client: Client, hugging_face: Source) -> None:
    for _ in range(3):
        run(hugging_face, "failed")
    assert list(admin_client.get(LIST, {"state": "trouble"}).context["cl"].queryset) == [hugging_face]
    assert admin_client.get(LIST).context["cl"].queryset.count() == Source.objects.count() > 1


def test_it_shows_the_last_run_and_the_new_papers_of_a_week(admin_client: Client, hugging_face: Source) -> None:
    run(hugging_face, "ok", dt.timedelta(days=8), new=1000)
    run(hugging_face, "ok", dt.timedelta(days=6), new=40)
    run(hugging_face, "ok", dt.timedelta(hours=1), new=2, message="1 rejected.")
    page = admin_client.get(LIST, {"kind__exact": "huggingface"}).content.decode()
    assert '<td class="field-new_this_week">42</td>' in page
    assert '20 Aug 2026, 11:00 UTC</a>: <span class="pill is-good">papers came in</span><p>1 rejected.</p>' in page


def test_its_last_run_is_the_one_of_the_day_that_was_on(admin_client: Client, hugging_face: Source) -> None:
    yesterday = TODAY - dt.timedelta(days=1)
    FetchRun.objects.create(source=hugging_face, day=yesterday, started_at=NOW, status="empty", message="A past day.")
    assert "A past day." in admin_client.get(LIST).content.decode()  # there is no other
    run(hugging_face, "unchanged", dt.timedelta(minutes=1))
    page = admin_client.get(LIST).content.decode()
    assert 'UTC</a>: <span class="pill">nothing changed since the last run</span></td>' in page
    assert "A past day." not in page


def test_a_run_that_failed_is_in_red(admin_client: Client, hugging_face: Source) -> None:
    run(hugging_face, "unreachable", message="no answer in time")
    page = admin_client.get(LIST).content.decode()
    assert '<span class="pill is-bad">can’t be reached</span><p>no answer in time</p>' in page


def test_it_asks_at_most_once_more_for_each_source_it_lists(admin_client: Client, db: None) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            admin_client.get(LIST)
        return len(captured)

    before = queries()
    for number in range(20):
        run(Source.objects.create(kind="feed", key=f"{FEED}?{number}", name="Lab"), "ok")
    assert queries() - before <= 20


# --- Fetch now ------------------------------------------------------------------


def fetch_now(client: Client, *sources: Source) -> str:
    """Return the page after the action ran for these sources."""
    chosen = {"action": "fetch_now", "_selected_action": [source.pk for source in sources]}
    return client.post(LIST, chosen, follow=True).content.decode()


def test_it_has_workers_fetch_now_and_says_where_it_will_stand(
    admin_client: Client, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.collect_source, "delay", rung.append)
    idle = Source.objects.create(kind="feed", key=FEED, name="Idle", is_active=False)
    page = fetch_now(admin_client, hugging_face, idle)
    assert rung == [hugging_face.pk]
    assert not FetchRun.objects.exists()
    assert 'Fetching now: Hugging Face Daily Papers. See the results in <a href="/admin/' in page
    assert "Inactive sources are skipped" in page


def test_it_says_so_where_no_worker_can_be_told(
    admin_client: Client, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pk: int) -> None:
        raise OperationalError("Connection refused")

    monkeypatch.setattr(tasks.collect_source, "delay", fail)
    assert "the broker can’t be reached" in fetch_now(admin_client, hugging_face)


def test_staff_who_may_only_view_a_source_see_no_key_in_its_address(client: Client, db: None) -> None:
    address = "https://ada:s3cr3t@example.org/feed?apikey=s3cr3t"
    feed = Source.objects.create(kind="feed", key=address, name="Feed")
    seen = Validator.objects.create(source=feed, address=address)
    staff(client, "view_source", "view_validator")
    pages = (
        "/admin/digest/source/",
        f"/admin/digest/source/{feed.pk}/change/",
        "/admin/digest/validator/",
        f"/admin/digest/validator/{seen.pk}/change/",
    )
    for path in pages:
        page = client.get(path).content.decode()
        assert "https://…@example.org/feed?apikey=…" in page
        assert "s3cr3t" not in page
    User.objects.get(username="clerk").user_permissions.add(Permission.objects.get(codename="change_source"))
    assert escape(address) in client.get(pages[1]).content.decode()


def test_the_message_of_a_trial_masks_the_key_of_the_address(admin_client: Client, settings: Any) -> None:
    settings.FETCH_PRIVATE_HOSTS = True
    page = try_it(admin_client, key="http://127.0.0.1:1/feed?apikey=s3cr3t")
    assert "http://127.0.0.1:1/feed?apikey=…: can&#x27;t be reached" in page


def test_the_list_of_runs_leaves_out_those_that_changed_nothing(admin_client: Client, hugging_face: Source) -> None:
    for status in ("ok", "unchanged"):
        FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=NOW, status=status)
    runs = "/admin/digest/fetchrun/"
    statuses = {
        query: [run.status for run in admin_client.get(runs + query).context["cl"].result_list]
        for query in ("", "?status=all", "?status=unchanged", "?status=nonsense")
    }
    assert statuses[""] == ["ok"]
    assert sorted(statuses["?status=all"]) == ["ok", "unchanged"]
    assert statuses["?status=unchanged"] == ["unchanged"]
    assert statuses["?status=nonsense"] == []
    assert "Status: <b>all but unchanged</b>" in admin_client.get(runs).content.decode()
