"""Actions on many rows: the page that asks, the job, and what staff are told."""

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from digest.models import Job
from digest.ops.jobs import registry, rows, runner
from digest.ops.jobs.reader_jobs import SUPPRESS
from subscriptions.admin.base import breakable
from subscriptions.models import Subscriber
from tests.conftest import make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
LIST = "/admin/subscriptions/subscriber/"


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[Subscriber]:
    monkeypatch.setattr(rows, "AT_ONCE", 3)
    return [
        make_reader(f"reader-{number}@example.org", frequency="weekly" if number else "daily") for number in range(6)
    ]


def act(client: Client, action: str, readers: list[Subscriber], path: str = LIST, **more: str) -> Any:
    form = {"action": action, "_selected_action": [str(reader.pk) for reader in readers]}
    return client.post(path, form | more, follow=True)


def count(status: str) -> int:
    return Subscriber.objects.filter(status=status).count()


def test_a_few_are_done_at_once(admin_client: Client, readers: list[Subscriber]) -> None:
    page = act(admin_client, "suppress", readers[:3]).content.decode()
    assert "3 suppressed." in page
    assert count("suppressed") == 3
    assert not Job.objects.exists()
    again = act(admin_client, "suppress", readers[:3]).content.decode()
    assert "3 skipped: suppressed already." in again


def test_many_become_a_job_after_a_page_that_says_how_many(admin_client: Client, readers: list[Subscriber]) -> None:
    page = act(admin_client, "suppress", readers[:5]).content.decode()
    assert "<strong>5 readers</strong> selected." in page
    assert not Job.objects.exists()
    page = act(admin_client, "suppress", readers[:5], post="yes").content.decode()
    job = Job.objects.get()
    assert f'A worker does this for 5 rows. <a href="/admin/digest/job/{job.pk}/change/">' in page
    assert count("suppressed") == 0
    runner.run_pending()
    assert count("suppressed") == 5


def test_all_rows_of_a_filtered_list_are_those_that_the_filter_finds(
    admin_client: Client, readers: list[Subscriber]
) -> None:
    path = f"{LIST}?frequency__exact=weekly"
    page = act(admin_client, "unsubscribe", readers[:1], path, select_across="1")
    assert "<strong>5 readers</strong> selected." in page.content.decode()
    hidden = dict(page.context["hidden"])
    assert hidden["select_across"] == "1"
    act(admin_client, "unsubscribe", readers[:1], path, select_across="1", post="yes")
    make_reader("later@example.org", frequency="weekly")
    runner.run_pending()
    assert (count("unsubscribed"), count("active")) == (5, 2)


def test_the_audit_log_names_the_list_and_its_filters_but_no_words_of_a_search(
    admin_client: Client, readers: list[Subscriber]
) -> None:
    path = f"{LIST}?frequency__exact=weekly&q=reader&o=1"
    act(admin_client, "unsubscribe", readers[:1], path, select_across="1", post="yes")
    logged = LogEntry.objects.get(change_message__contains="Started the job.").change_message
    assert logged.endswith("5 rows. From the list of readers (frequency__exact=weekly, a search).")


def test_even_one_reader_is_not_deleted_without_asking(admin_client: Client, readers: list[Subscriber]) -> None:
    page = act(admin_client, "delete_selected", readers[:1]).content.decode()
    assert "<strong>1 reader</strong> selected. This can’t be undone." in page
    assert Subscriber.objects.count() == 6
    assert "1 deleted." in act(admin_client, "delete_selected", readers[:1], post="yes").content.decode()
    assert Subscriber.objects.count() == 5


def test_the_page_of_a_job_shows_its_report_and_its_buttons(admin_client: Client, readers: list[Subscriber]) -> None:
    job = rows.start(SUPPRESS, [*(reader.pk for reader in readers), 10**6], by="admin")
    page = reverse("admin:digest_job_change", args=[job.pk])
    text = admin_client.get(page).content.decode()
    assert "data-running" in text
    assert "Cancel</button>" in text
    runner.run_pending()
    text = admin_client.get(page).content.decode()
    assert "Skipped: no longer there</th><td>1</td>" in text
    assert "data-running" not in text
    assert "Cancel</button>" not in text


def test_a_job_is_cancelled_and_continued_by_its_buttons(admin_client: Client, readers: list[Subscriber]) -> None:
    job = rows.start(SUPPRESS, [reader.pk for reader in readers], by="admin")
    admin_client.post(reverse("admin:digest_job_cancel", args=[job.pk]))
    runner.run_pending()
    assert count("suppressed") == 0
    admin_client.post(reverse("admin:digest_job_resume", args=[job.pk]))
    runner.run_pending()
    assert count("suppressed") == 6


