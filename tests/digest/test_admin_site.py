"""The admin's first page, its groups, and the order of rows."""

import datetime as dt
import html
import itertools
import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from digest import papers
from digest.admin.papers import DayOfTheEdition, PaperAdmin
from digest.admin_navigation import GROUPS, LAST, TABS
from digest.delivery import planner, shard_worker
from digest.email import reader_urls
from digest.models import Delivery, DeliveryEvent, Edition, FetchRun, Incident, Paper, Source
from digest.ops import trend_charts
from digest.ops.health import doctor, incidents
from digest.ops.health.doctor import PartResult, State
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY, make_record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def groups(client: Client, path: str = "/admin/") -> dict[str, list[str]]:
    shown: list[dict[str, Any]] = client.get(path).context["available_apps"]
    return {group["name"]: [model["object_name"] for model in group["models"]] for group in shown}


def test_it_groups_the_models_that_people_use_and_puts_the_rest_last(admin_client: Client) -> None:
    found = groups(admin_client)
    assert list(found) == [*GROUPS, LAST]
    assert found["Readers"][0] == "Subscriber"
    assert found["Sending"][0] == "Delivery"
    assert {"Shard", "Turn", "Validator", "Vector", "Mark", "Allowance", "PaperAlias"} <= set(found[LAST])
    tabs = [name for names in TABS.values() for name in names]
    assert sorted([*tabs, *itertools.chain(*found.values())]) == sorted(
        str(model._meta.object_name) for model in admin.site._registry
    )


def test_each_model_of_a_group_and_each_tab_exists() -> None:
    known = {model._meta.object_name for model in apps.get_models()}
    assert {*itertools.chain(*GROUPS.values(), *TABS.values())} <= known


def tabs(client: Client, path: str) -> list[tuple[str, bool]]:
    page = client.get(path).content.decode()
    section = re.search(r'<nav class="tabs".*?</nav>', page, re.DOTALL)
    links = re.findall(r"<a [^>]*?( aria-current=\"page\")?>(.*?)</a>", section[0]) if section else []
    return [(name, bool(current)) for current, name in links]


def test_lists_that_belong_together_are_tabs(admin_client: Client) -> None:
    assert tabs(admin_client, "/admin/digest/source/") == [("Sources", True), ("Fetch runs", False)]
    assert tabs(admin_client, "/admin/digest/fetchrun/") == [("Sources", False), ("Fetch runs", True)]
    assert tabs(admin_client, "/admin/doctor/") == [("Incidents", False), ("Health check", True), ("Heartbeats", False)]
    assert tabs(admin_client, "/admin/digest/paper/") == []


def test_a_tab_without_its_first_list_is_in_the_navigation(client: Client) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="view_fetchrun"))
    client.force_login(editor)
    assert groups(client) == {"Papers": ["FetchRun"]}
    assert tabs(client, "/admin/digest/fetchrun/") == []


@pytest.mark.parametrize(
    ("path", "name"), [("auth/user", "Staff accounts"), ("django_celery_beat/periodictask", "Scheduled tasks")]
)
def test_a_list_has_one_name_everywhere(admin_client: Client, path: str, name: str) -> None:
    page = admin_client.get(f"/admin/{path}/").content.decode()
    assert f"<h1>{name}</h1>" in page
    assert f"&rsaquo; {name}" in page
    assert f"<title>{name} | " in page


