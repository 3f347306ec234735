"""Saving an admin page that was open while another user or a task changed the same rows."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from digest import papers
from digest.editions import publication
from digest.models import Edition, Paper, Source
from subscriptions.models import Brand, Topic
from tests.boxes import untouched
from tests.conftest import NOW, TODAY, make_record

pytestmark = pytest.mark.usefixtures("now")
TOMORROW = TODAY + dt.timedelta(days=1)


@pytest.fixture
def paper(hugging_face: Source) -> Paper:
    """A paper that waits for today's edition."""
    papers.ingest(hugging_face, [make_record("2608.00009", "Waitng", votes=5)], TODAY)
    return Paper.objects.get()


def page_of(row: Paper | Edition | Topic | Source | Brand) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def save(client: Client, row: Any, boxes: dict[str, list[str]], **typed: Any) -> None:
    """Post the page's form with some values changed."""
    answer = client.post(page_of(row), boxes | typed)
    assert answer.status_code == 302, answer.context["errors"]
    row.refresh_from_db()


def test_a_paper_stays_published(admin_client: Client, hugging_face: Source, paper: Paper) -> None:
    boxes = untouched(admin_client.get(page_of(paper)))
    papers.ingest(hugging_face, [make_record("2608.00009", "Waitng", votes=99, doi="10.1234/5")], TODAY)
    edition = publication.publish(TODAY, now=NOW).edition
    papers.ingest(hugging_face, [make_record("2608.00009", "Waitng", summary="It waits.", day=TOMORROW)], TOMORROW)
    save(admin_client, paper, boxes, title="Waiting")
    assert (paper.title, paper.edition, paper.edition_votes, paper.votes) == ("Waiting", edition, 99, 99)
    assert (paper.doi, paper.summary) == ("10.1234/5", "It waits.")
    assert (
        publication.publish(TOMORROW, now=NOW + dt.timedelta(days=1)).edition is None
    )  # or readers would get it twice


def test_a_paper_that_waits_may_be_put_into_an_edition_and_one_that_is_in_stays(
    admin_client: Client, edition: Edition, hugging_face: Source
) -> None:
    papers.ingest(hugging_face, [make_record("2608.00009", "Waiting", day=TOMORROW)], TOMORROW)
    paper = Paper.objects.get(edition=None)
    boxes = untouched(admin_client.get(page_of(paper)))
    save(admin_client, paper, boxes, edition=str(edition.pk))
    assert paper.edition == edition
    assert 'name="edition"' not in admin_client.get(page_of(paper)).content.decode()
    save(admin_client, paper, boxes, edition="")
    other = publication.publish(TOMORROW, now=NOW + dt.timedelta(days=1), mail=False).edition
    assert other is None
    assert paper.edition == edition


def test_nobody_types_what_sources_say(admin_client: Client, paper: Paper) -> None:
    boxes = untouched(admin_client.get(page_of(paper)))
    save(admin_client, paper, boxes, key="arxiv:1", votes="7", edition_votes="7", doi="10.1/1", authors="Ada\r\nBob")
    assert (paper.key, paper.votes, paper.edition_votes, paper.doi) == ("arxiv:2608.00009", 5, 0, "")
    assert paper.authors == ["Ada", "Bob"]


def test_an_edition_is_mailed_though_its_page_was_open(admin_client: Client, paper: Paper) -> None:
    edition = publication.publish(TODAY, now=NOW, mail=False).edition  # before its hour: it stays open
    assert edition
    assert not edition.closed_at
    boxes = untouched(admin_client.get(page_of(edition)))
    assert not [name for name in boxes if "send_after" in name]
    publication.publish(TODAY, now=NOW)
    for stale in ({}, {"send_after_0": "", "send_after_1": ""}):
        save(admin_client, edition, boxes, note_before="Good morning", **stale)
        assert (edition.note_before, edition.send_after, edition.closed_at) == ("Good morning", NOW, NOW)


def test_a_closed_edition_can_be_taken_out_of_the_mail(admin_client: Client, edition: Edition) -> None:
    boxes = untouched(admin_client.get(page_of(edition)))
    assert edition.send_after == NOW
    save(admin_client, edition, boxes, send_after_0="", send_after_1="")
    assert edition.send_after is None


