"""Imported readers in the database: which of them may become active, and their rows."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from subscriptions.exchange.bulk import find, insert
from subscriptions.exchange.reader_file import ImportSettings
from subscriptions.exchange.reader_rows import ReaderRow
from subscriptions.models import Consent, FormPost, Subscriber, Suppression, Topic, TopicFilter
from subscriptions.readers import consents
from subscriptions.readers.consents import Trace
from subscriptions.readers.preferences import Preferences

State = Subscriber.Status


class ImportOutcome(StrEnum):
    """The result of importing a row, or the expected one."""

    NEW = "new"
    CONFIRM = "confirm"
    UPDATED = "updated"
    KNOWN = "known"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNCONFIRMED = "unconfirmed"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


LABELS = {
    ImportOutcome.NEW: "new readers, active at once",
    ImportOutcome.CONFIRM: "get a confirmation email",
    ImportOutcome.UPDATED: "readers already, updated",
    ImportOutcome.KNOWN: "readers already, left unchanged",
    ImportOutcome.LEFT: "unsubscribed here, left unsubscribed",
    ImportOutcome.SUPPRESSED: "suppressed here, left suppressed",
    ImportOutcome.UNSUBSCRIBED: "unsubscribed in the other product, not imported",
    ImportOutcome.BOUNCED: "bounced in the other product, not imported",
    ImportOutcome.COMPLAINED: "complained in the other product, not imported",
    ImportOutcome.UNCONFIRMED: "never confirmed in the other product, not imported",
    ImportOutcome.DUPLICATE: "the same mailbox as an earlier row",
    ImportOutcome.INVALID: "invalid, rejected",
}
REJECTED = {
    ImportOutcome.LEFT: "This reader unsubscribed here. Only they can sign up again.",
    ImportOutcome.SUPPRESSED: "This address is on the suppression list.",
}


# The steps of the log of consents that begin or end a consent. A sign-up is none: anyone may have typed it.
_Step = Consent.Event
_BEGIN = (_Step.CONFIRMED, _Step.IMPORTED, _Step.MOVED, _Step.RESUBSCRIBED)
_END = (_Step.WITHDRAWN, _Step.ERASED)


def _states_by_log(addresses: Mapping[str, str]) -> dict[str, str]:
    """Return the last states of those addresses, given by their hashes, that are in the log of consents.

    A reader who left is erased after some time, and only the log still shows that they left. The log of a reader has
    all their addresses, so a former address has the state of the reader.
    """
    found = find(Consent, "address_hash", addresses, ["reader_uid", "address_hash"])
    owned: dict[uuid.UUID, set[str]] = {}
    for uid, hashed in found:
        owned.setdefault(uuid.UUID(str(uid)), set()).add(addresses[hashed])
    if not owned:
        return {}
    states: dict[str, str] = {}
    columns = ["happened_at", "id", "reader_uid", "event", "address_hash"]
    steps = find(Consent, "reader_uid", [uid.hex for uid in owned], columns)
    for _happened_at, _id, uid, event, hashed in sorted(step for step in steps if step[3] in _BEGIN + _END):
        for address in owned[uuid.UUID(str(uid))]:
            if event in _END:
                states[address] = State.UNSUBSCRIBED
            elif addresses.get(hashed) != address:
                states[address] = State.ACTIVE  # at another address
            else:
                states.pop(address, None)  # their row has the state
    return states


@dataclass(frozen=True)
class ReaderStore:
    """The readers in the database, as an import with these settings adds and changes them."""

    settings: ImportSettings
    topics: dict[str, Topic]  # by slug
    by: str
    now: dt.datetime

    def classify(self, rows: Sequence[ReaderRow], hashes: Mapping[str, str]) -> list[ImportOutcome]:
        """Return what will become of each row, given what is in the database. `hashes` are those of the addresses."""
        suppressed = {found for (found,) in find(Suppression, "address_hash", hashes.values(), ["address_hash"])}
        known = find(Subscriber, "LOWER(email)", [address.lower() for address in hashes], ["email", "status"])
        states = {email.lower(): status for email, status in known}
        states = _states_by_log({hashes[row.address]: row.address.lower() for row in rows}) | states
        return [self._outcome(hashes[row.address] in suppressed, states.get(row.address.lower())) for row in rows]

    def _outcome(self, is_suppressed: bool, state: str | None) -> ImportOutcome:
        if is_suppressed or state == State.SUPPRESSED:
            return ImportOutcome.SUPPRESSED
        if state == State.UNSUBSCRIBED:
            return ImportOutcome.LEFT
        if state is not None:
            return ImportOutcome.UPDATED if self.settings.update else ImportOutcome.KNOWN
        return ImportOutcome.CONFIRM if self.settings.confirm else ImportOutcome.NEW

    def add(self, rows: Sequence[ReaderRow], hashes: Mapping[str, str]) -> int:
        """Store the rows as active or paused readers. Return their number: others may have signed up meanwhile."""
        # Rows in the order of an index are inserted several times as fast.
        ordered = sorted(rows, key=lambda row: row.address.lower())
        uids = {row.address: uuid.uuid4() for row in ordered}
        defaults = self._defaults(rows)
        inserted = insert(
            Subscriber,
            ("uid", "email", "created_at", "confirmed_at", "status", "paused_until", *defaults),
            [
                (
                    uids[row.address],
                    row.address,
                    row.signed_up_at,
                    row.consented_at,
                    State.PAUSED if row.paused_until else State.ACTIVE,
                    row.paused_until,
                    *(defaults | row.preferences).values(),
                )
                for row in ordered
            ],
            {"active_since": self.now},
            unique="LOWER(email)",
            returning=("email", "id"),
        )
        keys = dict(inserted)
        stored = [row for row in ordered if row.address in keys]
        self._add_follows([(keys[row.address], row) for row in stored])
        insert(
            Consent,
            ("reader_uid", "address_hash", "where"),
            [(uids[row.address], hashes[row.address], self._origin(row)) for row in stored],
            {"event": Consent.Event.IMPORTED, "happened_at": self.now},
        )
        return len(stored)

    def ask(self, rows: Sequence[ReaderRow]) -> int:
        """Queue a sign-up for each row, as if by the form, so that its limits apply. Return their number."""
        FormPost.objects.bulk_create(
            FormPost(
                kind=FormPost.Kind.SIGN_UP,
                email=row.address,
                wishes=self._preferences(row).as_json(),
                trace=asdict(Trace(where=self._origin(row))),
                posted_at=self.now,
            )
            for row in rows
        )
        return len(rows)

    def update(self, rows: Sequence[ReaderRow]) -> int:
        """Change readers to what their rows say, and add the topics. Return the number of readers."""
        by_address = {row.address.lower(): row for row in rows}
        locked = Subscriber.objects.select_for_update().by_emails(by_address)
        readers = list(locked.exclude(status__in=(State.UNSUBSCRIBED, State.SUPPRESSED)).order_by("pk"))
        follows, changed = [], []
        for reader in readers:
            row = by_address[reader.email.lower()]
            follows.append((reader.pk, row))
            if row.preferences or row.topics or row.words:
                changed.append((reader, self._origin(row)))
            for name, value in row.preferences.items():
                setattr(reader, name, value)
        Subscriber.objects.bulk_update(readers, self._defaults(rows), batch_size=500)
        self._add_follows(follows)
        consents.record_many(changed, Consent.Event.CHANGED)
        return len(readers)

    def _add_follows(self, readers: Sequence[tuple[int, ReaderRow]]) -> None:
        topics = [(pk, self.topics[slug].pk) for pk, row in readers for slug in self._topics(row)]
        insert(TopicFilter, ("subscriber_id", "topic_id"), topics, {"words": ""}, unique="subscriber_id, topic_id")
        words = {pk: row.words for pk, row in readers if row.words}
        if self.settings.update:
            theirs = TopicFilter.objects.filter(subscriber__in=words, words__in=words.values())
            for pk, text in theirs.values_list("subscriber", "words"):
                if words.get(pk) == text:
                    del words[pk]
        insert(TopicFilter, ("subscriber_id", "words"), list(words.items()), {"topic_id": None})

    def _topics(self, row: ReaderRow) -> tuple[str, ...]:
        """Return the row's topics, or those of the settings for new readers without any."""
        return row.topics or (() if self.settings.update or row.words else self.settings.topics)

    def _preferences(self, row: ReaderRow) -> Preferences:
        topics = [self.topics[slug] for slug in self._topics(row)]
        return Preferences(topics=topics, words=row.words, **(self._defaults([]) | row.preferences))

    def _defaults(self, rows: Sequence[ReaderRow]) -> dict[str, Any]:
        """Return the file's own defaults, and those of any other preference that some of the rows have."""
        of_file = {name: getattr(self.settings, name) for name in ("language", "frequency", "time_zone")}
        given = sorted({name for row in rows for name in row.preferences} - of_file.keys())
        model = Subscriber()
        return of_file | {name: getattr(model, name) for name in given}

    def _origin(self, row: ReaderRow) -> str:
        """Return how the reader gave consent, when, and who imported them, for the log of consents."""
        return f"import by {self.by[:50]}; {row.consent_source}; consent of {row.consented_at.date()}"
