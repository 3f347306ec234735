"""A reader who used everything is erased: nothing that they typed, and no address, is left anywhere."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from celery.app.task import Task
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client

from digest.delivery import planner, shard_worker
from digest.models import Delivery, DeliveryEvent, Edition, Job, Opinion, OutsidePaper, WebhookEndpoint, WebhookMessage
from digest.opinions import imported_likes, reading_list
from digest.ops.jobs import runner
from subscriptions.models import Consent, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import address_change, consents, lifecycle, signup_queue
from subscriptions.readers.consents import Trace
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.readers.preferences import Preferences
from subscriptions.security import devices
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW
from tests.subscriptions.conftest import path_of, token_to_move
from tests.subscriptions.readers.test_personal_data import dump

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
FIRST, ADDRESS = "zebrafish@example.org", "axolotl@example.org"
WORDS, TAG, NOTE, TITLE = "quokka diffusion", "numbat", "Read pangolin first.", "On the Okapi"
TYPED = ("zebrafish", "axolotl", "quokka", "numbat", "pangolin", "okapi", "198.51.100.7", "tapirbrowser")
BY = Trace(where="/subscribe/", ip="198.51.100.7", user_agent="TapirBrowser/1.0")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that the broker gets, and writes to its append-only file."""
    found: list[str] = []
    monkeypatch.setattr(
        Task, "apply_async", lambda task, *arguments, **options: found.append(json.dumps([task.name, arguments]))
    )
    return found


def sign_up(edition: Edition) -> Subscriber:
    signup_queue.request_signup(FIRST, Preferences(words=WORDS), BY, now=NOW)
    queue.send_pending(now=NOW)
    reader = Subscriber.objects.get()
    lifecycle.confirm(reader, now=NOW - dt.timedelta(hours=1), trace=BY)
    imported_likes.add_confirmed(reader, (LikedPaper("title:okapi", TITLE, "About okapis."),), now=NOW)
    address_change.request_change(reader, ADDRESS, now=NOW)
    address_change.confirm(reader, token_to_move(reader), now=NOW)
    consents.record(reader, Consent.Event.CONFIRMED, BY)
    return Subscriber.objects.get()


def use_everything(reader: Subscriber, edition: Edition, admin_client: Client) -> None:
    paper = edition.papers.all()[0]
    Opinion.objects.create(subscriber=reader, paper=paper, verdict="like", said_at=NOW)
    reading_list.save(reader, paper, now=NOW)
    reading_list.annotate(reader, paper, TAG, NOTE)
    devices.add(reader, "TapirBrowser/1.0 Firefox/128.0 (Linux)", now=NOW)
    lifecycle.queue_sign_in(reader.email, now=NOW)
    planner.plan_everyone(edition, now=NOW)
    shard_worker.send_due(edition=edition)
    delivery = Delivery.objects.get()
    said = {"event_type": "bounced", "happened_at": NOW, "detail": f"<{ADDRESS}> is full"}
    DeliveryEvent.objects.create(delivery=delivery, event_key="x:1", **said)
    admin_client.get(f"/admin/subscriptions/subscriber/{reader.pk}/change/")
    admin_client.get("/admin/subscriptions/subscriber/", {"q": ADDRESS})


def run_jobs(reader: Subscriber, admin_client: Client) -> None:
    form = {"action": "send_link", "_selected_action": [reader.pk], "post": "yes"}
    admin_client.post("/admin/subscriptions/subscriber/", form)
    runner.run_pending()


def files() -> str:
    found = [path for path in Path(django_settings.VAR_DIR).rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode(errors="replace") for path in found if path.stat().st_size < 10**7)


def left(text: str) -> list[str]:
    return [word for word in TYPED if word in text.lower()]


def test_nothing_that_a_reader_typed_is_left(
    visitor: Client, admin_client: Client, edition: Edition, started: list[str], settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    events = WebhookEndpoint.Event.values
    WebhookEndpoint.objects.create(
        name="crm", url="https://crm.example.org/", events=events, with_address=True, created_at=NOW
    )
    reader = sign_up(edition)
    use_everything(reader, edition, admin_client)
    run_jobs(reader, admin_client)
    queue.send_pending(now=NOW)
    assert OutsidePaper.objects.exists()
    assert WebhookMessage.objects.exists()
    assert Job.objects.exists() or mail.outbox
    assert left(dump()) == list(TYPED[1:])  # the former address is forgotten as soon as it was notified
    answer = visitor.post(path_of(Purpose.PREFERENCES, Subscriber.objects.get()) + "erase/", {"present": ADDRESS})
    assert answer.status_code == 200
    queue.send_pending(now=NOW)  # the last email, after which the address is not needed any more
    assert mail.outbox[-1].to == [ADDRESS]
    assert left(dump()) == []
    assert left(files()) == []
    assert left("".join(started)) == []
