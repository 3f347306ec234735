"""The Celery tasks. Each calls one function, which finds its work in the database."""

from celery import shared_task
from django.utils import timezone

from subscriptions.exchange import reader_import
from subscriptions.notices import queue
from subscriptions.readers import consents, lifecycle, personal_data
from subscriptions.security import abuse_limits, devices


@shared_task
def send_owed_notices() -> None:
    queue.send_pending(now=timezone.now())


@shared_task
def delete_unconfirmed() -> None:
    lifecycle.delete_unconfirmed(now=timezone.now())


@shared_task
def forget_what_is_old() -> None:
    """Delete old counts of the abuse limits, network addresses in the log of consents, devices, and imported files."""
    abuse_limits.delete_old(now=timezone.now())
    consents.delete_old(now=timezone.now())
    devices.delete_old(now=timezone.now())
    reader_import.delete_old(now=timezone.now())


@shared_task
def erase_former_readers() -> None:
    personal_data.erase_former_readers(now=timezone.now())
