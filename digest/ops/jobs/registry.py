"""The kinds of jobs: a name, a label, and the function that does the work.

    @job("suppress_readers", label="Suppress readers", permission="subscriptions.add_suppression")
    def suppress_readers(job: Job) -> Iterator[Step]:
        for ...:
            ...  # a piece of work, at most a few seconds long
            yield Step(done=100, position=...)

The runner does each piece and stores its step in one transaction. So after a crash, `job.position` is that of the last
step, and everything before it is done. The function is called again at each start: it continues at `job.position`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from digest.models import Job

# The modules that register kinds. They are loaded when a job is started or shown, not at the start of each process.
MODULES = ["digest.ops.jobs.delivery_jobs", "digest.ops.jobs.import_jobs", "digest.ops.jobs.reader_jobs"]


@dataclass(frozen=True)
class Step:
    """The progress of a job since its last step."""

    done: int = 0
    position: Any = None  # any JSON; None leaves it as it is
    skipped: Mapping[str, int] = field(default_factory=dict)  # numbers of rows by reason
    problems: Sequence[str] = ()  # one sentence each; they name no reader by address
    facts: Mapping[str, Any] = field(default_factory=dict)  # for the report; they replace earlier ones of the same name


Work = Callable[[Job], Iterator[Step]]


@dataclass(frozen=True)
class JobKind:
    label: str
    work: Work
    permission: str = ""  # that staff need to start or resume it


_kinds: dict[str, JobKind] = {}


def job(name: str, *, label: str, permission: str) -> Callable[[Work], Work]:
    """Register a function as the work of jobs of the kind `name`. Its module must be listed in MODULES."""

    def register(work: Work) -> Work:
        _kinds[name] = JobKind(label, work, permission)
        return work

    return register


def find(name: str) -> JobKind:
    """Return the kind. Raise LookupError if there is none, such as after going back to an older release."""
    _load()
    try:
        return _kinds[name]
    except KeyError as error:
        raise LookupError(f"This release has no jobs of the kind “{name}”.") from error


def label_of(name: str) -> str:
    _load()
    return _kinds[name].label if name in _kinds else name


def permission_for(name: str) -> str:
    """Return the permission that staff need for jobs of this kind, or "" if there is no such kind."""
    _load()
    return _kinds[name].permission if name in _kinds else ""


def _load() -> None:
    for module in MODULES:
        import_module(module)
