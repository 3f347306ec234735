from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from digest.management.commands import allinone
from digest.models import Source
from digest.ops import pipeline
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import Preferences

READERS: dict[str, tuple[list[str], str]] = {
    "ada@example.org": (["rl-for-llms", "reasoning", "reinforcement-learning"], ""),
    "grace@example.org": (["text-to-image", "vla-robots", "manipulation"], ""),
    "emmy@example.org": ([], "agents, alignment, retrieval, author:Okafor, -survey"),
}


class Command(allinone.Command):
    help = (
        "Send a sample day to three sample readers into the outbox, then serve as `allinone`. Needs no Internet access."
    )

    lock_name = "demo.lock"

    def prepare(self) -> None:
        _delete_old_demo()
        super().prepare()
        if Source.objects.exclude(kind=Source.Kind.SAMPLE).filter(runs__isnull=False).exists():
            raise CommandError("This database holds real papers. The demo needs its own: run `make demo`.")
        Source.objects.exclude(kind=Source.Kind.SAMPLE).update(is_active=False)
        Source.objects.get_or_create(kind=Source.Kind.SAMPLE, key="", defaults={"name": "Sample day"})
        for email, (topics, words) in READERS.items():
            _subscribe(email, topics, words)
        _make_admin()
        today = timezone.now().date()
        for summary in (pipeline.fetch([today]), pipeline.publish(today), pipeline.send(today)):
            self.stdout.write(summary.line)

    def greet(self) -> None:
        self.stdout.write("Three sample readers have their digests:")
        for path in sorted(settings.OUTBOX_DIR.glob("*.eml"))[-len(READERS) :]:
            self.stdout.write(f"  {path}")
        if settings.DEBUG:
            self.stdout.write(f"Read them at {settings.SITE_URL}/outbox/")
        if _is_local():
            self.stdout.write(f"Log in to the admin at {settings.SITE_URL}/admin/ (user demo, password demo).")


def _delete_old_demo() -> None:
    """Delete the database of the last demo, so that the sample day is new again."""
    name = Path(str(connection.settings_dict["NAME"]))
    if name.name == "demo.sqlite3":
        connection.close()
        for file in name.parent.glob(f"{name.name}*"):
            file.unlink()


def _subscribe(email: str, topics: list[str], words: str) -> None:
    now = timezone.now()
    lifecycle.sign_up(email, Preferences(topics=Topic.objects.filter(slug__in=topics), words=words), now=now)
    reader = Subscriber.objects.get(email=email)
    lifecycle.confirm(reader, now=now)
    reader.owed_notices.all().delete()  # the digest comes at once, so a welcome after it would say nothing new


def _is_local() -> bool:
    return settings.HOST in ("127.0.0.1", "localhost", "::1")


def _make_admin() -> None:
    """Create an account with a known password, in this throw-away database, if only this machine can reach it."""
    users: Any = get_user_model().objects
    if _is_local() and not users.filter(username="demo").exists():
        users.create_superuser("demo", password="demo")  # noqa: S106