def test_two_editors_pin_and_hide_on_one_page(admin_client: Client, edition: Edition) -> None:
    first, second, _ = edition.papers.order_by("-votes")
    boxes = untouched(admin_client.get(page_of(edition)))
    save(admin_client, edition, boxes | {"papers-0-is_pinned": ["on"]})
    save(admin_client, edition, boxes | {"papers-1-is_hidden": ["on"]}, note_after="Until tomorrow")
    assert Paper.objects.get(is_pinned=True) == first
    assert Paper.objects.get(is_hidden=True) == second
    boxes = untouched(admin_client.get(page_of(edition)))
    save(admin_client, edition, {name: said for name, said in boxes.items() if name != "papers-0-is_pinned"})
    assert not Paper.objects.filter(is_pinned=True).exists()
    assert Paper.objects.get(is_hidden=True) == second


@pytest.mark.parametrize(
    ("model", "name"),
    [(Paper, "title"), (Edition, "note_before"), (Topic, "group"), (Source, "name"), (Brand, "footer")],
)
def test_a_page_that_nobody_typed_into_changes_nothing(
    admin_client: Client, edition: Edition, learning: Topic, vision: Topic, model: Any, name: str
) -> None:
    Brand.objects.create(name="Learning Papers")
    Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["vision", "learning"])
    for row in model.objects.all():
        boxes = untouched(admin_client.get(page_of(row)))
        model.objects.filter(pk=row.pk).update(**{name: "Another's"})
        meanwhile = list(model.objects.values())
        save(admin_client, row, boxes)
        assert list(model.objects.values()) == meanwhile
    assert {entry.get_change_message() for entry in LogEntry.objects.all()} == {"No fields changed."}


NO_KEYS = ["nonsense", "1e3", "\ufffe", "9,x", "\x00", "9" * 19]


@pytest.mark.parametrize("given", NO_KEYS)
def test_a_page_to_add_opens_whatever_its_address_fills_in(admin_client: Client, given: str) -> None:
    for model, field in (("digest_paper", "edition"), ("subscriptions_topic", "stands_for")):
        assert admin_client.get(reverse(f"admin:{model}_add"), {field: given}).status_code == 200


@pytest.mark.parametrize("given", NO_KEYS)
def test_a_key_that_no_row_can_have_is_an_error_of_the_form(admin_client: Client, alice: Any, given: str) -> None:
    row = alice.filters.first()
    page = reverse("admin:subscriptions_topicfilter_change", args=[row.pk])
    answer = admin_client.post(page, untouched(admin_client.get(page)) | {"topic": given, "subscriber": given})
    assert answer.status_code == 200
    assert answer.context["errors"]


@pytest.mark.parametrize("given", NO_KEYS)
def test_a_preview_for_a_row_that_no_table_can_have_is_refused(admin_client: Client, given: str) -> None:
    page = reverse("admin:subscriptions_brand_add")
    boxes = untouched(admin_client.get(page))
    answer = admin_client.post(page, boxes | {"test-reader": given, "test-topics": [given], "_preview": "1"})
    assert answer.status_code in (200, 400)


@pytest.mark.both_databases  # PostgreSQL refuses null characters
@pytest.mark.parametrize("given", NO_KEYS)
def test_a_row_that_cannot_exist_is_not_found(admin_client: Client, given: str) -> None:
    for model in ("digest_paper", "subscriptions_logo", "subscriptions_mark"):
        for page in ("change", "delete", "history"):
            address = reverse(f"admin:{model}_{page}", args=[given])
            assert admin_client.get(address).status_code in (302, 403, 404), address


@pytest.mark.both_databases  # PostgreSQL refuses null characters
def test_a_null_character_in_a_topic_is_an_error_of_the_form(admin_client: Client, vision: Topic) -> None:
    boxes = untouched(admin_client.get(page_of(vision)))
    page = admin_client.post(page_of(vision), boxes | {"group_new": "a\0b", "narrower": ["\0"]})
    assert page.status_code == 200
    assert set(page.context["adminform"].form.errors) == {"group", "narrower"}


@pytest.mark.parametrize("given", ["nonsense", "1e3", "\x00", "1\x00"])
def test_a_selected_row_that_cannot_exist_is_a_bad_request(
    admin_client: Client, client: Client, vision: Topic, given: str
) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(vision.pk), given], "post": "yes"}
    topics = reverse("admin:subscriptions_topic_changelist")
    assert admin_client.post(topics, chosen).status_code == 400
    admin_client.logout()
    assert client.post(topics, chosen).status_code == 302  # to the login page
    assert Topic.objects.filter(pk=vision.pk).exists()


