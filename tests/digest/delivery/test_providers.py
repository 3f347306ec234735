"""Deliveries by a provider's API, from the queue to the recorded outcome."""

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from digest.delivery import pauses, planner, results, shard_run, shard_worker, shards, shutdown
from digest.delivery.providers import api_transport
from digest.delivery.providers import client as provider_calls
from digest.delivery.providers.api_transport import ApiTransport
from digest.delivery.providers.capabilities import CAPABILITIES
from digest.delivery.providers.merge_variables import MergeGroup
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery, DeliveryEvent, Edition, Shard
from digest.models.deliveries import SUSPECT
from subscriptions.models import Subscriber, TopicFilter
from subscriptions.readers import lifecycle
from tests.conftest import NOW, make_reader
from tests.digest.delivery.conftest import queue_readers
from tests.esp import Answer, Esp
from tests.sink import Script, Sink, healthy

Status = Delivery.Status


@pytest.fixture
def esp(settings: Any) -> Iterator[Esp]:
    with Esp() as server:
        settings.EMAIL_PROVIDERS, settings.ANYMAIL = ["postmark", "smtp"], server.settings()
        yield server


@pytest.mark.usefixtures("clock")
def test_it_sends_through_the_first_provider(edition: Edition, esp: Esp, sink: Sink) -> None:
    queue_readers(edition, 3)
    assert shard_worker.send_due() == 3
    assert (len(esp.taken), len(sink.mails)) == (3, 0)
    row = Delivery.objects.first()
    assert row
    assert (row.status, row.provider_id[:3], bool(row.papers)) == (Status.SENT, "pm-", True)


@pytest.mark.usefixtures("clock")
def test_the_next_provider_sends_what_the_first_refuses(edition: Edition, esp: Esp, sink: Sink) -> None:
    esp.answers = [Answer(401, {"Message": "no valid token"})] * 9
    queue_readers(edition, 3)
    assert shard_worker.send_due() == 3
    assert (len(esp.taken), len(sink.mails)) == (0, 3)


@pytest.mark.usefixtures("clock")
def test_no_reader_gets_emails_from_two_providers(edition: Edition, esp: Esp, sink: Sink, settings: Any) -> None:
    settings.UNCERTAIN_MAILS = "leave"
    esp.answers = [Answer(drops=True, taken=True)]
    queue_readers(edition, 3)
    assert shard_worker.send_due() == 0
    assert (len(esp.taken), len(sink.mails)) == (3, 0)
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.UNCERTAIN}


class Calls:
    """A hook that counts the calls that start, and does something during the first."""

    def __init__(self) -> None:
        self.readers: list[list[int]] = []
        self.during_the_first: Callable[[], object] = lambda: None

    def submit(self, transport: ApiTransport, group: MergeGroup) -> "Future[list[Outcome]]":
        self.readers.append([mail.delivery_id for mail in group.mails])
        if len(self.readers) == 1:
            self.during_the_first()
        return healthy_submit(transport, group)


healthy_submit = ApiTransport.submit


