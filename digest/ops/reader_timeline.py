"""The timeline of one reader, for the admin: consents, digests, provider reports, feedback and actions of staff."""

import datetime as dt
from collections.abc import Container, Iterator
from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.db.models.functions import Coalesce

from digest.models import Delivery, DeliveryEvent, Opinion, SavedPaper
from subscriptions.models import Consent, Subscriber

MOST = 200  # moments, and rows of each model


@dataclass(frozen=True)
class Moment:
    """One thing that happened to a reader."""

    at: dt.datetime
    kind: str  # such as “Digest”
    text: str
    row: Model | None = None  # that has a page in the admin

    @property
    def page(self) -> str:
        """The name of the row's page, for reverse(), or an empty string."""
        return f"admin:{self.row._meta.app_label}_{self.row._meta.model_name}_change" if self.row else ""


def timeline(reader: Subscriber, *, may_view: Container[type[Model]]) -> list[Moment]:
    """Return the newest MOST moments of `reader`, the newest first. Leave out models that staff may not view."""
    parts = {
        Consent: _consents,
        Delivery: _deliveries,
        DeliveryEvent: _reports,
        Opinion: _feedback,
        SavedPaper: _saved,
        LogEntry: _actions,
    }
    moments = [moment for model, part in parts.items() if model in may_view for moment in part(reader)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:MOST]


def _consents(reader: Subscriber) -> Iterator[Moment]:
    for row in Consent.objects.filter(reader_uid=reader.uid)[:MOST]:
        yield Moment(row.happened_at, "Consent", _joined(row.get_event_display().capitalize(), row.where), row)


def _deliveries(reader: Subscriber) -> Iterator[Moment]:
    rows = Delivery.objects.filter(subscriber=reader).select_related("edition").defer("papers")
    for row in rows.annotate(at=Coalesce("sent_at", "queued_at")).order_by("-queued_at")[:MOST]:
        text = f"Digest of {row.edition.day}: {row.get_status_display().lower()}"
        yield Moment(row.at, "Digest", _joined(text, row.reason), row)


def _reports(reader: Subscriber) -> Iterator[Moment]:
    for row in DeliveryEvent.objects.filter(delivery__subscriber=reader).order_by("-happened_at")[:MOST]:
        text = f"{row.event_type.capitalize()} {row.meaning}".strip()
        yield Moment(row.happened_at, "Provider report", _joined(text, row.detail), row)


def _feedback(reader: Subscriber) -> Iterator[Moment]:
    for row in Opinion.objects.filter(subscriber=reader).select_related("paper").order_by("-said_at")[:MOST]:
        yield Moment(row.said_at, "Feedback", f"{row.get_verdict_display().capitalize()}: {row.paper.title}", row)


def _saved(reader: Subscriber) -> Iterator[Moment]:
    rows = SavedPaper.objects.filter(subscriber=reader, removed_at=None).select_related("paper")
    for row in rows.order_by("-saved_at")[:MOST]:
        yield Moment(row.saved_at, "Saved", row.paper.title, row)


def _actions(reader: Subscriber) -> Iterator[Moment]:
    about = ContentType.objects.get_for_model(Subscriber)
    rows = LogEntry.objects.filter(content_type=about, object_id=str(reader.pk)).select_related("user")
    for row in rows.order_by("-action_time")[:MOST]:
        yield Moment(row.action_time, "Staff", f"{row.user.get_username()}: {row.get_change_message() or row}", row)


def _joined(text: str, detail: str) -> str:
    return f"{text}. {detail}" if detail else text
