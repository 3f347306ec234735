"""Actions of staff on deliveries, at once or as jobs. None sends an email twice, except those that say so."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from digest import clock
from digest.delivery import shards, withdrawal
from digest.delivery.withdrawal import WithdrawalCounts
from digest.models import Delivery, Edition, Job
from digest.ops.jobs import runner
from digest.ops.jobs.registry import Step, job
from digest.ops.jobs.rows import RowAction
from subscriptions import audit
from subscriptions.models import Subscriber

Status = Delivery.Status
CHANGE_DELIVERIES = "digest.change_delivery"
IN_FLIGHT = "a worker may be sending it now; try again in a minute"
NOT_QUEUED = "not queued"
ACTIONS = {Status.SKIPPED: "Skipped by {by}.", Status.SENT: "Counted as sent by {by}."}


def reason_of(status: str, by: str) -> str:
    """Return the reason that is stored with deliveries that `by` withdrew."""
    return ACTIONS[Status(status)].format(by=by)


def _deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("edition").defer("papers")


def _requeue(delivery: Delivery, status: str) -> str:
    if delivery.status != status:
        return f"not {status}"
    shards.queue_again(Delivery.objects.filter(pk=delivery.pk, status=status), now=clock.now())
    return ""


def _begin_again(delivery: Delivery, by: str) -> str:
    if delivery.status not in (Status.FAILED, Status.SKIPPED):
        return "neither failed nor skipped"
    return _requeue(delivery, delivery.status)


def _leave(delivery: Delivery, by: str) -> str:
    left = shards.leave_uncertain(Delivery.objects.filter(pk=delivery.pk))
    return "" if left else "not uncertain"


def _withdraw(deliveries: QuerySet[Delivery], status: str, by: str) -> WithdrawalCounts:
    reason, now = reason_of(status, by), clock.now()
    return sum(withdrawal.each(deliveries, status, reason, now=now), WithdrawalCounts())


def _outcome(withdrawn: WithdrawalCounts) -> str:
    if withdrawn.done:
        return ""
    return IN_FLIGHT if withdrawn.in_flight else NOT_QUEUED


def _withdraw_one(delivery: Delivery, status: str, by: str) -> str:
    return _outcome(_withdraw(Delivery.objects.filter(pk=delivery.pk), status, by))


def _withdraw_of_reader(reader: Subscriber, status: str, by: str) -> str:
    outcome = _outcome(_withdraw(Delivery.objects.filter(subscriber=reader), status, by))
    return "nothing is queued for them" if outcome == NOT_QUEUED else outcome


def _action(
    kind: str, label: str, rows: Callable[[], QuerySet[Any]], act: Callable[[Any, str], str], logged: str
) -> RowAction:
    return RowAction(kind, label, rows, act, logged, permission=CHANGE_DELIVERIES).register()


RETRY_FAILED = _action(
    "retry_failed",
    "Retry failed deliveries",
    _deliveries,
    lambda row, by: _requeue(row, Status.FAILED),
    "Queued again.",
)
RESEND_UNCERTAIN = _action(
    "resend_uncertain",
    "Resend uncertain deliveries (may arrive twice)",
    _deliveries,
    lambda row, by: _requeue(row, Status.UNCERTAIN),
    "Queued again.",
)
QUEUE_SKIPPED = _action(
    "queue_skipped",
    "Begin again with skipped deliveries",
    _deliveries,
    lambda row, by: _requeue(row, Status.SKIPPED),
    "Queued again.",
)
BEGIN_AGAIN = _action(
    "begin_again", "Begin again with failed and skipped deliveries", _deliveries, _begin_again, "Queued again."
)
LEAVE_UNCERTAIN = _action(
    "leave_uncertain", "Leave uncertain deliveries unsent", _deliveries, _leave, "Left as uncertain."
)
SKIP = _action(
    "skip_deliveries",
    "Skip queued deliveries",
    _deliveries,
    lambda row, by: _withdraw_one(row, Status.SKIPPED, by),
    "Skipped.",
)
COUNT_AS_SENT = _action(
    "count_deliveries_as_sent",
    "Count queued deliveries as sent",
    _deliveries,
    lambda row, by: _withdraw_one(row, Status.SENT, by),
    "Counted as sent.",
)
SKIP_OF_READERS = _action(
    "skip_of_readers",
    "Skip what is queued for readers",
    Subscriber.objects.all,
    lambda row, by: _withdraw_of_reader(row, Status.SKIPPED, by),
    "Skipped what was queued.",
)
COUNT_OF_READERS = _action(
    "count_of_readers_as_sent",
    "Count what is queued for readers as sent",
    Subscriber.objects.all,
    lambda row, by: _withdraw_of_reader(row, Status.SENT, by),
    "Counted as sent what was queued.",
)
SKIP_EDITIONS, COUNT_EDITIONS_AS_SENT = "Skip what is queued of editions", "Count what is queued of editions as sent"


def withdraw_editions(editions: Iterable[Edition], status: str, *, by: str) -> Job:
    """Start a job that withdraws everything that is queued of these editions, as skipped or sent."""
    chosen = list(editions)
    queued = Delivery.objects.filter(edition__in=chosen, status=Status.QUEUED).count()
    action = "Skipped what was queued." if status == Status.SKIPPED else "Counted as sent what was queued."
    audit.record_rows(by=by, rows=chosen, message=action)
    kind = "skip_editions" if status == Status.SKIPPED else "count_editions_as_sent"
    return runner.start(kind, {"editions": [edition.pk for edition in chosen]}, by=by, total=queued)


def _withdrawals(started: Job, status: str) -> Iterator[Step]:
    """Yield a step for each shard. After a crash, those that are no longer queued are not found again."""
    deliveries: Any = Delivery.objects.filter(edition__in=started.arguments["editions"])
    reason = reason_of(status, started.created_by)
    for withdrawn in withdrawal.each(deliveries, status, reason, now=clock.now()):
        skipped = {IN_FLIGHT: withdrawn.in_flight} if withdrawn.in_flight else {}
        yield Step(done=withdrawn.done, skipped=skipped)


@job("skip_editions", label=SKIP_EDITIONS, permission=CHANGE_DELIVERIES)
def skip_editions(started: Job) -> Iterator[Step]:
    return _withdrawals(started, Status.SKIPPED)


@job("count_editions_as_sent", label=COUNT_EDITIONS_AS_SENT, permission=CHANGE_DELIVERIES)
def count_editions_as_sent(started: Job) -> Iterator[Step]:
    return _withdrawals(started, Status.SENT)
