"""The import of an uploaded file of readers, and its dry run, as jobs.

A file is read from its beginning, so a job keeps its place in the file from one turn to the next. If another process
takes the next turn, it reads the file up to the rows that are stored, and continues there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from django.urls import reverse
from django.utils import timezone

from digest.models import Job
from digest.ops.jobs.registry import Step, job
from digest.ops.uploaded_tables import private_copy
from subscriptions.exchange import uploads
from subscriptions.exchange.reader_file import ImportSettings, ReaderFile, open_readers
from subscriptions.exchange.reader_import import DryRun, ReaderImporter
from subscriptions.exchange.reader_store import LABELS
from subscriptions.exchange.suppression_import import LABELS as SUPPRESSION_LABELS
from subscriptions.exchange.suppression_import import SuppressionResult, import_list
from subscriptions.exchange.tables import TableError
from subscriptions.models import ReaderImport

TRY = "try_import_readers"
IMPORT = "import_readers"
SUPPRESS = "import_suppressions"

_places: dict[int, Iterator[Step]] = {}  # by the job's id; at most one, because each may hold a million mailboxes


@job(TRY, label="Try out an import of readers", permission="subscriptions.add_readerimport")
def try_out(job: Job) -> Iterator[Step]:
    return _from_its_place(job, _try_out)


@job(IMPORT, label="Import readers", permission="subscriptions.add_readerimport")
def import_readers(job: Job) -> Iterator[Step]:
    return _from_its_place(job, _import)


@job(SUPPRESS, label="Import a suppression list", permission="subscriptions.add_suppression")
def import_suppressions(job: Job) -> Iterator[Step]:
    return _from_its_place(job, _suppress)


def _from_its_place(job: Job, begin: Callable[[Job], Iterator[Step]]) -> Iterator[Step]:
    """Yield the steps of the job that this process has not done yet."""
    steps = _places.pop(job.pk, None) or begin(job)
    _places.clear()
    for step in steps:
        _places[job.pk] = steps
        yield step
        _places.pop(job.pk, None)


def _try_out(job: Job) -> Iterator[Step]:
    record = ReaderImport.objects.get(pk=job.arguments["import"])
    with private_copy(uploads.parts(record)) as path:
        try:
            file = _opened(record, path)
            importer, trial = ReaderImporter(file, by=job.created_by, now=timezone.now()), DryRun()
            yield from (Step() for _rows in importer.check())
            for trial in importer.try_out():  # the last one is the result
                yield Step(done=sum(trial.counts.values()) - _done(job))
        except TableError as error:
            _store_trial(record, {"error": str(error), "counts": {}})
            yield Step(problems=[str(error)], facts=_link(record))
            return
        problems = [f"{table}, row {number}: {reason}" for table, number, reason in trial.problems]
        notes = trial.notes(file)
        _store_trial(record, {"counts": trial.counts, "problems": problems, "notes": notes, "rows": importer.rows})
    yield Step(facts=_link(record))


def _opened(record: ReaderImport, path: Path) -> ReaderFile:
    settings = ImportSettings.from_json(record.settings)
    return open_readers(path, settings, now=timezone.now(), name=record.file_name)


def _store_trial(record: ReaderImport, trial: dict[str, object]) -> None:
    record.trial = trial
    record.save(update_fields=["trial"])


def _import(job: Job) -> Iterator[Step]:
    record = ReaderImport.objects.get(pk=job.arguments["import"])
    with private_copy(uploads.parts(record)) as path:
        try:
            file = _opened(record, path)
            importer = ReaderImporter(file, by=job.created_by, now=timezone.now())
            yield from (Step() for _rows in importer.check())
            for done in importer.run(record):
                yield Step(done=max(done - _done(job), 0))
        except TableError as error:
            yield Step(problems=[str(error)], facts=_link(record))
            return
    record.refresh_from_db()
    counts = {LABELS[name]: record.counts[name] for name in LABELS if record.counts.get(name)}
    yield Step(facts=counts | _link(record))


def _suppress(job: Job) -> Iterator[Step]:
    """Suppress the addresses of a list. If it starts again, those that are suppressed already count as such."""
    record = ReaderImport.objects.get(pk=job.arguments["import"])
    if record.finished_at:
        return
    with private_copy(uploads.parts(record)) as path:
        results = import_list(path, by=job.created_by, name=record.file_name, reason=record.settings["reason"])
        result = SuppressionResult()
        for result in results:
            yield Step(done=max(sum(result.counts.values()) - _done(job), 0))
    record.counts, record.finished_at, record.rows_done = result.counts, timezone.now(), record.rows
    record.save(update_fields=["counts", "finished_at", "rows_done"])
    record.parts.all().delete()
    numbers = [int(problem.partition(":")[0].removeprefix("Row ")) for problem in result.problems]
    facts = {label: result.counts[name] for name, label in SUPPRESSION_LABELS.items()}
    yield Step(facts=facts, problems=[f"Row {number} is not an address." for number in numbers])


def _done(job: Job) -> int:
    """Return the number of rows that the job has done so far, in any process."""
    return Job.objects.values_list("done", flat=True).get(pk=job.pk)


def _link(record: ReaderImport) -> dict[str, dict[str, str]]:
    page = reverse("admin:subscriptions_readerimport_change", args=[record.pk])
    return {"Report": {"url": page, "text": "Result of the import"}}
