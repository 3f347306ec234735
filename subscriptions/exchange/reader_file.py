"""A file of readers with its settings: which product wrote it, what its columns mean, and its rows."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings as site

from subscriptions import time_zones
from subscriptions.exchange import tables
from subscriptions.exchange.products import (
    FIELDS,
    Product,
    ReaderField,
    guess_columns,
    plain,
    recognize,
    status_of_file,
)
from subscriptions.exchange.reader_rows import (
    FREQUENCIES,
    LONGEST_SOURCE,
    MAX_UNKNOWN,
    ReaderRow,
    RowError,
    RowParser,
    read_moment,
)
from subscriptions.exchange.tables import GUESSED, Table, TableError
from subscriptions.models import Subscriber, Topic

Unknown = dict[str, dict[str, int]]  # numbers of rows by field and value
SHOWN_UNKNOWN = 10  # values of each field that a note lists


class FileRow(NamedTuple):
    table: int
    number: int
    cells: list[str]


@dataclass(frozen=True)
class ImportSettings:
    """The choices of an admin for a whole file of readers."""

    consent_source: str = ""
    consent_date: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # names of columns by field; the others are guessed
    topics: tuple[str, ...] = ()  # slugs for readers without any that is known here
    language: str = "en"
    frequency: str = Subscriber.Frequency.DAILY
    time_zone: str = "UTC"
    confirm: bool = False  # send a confirmation email instead of making readers active
    update: bool = False  # change readers who exist
    suppress: bool = False  # suppress addresses that unsubscribed, bounced or complained in the other product

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"topics": list(self.topics), "columns": dict(self.columns)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ImportSettings":
        return cls(**{**stored, "topics": tuple(stored.get("topics", ()))})


@dataclass
class ReaderFile:
    """The tables of a file, each with a parser of its rows."""

    tables: list[Table]
    parsers: list[RowParser]
    topics: dict[str, Topic]  # by slug
    settings: ImportSettings

    @property
    def product(self) -> Product:
        return self.parsers[0].product

    @property
    def header(self) -> list[str]:
        """The columns of all tables, each once."""
        return list(dict.fromkeys(column for table in self.tables for column in table.header))

    def rows(self) -> Iterator[FileRow]:
        for place, table in enumerate(self.tables):
            for number, cells in table.rows():
                yield FileRow(place, number, cells)

    def read(self, row: FileRow) -> ReaderRow:
        """Return what the row says. Raise RowError if it can't be used."""
        return self.parsers[row.table].read(row.cells)

    def reject(self, row: FileRow, reason: str) -> list[str]:
        """Return a row for the file of rejected rows: its table, number and reason, and its cells below `header`."""
        table = self.tables[row.table]
        cells = dict(zip(table.header, row.cells, strict=False))
        return [table.name, str(row.number), reason, *(cells.get(column, "") for column in self.header)]

    def notes(self) -> list[str]:
        """Return what an admin should know about how the file is read."""
        return [f"{table.name}: {GUESSED}" for table in self.tables if table.is_guessed]

    def take_unknown(self) -> Unknown:
        """Return the values since the last call that mean nothing here, each with the number of its rows."""
        found: Unknown = {}
        for parser in self.parsers:
            for (kind, value), count in parser.unknown.items():
                values = found.setdefault(kind, {})
                values[value] = values.get(value, 0) + count
            parser.unknown.clear()
        return found


def add_unknown(before: Unknown, more: Unknown) -> Unknown:
    """Return the sum of both, with at most MAX_UNKNOWN different values of a field."""
    total = {kind: dict(values) for kind, values in before.items()}
    for kind, values in more.items():
        known = total.setdefault(kind, {})
        for value, count in values.items():
            if value in known or len(known) < MAX_UNKNOWN:
                known[value] = known.get(value, 0) + count
    return total


def notes_on_unknown(unknown: Unknown) -> list[str]:
    """Return a sentence about the values of each field that mean nothing here."""
    return [_note_on(kind, unknown[kind]) for kind in FIELDS if unknown.get(kind)]


