"""An email that kills its process, tested with real processes: a worker and a trial."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from digest.delivery import planner, poison_pill
from digest.models import Delivery, Edition, Shard
from digest.models.deliveries import SUSPECT
from tests.conftest import make_reader
from tests.services.deadly import ADDRESS
from tests.services.test_many_processes import ROOT, mails

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
SEND = "import django; django.setup(); from digest.delivery import shard_worker; shard_worker.send_due()"
OTHERS = 5
Status = Delivery.Status


def work(var: Path) -> int:
    """Send the due digests in a process of its own. Return its exit status."""
    db = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}",
        "VAR_DIR": str(var),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REQUIRE_POSTAL_ADDRESS": "0",
        "EMAIL_BACKEND": "tests.services.deadly.EmailBackend",
    }
    return subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=environment).returncode


def wait_for_the_trial() -> None:
    Shard.objects.filter(poison_pill.QUARANTINED).update(not_before=timezone.now())
    Delivery.objects.filter(status=Status.QUEUED).update(not_before=timezone.now())


@pytest.fixture
def deadly(edition: Edition) -> Delivery:
    """A delivery that kills its process, among others that do not."""
    for number in range(OTHERS):
        make_reader(f"reader{number}@example.org" if number != 1 else ADDRESS)
    planner.plan_everyone(edition, now=timezone.now())
    return Delivery.objects.get(subscriber__email=ADDRESS)


def test_an_email_that_kills_its_process_fails_alone(deadly: Delivery, tmp_path: Path) -> None:
    deaths = 0
    while (status := work(tmp_path)) != 0:
        assert status == -signal.SIGSEGV
        deaths += 1
    assert deaths <= SUSPECT + 2  # the first worker finished another email
    assert len(mails(tmp_path)) == OTHERS - 1
    wait_for_the_trial()
    assert work(tmp_path) == 0  # the trial process died, the worker did not
    assert Shard.objects.get(first=deadly.pk).strikes == 1
    Shard.objects.filter(first=deadly.pk).update(crashes=SUSPECT + poison_pill.MAX_STRIKES - 1)
    wait_for_the_trial()
    assert work(tmp_path) == 0
    deadly.refresh_from_db()
    assert (deadly.status, deadly.reason.startswith(poison_pill.GAVE_UP_REASON)) == (Status.FAILED, True)
    assert max(mails(tmp_path).values()) == 1


def test_a_quarantined_email_that_kills_nothing_is_sent(deadly: Delivery, edition: Edition, tmp_path: Path) -> None:
    deadly.delete()
    assert work(tmp_path) == 0
    late = make_reader("late@example.org")
    now: Any = timezone.now()
    harmless = Delivery.objects.create(edition=edition, subscriber=late, queued_at=now, not_before=now)
    pk = harmless.pk
    Shard.objects.create(edition=edition, first=pk, last=pk, size=1, made_at=now, not_before=now, crashes=SUSPECT)
    assert work(tmp_path) == 0
    harmless.refresh_from_db()
    assert (harmless.status, harmless.attempts) == (Status.SENT, 2)
