"""Receivers of signals: a provider reported an event, an email is about to be sent, the database was migrated."""

import datetime as dt
from typing import Any

from anymail.signals import AnymailTrackingEvent, pre_send, tracking
from django.apps import AppConfig, apps
from django.core.mail import EmailMessage
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from digest import clock
from digest.api.webhooks import message_queue
from digest.delivery.events import AnymailEvent, report_parser
from digest.delivery.providers.anymail_messages import guard_single_email
from digest.editions import publication
from digest.email import welcome
from digest.models import Edition, StaffRole
from digest.opinions import imported_likes, reading_list
from digest.ops.staff import roles
from digest.papers import stored_formulas, title_keys
from digest.search import fulltext
from subscriptions.models import Consent, OwedNotice, Subscriber
from subscriptions.notices import queue
from subscriptions.readers import consents, lifecycle, personal_data
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.readers.personal_data import PersonalDataSource

queue.register_sender(OwedNotice.Kind.WELCOME, welcome.send_welcome)
personal_data.register(PersonalDataSource(message_queue.export_about, message_queue.delete_answers))


@receiver(tracking)
def handle_tracking(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    report_parser.collect_event(AnymailEvent(event, esp_name))


@receiver(lifecycle.likes_confirmed)
def keep_likes_of_sign_up(reader: Subscriber, papers: tuple[LikedPaper, ...], now: dt.datetime, **kwargs: Any) -> None:
    imported_likes.add_confirmed(reader, [paper for paper in papers if not paper.is_saved], now=now)
    reading_list.add_confirmed(reader, [paper.key for paper in papers if paper.is_saved], now=now)


@receiver(consents.recorded)
def call_webhooks_about_readers(sender: Any, steps: list[Consent], **kwargs: Any) -> None:
    message_queue.enqueue_steps(steps, now=clock.now())


@receiver(publication.edition_closed)
def call_webhooks_about_edition(sender: Any, edition: Edition, now: dt.datetime, **kwargs: Any) -> None:
    message_queue.enqueue_edition(edition, now=now)


@receiver(pre_send)
def guard_placeholders(sender: Any, message: EmailMessage, esp_name: str, **kwargs: Any) -> None:
    guard_single_email(message, esp_name)


@receiver(post_migrate)
def upgrade_stored_papers(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Make the triggers of the search again, rewrite stored formulas, and fill in missing title keys.

    SQLite drops the triggers when a migration changes the table of papers. A new version may read more of TeX.
    """
    database = connections[using]
    has_papers = "digest_paper" in database.introspection.table_names()
    if sender.label == "digest" and has_papers:
        fulltext.ensure(database)
        columns = {column.name for column in _columns(database)}
        if columns >= stored_formulas.COLUMNS:  # not after a migration back to an early state
            stored_formulas.rewrite(using)
        if columns >= title_keys.COLUMNS:
            title_keys.fill(using)


@receiver(post_migrate)
def make_staff_groups(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Give ready-made groups their permissions, once all our apps have made theirs."""
    with_models = [app.label for app in apps.get_app_configs() if app.models_module]  # the others send no signal
    if sender.label == with_models[-1] and StaffRole._meta.db_table in connections[using].introspection.table_names():
        roles.sync()


def _columns(database: BaseDatabaseWrapper) -> list[Any]:
    with database.cursor() as cursor:
        return database.introspection.get_table_description(cursor, "digest_paper")
