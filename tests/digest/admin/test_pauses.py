"""Pausing by hand, in the admin and by commands."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from digest.delivery import pauses, planner, shard_worker
from digest.models import Edition, Pause
from subscriptions.models import Subscriber
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
ADD = "/admin/digest/pause/add/"
HOUR = dt.timedelta(hours=1)


def pause(client: Client, reason: str = "Moving servers", day: str = "", time: str = "") -> Any:
    return client.post(ADD, {"reason": reason, "until_0": day, "until_1": time}, follow=True)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_pause_stops_sending_until_someone_ends_it(
    admin_client: Client, edition: Edition, alice: Subscriber, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    page = pause(admin_client).content.decode()
    assert "Moving servers" in page
    assert "Paused by admin." in page
    planner.plan_everyone(edition, now=NOW)
    assert shard_worker.send_due() == 0
    page = admin_client.post("/admin/digest/pause/end/", follow=True).content.decode()
    assert "Sending resumes." in page
    assert shard_worker.send_due() == 1
    logged = LogEntry.objects.order_by("pk").values_list("user__username", "change_message")
    assert list(logged) == [("admin", "Paused sending. Moving servers"), ("admin", "Ended.")]


def test_the_buttons_of_the_list_and_of_the_form_say_the_same(admin_client: Client) -> None:
    assert 'class="addlink">Pause sending</a>' in admin_client.get("/admin/digest/pause/").content.decode()
    assert '<input type="submit" value="Pause sending"' in admin_client.get(ADD).content.decode()


def test_only_a_pause_that_staff_changed_has_a_history(admin_client: Client) -> None:
    pauses.start("The provider refuses everything.", now=NOW)
    page = f"/admin/digest/pause/{Pause.objects.get().pk}/"
    assert "historylink" not in admin_client.get(f"{page}change/").content.decode()
    admin_client.post("/admin/digest/pause/end/")
    assert "historylink" in admin_client.get(f"{page}change/").content.decode()


def test_a_pause_with_a_time_ends_by_itself(admin_client: Client) -> None:
    page = pause(admin_client, day="2026-08-20", time="14:00").content.decode()
    assert "Sending resumes at 20 Aug 2026, 14:00 UTC" in page
    assert pauses.emails_allowed_now(now=NOW + HOUR) == 0
    assert pauses.emails_allowed_now(now=NOW + 2 * HOUR) is None
    assert Pause.objects.get().ended_at == NOW + 2 * HOUR


def test_a_time_that_is_over_and_an_empty_or_endless_reason_are_refused(admin_client: Client) -> None:
    assert "Enter a later time" in pause(admin_client, day="2026-08-20", time="11:00").content.decode()
    for reason in ("", "x" * 501):
        assert pause(admin_client, reason=reason).context["errors"]
    assert not Pause.objects.exists()


def test_it_takes_over_a_pause_that_would_resume_by_itself(admin_client: Client) -> None:
    pauses.start("No connection", now=NOW)
    pause(admin_client)
    stored = Pause.objects.get()
    assert (stored.reason, stored.paused_by, stored.probe_at) == ("Moving servers", "admin", None)
    assert "End that pause first" in pause(admin_client, "Again").content.decode()


def test_too_many_complaints_still_count_after_a_pause_by_hand() -> None:
    from digest.ops import reputation_guard

    pauses.start_by_hand("Moving servers", by="admin", now=NOW)
    pauses.end(now=NOW + HOUR)
    assert reputation_guard._last_acknowledged() is None


@pytest.mark.parametrize("right", ["view_pause", "add_pause", "change_pause"])
def test_beginning_and_ending_a_pause_each_need_their_permission(client: Client, right: str) -> None:
    user = User.objects.create_user("op", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_pause", right]))
    client.force_login(user)
    pause(client)
    assert Pause.objects.exists() is (right == "add_pause")
    Pause.objects.all().delete()
    pauses.start("No connection", now=NOW)
    client.post("/admin/digest/pause/end/")
    assert (pauses.current() is None) is (right == "change_pause")


def test_commands_pause_and_resume() -> None:
    assert "until 2026-08-20 14:00 UTC" in run("pause", "--until", "2h", "Moving servers")
    stored = Pause.objects.get()
    assert (stored.reason, stored.until) == ("Moving servers", NOW + 2 * HOUR)
    assert stored.paused_by.endswith("(command line)")
    assert "Moving servers" in run("resume")
    assert run("resume") == "Sending is not paused.\n"
    logged = LogEntry.objects.order_by("pk").values_list("user__username", "change_message")
    assert [user for user, _ in logged] == ["command-line"] * 2
    assert all(message.endswith("(command line).") for _, message in logged)


@pytest.mark.parametrize("until", ["soon", "2026-08-20T11:00", "99999999d", "2026-13-01"])
def test_the_command_says_how_to_write_a_time(until: str) -> None:
    with pytest.raises(CommandError, match=r"is not a time|is over"):
        run("pause", "--until", until, "Moving servers")
    assert not Pause.objects.exists()


def test_the_command_does_not_replace_a_pause_that_an_admin_must_end() -> None:
    pauses.start("Too many complaints", now=NOW, has_probes=False)
    with pytest.raises(CommandError, match="Sending is paused already: Too many complaints"):
        run("pause", "Moving servers")


def test_the_task_of_each_minute_ends_it() -> None:
    from digest import tasks

    pauses.start_by_hand("Moving servers", by="admin", until=NOW + HOUR, now=NOW)
    with time_machine.travel(NOW + 2 * HOUR, tick=False):
        tasks.send_due_digests()
    assert pauses.current() is None
