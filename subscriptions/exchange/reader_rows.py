"""Rows of a list of readers: what each says about one reader, or why it can't be used."""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from subscriptions.email_addresses import read_address
from subscriptions.exchange.formulas import with_formula
from subscriptions.exchange.products import (
    NO,
    STATUSES,
    SWITCH_FIELDS,
    YES,
    Product,
    ReaderField,
    Status,
    StatusColumn,
    plain,
)
from subscriptions.models import Subscriber
from subscriptions.models.readers import LONGEST_PAUSE, MAX_PAPERS_PER_EMAIL, MAX_WORDS_LENGTH
from subscriptions.query.grammar import FilterError, parse
from subscriptions.time_zones import in_utc

LONGEST_SOURCE = 100  # characters
MAX_UNKNOWN = 1_000  # different values that are counted
MAX_CELLS = 10_000  # different cells of topics that are cached
FREQUENCIES = frozenset(Subscriber.Frequency.values)
_SWITCH = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
# Cells with a preference, and what each means. The site's languages and time zones are added to these.
_PREFERENCES: Mapping[str, Mapping[str, Any]] = {
    ReaderField.FREQUENCY: {value: value for value in FREQUENCIES},
    ReaderField.SEND_HOUR: {str(hour): hour for hour in range(24)},
    ReaderField.MAX_PAPERS: {str(number): number for number in range(1, MAX_PAPERS_PER_EMAIL + 1)},
    ReaderField.AMOUNT: {value: value for value in Subscriber.Amount.values},
    **dict.fromkeys((*SWITCH_FIELDS, ReaderField.FOLLOWS_LIKES), _SWITCH),
}


# The end of a time that a Go program such as listmonk prints: “+0000 UTC”, “+0100 CET”, “+0530 +0530”.
_ZONE = re.compile(r" ([+-]\d{4})(?: \S+)?$")


class RowError(ValueError):
    """A row can't be imported. The message says why."""


class ReaderRow(NamedTuple):
    """The content of a row about a reader. Empty values are not given."""

    address: str
    status: Status
    consent_source: str
    consented_at: dt.datetime
    signed_up_at: dt.datetime
    topics: tuple[str, ...] = ()  # slugs
    words: str = ""
    preferences: dict[str, Any] = {}  # by the names of fields of Subscriber
    paused_until: dt.date | None = None


