"""The audit log says who looked at a reader's data, and holds none of it."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def entries() -> list[tuple[str, str]]:
    return list(LogEntry.objects.order_by("pk").values_list("object_repr", "change_message"))


def test_opening_a_readers_page_is_logged(admin_client: Client, alice: Subscriber) -> None:
    for page in ("change", "today"):
        assert admin_client.get(f"/admin/subscriptions/subscriber/{alice.pk}/{page}/").status_code == 200
    assert entries() == [(f"reader {alice.uid}", "Opened the page.")] * 2


def test_opening_a_page_about_a_reader_is_logged(admin_client: Client, alice: Subscriber, edition: Edition) -> None:
    delivery = Delivery.objects.create(edition=edition, subscriber=alice, queued_at=NOW, not_before=NOW)
    admin_client.get(f"/admin/digest/delivery/{delivery.pk}/change/")
    assert entries() == [(f"reader {alice.uid}", "Opened the page of the delivery.")]


@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("subscriptions/subscriber", "all readers"),
        ("subscriptions/consent", "all consents"),
        ("subscriptions/suppression", "all suppressed addresses"),
        ("digest/delivery", "all deliveries"),
    ],
)
def test_a_search_for_an_address_is_logged_without_it(
    admin_client: Client, alice: Subscriber, page: str, target: str
) -> None:
    admin_client.get(f"/admin/{page}/", {"q": "alice@example.org"})
    admin_client.get(f"/admin/{page}/", {"q": "diffusion"})
    assert entries() == [(target, "Searched for an address.")]


def test_an_erasure_is_logged_with_who_did_it(admin_client: Client, admin_user: Any, alice: Subscriber) -> None:
    uid = alice.uid
    admin_client.post(f"/admin/subscriptions/subscriber/{alice.pk}/delete/", {"post": "yes"})
    (entry,) = LogEntry.objects.all()
    assert (entry.object_repr, entry.user) == (f"reader {uid}", admin_user)
