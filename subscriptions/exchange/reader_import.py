"""The import of readers, in batches that are stored with their counts in one transaction each.

The file is read twice. The first pass checks that all of it can be read, and finds the mailboxes that unsubscribed,
bounced or complained in the other product in any row: these are never made active. The second pass stores readers.
An import that was killed reads the rows that it stored again, to know their mailboxes, and stores the others.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings as site
from django.db import reset_queries, transaction

from subscriptions.email_addresses import address_hash, mailbox, organization
from subscriptions.exchange.formulas import csv_lines
from subscriptions.exchange.products import Status
from subscriptions.exchange.reader_file import FileRow, ReaderFile, Unknown, add_unknown, notes_on_unknown
from subscriptions.exchange.reader_rows import ReaderRow, RowError
from subscriptions.exchange.reader_store import REJECTED, ImportOutcome, ReaderStore
from subscriptions.exchange.tables import TableError
from subscriptions.models import ImportPart, ReaderImport, Subscriber, Suppression
from subscriptions.readers import lifecycle, signup_queue

BATCH = 5_000  # rows stored in one transaction
CHECKED_AT_ONCE = 200_000  # rows
SHOWN_PROBLEMS = 50  # rejected rows that a dry run returns
RETENTION = dt.timedelta(days=7)  # of rejected rows, and of uploads that nothing was imported from
_NOT_IMPORTED = {
    Status.UNCONFIRMED: ImportOutcome.UNCONFIRMED,
    Status.UNSUBSCRIBED: ImportOutcome.UNSUBSCRIBED,
    Status.BOUNCED: ImportOutcome.BOUNCED,
    Status.COMPLAINED: ImportOutcome.COMPLAINED,
}
_REASONS = {
    Status.UNSUBSCRIBED: Suppression.Reason.ADMIN,
    Status.BOUNCED: Suppression.Reason.BOUNCED,
    Status.COMPLAINED: Suppression.Reason.COMPLAINED,
}


class StaleImporterError(Exception):
    """The importer has read rows that were not stored. A new one can continue."""


@dataclass
class ImportBatch:
    """Some rows of the file, by what becomes of them."""

    counts: Counter[str] = field(default_factory=Counter)
    rejects: list[tuple[FileRow, str]] = field(default_factory=list)
    chosen: list[tuple[FileRow, ReaderRow]] = field(default_factory=list)  # the database decides about these
    hashes: dict[str, str] = field(default_factory=dict)  # of the chosen addresses
    ended: dict[str, Status] = field(default_factory=dict)  # addresses that get no email in the other product

    def reject(self, row: FileRow, outcome: ImportOutcome, reason: str) -> None:
        self.counts[outcome] += 1
        self.rejects.append((row, reason))


@dataclass
class DryRun:
    """The result of a dry run."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[str, int, str]] = field(default_factory=list)  # the table, the row's number, and the reason
    unknown: Unknown = field(default_factory=dict)

    def notes(self, file: ReaderFile) -> list[str]:
        return [*file.notes(), *notes_on_unknown(self.unknown)]


