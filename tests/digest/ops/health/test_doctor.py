"""The doctor: one list of what works and what does not, as a command and in the admin."""

import datetime as dt
import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client

from digest import clock
from digest.delivery import pauses
from digest.models import Installation
from digest.ops.health import backup_report, deploy_checks, doctor, heartbeats, schema
from digest.ops.health.doctor import State
from digest.ops.health.heartbeats import Kind
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(settings: Any) -> None:
    heartbeats.record(Kind.BEAT, "host")
    heartbeats.record(Kind.WEB, "host:1")
    heartbeats.record(Kind.WORKER, "celery@host", queues=",".join(settings.CELERY_TASK_QUEUES))


def states() -> dict[str, State]:
    return {finding.name: finding.state for finding in doctor.examine(with_dns=False)}


@pytest.mark.usefixtures("alive")
def test_it_examines_what_must_work() -> None:
    found = states()
    for name in (
        "Database",
        "Migrations",
        "Broker",
        "Beat",
        "Workers",
        "Web server",
        "Clocks",
        "Disk",
        "Files",
        "Keys",
    ):
        assert found[name] is State.OK, name
    assert found["Test email"] is found["DNS"] is State.UNKNOWN


def test_it_claims_nothing_about_what_it_could_not_check() -> None:
    """No process runs, so no clock was compared and no queue was tried; a pause hides what waits."""
    pauses.start_by_hand("a new server", by="ada", until=None, now=NOW)
    found = states()
    for name in ("Clocks", "Queues", "Providers", "Sending", "Backups"):
        assert found[name] is State.UNKNOWN, name


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(
    ("days", "state"), [(None, State.UNKNOWN), (1, State.OK), (5, State.WARNING), (40, State.UNKNOWN)]
)
def test_backups_count_only_if_a_timer_makes_them(days: int | None, state: State) -> None:
    if days:
        backup_report.note_success(now=clock.now() - dt.timedelta(days=days))
    assert states()["Backups"] is state


def test_it_fails_if_no_worker_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert states()["Workers"] is State.FAILED
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    assert ended.value.code == 1
    found = json.loads(capsys.readouterr().out)
    assert {"name": "Beat", "state": "failed"}.items() <= next(row for row in found if row["name"] == "Beat").items()


@pytest.mark.usefixtures("alive")
def test_it_sends_a_test_email_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):  # the settings of the tests have faults
        call_command("doctor", "--send-test", "ada@example.org")
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    assert "accepted for ada@example.org" in capsys.readouterr().out


def test_it_refuses_to_send_a_test_email_to_what_is_not_an_address() -> None:
    with pytest.raises(CommandError, match="“ada” is not an email address"):
        call_command("doctor", "--send-test", "ada")


def test_it_says_what_it_could_not_check_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Installation:
        raise OperationalError("no such table: digest_installation")

    monkeypatch.setattr(Installation, "load", fail)
    found = states()
    assert found["Database"] is State.FAILED
    assert found["Workers"] is found["Keys"] is State.UNKNOWN


def test_the_page_is_for_staff_who_may_view_incidents(client: Client, admin_client: Client) -> None:
    page = admin_client.get("/admin/doctor/").content.decode()
    assert "No worker is running" in page
    staff = User.objects.create_user("staff", is_staff=True)
    client.force_login(staff)
    assert client.get("/admin/doctor/").status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_incident"))
    assert client.get("/admin/doctor/").status_code == 200


def test_it_says_what_is_missing_without_each_setting_of_alerts(settings: Any) -> None:
    settings.OPERATORS, settings.ALERT_URL, settings.HEARTBEAT_URL = ["ops@example.org"], "", ""
    said = [finding.said for finding in doctor.examine(with_dns=False) if finding.name == "Alerts"]
    assert len(said) == 2
    assert "Set ALERT_URL to" in said[0]
    assert "healthchecks.io" in said[1]


def test_the_page_leads_to_where_something_can_be_done(admin_client: Client, settings: Any) -> None:
    settings.POSTAL_ADDRESS, settings.REQUIRE_POSTAL_ADDRESS = "", False
    page = admin_client.get("/admin/doctor/").content.decode()
    assert 'or set POSTAL_ADDRESS. <a href="/admin/subscriptions/brand/">Open</a>' in page
    assert admin_client.get("/admin/subscriptions/brand/", follow=True).status_code == 200


def test_it_says_what_to_do_about_debug_pages(settings: Any) -> None:
    settings.DEBUG = True
    assert any("Set DEBUG=false" in finding.said for finding in doctor.examine(with_dns=False))


def ids(check: Any) -> list[str]:
    return [message.id for message in check(None)]


def test_check_deploy_sees_the_database_and_the_broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ids(deploy_checks.check_database) == []
    monkeypatch.setattr(schema, "missing", lambda present: ["digest.9999_new"])
    assert ids(deploy_checks.check_database) == ["digest.E013"]

    def fail() -> schema.Migrations:
        raise OperationalError("no such database")

    monkeypatch.setattr(schema, "applied", fail)
    assert ids(deploy_checks.check_database) == ["digest.E012"]
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    assert ids(deploy_checks.check_broker_answers) == ["digest.E014"]


def test_check_deploy_sees_that_no_one_is_alerted(settings: Any) -> None:
    settings.OPERATORS, settings.ALERT_URL = [], ""
    assert ids(deploy_checks.check_alerts) == ["digest.W010"]
    settings.ALERT_URL = "json+https://example.org/"
    assert ids(deploy_checks.check_alerts) == []


@pytest.mark.parametrize(
    ("host", "encrypted", "found"),
    [("smtp.example.org", False, ["digest.W011"]), ("smtp.example.org", True, []), ("127.0.0.1", False, [])],
)
def test_check_deploy_sees_a_mail_server_without_encryption(
    settings: Any, host: str, encrypted: bool, found: list[str]
) -> None:
    settings.HAS_SMTP_SERVER, settings.EMAIL_HOST = True, host
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = encrypted, False
    assert ids(deploy_checks.check_encryption_of_mail) == found


def test_check_deploy_sees_another_key_in_var_dir(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    assert ids(deploy_checks.check_kept_key) == []
    (tmp_path / "secret_key").write_text("another")
    assert ids(deploy_checks.check_kept_key) == ["digest.W012"]
    settings.SECRET_KEY_FALLBACKS = ["another"]
    assert ids(deploy_checks.check_kept_key) == []
