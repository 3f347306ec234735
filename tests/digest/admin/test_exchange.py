"""Exports of readers, and imports of suppression lists, in the admin."""

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from digest.admin import exchange
from digest.models import Job
from digest.ops.jobs import import_jobs, runner
from subscriptions.models import ImportPart, Subscriber, Suppression
from subscriptions.readers import lifecycle

pytestmark = pytest.mark.django_db
READERS, SUPPRESSIONS = "/admin/subscriptions/subscriber/", "/admin/subscriptions/suppression/"


@pytest.fixture(autouse=True)
def _no_place_left() -> None:
    import_jobs._places.clear()


def export(client: Client, *readers: Subscriber) -> Any:
    return client.post(READERS, {"action": "export", "_selected_action": [reader.pk for reader in readers]})


def test_selected_readers_are_exported_and_logged(admin_client: Client, alice: Subscriber, bob: Subscriber) -> None:
    text = b"".join(export(admin_client, alice).streaming_content).decode()
    assert alice.email in text
    assert bob.email not in text
    logged = "Exported readers. 1 row. From the list of readers (no filter)."
    assert LogEntry.objects.filter(change_message=logged).exists()


def test_too_many_readers_for_a_request_are_refused(
    admin_client: Client, alice: Subscriber, bob: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_EXPORTED", 1)
    answer = export(admin_client, alice, bob)
    assert answer.status_code == 302
    assert "manage.py export_readers" in admin_client.get(READERS).text


def test_only_staff_with_the_permission_may_export(client: Client, alice: Subscriber) -> None:
    user = User.objects.create_user("vic", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_subscriber", "change_subscriber"]))
    client.force_login(user)
    assert "Export the selected" not in client.get(READERS).text
    assert not hasattr(export(client, alice), "streaming_content")
    assert client.get(f"{SUPPRESSIONS}export/").status_code == 403
    assert client.get(f"{SUPPRESSIONS}import/").status_code == 403


def test_a_list_is_suppressed_by_a_job_whose_report_names_no_address(admin_client: Client, alice: Subscriber) -> None:
    file = SimpleUploadedFile("bounces.csv", f"email,reason\n{alice.email},bounce\nnew@example.org,\nbad@,\n".encode())
    admin_client.post(f"{SUPPRESSIONS}import/", {"file": file, "reason": "complained"})
    runner.run_pending()
    job = Job.objects.get()
    assert (job.state, job.done) == ("done", 3)
    assert job.problems == ["Row 4 is not an address."]
    assert job.facts["addresses suppressed"] == 2
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"bounced", "complained"}
    alice.refresh_from_db()
    assert alice.status == "suppressed"
    assert not ImportPart.objects.exists()
    assert admin_client.get(f"/admin/subscriptions/readerimport/{job.arguments['import']}/change/").status_code == 200


def test_a_file_that_is_no_list_is_refused(admin_client: Client) -> None:
    file = SimpleUploadedFile("list.csv", b"name,city\nAda,Bonn\n")
    answer = admin_client.post(f"{SUPPRESSIONS}import/", {"file": file, "reason": "admin"})
    assert "has no column with an address" in answer.text
    assert not Job.objects.exists()


def test_a_list_that_unpacks_to_more_addresses_than_a_request_can_read_is_refused(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_ENTRIES", 2)
    file = SimpleUploadedFile("list.csv", b"email\na@example.org\nb@example.org\nc@example.org\n")
    answer = admin_client.post(f"{SUPPRESSIONS}import/", {"file": file, "reason": "admin"})
    assert "list.csv has more than 2 addresses. Use manage.py import_suppressions." in answer.text
    assert not Job.objects.exists()


def test_the_hashes_of_suppressed_addresses_can_be_downloaded(admin_client: Client) -> None:
    suppression = lifecycle.suppress("gone@example.org", "bounced")
    answer: Any = admin_client.get(f"{SUPPRESSIONS}export/")
    assert suppression.address_hash in b"".join(answer.streaming_content).decode()


def test_the_button_exports_the_readers_that_the_list_shows(
    admin_client: Client, alice: Subscriber, bob: Subscriber
) -> None:
    Subscriber.objects.filter(pk=bob.pk).update(status="paused", paused_until="2999-01-01")
    page = admin_client.get(f"{READERS}?status__exact=paused").content.decode()
    assert f'action="{READERS}export/?status__exact=paused"' in page
    for query, found in (("", {alice.email, bob.email}), ("?status__exact=paused", {bob.email}), ("?q=nobody", set())):
        answer: Any = admin_client.post(f"{READERS}export/{query}")
        rows = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
        assert {row["email"] for row in rows} == found
    assert LogEntry.objects.filter(change_message__contains="Exported readers.").exists()


def test_the_button_exports_to_staff_who_may_and_only_at_a_press(
    admin_client: Client, client: Client, alice: Subscriber
) -> None:
    assert admin_client.get(f"{READERS}export/").status_code == 405
    assert admin_client.post(f"{READERS}export/?email__regex=(").status_code == 400
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_subscriber"))
    client.force_login(clerk)
    assert "export/" not in client.get(READERS).content.decode()
    assert client.post(f"{READERS}export/").status_code == 403


def test_too_many_readers_are_not_exported(
    admin_client: Client, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_EXPORTED", 0)
    answer = admin_client.post(f"{READERS}export/?status__exact=active", follow=True)
    assert answer.redirect_chain == [(f"{READERS}?status__exact=active", 302)]
    assert "1 readers are too many to download." in answer.content.decode()
