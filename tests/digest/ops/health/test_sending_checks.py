"""Checks of planning and sending: pauses, providers, emails that crash their process, digests that do not leave."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from digest.delivery import pauses, planner, poison_pill, shards
from digest.delivery.providers import failover
from digest.models import Delivery, Edition, Incident, Shard
from digest.models.deliveries import SUSPECT
from digest.ops.health import incidents, watch
from digest.ops.health.checks import delivery
from digest.ops.health.snapshot import Snapshot
from digest.ops.recovery import guard
from tests.conftest import NOW, make_reader
from tests.digest.delivery.conftest import queue_readers

SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def operators(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPERATORS = ["ops@example.org"]
    monkeypatch.setattr(watch, "GRACE_PERIOD", 0.0)


def look(name: str, now: dt.datetime = NOW) -> list[str]:
    """Run the check `name`. Return the keys of the incidents that are open."""
    watch.run_checks(name, now=now)
    return sorted(incidents.open_incidents().values_list("key", flat=True))


def test_it_alerts_the_operators_once_to_a_pause_and_once_to_its_end(db: None) -> None:
    pauses.start("The mail server refused our login: 535", now=NOW)
    for seconds in range(3):
        look("paused", NOW + seconds * SECOND)
    (alert,) = mail.outbox
    assert "535" in alert.body
    assert "resumes where it stopped" in alert.body
    pauses.end(now=NOW + 20 * MINUTE)
    assert look("paused", NOW + 20 * MINUTE) == []
    assert "sending has resumed" in mail.outbox[1].subject


def test_it_alerts_again_if_an_admin_must_now_end_the_pause(db: None) -> None:
    pauses.start("No connection", now=NOW)
    look("paused")
    pauses.start("Too many complaints", now=NOW, has_probes=False)
    look("paused", NOW + MINUTE)
    look("paused", NOW + 2 * MINUTE)
    assert len(mail.outbox) == 2
    assert "Too many complaints" in mail.outbox[1].body


def test_the_alert_of_an_operators_pause_says_who_paused_why_and_until_when(db: None) -> None:
    pauses.start_by_hand("Moving servers", by="ada", until=NOW + 90 * MINUTE, now=NOW)
    (problem,) = delivery.sending_is_paused(Snapshot(NOW))
    assert problem.heading == "An operator paused sending"
    assert problem.text.startswith("ada paused it: Moving servers. It resumes at ")
    assert f"{NOW + 90 * MINUTE:%H:%M} UTC" in problem.text
    assert "does not resume by itself" not in problem.text


def test_a_restored_database_asks_for_a_decision_and_not_for_the_end_of_the_pause(db: None) -> None:
    guard.hold("The database is older than what was already sent. Choose.", now=NOW)
    (problem,) = delivery.sending_is_paused(Snapshot(NOW))
    assert problem.heading == "Sending is paused: a restored database needs your decision"
    assert problem.text.endswith("Choose.")


def test_planning_that_waits_for_that_decision_is_no_other_incident(edition: Edition) -> None:
    guard.hold("The database is older than what was already sent.", now=NOW)
    assert look("planning", NOW + 20 * MINUTE) == []


def struck(edition: Edition) -> Shard:
    """A quarantined email that has killed its process once."""
    queue_readers(edition, 1)
    Shard.objects.update(crashes=SUSPECT + 1)
    Delivery.objects.update(reason="A process of its own died.")
    return Shard.objects.get()


def test_it_alerts_once_about_an_email_that_kills_its_process(edition: Edition) -> None:
    shard = struck(edition)
    look("poison")
    shards.end_trial(shard.pk, now=NOW)  # proves nothing
    look("poison", NOW + MINUTE)
    (alert,) = mail.outbox
    assert "A process of its own died." in alert.body
    assert f"/admin/digest/delivery/{Delivery.objects.get().pk}/change/" in alert.body


def test_it_alerts_again_when_that_email_is_given_up(edition: Edition) -> None:
    struck(edition)
    look("poison")
    other = make_reader("other@example.org")
    Delivery.objects.create(
        edition=edition, subscriber=other, status="sent", sent_at=NOW, queued_at=NOW, not_before=NOW
    )
    shard = Shard.objects.get()
    Shard.objects.update(crashes=SUSPECT + poison_pill.MAX_STRIKES - 1, announced=shard.first)
    assert shards.end_trial(shard.pk, now=NOW)
    look("poison")
    assert "has failed" in mail.outbox[1].body


def test_it_sends_no_alert_about_an_email_that_is_only_suspected(edition: Edition) -> None:
    struck(edition)
    Shard.objects.update(crashes=SUSPECT)
    assert look("poison") == []


def test_it_alerts_to_a_failover_and_to_its_end(settings: Any, db: None, now: dt.datetime) -> None:
    settings.EMAIL_PROVIDERS = ["postmark", "smtp"]
    failover.avoid_temporarily("postmark", "401", settings.EMAIL_PROVIDERS)
    assert [problem.key for problem in delivery.providers_refuse(Snapshot(now))] == ["provider:postmark"]
    assert [problem.key for problem in delivery.providers_refuse(Snapshot(now + 16 * MINUTE))] == ["provider:postmark"]
    assert list(delivery.providers_refuse(Snapshot(now + 20 * MINUTE))) == []
    failover.reopen("postmark")
    assert failover.avoided_providers(now=now) == {}


def test_a_single_provider_that_refuses_pauses_sending_instead(settings: Any, db: None, now: dt.datetime) -> None:
    settings.EMAIL_PROVIDERS = ["postmark"]
    failover.avoid_temporarily("postmark", "401", settings.EMAIL_PROVIDERS)
    assert list(delivery.providers_refuse(Snapshot(now))) == []


def test_it_finds_an_edition_that_nobody_plans(edition: Edition) -> None:
    assert look("planning", NOW + 10 * MINUTE) == []
    assert look("planning", NOW + 20 * MINUTE) == ["planning"]
    planner.plan_due(now=NOW + 21 * MINUTE)
    assert look("planning", NOW + 21 * MINUTE) == []


def test_it_finds_a_due_hour_at_which_no_digest_was_planned(edition: Edition) -> None:
    make_reader("due@example.org", send_hour=13)
    Edition.objects.update(planned_until=NOW + 100 * MINUTE)
    assert look("planning", NOW + 80 * MINUTE) == []
    assert look("planning", NOW + 100 * MINUTE) == ["planning"]


def test_it_finds_digests_that_are_due_and_not_sent(now: dt.datetime, edition: Edition) -> None:
    queue_readers(edition, 3)
    Delivery.objects.update(reason="The journal can't be written: No space left on device")
    assert look("waiting", NOW + 10 * MINUTE) == []
    assert look("waiting", NOW + 20 * MINUTE) == ["waiting"]
    assert "No space left" in Incident.objects.get().text
    pauses.start("A person paused it", now=NOW)
    assert look("waiting", NOW + 20 * MINUTE) == []
