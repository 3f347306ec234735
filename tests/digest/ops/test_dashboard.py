"""The admin's first page."""

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client

from digest import papers
from digest.delivery import planner
from digest.editions import publication
from digest.models import Delivery, Edition, FetchRun, Paper, Source
from digest.ops import dashboard
from digest.ops.dashboard import DeliveryProblem, make_dashboard
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY, make_reader, make_record

pytestmark = pytest.mark.usefixtures("now")


def run(source: Source, status: str, **said: Any) -> None:
    FetchRun.objects.create(source=source, **({"day": TODAY, "started_at": NOW} | said), status=status)


def test_it_summarizes_papers_digests_and_failures(edition: Edition, alice: Subscriber, hugging_face: Source) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="failed", reason="550 no such user")
    run(hugging_face, "ok", new=3)
    run(hugging_face, "unreachable")
    found = make_dashboard(now=NOW)
    assert (found.newest, found.papers, found.digests) == (edition, 3, {"failed": 1})
    assert found.today == {"failed": 1}
    assert found.problems == [DeliveryProblem("failed", "550 no such user", 1)]
    assert found.readers == {"active": 1}
    assert [(one.source, one.last.status, one.new) for one in found.intakes] == [(hugging_face, "unreachable", 3)]
    assert [run.status for run in found.failed_runs] == ["unreachable"]
    assert found.failing_sources == []


def test_it_counts_the_reasons_of_the_newest_troubled_deliveries_and_says_so(
    edition: Edition, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "grace", "alan"):
        make_reader(f"{name}@example.org")
    planner.plan_everyone(edition, now=NOW)
    ada, grace, alan = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk__in=[ada.pk, grace.pk]).update(status="failed", reason="550 no such user")
    Delivery.objects.filter(pk=alan.pk).update(reason="421 try later")
    found = make_dashboard(now=NOW)
    assert found.problems == [
        DeliveryProblem("failed", "550 no such user", 2),
        DeliveryProblem("queued", "421 try later", 1),
    ]
    assert "reasons are those of the newest" not in admin_client.get("/admin/").content.decode()
    monkeypatch.setattr(dashboard, "COUNTED", 1)
    assert [problem.number for problem in make_dashboard(now=NOW).problems] == [1, 1]
    assert "reasons are those of the newest 1." in admin_client.get("/admin/").content.decode()


def test_a_reason_leads_to_its_deliveries(edition: Edition, alice: Subscriber, admin_client: Client) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="failed", reason="550 <no> such user & more")
    page = admin_client.get("/admin/").content.decode()
    link = re.search(r'href="(/admin/digest/delivery/[?]status__exact=failed&amp;[^"]+)"', page)
    assert link
    shown = admin_client.get(html.unescape(link[1]))
    assert shown.context["cl"].result_count == 1


def test_it_counts_the_papers_of_all_runs_of_the_day(admin_client: Client, hugging_face: Source) -> None:
    papers.ingest(hugging_face, [make_record("2608.00001", "Faster Diffusion")], TODAY)
    run(hugging_face, "ok", started_at=NOW - dt.timedelta(days=1), new=50)
    run(hugging_face, "ok", new=110)
    run(hugging_face, "empty", day=TODAY - dt.timedelta(days=5))
    found = make_dashboard(now=NOW)
    assert (found.new_today, found.waiting, found.next_day) == (110, 1, TODAY)
    publication.publish(TODAY, now=NOW, mail=False)  # it stays open until its hour
    found = make_dashboard(now=NOW)
    assert (found.newest, found.waiting, found.next_day) == (None, 1, TODAY)
    shown = admin_client.get("/admin/digest/paper/?state=next").context["cl"].queryset
    assert [paper.title for paper in shown] == ["Faster Diffusion"]
    publication.publish(TODAY, now=NOW)
    found = make_dashboard(now=NOW)
    assert (found.waiting, found.next_day) == (0, TODAY + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("status", "minutes", "said"),
    [
        ("ok", 0, "0 new, read just now."),
        ("ok", 3, "0 new, read 3\N{NO-BREAK SPACE}minutes ago."),
        ("failed", 0, '0 new, <span class="bad">failed</span> just now.'),
        ("unreachable", 3, '0 new, <span class="bad">failed</span> 3\N{NO-BREAK SPACE}minutes ago.'),
    ],
)
def test_it_shows_how_long_ago_a_source_was_read_or_failed(
    admin_client: Client, hugging_face: Source, status: str, minutes: int, said: str
) -> None:
    run(hugging_face, status, started_at=NOW - dt.timedelta(minutes=minutes, seconds=20))
    run(hugging_face, "empty", day=TODAY - dt.timedelta(days=5))  # a past day, read beside it
    assert f"</a>: {said}</li>" in admin_client.get("/admin/").content.decode()


def test_it_shows_a_failing_source_once_among_the_failures(admin_client: Client, hugging_face: Source) -> None:
    for _ in range(3):
        run(hugging_face, "failed", message="not <b>JSON")
    found = make_dashboard(now=NOW)
    assert ([failing.source for failing in found.failing_sources], found.failed_runs) == ([hugging_face], [])
    page = admin_client.get("/admin/").content.decode()
    assert page.count("not &lt;b&gt;JSON") == 1
    assert "<p>None.</p>" not in page


def test_it_shows_no_rates_without_reports(
    admin_client: Client, edition: Edition, alice: Subscriber, settings: Any
) -> None:
    planner.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="sent", sent_at=NOW, queued_at=NOW - dt.timedelta(hours=1))
    page = admin_client.get("/admin/").content.decode()
    assert "No reports about it: there were no problems, or the provider’s webhook isn’t set up." in page
    assert "0.0 %" not in page
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    page = admin_client.get("/admin/").content.decode()
    assert "<strong>1</strong> written to the outbox. On this site emails are only files" in page


def test_it_is_on_the_first_page_of_an_empty_site_too(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "No edition has been published yet." in page
    assert "Nothing has been fetched yet." in page


def test_it_shows_failures_on_the_first_page(admin_client: Client, hugging_face: Source, edition: Edition) -> None:
    run(hugging_face, "failed", message="not <b>JSON")
    page = admin_client.get("/admin/").content.decode()
    assert "not &lt;b&gt;JSON" in page
    assert "3 papers" in page


def test_it_lets_an_admin_delete_a_source_with_its_log(admin_client: Client, edition: Edition) -> None:
    source = Source.objects.get(listings__paper__title="Faster Diffusion")
    answer = admin_client.post(f"/admin/digest/source/{source.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Source.objects.filter(pk=source.pk).exists()


def test_no_admin_can_delete_a_paper_that_would_come_again(admin_client: Client, edition: Edition) -> None:
    paper = Paper.objects.all()[0]
    assert admin_client.post(f"/admin/digest/paper/{paper.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Paper.objects.filter(pk=paper.pk).exists()
