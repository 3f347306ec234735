"""What happens elsewhere and is answered here: a provider's webhook came in, the database was migrated."""

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from digest.discovery import fulltext
from digest.events import Told, reading
from digest.mails import welcoming
from subscriptions import notices
from subscriptions.models import OwedNotice

notices.send_by(OwedNotice.Kind.WELCOME, welcoming.send)


@receiver(tracking)
def handle_tracking(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    reading.hear(Told(event, esp_name))


@receiver(post_migrate)
def keep_words_of_papers(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Have the search's triggers made again: SQLite drops them when a migration changes the table of papers."""
    database = connections[using]
    is_there = "digest_paper" in database.introspection.table_names()
    if sender.label == "digest" and is_there:
        fulltext.ensure(database)
