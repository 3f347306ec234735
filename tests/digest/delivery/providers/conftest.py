"""Emails of five readers, as the composer makes them, and providers on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from digest.delivery import planner
from digest.delivery.transports import Mail
from digest.email.batch.composer import Composer, DueDelivery
from digest.models import Delivery, Edition
from subscriptions.models import Topic
from tests.conftest import NOW, make_reader
from tests.esp import Esp


@pytest.fixture
def esp(settings: Any) -> Iterator[Esp]:
    settings.API_CONNECTIONS = 2
    settings.DEFAULT_FROM_EMAIL = "Daily Papers <papers@example.org>"
    with Esp() as server:
        settings.ANYMAIL = server.settings()
        yield server


_made: list[Mail] = []  # no test changes them, and to compose them takes as long as ten tests


@pytest.fixture
def mails(db: None, request: pytest.FixtureRequest) -> list[Mail]:
    """Ada, Bea and Cem follow learning, and their digests are alike; Dan and Eva follow video."""
    if not _made:
        _made.extend(compose(request.getfixturevalue("edition"), request.getfixturevalue("learning")))
    return list(_made)


def compose(edition: Edition, learning: Topic) -> list[Mail]:
    for name in ("ada", "bea", "cem"):
        make_reader(f"{name}@example.org", topics=[learning])
    for name in ("dan", "eva"):
        make_reader(f"{name}@example.org", words="video")
    edition.papers.update(abstract="We generate video by {{params}} of %recipient and [[var:x]] in {% braces %}.")
    planner.plan_everyone(edition, now=NOW)
    rows = [DueDelivery(d.pk, d.edition_id, d.subscriber_id) for d in Delivery.objects.order_by("pk")]
    made = sorted((as_mail(composed) for composed in Composer().compose(rows)), key=lambda mail: mail.address)
    return [replace(mail, delivery_id=number) for number, mail in enumerate(made, start=1)]


def as_mail(composed: Any) -> Mail:
    assert composed.message is not None, composed
    return Mail(
        composed.delivery_id,
        composed.address,
        composed.sender,
        composed.message,
        {"made": composed.address},
        reader=composed.reader,
    )


def copies(mail: Mail, number: int) -> list[Mail]:
    """Return `number` copies, for readers at other addresses."""
    return [replace(mail, delivery_id=n, address=f"reader{n}@example.org") for n in range(1, number + 1)]
