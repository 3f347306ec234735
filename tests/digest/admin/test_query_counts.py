"""The number of queries that the pages of the admin take, whatever there is to show."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from digest.delivery import planner
from digest.models import Delivery, DeliveryEvent, Edition, FetchRun, Opinion, Source
from subscriptions.models import Suppression, Topic
from tests.conftest import NOW, TODAY, make_reader

MOST = 15

pytestmark = pytest.mark.usefixtures("now", "rows")


@pytest.fixture
def rows(edition: Edition, hugging_face: Source, learning: Topic, vision: Topic) -> None:
    """Several rows of what lists show, so that a query for each row is noticed."""
    for number in range(20):
        reader = make_reader(f"reader-{number}@example.org", topics=[learning, vision], words="diffusion")
        for paper in edition.papers.all():
            Opinion.objects.create(subscriber=reader, paper=paper, verdict="like", said_at=NOW)
        FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=NOW, status="ok", new=number)
        Suppression.objects.create(address_hash=f"{number:064}", reason="bounced")
    planner.plan_everyone(edition, now=NOW)
    for delivery in Delivery.objects.all():
        event = {"event_type": "bounced", "meaning": "hard", "happened_at": NOW}
        DeliveryEvent.objects.create(delivery=delivery, event_key=str(delivery.pk), **event)
    assert DeliveryEvent.objects.count() == 20


def _addresses() -> Iterator[str]:
    """Yield the first page, the health check, each list, and the page of the first row of each model."""
    yield reverse("admin:index")
    yield reverse("admin:doctor")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        row: Any = model._default_manager.first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])


def test_the_page_of_a_reader_takes_as_many_queries_for_twenty_follows(admin_client: Client) -> None:
    reader = make_reader("ada@example.org", words="diffusion")
    for number in range(20):
        topic = Topic.objects.create(slug=f"topic-{number}", name=f"Topic {number}", group="Many", phrases=["many"])
        reader.filters.create(topic=topic)
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(reverse("admin:subscriptions_subscriber_change", args=[reader.pk]))
    assert len(queries) <= MOST
    assert page.content.decode().count("<option value=") > 20 * 20


def test_no_page_takes_more_than_fifteen_queries(admin_client: Client) -> None:
    for address in ("/admin/", "/admin/doctor/"):  # fill the caches of a process, and record its keys
        admin_client.get(address)
    too_many = {}
    for address in _addresses():
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(address).status_code in (200, 302), address
        if len(queries) > MOST:
            too_many[address] = len(queries)
    assert too_many == {}


def test_no_link_of_a_list_is_refused(admin_client: Client) -> None:
    refused = []
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        page = admin_client.get(address).content.decode()
        links = {address + html.unescape(link) for link in re.findall(r'href="(\?(?!o=|p=)[^"]+)"', page)}
        refused += [link for link in sorted(links) if admin_client.get(link).status_code != 200]
    assert refused == []