def test_the_health_check_is_in_both_menus_and_tabs_in_neither(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    menu, sidebar = page.split('id="nav-sidebar"')
    assert "Health check" in menu
    assert "Heartbeats" not in menu
    assert re.search(r'<tr><th scope="row"><a href="/admin/doctor/">Health check', sidebar)
    assert re.search(r'<tr class="tab-row"><th scope="row"><a href="[^"]*">Heartbeats', sidebar)


def test_the_navigation_has_no_links_that_add_rows(admin_client: Client) -> None:
    assert "addlink" not in admin_client.get("/admin/").content.decode()
    assert "addlink" in admin_client.get("/admin/digest/source/").content.decode()


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("digest/pause/add/", "Pause sending"),
        ("digest/apitoken/add/", "Create token"),
        ("digest/webhookendpoint/add/", "Add webhook"),
    ],
)
def test_a_form_with_one_button_names_what_it_does(admin_client: Client, path: str, label: str) -> None:
    page = admin_client.get(f"/admin/{path}").content.decode()
    row = re.search(r'<div class="submit-row">.*?</div>', page, re.DOTALL)
    assert row
    assert re.findall(r'value="([^"]*)"', row[0]) == [label]


def test_the_brand_is_opened_and_not_added(admin_client: Client) -> None:
    page = admin_client.get("/admin/subscriptions/brand/add/").content.decode()
    assert 'href="/admin/subscriptions/brand/add/"' not in page
    assert "&rsaquo; Brand\n" in page
    assert "&rsaquo; Add" not in page


def test_the_list_of_staff_accounts_counts_accounts(admin_client: Client) -> None:
    assert re.search(r"\s1 staff account\s", admin_client.get("/admin/auth/user/").content.decode())


def test_the_last_group_is_closed_until_something_in_it_is_looked_at(admin_client: Client) -> None:
    closed = re.compile(r'<details class="machinery">')
    assert closed.search(admin_client.get("/admin/digest/paper/").content.decode())
    page = admin_client.get("/admin/digest/shard/").content.decode()
    assert not closed.search(page)
    assert '<details class="machinery" open>' in page


def test_it_hides_groups_without_a_model_that_the_user_may_view(client: Client) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename="view_paper"))
    client.force_login(editor)
    assert groups(client) == {"Papers": ["Paper"]}


PARTS = {
    "view_fetchrun": ["Collected", "Problems this week"],
    "view_delivery": ["<h2>Sent</h2>", "Problems this week", "<strong>Digests</strong>"],
    "view_dailytotal": ["Deliverability, last 7 days"],
    "view_incident": ["No worker is running"],
    "view_edition": ["Papers in editions"],
    "view_subscriber": ["Joined and left"],
    "view_topic": [],
}


@pytest.mark.parametrize(("right", "parts"), PARTS.items())
def test_the_first_page_shows_each_part_to_staff_who_may_view_its_models(
    client: Client,
    edition: Edition,
    alice: Subscriber,
    hugging_face: Source,
    right: str,
    parts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trend_charts, "MIN_STEPS", 0)  # draw every chart
    FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=NOW, status="failed", message="not JSON")
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="failed", reason="no such mailbox")
    incidents.begin("workers", "No worker is running", "Start one.", now=NOW)
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.add(Permission.objects.get(codename=right))
    client.force_login(editor)
    page = client.get("/admin/").content.decode()
    every = dict.fromkeys(part for parts in PARTS.values() for part in parts)
    assert [part for part in every if part in page] == [part for part in every if part in parts]
    assert ("not JSON" in page) is (right == "view_fetchrun")
    assert ("no such mailbox" in page) is (right == "view_delivery")
    assert "1 active" not in page  # how many readers there are


