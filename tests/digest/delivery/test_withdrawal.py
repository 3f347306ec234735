"""Withdrawal of queued deliveries, also while a worker is sending them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from digest.delivery import shard_worker, shards, withdrawal
from digest.delivery.progress import progress_of
from digest.delivery.shard_run import ShardRun
from digest.delivery.transports.outcomes import Outcome
from digest.delivery.withdrawal import WithdrawalCounts
from digest.models import Delivery, Edition, Shard
from tests.conftest import NOW
from tests.digest.delivery.conftest import queue_readers
from tests.sink import Sink

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("clock")]
Status = Delivery.Status


@pytest.fixture
def waiting(edition: Edition, clock: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of ten queued deliveries in two shards."""
    monkeypatch.setattr(shards, "SIZE", 5)
    queue_readers(edition, 10)
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


def test_skipped_deliveries_are_not_sent(waiting: list[int], edition: Edition, sink: Sink) -> None:
    done = withdrawal.skip(Delivery.objects.filter(pk__in=waiting[:3]), "By admin.", now=NOW)
    assert done == WithdrawalCounts(3, 0)
    assert shard_worker.send_due() == 7
    assert statuses() == ["skipped"] * 3 + ["sent"] * 7
    assert set(Delivery.objects.filter(status="skipped").values_list("reason", "sent_at")) == {("By admin.", None)}


def test_those_counted_as_sent_have_a_time_and_are_not_sent(waiting: list[int], edition: Edition, sink: Sink) -> None:
    assert withdrawal.count_as_sent(Delivery.objects.all(), "Restored.", now=NOW) == WithdrawalCounts(10, 0)
    assert set(Delivery.objects.values_list("status", "sent_at", "reason")) == {("sent", NOW, "Restored.")}
    assert shard_worker.send_due() == 0
    assert progress_of(edition, now=NOW).percent == 100


def test_it_leaves_what_a_worker_may_be_sending(waiting: list[int]) -> None:
    shard = shards.take("worker", now=NOW)
    assert shard
    shards.renew(shard, announced=waiting[1])
    assert withdrawal.skip(Delivery.objects.all(), "By admin.", now=NOW) == WithdrawalCounts(8, 2)
    assert statuses() == ["queued"] * 2 + ["skipped"] * 8
    assert Shard.objects.get(pk=shard.pk).done_at is None
    shards.give_back(shard, now=NOW)
    assert withdrawal.skip(Delivery.objects.all(), "By admin.", now=NOW) == WithdrawalCounts(2, 0)
    assert not Shard.objects.filter(done_at=None).exists()


def test_a_worker_that_is_sending_sends_none_that_were_withdrawn(
    waiting: list[int], sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawn = []

    def withdraw_all(run: ShardRun, outcomes: Sequence[Outcome]) -> None:
        withdrawn.append(withdrawal.skip(Delivery.objects.all(), "By admin.", now=NOW))
        end(run, outcomes)

    end = ShardRun.end
    monkeypatch.setattr("digest.delivery.shard_run.CHUNK", 1)
    monkeypatch.setattr(ShardRun, "end", withdraw_all)
    sent = shard_worker.send_due()
    assert withdrawn[0].done >= 5
    assert (statuses().count("sent"), len(sink.mails)) == (sent, sent)
    assert statuses().count("skipped") == 10 - sent


@pytest.mark.parametrize("call", ["-", "a-key"])
def test_those_that_may_have_arrived_become_uncertain(waiting: list[int], call: str) -> None:
    Delivery.objects.filter(pk=waiting[0]).update(call=call, not_before=NOW + dt.timedelta(hours=1))
    withdrawal.skip(Delivery.objects.all(), "By admin.", now=NOW)
    assert statuses() == ["uncertain"] + ["skipped"] * 9
    assert Delivery.objects.get(pk=waiting[0]).reason == "It may have arrived at an earlier attempt. By admin."


def test_it_leaves_deliveries_that_have_ended(waiting: list[int], sink: Sink) -> None:
    shard_worker.send_due()
    assert withdrawal.skip(Delivery.objects.all(), "By admin.", now=NOW) == WithdrawalCounts()
    assert statuses() == ["sent"] * 10
