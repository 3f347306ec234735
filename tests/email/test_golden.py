"""Whole emails, compared with the expected ones in tests/data/mails.

`make golden` writes the expected emails again. Read the difference before you commit it.
"""

import os
import re
from pathlib import Path

import pytest
from django.core import mail

from digest.models import Edition, Paper
from subscriptions.models import Subscriber
from subscriptions.notices import queue
from tests.conftest import NOW
from tests.email.mails import Mail, digest_of

FOLDER = Path(__file__).resolve().parent.parent / "data" / "mails"
RENEW = bool(os.environ.get("RENEW"))


def settled(text: str) -> str:
    """Return the text with placeholders for tokens and ids of rows, which differ in each run."""
    text = re.sub(r"/(preferences|unsubscribe|digests|confirm)/[\w-]{40,}/", r"/\1/TOKEN/", text)
    return re.sub(r"/papers/\d+/", "/papers/ID/", text)


def check(name: str, text: str) -> None:
    path = FOLDER / name
    if RENEW:
        path.parent.mkdir(exist_ok=True)
        path.write_text(settled(text), encoding="utf-8")
    assert settled(text) == path.read_text(encoding="utf-8"), "If it is meant to be so: make golden"


@pytest.fixture
def digest(edition: Edition, alice: Subscriber) -> Mail:
    edition.note_before, edition.note_after = "Good morning,\nhere are the papers.", "See you tomorrow."
    edition.save()
    Paper.objects.filter(title="Faster Diffusion").update(summary="Video in one step, at the quality of fifty.")
    return digest_of(edition, alice)


@pytest.mark.usefixtures("now")
def test_it_writes_the_digest_as_text(digest: Mail) -> None:
    check("digest.txt", f"{digest.message['Subject']}\n\n{digest.text}")


@pytest.mark.usefixtures("now")
def test_it_writes_the_digest_as_html(digest: Mail) -> None:
    check("digest.html", digest.html)


@pytest.mark.usefixtures("now")
def test_it_writes_the_confirmation(bob: Subscriber) -> None:
    queue.send_pending(now=NOW)
    (sent,) = mail.outbox
    check("confirm.txt", f"{sent.subject}\n\n{sent.body}")