class ReaderImporter:
    """The import of one file."""

    def __init__(self, file: ReaderFile, *, by: str, now: dt.datetime) -> None:
        self.file = file
        self.rows = 0
        self._readers = ReaderStore(file.settings, file.topics, by, now)
        self._ended: dict[int, Status] = {}  # by the hash of the mailbox; hashes take less memory
        self._seen: set[int] = set()
        self._unread = self.file.rows()
        self._position = 0  # rows that were read

    def check(self) -> Iterator[int]:
        """Read the whole file once, and yield the number of rows so far. Raise TableError if it can't be imported."""
        active, domains, confirm = 0, Counter[str](), self.file.settings.confirm
        scanned = [confirm or parser.has_statuses for parser in self.file.parsers]
        for number, row in enumerate(self.file.rows(), 1):
            self.rows = number
            if number % CHECKED_AT_ONCE == 0:
                yield self.rows
            if not scanned[row.table]:
                continue
            try:
                address, status = self.file.parsers[row.table].scan(row.cells)
            except RowError:
                continue
            if status is not Status.ACTIVE:
                key = hash(mailbox(address))
                self._ended[key] = max(status, self._ended.get(key, status))
            elif confirm:
                active += 1
                domains[organization(address.rpartition("@")[2])] += 1
        if not self.rows:
            raise TableError(f"{self.file.tables[0].name} has no rows below its header. Choose another file.")
        if self.file.settings.confirm:
            _check_capacity(active, domains)
        yield self.rows

    def try_out(self) -> Iterator[DryRun]:
        """Decide about all rows without storing anything. Yield the result so far after each batch."""
        trial = DryRun()
        while batch := self._next_batch():
            self._decide(batch)
            trial.counts.update(batch.counts)
            room = SHOWN_PROBLEMS - len(trial.problems)
            for row, reason in batch.rejects[:room]:
                trial.problems.append((self.file.tables[row.table].name, row.number, reason))
            trial.unknown = add_unknown(trial.unknown, self.file.take_unknown())
            yield trial

    def run(self, record: ReaderImport) -> Iterator[int]:
        """Store the rows that are not stored yet. Yield the number of rows done after each batch."""
        while (done := self.store_next(record.pk)) is not None:
            yield done

    def store_next(self, key: int) -> int | None:
        """Store the next batch of the import, or finish it and return None. Return the number of rows done.

        Another process may store batches of the same import: each row is stored once. Raise StaleImporterError if the
        last batch was read here and not stored, because its transaction failed.
        """
        with transaction.atomic():
            record = ReaderImport.objects.select_for_update().get(pk=key)
            if record.finished_at:
                return None
            if self._position > record.rows_done:
                raise StaleImporterError
            while self._position < record.rows_done and (row := next(self._unread, None)):
                self._position += 1
                self._remember(row)
            batch = self._next_batch()
            if batch is None:
                _finish(record, self.file, now=self._readers.now)
                return None
            self._store(record, batch)
            return self._position

    def _next_batch(self) -> ImportBatch | None:
        reset_queries()  # with DEBUG, Django keeps the text of thousands of queries, which are large here
        some = list(islice(self._unread, BATCH))
        if not some:
            return None
        self._position += len(some)
        batch = ImportBatch()
        for row in some:
            self._sort(row, batch)
        return batch

    def _remember(self, row: FileRow) -> None:
        """Remember the mailbox of a row that was stored before."""
        try:
            address, _status = self.file.parsers[row.table].scan(row.cells)
        except RowError:
            return
        self._seen.add(hash(mailbox(address)))

    def _sort(self, row: FileRow, batch: ImportBatch) -> None:
        """Put a row into the batch, by what the file says."""
        try:
            reader = self.file.read(row)
        except RowError as error:
            batch.reject(row, ImportOutcome.INVALID, str(error))
            return
        key = hash(mailbox(reader.address))
        if key in self._seen:
            batch.counts[ImportOutcome.DUPLICATE] += 1
            return
        self._seen.add(key)
        status = self._ended.get(key, Status.ACTIVE)
        if status is Status.ACTIVE:
            batch.chosen.append((row, reader))
            batch.hashes[reader.address] = address_hash(reader.address)
        else:
            batch.counts[_NOT_IMPORTED[status]] += 1
            batch.ended[reader.address] = status

    def _decide(self, batch: ImportBatch) -> dict[ImportOutcome, list[ReaderRow]]:
        """Return the readers of the batch by what becomes of them, and count them."""
        outcomes = self._readers.classify([reader for _row, reader in batch.chosen], batch.hashes)
        decided: dict[ImportOutcome, list[ReaderRow]] = {}
        for (row, reader), outcome in zip(batch.chosen, outcomes, strict=True):
            if outcome in REJECTED:
                batch.reject(row, outcome, REJECTED[outcome])
            else:
                batch.counts[outcome] += 1
                decided.setdefault(outcome, []).append(reader)
        return decided

    def _store(self, record: ReaderImport, batch: ImportBatch) -> None:
        decided = self._decide(batch)
        fresh = decided.get(ImportOutcome.NEW, [])
        late = len(fresh) - self._readers.add(fresh, batch.hashes)
        if late:  # they signed up meanwhile
            batch.counts.update({ImportOutcome.NEW: -late, ImportOutcome.KNOWN: late})
        self._readers.ask(decided.get(ImportOutcome.CONFIRM, []))
        if decided.get(ImportOutcome.UPDATED):
            self._readers.update(decided[ImportOutcome.UPDATED])
        if self.file.settings.suppress:
            _suppress(batch.ended)
        add_rejects(record, self.file.header, [self.file.reject(row, reason) for row, reason in batch.rejects])
        record.counts = dict(Counter(record.counts) + batch.counts)
        record.unknown = add_unknown(record.unknown, self.file.take_unknown())
        record.rows, record.rows_done = self.rows, self._position
        record.save(update_fields=["counts", "unknown", "rows", "rows_done"])