def test_a_year_that_is_too_large_is_a_bad_request(admin_client: Client) -> None:
    days = reverse("admin:digest_quietday_changelist")
    assert admin_client.get(days, {"day__year": "9" * 20}).status_code == 400
    assert admin_client.get(days, {"day__year": "2026"}).status_code == 200


@pytest.mark.both_databases  # PostgreSQL compares with a number of any size and finds no topic
def test_a_topic_key_that_is_too_large_is_no_server_error_in_a_preview(admin_client: Client) -> None:
    typed = {"name": "", "_preview": "Preview", "test-topics": "-9223372036854775809"}  # no name, which is an error too
    assert admin_client.post(reverse("admin:subscriptions_brand_add"), typed).status_code in {200, 400}


@pytest.mark.parametrize("minute", ["--", "-5", "61", "*/0"])
def test_a_schedule_with_an_invalid_minute_is_shown_again(admin_client: Client, minute: str) -> None:
    typed = dict.fromkeys(["hour", "day_of_month", "month_of_year", "day_of_week"], "*")
    none = {"periodictask_set-TOTAL_FORMS": "0", "periodictask_set-INITIAL_FORMS": "0"}
    address = reverse("admin:django_celery_beat_crontabschedule_add")
    answer = admin_client.post(address, typed | none | {"minute": minute, "timezone": "UTC"})
    assert answer.status_code == 200
    assert "This is not in crontab’s form" in answer.content.decode()
    answer = admin_client.post(address, typed | none | {"minute": "*/5", "timezone": "UTC"})
    assert answer.status_code == 302


@pytest.mark.both_databases  # each has its own errors
@pytest.mark.parametrize(
    ("model", "condition"),
    [
        ("digest_delivery", "reason__regex=("),
        ("digest_delivery", "reason__range=1"),
        ("digest_delivery", "status__in=\0"),
        ("digest_delivery", "pk__range=1,2,3"),
        ("digest_delivery", "edition__day__regex=("),
        ("digest_job", "report__a=\0"),
        ("digest_webhookmessage", "made_at__year=-1"),
        ("subscriptions_logo", "image__lte=x"),
        ("subscriptions_topic", "categories__contained_by=1"),
        ("subscriptions_topic", "_to_field=filters"),
        ("subscriptions_topic", "_to_field=nothing"),
    ],
)
def test_a_condition_that_no_page_makes_is_a_bad_request(admin_client: Client, model: str, condition: str) -> None:
    name, _, value = condition.partition("=")
    assert admin_client.get(reverse(f"admin:{model}_changelist"), {name: value}).status_code == 400


def test_a_list_still_takes_the_conditions_that_pages_make(admin_client: Client, vision: Topic) -> None:
    conditions: dict[str, dict[str, Any]] = {
        "digest_delivery": {
            "edition__id__exact": "1",
            "status__in": "sent,failed",
            "queued_at__gte": "2026-08-20 00:00+00:00",
            "o": "1",
        },
        "digest_quietday": {"day__year": "2026", "day__month": "8", "q": "a\0b"},
        "digest_assessment": {"fits__isnull": "True"},
        "subscriptions_subscriber": {"filters__topic__id__exact": vision.pk, "_popup": "1", "_to_field": "id"},
    }
    for model, query in conditions.items():
        page = admin_client.get(reverse(f"admin:{model}_changelist"), query)
        assert page.status_code == 200, model
        assert set(query) <= set(page.context["cl"].params) | {"q"}


def test_a_box_for_another_tables_reference_offers_no_rows(admin_client: Client, vision: Topic) -> None:
    box = {"app_label": "subscriptions", "model_name": "topic", "term": ""}
    page = reverse("admin:autocomplete")
    assert admin_client.get(page, box | {"field_name": "filters"}).status_code == 403
    own = {"app_label": "subscriptions", "model_name": "topicfilter", "term": "", "field_name": "topic"}
    assert vision.name in admin_client.get(page, own).content.decode()


def test_a_time_zone_with_an_endless_name_is_refused(rf: RequestFactory, admin_user: User) -> None:
    """Python opens a file of that name. The form of crontabs asks for it."""

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(ZoneInfo("é" * 300)))

    request = rf.get("/admin/")
    request.user = admin_user
    with pytest.raises(BadRequest, match="A name is too long"):
        admin.site.admin_view(page)(request)