def test_the_first_page_counts_what_the_health_check_finds(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    doctor_page = admin_client.get("/admin/doctor/")
    failed, warnings = (doctor_page.context[name] for name in ("failed", "warnings"))
    assert failed + warnings > 0
    assert f"{failed} failed, {warnings} warning" in page if failed else f"{warnings} warning" in page
    assert "<strong>None.</strong>" not in page


def test_the_health_check_is_counted_again_when_its_page_was_opened(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin_client.get("/admin/")
    finding = PartResult("Disk", State.WARNING, "Little space is free.")
    monkeypatch.setattr(doctor, "examine", lambda **_: [finding] * 77)
    assert "77 warnings" not in admin_client.get("/admin/").content.decode()
    admin_client.get("/admin/doctor/")
    assert "77 warnings" in admin_client.get("/admin/").content.decode()


def test_the_first_page_says_none_if_all_is_well(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda **_: [PartResult("Disk", State.OK, "Enough is free.")])
    page = admin_client.get("/admin/").content.decode()
    assert "<strong>None.</strong>" in page
    assert "everything works" in page


def test_four_numbers_are_on_top_of_the_first_page(admin_client: Client, alice: Subscriber) -> None:
    page = admin_client.get("/admin/").content.decode()
    tiles = re.search(r'<dl class="tiles">(.*?)</dl>', page, re.DOTALL)
    assert tiles
    names = [html.unescape(re.sub(r"<[^>]+>", "", name)) for name in re.findall(r"<dt>(.*?)</dt>", tiles[1])]
    assert names == ["Subscribed readers", "Joined, last 14 days", "Left, last 14 days", "Digests sent today"]


def test_the_first_page_takes_few_queries(
    admin_client: Client, edition: Edition, alice: Subscriber, django_assert_max_num_queries: Any
) -> None:
    planner.plan_everyone(edition, now=NOW)
    admin_client.get("/admin/")
    with django_assert_max_num_queries(25):
        admin_client.get("/admin/?range=1y")


def test_lists_take_few_queries_however_many_rows(
    admin_client: Client, edition: Edition, alice: Subscriber, django_assert_max_num_queries: Any
) -> None:
    planner.plan_everyone(edition, now=NOW)
    for model in ("digest/edition", "digest/delivery", "subscriptions/subscriber", "subscriptions/topic"):
        with django_assert_max_num_queries(15):
            admin_client.get(f"/admin/{model}/")


def test_the_page_of_one_app_is_as_django_has_it(admin_client: Client) -> None:
    page = admin_client.get("/admin/subscriptions/")
    assert [app["app_label"] for app in page.context["app_list"]] == ["subscriptions"]


def test_papers_are_in_order_of_date_and_votes(admin_client: Client, edition: Edition, hugging_face: Source) -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.00009", "Late and unknown", day=tomorrow)], tomorrow)
    titles = [paper.title for paper in admin_client.get("/admin/digest/paper/").context["cl"].result_list]
    assert titles == [
        "Late and unknown",
        "Reinforcement Learning at Scale",
        "Faster Diffusion",
        "A Survey of Diffusion and Reinforcement Learning",
    ]


def test_the_list_of_papers_reads_only_the_rows_of_a_page(
    admin_client: Client, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PaperAdmin, "list_per_page", 2)
    with CaptureQueriesContext(connection) as asked:
        pages = [admin_client.get("/admin/digest/paper/", {"p": page}).context["cl"].result_list for page in ("1", "2")]
    assert [[paper.votes for paper in page] for page in pages] == [[30, 20], [10]]
    on_papers = [query["sql"] for query in asked if 'FROM "digest_paper"' in query["sql"]]
    assert len(on_papers) == 2 * 3  # how many, which of them, and what these say
    rows = [sql for sql in on_papers if "abstract" in sql]
    assert ['"digest_paper"."id" IN (' in sql for sql in rows] == [True, True]


def test_papers_are_found_by_the_day_of_their_edition(admin_client: Client, edition: Edition) -> None:
    Edition.objects.create(day=dt.date(2025, 12, 31), published_at=NOW)
    Edition.objects.create(day=dt.date(2026, 7, 31), published_at=NOW)
    for of, spans, number in (
        ("", ["2026", "2025"], 3),
        ("2025", ["2026", "2025", "2025-12"], 0),
        ("2026", ["2026", "2026-08", "2026-07", "2025"], 3),
        ("2026-07", ["2026", "2026-08", "2026-07", "2026-07-31", "2025"], 0),
        ("2026-08-20", ["2026", "2026-08", "2026-08-20", "2026-07", "2025"], 3),
        ("2024", ["2026", "2025"], 3),
        ("nonsense", ["2026", "2025"], 3),
    ):
        shown = admin_client.get("/admin/digest/paper/", {"of": of} if of else {}).context["cl"]
        (by_day,) = [each for each in shown.filter_specs if isinstance(each, DayOfTheEdition)]
        assert [span for span, _ in by_day.lookup_choices] == spans
        assert len(shown.result_list) == number


def test_days_and_times_are_written_one_way(admin_client: Client, edition: Edition) -> None:
    page = admin_client.get(f"/admin/digest/edition/{edition.pk}/change/").content.decode()
    assert "20 Aug 2026, 12:00" in page
    assert "Aug. 20" not in page


def test_a_run_shows_why_it_failed_under_its_outcome(admin_client: Client, hugging_face: Source) -> None:
    said = {"source": hugging_face, "day": TODAY, "started_at": NOW, "new": 2, "rejected": 1}
    FetchRun.objects.create(status="failed", message="not <b>JSON" + "x" * 400, **said)
    page = admin_client.get("/admin/digest/fetchrun/").content.decode()
    assert '<span class="pill is-bad">failed</span><p>not &lt;b&gt;JSON' in page
    assert "x" * 300 not in page
    assert "2\N{NO-BREAK SPACE}new, 1\N{NO-BREAK SPACE}rejected" in page


def test_a_delivery_shows_a_reason_only_if_it_has_one(
    admin_client: Client, edition: Edition, alice: Subscriber
) -> None:
    delivery = Delivery.objects.create(edition=edition, subscriber=alice, queued_at=NOW, not_before=NOW)
    page = f"/admin/digest/delivery/{delivery.pk}/change/"
    assert "field-reason" not in admin_client.get(page).content.decode()
    Delivery.objects.update(reason="The mailbox is full.")
    assert "The mailbox is full." in admin_client.get(page).content.decode()


def test_a_delivery_shows_its_papers_and_their_web_copy(
    admin_client: Client, edition: Edition, alice: Subscriber
) -> None:
    planner.plan_everyone(edition, now=NOW)
    shard_worker.send_due(edition=edition)
    delivery = Delivery.objects.get()
    page = admin_client.get(f"/admin/digest/delivery/{delivery.pk}/change/").content.decode()
    assert "at Scale</a><p>About <b>Reinforcement Learning</b> at Scale.</p><ul>" in page
    learning = r"<li><b>Learning:</b> “Reinforcement[^<]* in the title.</li>"
    assert re.search(rf"<ul>{learning}<li><b>Your words:</b> [^<]*</li></ul></li>", page)
    assert "for_you" not in page
    assert f'href="{reader_urls.digest_url(alice, edition.pk)}"' in page
    Delivery.objects.update(papers={})
    page = admin_client.get(f"/admin/digest/delivery/{delivery.pk}/change/").content.decode()
    assert "None, or already deleted." in page


def test_a_paper_keeps_its_authors_when_it_is_saved(admin_client: Client, edition: Edition) -> None:
    paper = edition.papers.all()[0]
    address = f"/admin/digest/paper/{paper.pk}/change/"
    form = admin_client.get(address).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert shown["authors"] == "Ada Lovelace\nAlan Turing"
    none = {"listings-TOTAL_FORMS": "0", "listings-INITIAL_FORMS": "0"}
    answer = admin_client.post(address, {name: value for name, value in shown.items() if value is not False} | none)
    assert answer.status_code == 302
    paper.refresh_from_db()
    assert paper.authors == ["Ada Lovelace", "Alan Turing"]


def test_a_paper_links_to_its_page_unless_it_is_hidden(admin_client: Client, edition: Edition) -> None:
    paper = edition.papers.all()[0]
    address, link = f"/admin/digest/paper/{paper.pk}/change/", f'href="/papers/{paper.key}/" class="viewsitelink"'
    assert link in admin_client.get(address).content.decode()
    Paper.objects.filter(pk=paper.pk).update(is_hidden=True)
    assert "viewsitelink" not in admin_client.get(address).content.decode()


@pytest.mark.parametrize("model", [Delivery, DeliveryEvent, Subscriber, Paper])
def test_no_list_of_millions_reads_them_all_for_a_hierarchy_of_dates(model: Any) -> None:
    assert admin.site.get_model_admin(model).date_hierarchy is None


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("digest/paper/", "Today › Papers"),
        ("digest/paper/{pk}/change/", "Today › Papers › Reinforcement Learning at Scale"),
        ("digest/fetchrun/", "Today › Fetch runs"),
        ("digest/thumbnail/", "Today › Thumbnails"),
        ("digest/paper/{pk}/history/", "Today › Papers › Reinforcement Learning at Scale › History"),
        ("auth/user/add/", "Today › Staff accounts › Add"),
        ("subscriptions/topic/make/", "Today › Topics › Make a topic from example papers"),
    ],
)
def test_breadcrumbs_name_the_list_and_no_app(admin_client: Client, edition: Edition, path: str, way: str) -> None:
    paper = Paper.objects.get(title="Reinforcement Learning at Scale")
    page = admin_client.get(f"/admin/{path.format(pk=paper.pk)}").content.decode()
    found = re.search(r'<div class="breadcrumbs">(.*?)</div>', page, re.DOTALL)
    assert found
    text = html.unescape(re.sub(r"<[^>]+>", "", found[1]))
    assert " ".join(text.split()) == way


