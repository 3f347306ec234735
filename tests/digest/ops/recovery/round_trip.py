"""A whole round in a process with a real database: send, back up, lose everything, restore, send again, and move.

    python -m tests.digest.ops.recovery.round_trip ARCHIVE DATABASE_URL

It prints what happened as JSON. The test that starts it sets DATABASE_URL and VAR_DIR. The second argument names the
database to move to.
"""

import json
import shutil
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db import connections  # noqa: E402

from benchmarks import readers  # noqa: E402
from digest import clock  # noqa: E402
from digest.delivery import high_water, planner, shard_worker  # noqa: E402
from digest.editions import publication  # noqa: E402
from digest.models import Delivery, Edition, Pause, Source  # noqa: E402
from digest.ops.recovery import guard, move  # noqa: E402
from digest.papers.upsert import ingest  # noqa: E402
from subscriptions.models import Subscriber  # noqa: E402
from tests.conftest import make_record  # noqa: E402

READERS = 12


def main() -> None:
    archive = Path(sys.argv[1])
    found: dict[str, object] = {}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    # 1. A site with an edition and planned digests is backed up before they leave.
    call_command("migrate", verbosity=0)
    readers.make(READERS)
    Subscriber.objects.update(mail_quiet_days=True)
    edition = make_edition()
    planner.plan_everyone(edition, now=clock.now())
    found["backup"] = call("backup", str(archive))
    found["mode"] = oct(archive.stat().st_mode & 0o777)
    found["sent"] = shard_worker.send_due()
    # 2. The backup is restored over the newer database.
    found["refused"] = call("restore", str(archive))
    found["restored"] = call("restore", str(archive), "--replace")
    high_water._seen.clear()
    found["may_send"] = guard.may_send(now=clock.now())
    found["queued"] = Delivery.objects.filter(status="queued").count()
    found["missing"] = call("send_missing")
    found["sent_again"] = shard_worker.send_due()
    # 3. A backup of what was sent last needs no pause.
    call("backup", f"{archive}.2")
    high_water._seen.clear()
    found["up_to_date"] = call("restore", f"{archive}.2", "--replace")
    # 4. On another machine it is not known what has left since.
    shutil.rmtree(settings.RECOVERY_DIR)
    found["elsewhere"] = call("restore", f"{archive}.2", "--replace")
    found["readers"] = Subscriber.objects.count()
    # 5. It is moved to another database, and the move is interrupted.
    found["undecided"] = call("move", "--to", sys.argv[2])
    call("send_missing", "--logs-are-complete")
    interrupt_after(30)
    found["interrupted"] = call("move", "--to", sys.argv[2])
    found["moved"] = call("move", "--to", sys.argv[2])
    found["old_may_send"] = guard.may_send(now=clock.now())
    there = Delivery.objects.using(move.TARGET)
    found["there"] = [
        there.filter(status="sent").count(),
        Pause.objects.using(move.TARGET).filter(ended_at=None).count(),
    ]
    last = there.latest("pk")
    last.pk = None
    last.edition_id = Edition.objects.using(move.TARGET).create(day="2020-01-01", published_at=clock.now()).pk
    last.save(using=move.TARGET)  # fails if the sequences are behind
    connections.close_all()
    print(json.dumps(found))


def make_edition() -> Edition:
    today = clock.now().date()
    source = Source.objects.get(kind=Source.Kind.HUGGINGFACE)
    papers = [make_record(f"2608.{number:05}", f"Paper {number} on Agents", day=today) for number in range(1, 4)]
    ingest(source, papers, today)
    edition = publication.publish(today, now=clock.now()).edition
    assert edition is not None
    return edition


def interrupt_after(batches: int) -> None:
    """Have the next move stop after a number of batches, as by Ctrl-C."""
    insert, done = move._insert, [0]

    def interrupted(*arguments: Any) -> None:
        done[0] += 1
        if done[0] > batches:
            move._insert = insert
            raise KeyboardInterrupt
        insert(*arguments)

    move.BATCH = 5
    setattr(move, "_insert", interrupted)  # noqa: B010  # mypy refuses an assignment


def call(*command: str) -> str:
    output = StringIO()
    try:
        call_command(*command, stdout=output)
    except CommandError as error:
        return f"error: {error}"
    return output.getvalue()


if __name__ == "__main__":
    main()
