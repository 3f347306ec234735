"""The admin's first page."""

import pytest
from django.test import Client

from digest import planning
from digest.models import Delivery, Edition, FetchRun, Paper, Source
from digest.operating.overview import overview
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.usefixtures("now")


def test_it_sums_up_what_came_in_went_out_and_failed(edition: Edition, alice: Subscriber, hugging_face: Source) -> None:
    planning.plan_everyone(edition, now=NOW)
    Delivery.objects.update(status="failed", reason="550 no such user")
    for status in ("ok", "unreachable"):
        FetchRun.objects.create(
            source=hugging_face, day=TODAY, started_at=NOW, status=status, message="can't be reached"
        )
    found = overview(now=NOW)
    assert (found.edition, found.papers, found.digests) == (edition, 3, {"failed": 1})
    assert found.troubles == [("550 no such user", 1)]
    assert found.readers == {"active": 1}
    assert [run.status for run in found.runs] == ["unreachable"]
    assert found.in_trouble == []


def test_it_stands_on_the_first_page_also_of_an_empty_site(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "No edition was published yet." in page
    assert "Nothing was fetched yet." in page


def test_it_names_troubles_on_the_first_page(admin_client: Client, hugging_face: Source, edition: Edition) -> None:
    FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=NOW, status="failed", message="not <b>JSON")
    page = admin_client.get("/admin/").content.decode()
    assert "not &lt;b&gt;JSON" in page
    assert "3 papers" in page


def test_it_lets_an_admin_delete_a_source_with_its_log(admin_client: Client, edition: Edition) -> None:
    source = Source.objects.get(listings__paper__title="Faster Diffusion")
    answer = admin_client.post(f"/admin/digest/source/{source.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Source.objects.filter(pk=source.pk).exists()


def test_it_lets_nobody_delete_a_paper_that_would_come_again(admin_client: Client, edition: Edition) -> None:
    paper = Paper.objects.all()[0]
    assert admin_client.post(f"/admin/digest/paper/{paper.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Paper.objects.filter(pk=paper.pk).exists()
