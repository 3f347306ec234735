"""The pages that import readers, and their jobs."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.middleware.request_bodies import largest_body
from digest.models import Job
from digest.ops.jobs import import_jobs, runner
from subscriptions.exchange import reader_import
from subscriptions.models import Consent, ImportPart, ReaderImport, Subscriber, Topic

pytestmark = pytest.mark.django_db
ADD = "/admin/subscriptions/readerimport/add/"
TABLE = "email,tags,joined\nada@example.org,Robotics,2024-01-02\nbad,,2024-01-02\ngrace@example.org,,2024-01-03\n"
CHOICES = {
    "consent_source": "form",
    "language": "en",
    "frequency": "daily",
    "time_zone": "UTC",
    "column_address": "email",
    "column_topics": "tags",
    "column_consent-date": "joined",
}


@pytest.fixture(autouse=True)
def _no_place_left() -> None:
    import_jobs._places.clear()


@pytest.fixture
def topic() -> Topic:
    return Topic.objects.create(slug="robotics", name="Robotics", group="Robots", phrases=["robot"])


def upload(client: Client, text: str = TABLE, name: str = "readers.csv") -> ReaderImport:
    client.post(ADD, {"file": SimpleUploadedFile(name, text.encode())})
    return ReaderImport.objects.latest("pk")


def page(record: ReaderImport, name: str = "change") -> str:
    return reverse(f"admin:subscriptions_readerimport_{name}", args=[record.pk])


def test_a_file_is_reviewed_tried_out_imported_and_deleted(admin_client: Client, topic: Topic) -> None:
    record = upload(admin_client)
    shown = admin_client.get(page(record)).text
    assert "ada@example.org" in shown, "the first rows are shown"
    assert '<option value="tags" selected>' in shown, "the columns are guessed"
    admin_client.post(page(record), CHOICES)
    runner.run_pending()
    shown = admin_client.get(page(record)).text
    assert "new readers, active at once" in shown
    assert "readers.csv, row 3: “bad” is not an email address." in shown
    assert not Subscriber.objects.exists()
    admin_client.post(page(record, "start"))
    runner.run_pending()
    assert dict(Subscriber.objects.values_list("email", "status")) == {
        "ada@example.org": "active",
        "grace@example.org": "active",
    }
    assert Consent.objects.filter(where="import by admin; form; consent of 2024-01-02").exists()
    assert set(ImportPart.objects.values_list("file", flat=True)) == {"rejects"}
    answer: Any = admin_client.get(page(record, "rejects"))
    assert LogEntry.objects.filter(change_message="Downloaded the rejected rows.").exists()
    assert "“bad” is not an email address." in b"".join(answer.streaming_content).decode()
    assert [job.state for job in Job.objects.all()] == ["done", "done"]
    assert Job.objects.get(kind="import_readers").done == 3


@pytest.mark.both_databases
def test_two_clicks_at_once_start_one_import(admin_client: Client, topic: Topic) -> None:
    """Each click locks the import before it looks for a job. On SQLite, each transaction locks the database."""
    record = upload(admin_client)
    for step in ("change", "start"):
        with CaptureQueriesContext(connection) as queries:
            admin_client.post(page(record, step), CHOICES)
        statements = [query["sql"] for query in queries]
        if connection.vendor == "postgresql":
            lock = next(at for at, sql in enumerate(statements) if "FOR UPDATE" in sql)
            assert any("digest_job" in sql for sql in statements[lock:])
        admin_client.post(page(record, step), CHOICES)
        runner.run_pending()
    assert sorted(Job.objects.values_list("kind", flat=True)) == ["import_readers", "try_import_readers"]


def test_it_says_what_is_missing_before_anything_is_stored(admin_client: Client) -> None:
    record = upload(admin_client)
    admin_client.post(page(record), CHOICES | {"consent_source": ""})
    runner.run_pending()
    shown = admin_client.get(page(record)).text
    assert "how its readers gave consent" in shown
    assert "Start the import" not in shown
    admin_client.post(page(record, "start"))
    assert not Job.objects.filter(kind="import_readers").exists()


@pytest.mark.parametrize("turns", [1, 2])
def test_it_continues_in_the_next_turn_and_after_a_restart(
    admin_client: Client, topic: Topic, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    monkeypatch.setattr(reader_import, "BATCH", 1)
    record = upload(admin_client, "email\n" + "".join(f"r{number}@example.org\n" for number in range(6)))
    choices = CHOICES | {"column_topics": "", "column_consent-date": "", "consent_date": "2024-01-01"}
    admin_client.post(page(record), choices)
    runner.run_pending()
    admin_client.post(page(record, "start"))
    for turn in range(40):
        runner.run_pending(seconds=0.0001)
        if turns == 2 and turn % 3 == 2:
            import_jobs._places.clear()  # another process, which knows nothing of the file
    record.refresh_from_db()
    assert record.counts == {"new": 6}
    job = Job.objects.get(kind="import_readers")
    assert (job.state, job.done) == ("done", 6)


def test_an_upload_that_is_no_table_is_refused(admin_client: Client) -> None:
    answer = admin_client.post(ADD, {"file": SimpleUploadedFile("readers.bin", bytes(range(256)) * 10)})
    assert "is not a text file" in answer.text
    assert not ReaderImport.objects.exists()


def test_only_staff_with_the_permission_may_import(client: Client, admin_client: Client) -> None:
    record = upload(admin_client)
    user = User.objects.create_user("vic", password="x", is_staff=True)
    client.force_login(user)
    for address in (ADD, page(record), page(record, "start"), page(record, "rejects")):
        assert client.get(address).status_code == 403
        assert client.post(address, CHOICES).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_readerimport"))
    assert client.get(page(record)).status_code == 200
    assert client.get(page(record, "rejects")).status_code == 403


def test_an_upload_without_a_csrf_token_is_refused(admin_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(ADD, {"file": SimpleUploadedFile("readers.csv", b"email\n")}).status_code == 403


def test_large_bodies_are_taken_only_by_the_page_that_uploads(settings: Any) -> None:
    assert largest_body(ADD, "multipart/form-data") == 200 * 2**20
    assert largest_body("/admin/subscriptions/readerimport/1/change/") == 2 * 2**20
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == 10 * 2**20


def test_uploads_that_no_one_imports_are_deleted_after_a_week(admin_client: Client) -> None:
    record = upload(admin_client)
    reader_import.delete_old(now=record.created_at + dt.timedelta(days=8))
    assert not ImportPart.objects.exists()
    assert admin_client.get(page(record)).status_code == 200


def test_a_row_with_a_million_cells_and_a_long_cell_make_no_long_page(admin_client: Client) -> None:
    record = upload(admin_client, "email,note\n" + "," * 1_000_000 + f"x\nada@example.org,{'long ' * 10_000}\n")
    assert len(admin_client.get(page(record)).content) < 100_000


def test_a_name_of_a_column_of_a_million_letters_is_refused(admin_client: Client) -> None:
    response = admin_client.post(ADD, {"file": SimpleUploadedFile("readers.csv", b"email," + b"x" * 1_000_000)})
    assert "The name of a column in readers.csv is longer than" in response.text
    assert not ReaderImport.objects.exists()


def test_what_a_file_said_is_forgotten_after_a_week(admin_client: Client, topic: Topic) -> None:
    """A column that was chosen for the wrong field may hold addresses, and so do reasons of rejections."""
    record = upload(admin_client, "email,name\nada lovelace@example.org,\ngrace@example.org,hopper@example.org\n")
    choices = CHOICES | {"column_topics": "name", "column_consent-date": "", "consent_date": "2024-01-01"}
    admin_client.post(page(record), choices)
    runner.run_pending()
    admin_client.post(page(record, "start"))
    runner.run_pending()
    record.refresh_from_db()
    assert "hopper@example.org" in f"{record.unknown} {record.notes} {record.trial}"
    reader_import.delete_old(now=record.created_at + dt.timedelta(days=8))
    record.refresh_from_db()
    assert "@example.org" not in f"{record.unknown} {record.notes} {record.trial}"
    assert record.counts == {"invalid": 1, "new": 1}