@pytest.mark.parametrize("name", ["cancel", "resume"])
def test_only_its_owner_and_staff_who_may_change_jobs_steer_it(
    client: Client, admin_user: User, readers: list[Subscriber], name: str
) -> None:
    job = rows.start(SUPPRESS, [readers[0].pk], by="admin")
    other = User.objects.create_user("other", is_staff=True)
    other.user_permissions.set(Permission.objects.filter(codename="view_job"))
    client.force_login(other)
    assert "Cancel</button>" not in client.get(reverse("admin:digest_job_change", args=[job.pk])).content.decode()
    assert client.post(reverse(f"admin:digest_job_{name}", args=[job.pk])).status_code == 403
    assert client.get(reverse(f"admin:digest_job_{name}", args=[job.pk])).status_code == 405
    job.refresh_from_db()
    assert not job.cancel_requested


@pytest.mark.parametrize("owner", ["other", "admin"])
def test_a_job_is_resumed_only_by_staff_who_may_start_it(
    client: Client, admin_user: User, readers: list[Subscriber], owner: str
) -> None:
    job = rows.start(SUPPRESS, [readers[0].pk], by=owner)
    runner.cancel(job, by="admin")
    other = User.objects.create_user("other", is_staff=True)
    other.user_permissions.set(Permission.objects.filter(codename__in=["view_job", "change_job"]))
    client.force_login(other)
    assert "Continue it</button>" not in client.get(reverse("admin:digest_job_change", args=[job.pk])).text
    assert client.post(reverse("admin:digest_job_resume", args=[job.pk])).status_code == 403
    job.refresh_from_db()
    assert job.state == "cancelled"
    other.user_permissions.add(Permission.objects.get(codename="add_suppression"))
    client.post(reverse("admin:digest_job_resume", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == "queued"


def test_every_kind_of_job_needs_a_permission_that_exists() -> None:
    registry.label_of("")
    needed = {kind.permission for kind in registry._kinds.values()}
    known = Permission.objects.values_list("content_type__app_label", "codename")
    assert needed <= {f"{app}.{name}" for app, name in known}


def test_a_change_of_a_reader_leaves_neither_address_nor_words_in_the_log(
    admin_client: Client, readers: list[Subscriber]
) -> None:
    reader = readers[0]
    words = reader.filters.create(words="my secret subject")
    page = reverse("admin:subscriptions_subscriber_change", args=[reader.pk])
    form = admin_client.get(page).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    typed |= {f"initial-{name}": value for name, value in typed.items()}
    rows_typed: dict[str, Any] = {"filters-TOTAL_FORMS": 1, "filters-INITIAL_FORMS": 1, "filters-0-id": words.pk}
    rows_typed |= {"filters-0-subscriber": reader.pk, "filters-0-words": "my other subject", "filters-0-topic": ""}
    rows_typed |= {"initial-filters-0-words": words.words}
    response = admin_client.post(page, typed | rows_typed)
    assert response.status_code == 302, response.context["errors"]
    entry = LogEntry.objects.get(action_flag=CHANGE)
    assert entry.object_repr == f"reader {reader.uid}"
    assert "subject" not in entry.change_message
    assert "of the reader" in entry.get_change_message()


def test_logins_and_actions_are_listed_in_the_audit_log(client: Client, readers: list[Subscriber]) -> None:
    User.objects.create_superuser("ada", password="a-long-password-of-ada")
    client.post("/admin/login/", {"username": "ada", "password": "a-long-password-of-ada"})
    act(client, "suppress", readers[:1])
    page = client.get("/admin/admin/logentry/").content.decode()
    assert "<h1>Audit log</h1>" in page
    assert "Suppressed." in page
    shown = client.get("/admin/admin/logentry/?action_flag=5").context["cl"].result_list
    assert [entry.change_message for entry in shown] == ["Logged in."]


def test_the_audit_log_says_who_opened_the_page_of_a_reader(admin_client: Client, readers: list[Subscriber]) -> None:
    admin_client.get(f"/admin/subscriptions/subscriber/{readers[0].pk}/change/")
    assert not admin_client.get("/admin/admin/logentry/").context["cl"].result_list, "they would bury the changes"
    page = admin_client.get("/admin/admin/logentry/?action_flag=opened").content.decode()
    assert '<td class="field-what">opened the page</td>' in page
    assert "Opened the page." not in page, "the action says it"
    assert breakable(readers[0].email) in page, "its reader has a name"