@dataclass
class RowParser:
    """A parser of the rows of one table. `unknown` counts the values that mean nothing here, by field."""

    product: Product
    header: Sequence[str]
    columns: Mapping[str, Sequence[int]]
    status: Status  # of rows that say nothing
    consent_source: str
    consented_at: dt.datetime | None
    now: dt.datetime
    topics: Mapping[str, str]  # slugs by slug and by name, in lower case
    languages: frozenset[str]
    time_zones: frozenset[str]
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    _status_columns: list[tuple[int, StatusColumn]] = field(init=False)
    _known: dict[str, Mapping[str, Any]] = field(init=False)
    _topics_of: Callable[[str], tuple[tuple[str, ...], list[str]]] = field(init=False)

    def __post_init__(self) -> None:
        places = {plain(column): place for place, column in reversed(list(enumerate(self.header)))}
        self._status_columns = [
            (places[shown.column], shown) for shown in self.product.status_columns if shown.column in places
        ]
        of_site = {ReaderField.LANGUAGE: self.languages, ReaderField.TIME_ZONE: self.time_zones}
        known = dict(_PREFERENCES)
        known |= {kind: {value: value for value in values} for kind, values in of_site.items()}
        self._topics_of = lru_cache(MAX_CELLS)(self._read_topics)  # many rows have the same tags
        self._known = {kind: values for kind, values in known.items() if kind in self.columns}

    @property
    def has_statuses(self) -> bool:
        """Return whether any row may say that its reader left, bounced or complained."""
        return self.status is not Status.ACTIVE or bool(self._status_columns) or ReaderField.STATUS in self.columns

    def scan(self, cells: list[str]) -> tuple[str, Status]:
        """Return only the address and the status. Raise RowError if they can't be used."""
        try:
            return read_address(self._cell(cells, ReaderField.ADDRESS)), self._status(cells)
        except ValueError as error:
            raise RowError(str(error)) from error

    def read(self, cells: list[str]) -> ReaderRow:
        """Return what the row says. Raise RowError if it can't be used."""
        if len(cells) > len(self.header) and any(cells[len(self.header) :]):
            raise RowError(f"The row has {len(cells)} cells, and the header {len(self.header)}.")
        address, status = self.scan(cells)
        signed_up_at = self._moment(cells, ReaderField.SIGNED_UP)
        consented_at = self._moment(cells, ReaderField.CONSENT_DATE) or self.consented_at
        source = self._cell(cells, ReaderField.CONSENT_SOURCE)[:LONGEST_SOURCE].replace("\0", "") or self.consent_source
        if status is Status.ACTIVE and (consented_at is None or not source):
            missing = "date of consent" if source else "source of consent"
            raise RowError(f"There is no {missing}, neither in the row nor for the whole file.")
        agreed = consented_at or self.now
        return ReaderRow(
            address,
            status,
            source,
            agreed,
            signed_up_at or agreed,
            self._topics(cells),
            self._words(cells),
            self._preferences(cells),
            self._paused_until(cells),
        )

    def _cell(self, cells: list[str], kind: str) -> str:
        """Return the first cell of the field's columns that is not empty."""
        for place in self.columns.get(kind, ()):
            if place < len(cells) and (cell := cells[place].strip()):
                return with_formula(cell) if "'" in cell else cell
        return ""

    def _status(self, cells: list[str]) -> Status:
        """Return the worst status that any column says."""
        said = self.status
        if word := self._cell(cells, ReaderField.STATUS).lower():
            if word not in STATUSES:
                raise RowError(f"“{word[:40]}” is not a status that is known here.")
            # A pause with an end is ours. Other products pause readers for good.
            is_break = word == "paused" and self._cell(cells, ReaderField.PAUSED_UNTIL)
            said = max(said, Status.ACTIVE if is_break else STATUSES[word])
        for place, sign in self._status_columns:
            if place < len(cells) and sign.applies(cells[place].strip()):
                said = max(said, sign.status)
        return said

    def _moment(self, cells: list[str], kind: str) -> dt.datetime | None:
        cell = self._cell(cells, kind)
        if not cell:
            return None
        moment = read_moment(cell)
        if moment > self.now:
            raise RowError(f"The date {cell[:40]} is in the future.")
        return moment

    def _topics(self, cells: list[str]) -> tuple[str, ...]:
        cell = self._cell(cells, ReaderField.TOPICS)
        if not cell:
            return ()
        slugs, unknown = self._topics_of(cell)
        for tag in unknown:
            self._count(ReaderField.TOPICS, tag)
        return slugs

    def _read_topics(self, cell: str) -> tuple[tuple[str, ...], list[str]]:
        """Return the slugs of the topics in a cell, each once, and its tags that are no topics."""
        tags = self._tags(cell)
        slugs = dict.fromkeys(self.topics[tag.lower()] for tag in tags if tag.lower() in self.topics)
        return tuple(slugs), [tag for tag in tags if tag.lower() not in self.topics]

    def _tags(self, cell: str) -> list[str]:
        """Return the topics and tags in a cell. Names of topics may have commas: our exports separate by semicolons."""
        parts = [part.strip() for part in cell.split(";")]
        if not any(part.lower() in self.topics for part in parts):
            return split_tags(cell)
        return [tag for part in parts for tag in ([part] if part.lower() in self.topics else split_tags(part))]

    def _words(self, cells: list[str]) -> str:
        words = self._cell(cells, ReaderField.WORDS)
        if not words:
            return ""
        if len(words) > MAX_WORDS_LENGTH or "\0" in words:
            raise RowError(f"The words are longer than {MAX_WORDS_LENGTH} characters, or contain a NUL.")
        try:
            parse(words)
        except FilterError as error:
            raise RowError(f"The words can’t be read: {error}") from error
        return words

    def _preferences(self, cells: list[str]) -> dict[str, Any]:
        """Return the preferences that the row gives. A language may name a country, as in de-AT."""
        found = {}
        for kind, known in self._known.items():
            cell = self._cell(cells, kind)
            plainer = cell.lower().replace("_", "-").partition("-")[0] if kind is ReaderField.LANGUAGE else cell.lower()
            if (value := known.get(cell, known.get(plainer))) is not None:
                found[kind.replace("-", "_")] = value
            elif cell:
                self._count(kind, cell)
        return found

    def _paused_until(self, cells: list[str]) -> dt.date | None:
        """Return the end of the reader's pause, unless it is over."""
        cell = self._cell(cells, ReaderField.PAUSED_UNTIL)
        end = read_moment(cell).date() if cell else None
        last = self.now.date() + LONGEST_PAUSE
        if end and end > last:
            raise RowError(f"A pause lasts a year at most. Write a date up to {last} instead of {end}.")
        return end if end and end > self.now.date() else None

    def _count(self, kind: str, value: str) -> None:
        key = (kind, value[:60])
        if key in self.unknown or len(self.unknown) < MAX_UNKNOWN:
            self.unknown[key] += 1


def read_moment(text: str) -> dt.datetime:
    """Return the date or time in ISO 8601, such as 2024-03-01 or 2024-03-01 10:30:00, in UTC. Raise RowError."""
    try:
        return in_utc(_parse(text))
    except (ValueError, OverflowError) as error:
        raise RowError(f"“{text[:40]}” is not a date. Write it like 2024-03-01 or 2024-03-01 10:30:00.") from error


def _parse(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:  # perhaps only by the name of its zone
        return dt.datetime.fromisoformat(_ZONE.sub(r"\1", text).removesuffix(" UTC"))


def split_tags(cell: str) -> list[str]:
    """Return the tags in a cell: a JSON list, or texts between commas or semicolons, with or without quotes."""
    if cell.startswith("["):
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return [str(tag).strip() for tag in found if str(tag).strip()]
    separator = "," if "," in cell else ";"
    return [tag for part in cell.split(separator) if (tag := part.strip().strip("\"'").strip())]
