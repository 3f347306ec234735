"""The parameters, bodies and answers of the API."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from ninja import Field, Schema
from pydantic import ConfigDict, create_model

from digest.api.fields import Day, Integer, PageIn, Slug, one_of
from digest.models import Delivery
from subscriptions import time_zones
from subscriptions.models import Subscriber
from subscriptions.models.readers import MAX_PAPERS_PER_EMAIL, MAX_WORDS_LENGTH
from subscriptions.readers.preferences import SWITCHES, Preferences

MAX_TOPICS_IN_CALL = 400


class Problem(Schema):
    """An error (RFC 9457)."""

    type: str = Field(description="Always about:blank: the status says the kind of error.")
    title: str
    status: int
    detail: str = Field(description="What is wrong, and what to do.")
    errors: list["FieldProblem"] | None = Field(None, description="The fields that are wrong.")


class FieldProblem(Schema):
    pointer: str = Field(description="The field, as a JSON pointer into the body, or the name of a parameter.")
    detail: str


def _with_switches(name: str, default: Any = ...) -> Any:
    """Return a schema with the preferences that are on or off, to be inherited. They are required without a default."""
    fields = {switch.name: (bool, Field(default, description=switch.description)) for switch in SWITCHES}
    return create_model(name, __base__=Schema, **fields)  # type: ignore[call-overload]


def _list_zones(schema: dict[str, Any]) -> None:
    schema["enum"] = sorted(time_zones.time_zones())


class PreferencesIn(_with_switches("SwitchesIn", False)):  # type: ignore[misc]
    """The topics and words that a reader follows, and when they get their digests."""

    model_config = ConfigDict(strict=True, extra="forbid")

    topics: list[Slug] = Field([], max_length=MAX_TOPICS_IN_CALL, description="Slugs of topics, from /api/v1/topics.")
    words: str = Field("", max_length=MAX_WORDS_LENGTH, description="The reader's own words, in the query language.")
    frequency: Annotated[str, one_of(Subscriber.Frequency.values)] = Preferences.frequency
    send_hour: Integer = Field(Preferences.send_hour, ge=0, le=23, description="The hour in the reader's time zone.")
    # An unknown zone gets the form's message, so the list is not checked here.
    time_zone: str = Field(
        Preferences.time_zone,
        max_length=40,
        description="A name such as Europe/Berlin.",
        json_schema_extra=_list_zones,
    )
    max_papers: Integer = Field(
        Preferences.max_papers, ge=1, le=MAX_PAPERS_PER_EMAIL, description="Papers per email, at most."
    )
    amount: Annotated[str, one_of(Subscriber.Amount.values, "How close a match must be.")] = Preferences.amount
    language: Annotated[str, one_of([code for code, _ in settings.LANGUAGES])] = "en"


class NewReader(PreferencesIn):
    """A sign-up. The address gets an email with a link to confirm it."""

    email: str = Field(max_length=254, json_schema_extra={"format": "email"})


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class ReaderChanges(PreferencesIn):
    """Changed preferences. Those that are left out stay as they are."""

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra=_without_defaults)


class ReaderFilters(PageIn):
    status: Annotated[str, one_of(Subscriber.Status.values)] | None = None
    frequency: Annotated[str, one_of(Subscriber.Frequency.values)] | None = None
    topic: Slug | None = Field(None, description="Readers who follow this topic.")
    email: Annotated[str, Field(pattern="^[^\x00]{1,254}$")] | None = Field(
        None, description="The reader with this address."
    )
    created_since: Day | None = None


class DeliveryFilters(PageIn):
    edition: Day | None = Field(None, description="Deliveries of the edition of this day.")
    reader: UUID | None = Field(None, description="Deliveries to the reader with this id.")
    status: Annotated[str, one_of(Delivery.Status.values)] | None = Field(
        None, description="Needs an edition or a reader beside it."
    )


class Accepted(Schema):
    status: str = Field(description="Always “accepted”, whether or not the address is known.")
    detail: str


class Reader(_with_switches("Switches")):  # type: ignore[misc]
    id: UUID
    email: str
    status: Annotated[str, one_of(Subscriber.Status.values)]
    topics: list[str] = Field(description="The slugs of the topics that the reader follows.")
    words: str
    frequency: Annotated[str, one_of(Subscriber.Frequency.values)]
    send_hour: int
    time_zone: str
    max_papers: int
    amount: Annotated[str, one_of(Subscriber.Amount.values)]
    language: str
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    paused_until: dt.date | None
    unsubscribed_at: dt.datetime | None


class Readers(Schema):
    readers: list[Reader]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class DeliveryRow(Schema):
    id: int
    edition: dt.date
    reader: UUID
    status: Annotated[str, one_of(Delivery.Status.values)]
    queued_at: dt.datetime
    sent_at: dt.datetime | None
    attempts: int
    reason: str = Field(description="Why it was skipped, failed or will be retried.")


class ReportedEvent(Schema):
    type: str = Field(description="In django-anymail's terms, such as delivered or bounced.")
    meaning: str = Field(description="Its class: hard, soft, policy, complaint or left; may be empty.")
    happened_at: dt.datetime


class OneDelivery(DeliveryRow):
    papers: list[str] = Field(description="The keys of the papers in the digest, in order.")
    events: list[ReportedEvent] = Field(description="What the email provider reported, newest first.")


class Deliveries(Schema):
    deliveries: list[DeliveryRow]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class EditionRow(Schema):
    day: dt.date
    published_at: dt.datetime
    closed_at: dt.datetime | None = Field(description="No papers are added after this.")
    mail_from: dt.datetime | None = Field(description="Readers get it after this; null if it is not sent.")
    papers: int
    page: str


class PaperOfEdition(Schema):
    id: str
    title: str
    url: str
    page: str
    votes: int


class OneEdition(EditionRow):
    listed: list[PaperOfEdition] = Field(description="Its papers, in the order of emails.")


class Editions(Schema):
    editions: list[EditionRow]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class TopicRow(Schema):
    slug: str
    name: str
    group: str
    description: str
    includes: list[str] = Field(description="The slugs of the topics that a broader topic includes.")
    page: str


class Topics(Schema):
    topics: list[TopicRow]


class PaperReason(Schema):
    kind: str
    found: str
    where: str


class FoundPaper(Schema):
    id: str
    title: str
    authors: list[str]
    abstract: str
    categories: list[str]
    keywords: list[str]
    published_on: dt.date | None
    edition: dt.date | None
    votes: int | None
    url: str
    page: str
    code: str | None
    score: float
    reasons: list[PaperReason]


class FoundPapers(Schema):
    query: str
    page: int
    next: str | None
    papers: list[FoundPaper]


class QueryProblem(Schema):
    error: str
