"""The timeline of one reader, for the admin: consents, digests, provider reports, feedback and actions of staff.

Its entries are grouped by day. What an editor rarely needs, such as saved papers, is one line for each day.
"""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.db.models.functions import Coalesce
from django.utils.formats import date_format

from digest.models import Delivery, DeliveryEvent, Opinion, SavedPaper
from subscriptions import audit
from subscriptions.models import Consent, Subscriber

MAX_MOMENTS = 200  # moments, and rows of each model
# The kinds of moments, by the name in the address of the page that shows only these.
KINDS = {
    "emails": ("Digest", "Provider report"),
    "feedback": ("Feedback", "Saved"),
    "consent": ("Consent",),
    "staff": ("Staff", "Opened"),
}
# Several moments of one kind on one day are one line, with these words for their number.
FOLDED = {"Feedback": "papers rated", "Saved": "papers saved", "Opened": "times opened by staff"}


@dataclass(frozen=True)
class Moment:
    """One thing that happened to a reader."""

    at: dt.datetime
    kind: str  # such as “Digest”
    text: str
    row: Model | None = None  # that has a page in the admin
    is_bad: bool = False  # a digest that failed, a bounce, a complaint

    @property
    def page(self) -> str:
        """The name of the row's page, for reverse(), or an empty string."""
        return f"admin:{self.row._meta.app_label}_{self.row._meta.model_name}_change" if self.row else ""


@dataclass(frozen=True)
class Line:
    """One line of the timeline: a moment, or several of one kind that are folded."""

    moments: list[Moment]

    @property
    def first(self) -> Moment:
        return self.moments[0]

    @property
    def summary(self) -> str:
        """The words for several moments, or an empty string for one."""
        return f"{len(self.moments)} {FOLDED[self.first.kind]}" if len(self.moments) > 1 else ""


@dataclass(frozen=True)
class TimelineDay:
    """A day (UTC) and its lines: first what changes what the reader gets, then what is folded."""

    day: dt.date
    lines: list[Line]


def by_day(moments: Iterable[Moment]) -> list[TimelineDay]:
    """Return the days of `moments`, which are sorted, the newest first."""
    days = groupby(moments, key=lambda moment: moment.at.date())
    return [TimelineDay(day, _lines(list(of_day))) for day, of_day in days]


def _lines(moments: Sequence[Moment]) -> list[Line]:
    folded = {kind: [moment for moment in moments if moment.kind == kind] for kind in FOLDED}
    lines = [Line([moment]) for moment in moments if moment.kind not in FOLDED]
    return lines + [Line(several) for several in folded.values() if several]


def timeline(reader: Subscriber, *, may_view: Container[type[Model]]) -> list[Moment]:
    """Return the newest MAX_MOMENTS moments of `reader`, the newest first. Leave out models that staff may not view."""
    parts = {
        Consent: _consents,
        Delivery: _deliveries,
        DeliveryEvent: _reports,
        Opinion: _feedback,
        SavedPaper: _saved,
        LogEntry: _actions,
    }
    moments = [moment for model, part in parts.items() if model in may_view for moment in part(reader)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:MAX_MOMENTS]


def _consents(reader: Subscriber) -> Iterator[Moment]:
    for row in Consent.objects.filter(reader_uid=reader.uid)[:MAX_MOMENTS]:
        yield Moment(row.happened_at, "Consent", _joined(row.get_event_display().capitalize(), row.where), row)


def _deliveries(reader: Subscriber) -> Iterator[Moment]:
    rows = Delivery.objects.filter(subscriber=reader).select_related("edition").defer("papers")
    for row in rows.annotate(at=Coalesce("sent_at", "queued_at")).order_by("-queued_at")[:MAX_MOMENTS]:
        text = f"Digest of {date_format(row.edition.day)}: {row.get_status_display().lower()}"
        is_bad = row.status in (Delivery.Status.FAILED, Delivery.Status.UNCERTAIN)
        yield Moment(row.at, "Digest", _joined(text, row.reason), row, is_bad)


def _reports(reader: Subscriber) -> Iterator[Moment]:
    for row in DeliveryEvent.objects.filter(delivery__subscriber=reader).order_by("-happened_at")[:MAX_MOMENTS]:
        text = f"{row.event_type.capitalize()} {row.meaning}".strip()
        yield Moment(row.happened_at, "Provider report", _joined(text, row.detail), row, bool(row.meaning))


def _feedback(reader: Subscriber) -> Iterator[Moment]:
    for row in Opinion.objects.filter(subscriber=reader).select_related("paper").order_by("-said_at")[:MAX_MOMENTS]:
        yield Moment(row.said_at, "Feedback", f"{row.get_verdict_display().capitalize()}: {row.paper.title}", row)


def _saved(reader: Subscriber) -> Iterator[Moment]:
    rows = SavedPaper.objects.filter(subscriber=reader, removed_at=None).select_related("paper")
    for row in rows.order_by("-saved_at")[:MAX_MOMENTS]:
        yield Moment(row.saved_at, "Saved", row.paper.title, row)


def _actions(reader: Subscriber) -> Iterator[Moment]:
    about = ContentType.objects.get_for_model(Subscriber)
    rows = LogEntry.objects.filter(content_type=about, object_id=str(reader.pk)).select_related("user")
    for row in rows.order_by("-action_time")[:MAX_MOMENTS]:
        message = row.get_change_message()
        kind = "Opened" if message.startswith(audit.OPENED) else "Staff"
        yield Moment(row.action_time, kind, f"{row.user.get_username()}: {message or row}", row)


def _joined(text: str, detail: str) -> str:
    return f"{text}. {detail}" if detail else text