def begin(file: ReaderFile, path: Path, *, name: str, by: str, now: dt.datetime) -> ReaderImport:
    """Return the unfinished import of the same file with the same settings, or a new one."""
    key = _key(path, file.settings.as_json())
    unfinished = ReaderImport.objects.filter(key=key, finished_at=None).first()
    return unfinished or ReaderImport.objects.create(
        kind=ReaderImport.Kind.READERS,
        file_name=name[:200],
        key=key,
        product=file.product.name,
        settings=file.settings.as_json(),
        created_by=by[:150],
        created_at=now,
    )


def _finish(record: ReaderImport, file: ReaderFile, *, now: dt.datetime) -> None:
    """Mark the import as finished, and delete the uploaded file."""
    record.finished_at, record.notes = now, [*file.notes(), *notes_on_unknown(record.unknown)]
    record.save(update_fields=["finished_at", "notes"])
    record.parts.exclude(file=ImportPart.File.REJECTS).delete()


def add_rejects(record: ReaderImport, header: list[str], rows: list[list[str]]) -> None:
    """Add rows to the import's file of rejected rows."""
    if not rows:
        return
    rejects = record.parts.filter(file=ImportPart.File.REJECTS)
    number = rejects.count()
    first = [] if number else [["file", "row", "reason", *header]]
    content = csv_lines([*first, *rows]).encode()
    ImportPart.objects.create(reader_import=record, file=ImportPart.File.REJECTS, number=number, content=content)


def rejects(record: ReaderImport) -> Iterator[bytes]:
    """Yield the file of rejected rows in parts. There are none if no row was rejected."""
    parts = record.parts.filter(file=ImportPart.File.REJECTS).order_by("number")
    for content in parts.values_list("content", flat=True).iterator(chunk_size=10):
        yield bytes(content)


def delete_old(*, now: dt.datetime) -> None:
    """Delete rejected rows a week after their import, and uploaded files that no one has imported by then.

    Values and reasons that quote a file are deleted, too, because they may contain addresses.
    """
    old = ReaderImport.objects.filter(created_at__lt=now - RETENTION)
    old.update(unknown={}, notes=[], trial={})
    ImportPart.objects.filter(reader_import__in=old.values("pk")).delete()


def _suppress(ended: dict[str, Status]) -> None:
    """Suppress addresses by their status in the other product, except readers who merely left it and read us."""
    reasons = {address: str(_REASONS[status]) for address, status in ended.items() if status in _REASONS}
    ours = Subscriber.objects.by_emails(reasons).values_list("email", flat=True)
    for address in {email.lower() for email in ours}:
        for spelled in [each for each in reasons if each.lower() == address]:
            if ended[spelled] is Status.UNSUBSCRIBED:
                del reasons[spelled]
    lifecycle.suppress_all(reasons)


def _check_capacity(active: int, domains: Counter[str]) -> None:
    """Raise TableError if the limits on confirmation emails would drop some of them."""
    most, most_at_domain = (_most(rates) for rates in (site.LIMIT_IN_ALL, site.LIMIT_PER_DOMAIN))
    advice = "Import the file in parts, one a week, or raise the limit for that time."
    if active > most:
        raise TableError(
            f"LIMIT_IN_ALL allows {most} confirmation emails a week, and the file needs {active}. {advice}"
        )
    for domain, count in domains.most_common(1):
        if count > most_at_domain:
            raise TableError(
                f"LIMIT_PER_DOMAIN allows {most_at_domain} confirmation emails a week to {domain}, "
                f"and the file needs {count}. {advice}"
            )


def _most(rates: list[tuple[int, dt.timedelta]]) -> int:
    """Return how many uses the rates allow while sign-ups wait."""
    return min(int(most * max(signup_queue.MAX_AGE / span, 1)) for most, span in rates)


def _key(path: Path, settings: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