@pytest.fixture
def calls(edition: Edition, esp: Esp, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Two readers with different digests. The second waits until the first call has ended."""
    settings.EMAIL_PROVIDERS, settings.API_CONNECTIONS = ["mailgun"], 1
    monkeypatch.setattr(shard_run, "RECHECK_AFTER", -1.0)
    found = Calls()
    monkeypatch.setattr(ApiTransport, "submit", lambda transport, group: found.submit(transport, group))
    make_reader("first@example.org", words="video")
    make_reader("second@example.org", words="learning")
    planner.plan_everyone(edition, now=NOW)
    return found


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


def test_a_reader_who_unsubscribes_while_their_call_waits_gets_nothing(calls: Calls, esp: Esp) -> None:
    second = Subscriber.objects.get(email="second@example.org")
    calls.during_the_first = lambda: lifecycle.unsubscribe(second, now=NOW)
    assert shard_worker.send_due() == 1
    assert [mail.to for mail in esp.taken] == ["first@example.org"]
    assert statuses() == [Status.SENT, Status.SKIPPED]


def test_only_emails_of_a_call_that_has_begun_are_in_flight(calls: Calls, journals: Path) -> None:
    first, second = Delivery.objects.order_by("pk").values_list("pk", flat=True)
    contents: list[str] = []
    calls.during_the_first = lambda: contents.extend(path.read_text() for path in journals.glob("*.journal"))
    assert shard_worker.send_due() == 2
    assert (contents, calls.readers) == ([f"[{first}]\n"], [[first], [second]])


def test_no_call_begins_after_the_lease_is_lost(calls: Calls, esp: Esp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_run, "RENEW_AFTER", -1.0)
    calls.during_the_first = lambda: Shard.objects.update(worker="another")
    assert shard_worker.send_due() == 1
    assert [mail.to for mail in esp.taken] == ["first@example.org"]
    assert statuses() == [Status.SENT, Status.QUEUED]


def test_no_call_begins_at_a_graceful_shutdown(calls: Calls, esp: Esp, journals: Path) -> None:
    calls.during_the_first = shutdown.request_stop
    try:
        assert shard_worker.send_due() == 1
    finally:
        shutdown.reset()
    assert statuses() == [Status.SENT, Status.QUEUED]
    assert shards.unleased(now=NOW).exists()
    assert list(journals.iterdir()) == []


@pytest.fixture
def one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow any number in one call, because ids go on from test to test on PostgreSQL, and calls are split at ids."""
    for name, capability in list(CAPABILITIES.items()):
        monkeypatch.setitem(CAPABILITIES, name, replace(capability, max_emails=10**9))


@pytest.mark.usefixtures("clock", "one_call")
def test_an_uncertain_call_is_repeated_as_a_whole(edition: Edition, esp: Esp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_run, "RECORD_AFTER", -1.0)
    esp.answers = [Answer(drops=True, taken=True)]
    queue_readers(edition, 20)
    shard_worker.send_due()
    (next_try,) = set(Delivery.objects.values_list("not_before", flat=True))
    assert next_try > NOW + dt.timedelta(minutes=7)


@pytest.fixture
def in_doubt(
    edition: Edition, esp: Esp, settings: Any, clock: Any, one_call: None, monkeypatch: pytest.MonkeyPatch
) -> Esp:
    """Brevo accepted thirty emails in one call, and its answers were lost. The call may be repeated by now."""
    settings.EMAIL_PROVIDERS = ["brevo"]
    monkeypatch.setattr(provider_calls, "FIRST_CALL_WAIT", 0.0)
    esp.answers = [Answer(drops=True, taken=True)] * provider_calls.ATTEMPTS
    queue_readers(edition, 30)
    assert shard_worker.send_due() == 0
    assert len(esp.taken) == 30
    clock.shift(dt.timedelta(minutes=15))
    return esp


def test_an_uncertain_call_is_made_again_with_its_key(in_doubt: Esp) -> None:
    assert shard_worker.send_due() == 30
    assert len(in_doubt.taken) == 30
    assert statuses() == [Status.SENT] * 30


def test_an_uncertain_call_is_the_same_without_those_who_left(in_doubt: Esp) -> None:
    left = Subscriber.objects.get(email="reader7@example.org")
    lifecycle.unsubscribe(left, now=NOW)
    assert shard_worker.send_due() == 29
    assert len(in_doubt.taken) == 30
    assert Delivery.objects.get(subscriber=left).status == Status.UNCERTAIN


def test_a_probe_repeats_an_uncertain_call_unchanged(in_doubt: Esp) -> None:
    pauses.start("The provider answered 401", now=NOW)
    assert shard_worker.send_due() == 30
    assert len(in_doubt.taken) == 30


def test_an_uncertain_call_is_made_again_once_where_nothing_may_come_twice(in_doubt: Esp, settings: Any) -> None:
    """The provider recognizes its idempotency key."""
    settings.UNCERTAIN_MAILS = "leave"
    in_doubt.answers = [Answer(drops=True, taken=True)] * provider_calls.ATTEMPTS
    assert shard_worker.send_due() == 0
    assert len(in_doubt.taken) == 30
    assert statuses() == [Status.UNCERTAIN] * 30


@pytest.fixture
def leave(settings: Any) -> None:
    """No reader may get two emails."""
    settings.UNCERTAIN_MAILS = "leave"


@pytest.mark.usefixtures("leave")
def test_an_uncertain_call_is_left_once_its_provider_has_forgotten_the_key(in_doubt: Esp, clock: Any) -> None:
    clock.shift(dt.timedelta(minutes=30))
    assert shard_worker.send_due() == 0
    assert len(in_doubt.taken) == 30
    assert statuses() == [Status.UNCERTAIN] * 30


@pytest.mark.usefixtures("leave")
def test_an_uncertain_call_after_other_tries_is_settled_while_the_key_is_known(in_doubt: Esp, clock: Any) -> None:
    queue_anew(attempts=4)
    in_doubt.answers = [Answer(drops=True, taken=True)] * provider_calls.ATTEMPTS
    assert shard_worker.send_due() == 0
    clock.shift(dt.timedelta(minutes=15))
    assert shard_worker.send_due() == 30
    assert len(in_doubt.taken) == 60


@pytest.mark.usefixtures("leave")
@pytest.mark.parametrize("others", [["smtp"], ["resend"], ["smtp", "brevo"]])
def test_an_uncertain_call_is_left_by_other_providers(
    others: list[str], in_doubt: Esp, sink: Sink, settings: Any
) -> None:
    settings.EMAIL_PROVIDERS = others
    assert shard_worker.send_due() == 0
    assert (len(in_doubt.taken), len(sink.mails)) == (30, 0)
    assert statuses() == [Status.UNCERTAIN] * 30


@pytest.mark.usefixtures("leave")
def test_an_email_that_one_provider_may_have_sent_goes_to_no_other(in_doubt: Esp, sink: Sink, settings: Any) -> None:
    settings.EMAIL_PROVIDERS = ["brevo", "smtp"]
    in_doubt.answers = [Answer(401, {"message": "no valid key"})] * 9
    assert shard_worker.send_due() == 0
    assert (len(in_doubt.taken), len(sink.mails)) == (30, 0)
    assert statuses() == [Status.UNCERTAIN] * 30


@pytest.mark.usefixtures("leave")
def test_an_uncertain_call_that_no_longer_fits_one_call_is_left(in_doubt: Esp) -> None:
    TopicFilter.objects.create(subscriber=Subscriber.objects.get(email="reader7@example.org"), words="video")
    assert shard_worker.send_due() == 0
    assert len(in_doubt.taken) == 30
    assert statuses() == [Status.UNCERTAIN] * 30


@pytest.mark.parametrize(("policy", "taken", "status"), [("leave", 30, "uncertain"), ("resend", 60, "sent")])
def test_no_call_of_a_suspect_shard_is_repeated_as_a_whole(
    policy: str, taken: int, status: str, in_doubt: Esp, settings: Any
) -> None:
    settings.UNCERTAIN_MAILS = policy
    Shard.objects.update(crashes=SUSPECT)
    shard_worker.send_due()
    assert (len(in_doubt.taken), statuses()) == (taken, [status] * 30)


@pytest.mark.usefixtures("leave")
def test_an_uncertain_call_recorded_twice_is_still_settled(in_doubt: Esp, clock: Any) -> None:
    """Its worker died before it recorded the entries of its journal."""
    clock.shift(-dt.timedelta(minutes=15))
    outcomes = [Outcome(row.pk, Result.UNCERTAIN, call=row.call) for row in Delivery.objects.all()]
    results.record(outcomes, now=timezone.now())
    clock.shift(dt.timedelta(minutes=15))
    assert shard_worker.send_due() == 30
    assert len(in_doubt.taken) == 30


def test_an_email_that_an_admin_sends_again_is_sent_even_if_its_call_is_known(in_doubt: Esp) -> None:
    assert shard_worker.send_due() == 30
    Delivery.objects.update(status=Status.FAILED, sent_at=None)  # as the provider reported
    queue_anew()
    assert shard_worker.send_due() == 30
    assert len(in_doubt.taken) == 60


def test_an_uncertain_call_makes_no_others_uncertain(in_doubt: Esp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker is lost with its machine during the first call. The others were not offered yet."""
    others = list(Delivery.objects.order_by("pk")[:10].values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=others).update(call="", attempts=0)
    die_during_a_call(monkeypatch)
    shard = Shard.objects.get()
    assert not Delivery.objects.filter(pk__in=others, pk__lte=shard.announced).exists()


def test_no_uncertain_reader_is_skipped_as_too_late(in_doubt: Esp) -> None:
    shards.expire(now=NOW + dt.timedelta(days=3), older_than=dt.timedelta(days=1), reason="late")
    assert statuses() == [Status.UNCERTAIN] * 30


def queue_anew(attempts: int = 0) -> None:
    shards.queue_again(Delivery.objects.all(), now=timezone.now())
    Delivery.objects.update(attempts=attempts)


def test_an_email_that_an_admin_sends_again_is_another_call(in_doubt: Esp) -> None:
    Delivery.objects.update(status=Status.UNCERTAIN)
    chosen = Delivery.objects.order_by("pk")[:10]
    assert shards.queue_again(Delivery.objects.filter(pk__in=[row.pk for row in chosen]), now=timezone.now()) == 10
    assert shard_worker.send_due() == 10
    assert len(in_doubt.taken) == 40


@pytest.mark.usefixtures("one_call")
def test_a_worker_that_dies_in_a_call_leaves_its_key(
    edition: Edition, esp: Esp, settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_PROVIDERS = ["brevo"]
    queue_readers(edition, 30)
    die_during_a_call(monkeypatch)
    lifecycle.unsubscribe(Subscriber.objects.get(email="reader7@example.org"), now=NOW)
    shard_worker.send_due()
    clock.shift(dt.timedelta(minutes=15))
    assert shard_worker.send_due() == 29
    assert len(esp.taken) == 30


def die_during_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(transport: ApiTransport, group: MergeGroup) -> "Future[list[Outcome]]":
        healthy_submit(transport, group).result()
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(ApiTransport, "submit", die)
        with pytest.raises(SystemExit):
            shard_worker.send_due()


def test_a_shard_fits_into_the_window_of_a_transport() -> None:
    """Otherwise an uncertain call would be split."""
    assert shards.SIZE <= api_transport.EMAILS_GROUPED


def test_it_probes_a_provider_with_one_email(edition: Edition, esp: Esp, clock: Any) -> None:
    queue_readers(edition, 5)
    pauses.start("The provider answered 401", now=NOW)
    clock.shift(dt.timedelta(minutes=1))
    assert shard_worker.send_due() == 5
    assert [len(readers) for _, _, readers in esp.calls] == [1, 4]


def at_recipient(reply: str) -> Script:
    return lambda stage, received: reply if stage == "RCPT" else ""


@pytest.mark.usefixtures("queued")
def test_an_address_that_the_mail_server_does_not_know_is_suppressed(sink: Sink, alice: Subscriber) -> None:
    sink.script = at_recipient("550 5.1.1 no such user")
    assert shard_worker.send_due() == 0
    alice.refresh_from_db()
    assert alice.status == "suppressed"
    assert DeliveryEvent.objects.get().meaning == "hard"


@pytest.mark.usefixtures("queued")
def test_a_block_by_policy_does_not_suppress_the_reader(sink: Sink, alice: Subscriber) -> None:
    sink.script = at_recipient("550 5.7.1 we know your network")
    shard_worker.send_due()
    alice.refresh_from_db()
    assert alice.status == "active"


@pytest.mark.usefixtures("queued")
def test_an_email_that_is_accepted_at_the_second_try_has_not_bounced(sink: Sink, clock: Any) -> None:
    sink.script = at_recipient("450 4.2.0 Greylisted, come back in five minutes")
    assert shard_worker.send_due() == 0
    sink.script = healthy
    clock.shift(dt.timedelta(minutes=15))
    assert shard_worker.send_due() == 1
    assert not DeliveryEvent.objects.exists()


@pytest.mark.usefixtures("queued")
def test_a_mailbox_that_stays_full_has_bounced_once(sink: Sink, alice: Subscriber, clock: Any) -> None:
    sink.script = at_recipient("452 4.2.2 Mailbox full")
    while (row := Delivery.objects.get()).status == Status.QUEUED:
        clock.move_to(row.not_before)
        shard_worker.send_due()
    assert (row.status, row.attempts > 5) == (Status.FAILED, True)
    assert DeliveryEvent.objects.get().meaning == "soft"
    alice.refresh_from_db()
    assert alice.status == "active"
