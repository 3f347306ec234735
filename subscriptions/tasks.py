"""The Celery tasks. Each calls one function, which finds its work in the database."""

from celery import shared_task
from django.utils import timezone

from subscriptions.notices import queue
from subscriptions.readers import consents, lifecycle
from subscriptions.security import abuse_limits, devices


@shared_task(expires=900)
def send_owed_notices() -> None:
    queue.send_pending(now=timezone.now())


@shared_task(expires=3600)
def tell_of_erasure(address: str, language: str) -> None:
    """Email an erased reader. The address is an argument, because the database no longer has it."""
    queue.send_erasure_notice(address, language)


@shared_task
def delete_unconfirmed() -> None:
    lifecycle.delete_unconfirmed(now=timezone.now())


@shared_task
def forget_what_is_old() -> None:
    """Delete old counts of the abuse limits, old network addresses in the log of consents, and unused devices."""
    abuse_limits.prune(now=timezone.now())
    consents.prune(now=timezone.now())
    devices.prune(now=timezone.now())