def _note_on(kind: str, values: Mapping[str, int]) -> str:
    often = sorted(values.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{value} ({count})" for value, count in often[:SHOWN_UNKNOWN])
    more = f", and {len(often) - SHOWN_UNKNOWN} more" if len(often) > SHOWN_UNKNOWN else ""
    return f"Not known here and left out, {kind}: {listed}{more}."


def open_readers(path: Path, settings: ImportSettings, *, now: dt.datetime, name: str = "") -> ReaderFile:
    """Open a CSV file, or a zip file of them. Raise TableError if the file or the settings can't be used."""
    opened = tables.open_file(path, name)
    offered = {topic.slug: topic for topic in Topic.objects.offered()}
    _check(settings, offered)
    consented_at = _read_date(settings.consent_date, now) if settings.consent_date else None
    names = {topic.name.lower(): slug for slug, topic in offered.items()} | {slug: slug for slug in offered}
    parsers = [
        RowParser(
            product := recognize(table.header),
            table.header,
            _columns(table, product, settings.columns),
            status_of_file(table.name),
            settings.consent_source.strip(),
            consented_at,
            now,
            names,
            frozenset(dict(site.LANGUAGES)),
            frozenset(time_zones.time_zones()),
        )
        for table in opened
    ]
    for table, parser in zip(opened, parsers, strict=True):
        _check_consent(table, parser)
    return ReaderFile(opened, parsers, offered, settings)


def _columns(table: Table, product: Product, chosen: Mapping[str, str]) -> dict[str, list[int]]:
    """Return the places of the columns by field: those that were chosen, and for the other fields the guessed ones."""
    columns = guess_columns(product, table.header)
    if not table.has_header:
        columns = {ReaderField.ADDRESS: _places_of_addresses(table)}
    places = {plain(column): place for place, column in reversed(list(enumerate(table.header)))}
    for kind, name in chosen.items():
        columns.pop(kind, None)
        if not name:  # chosen to be left out
            continue
        if plain(name) not in places:
            raise TableError(f"{table.name} has no column “{name}”. It has {', '.join(table.header)}.")
        columns[kind] = [places[plain(name)]]
    if not columns.get(ReaderField.ADDRESS):
        raise TableError(
            f"No column of {table.name} looks like the address. Say which it is. It has {', '.join(table.header)}."
        )
    return columns


def _places_of_addresses(table: Table) -> list[int]:
    first = next(table.rows(), (0, []))[1]
    return [place for place, cell in enumerate(first) if "@" in cell][:1]


def _check(settings: ImportSettings, offered: Mapping[str, Topic]) -> None:
    if unknown := [slug for slug in settings.topics if slug not in offered]:
        raise TableError(f"There is no topic {', '.join(unknown)}. Topics are named by their slugs.")
    if settings.time_zone not in time_zones.time_zones():
        raise TableError(f"“{settings.time_zone}” is not a time zone. Write one such as Europe/Berlin.")
    if settings.language not in dict(site.LANGUAGES):
        raise TableError(
            f"“{settings.language}” is not one of the site’s languages: {', '.join(dict(site.LANGUAGES))}."
        )
    if settings.frequency not in FREQUENCIES:
        raise TableError(f"“{settings.frequency}” is not a frequency. Write {', '.join(sorted(FREQUENCIES))}.")
    if len(settings.consent_source) > LONGEST_SOURCE or "\0" in settings.consent_source:
        raise TableError(f"The source of consent is longer than {LONGEST_SOURCE} characters. Shorten it.")
    if settings.confirm and settings.update:
        raise TableError("Readers who exist need no confirmation: choose either to confirm or to update.")


def _check_consent(table: Table, parser: RowParser) -> None:
    """Raise TableError unless the source and the date of consent are given for the file, or have columns."""
    if not (parser.consent_source or ReaderField.CONSENT_SOURCE in parser.columns):
        raise TableError(
            f"Say for {table.name} how its readers gave consent, such as “sign-up form on example.org”: "
            "for the whole file, or in a column."
        )
    if not (parser.consented_at or ReaderField.CONSENT_DATE in parser.columns):
        raise TableError(f"Say for {table.name} when its readers gave consent: for the whole file, or in a column.")


def _read_date(text: str, now: dt.datetime) -> dt.datetime:
    try:
        moment = read_moment(text)
    except RowError as error:
        raise TableError(str(error)) from error
    if moment > now:
        raise TableError(f"The date of consent, {text}, is in the future. Correct it.")
    return moment
