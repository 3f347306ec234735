"""One day of the whole system, from the source to the inbox to unsubscribing."""

import email
import email.policy
import json
import re
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from digest.models import Delivery, Edition
from subscriptions.models import Subscriber, Topic
from subscriptions.tasks import send_owed_notices
from tests.conftest import TODAY, stamped
from tests.upstream import Upstream

DAY = [
    ("2608.00001", "Reinforcement Learning from Rewards", "An agent learns.", 3),
    ("2608.00002", "A Kitchen Robot", "It cooks, and learned by reinforcement learning.", 40),
    ("2608.00003", "Sorting Quickly", "Nothing to do with it.", 90),
]


def the_day_as_json() -> str:
    papers = [
        {"id": key, "title": title, "summary": text, "upvotes": votes, "authors": [{"name": "Ada Lovelace"}]}
        for key, title, text, votes in DAY
    ]
    return json.dumps([{"paper": paper, "numComments": 0} for paper in papers])


def mails_in(folder: Path) -> list[EmailMessage]:
    parser = BytesParser(EmailMessage, policy=email.policy.default)
    return [parser.parsebytes(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]


def link_in(mail: EmailMessage, word: str) -> str:
    body = mail.get_body(("plain",))
    found = re.search(rf"https://papers\.example\.org(/{word}/\S+)", body.get_content() if body else "")
    assert found, f"no {word} link in the mail"
    return found[1]


@pytest.mark.usefixtures("now")
def test_it_lives_through_a_day(
    client: Client, upstream: Upstream, learning: Topic, outbox_folder: Path, capsys: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    upstream.say("/api/daily_papers", the_day_as_json())

    # A reader signs up with the form, and an email asks them to confirm.
    preferences = {"topics": ["learning"], "time_zone": "Europe/Berlin"}
    client.post("/subscribe/", {"email": "ada@example.org", "stamp": stamped(), **preferences})
    send_owed_notices()
    (question,) = mails_in(outbox_folder)
    assert question["To"] == "ada@example.org"

    # The link alone does nothing, because mail scanners follow links. The button on its page confirms.
    confirm = link_in(question, "confirm")
    client.get(confirm)
    assert Subscriber.objects.get().status == Subscriber.Status.PENDING
    client.post(confirm)
    assert Subscriber.objects.get().status == Subscriber.Status.ACTIVE

    # The papers come in, the edition is published, the digest is sent.
    call_command("run_day", date=str(TODAY), json=True)
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["fetch"]["new"] == 3
    assert summary["publish"]["papers"] == 3
    assert summary["send"]["sent_now"] == 1

    # The page has all papers, the most voted first.
    page = client.get("/").content.decode()
    assert page.index("Sorting Quickly") < page.index("A Kitchen Robot") < page.index("Reinforcement Learning from")

    # The email has the reader's papers, the best match first, with the reasons.
    (digest,) = [mail for mail in mails_in(outbox_folder) if mail["List-Unsubscribe"]]
    body = digest.get_body(("plain",))
    assert body
    text = body.get_content()
    for_you, trending = re.split(r"^## trending$", text, maxsplit=1, flags=re.IGNORECASE | re.MULTILINE)
    assert for_you.index("Reinforcement Learning from Rewards") < for_you.index("A Kitchen Robot")
    assert "Because you follow Learning" in " ".join(for_you.split())
    assert "Sorting Quickly" not in for_you
    assert "Sorting Quickly" in trending

    # Repeating a step changes nothing.
    call_command("run_day", date=str(TODAY))
    assert len(mails_in(outbox_folder)) == 2
    assert Edition.objects.count() == Delivery.objects.count() == 1

    # One click in the mail client unsubscribes: an anonymous POST to the URL in the header.
    address = digest["List-Unsubscribe"].strip("<>").removeprefix("https://papers.example.org")
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200

    # The next day's papers arrive, and the reader who left gets no email.
    upstream.answers.clear()
    upstream.say("/api/daily_papers", the_day_as_json().replace("2608.", "2609."))
    Edition.objects.update(day="2026-08-19")
    call_command("run_day", date=str(TODAY))
    assert Edition.objects.filter(published_at=timezone.now(), day=TODAY).exists()
    assert len(mails_in(outbox_folder)) == 2