@pytest.fixture
def task() -> PeriodicTask:
    crontab = CrontabSchedule.objects.create(minute="*/5")
    about = "Publish the edition that is due. Its options are reset."
    return PeriodicTask.objects.create(
        name="digest.tasks.publish", task="digest.tasks.publish", crontab=crontab, description=about
    )


def test_scheduled_tasks_are_listed_by_what_they_do(admin_client: Client, task: PeriodicTask) -> None:
    PeriodicTask.objects.create(name="celery.backend_cleanup", task="celery.backend_cleanup", crontab=task.crontab)
    page = admin_client.get("/admin/django_celery_beat/periodictask/").content.decode()
    for text in (
        "Publish the edition that is due</a>",
        "Delete old results of tasks</a>",
        "Every 5 minutes",
        "not yet",
    ):
        assert text in page
    assert "digest.tasks.publish" not in re.sub(r"<[^>]+>", "", page)
    assert "periodictask/add/" not in page


def test_the_page_of_a_scheduled_task_has_its_path_among_the_details(admin_client: Client, task: PeriodicTask) -> None:
    page = admin_client.get(f"/admin/django_celery_beat/periodictask/{task.pk}/change/").content.decode()
    assert "<h1>Publish the edition that is due</h1>" in page
    first, details = page.split("Technical details")
    assert "Every 5 minutes" in first
    assert "digest.tasks.publish" not in re.sub(r"<[^>]+>", "", first)
    assert 'value="digest.tasks.publish"' in details


def test_an_incident_says_what_to_do_and_where(admin_client: Client) -> None:
    times = {"began_at": NOW, "seen_at": NOW}
    incident = Incident.objects.create(key="beat", heading="Beat stopped", text="Start it.", path="/admin/a/", **times)
    Incident.objects.create(key="disk", heading="The disk is full", ended_at=NOW, **times)
    page = admin_client.get(f"/admin/digest/incident/{incident.pk}/change/").content.decode()
    assert 'Start it. <a href="/admin/a/">Show more</a>' in page
    for status, heading, other in (("open", "Beat", "The disk"), ("ended", "The disk", "Beat")):
        page = admin_client.get(f"/admin/digest/incident/?status={status}").content.decode()
        assert f">{heading}" in page
        assert f">{other}" not in page
