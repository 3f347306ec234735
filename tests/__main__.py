"""Run the tests in parallel, and say at the end what was skipped and how to get it.

python -m tests [--all] [pytest's arguments]

Each behavior is tested once: on SQLite, or on PostgreSQL and Redis where those make a difference. With `--all`, the
tests run on both, and those in Chromium and by email tools run as well. A busy machine can be too slow for a test of a
browser or of several processes, so up to three tests that fail are repeated once, alone. The summary names them.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from tests import legs
from tests.legs import Leg

FAILED, NO_TESTS = 1, 5  # pytest's exit codes: tests failed, or a leg has none of the requested tests
MAX_REPEATED = 3  # more failures than these are not by chance
NOT_QUICK = "the tests in Chromium and of email tools, slow ones, and the rest on PostgreSQL: make test-all runs them."


@dataclass(frozen=True)
class Report:
    """The result of a leg."""

    leg: Leg
    code: int
    seconds: float
    tests: int
    skipped: Counter[str]  # number of tests by reason
    failed: tuple[str, ...]  # names of the tests that failed at first


def main() -> int:
    arguments = sys.argv[1:]
    everything = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    missing = legs.unreachable()
    chosen = [leg for leg in (legs.ALL if everything else legs.QUICK) if not (leg.needs_services and missing)]
    with tempfile.TemporaryDirectory() as folder:
        reports = run_in_turn(chosen, arguments, Path(folder)) if everything else run(chosen, arguments, Path(folder))
    summarize(reports, missing, everything)
    codes = {report.code for report in reports} - {NO_TESTS}
    return max(codes) if codes else NO_TESTS


def run(chosen: Sequence[Leg], arguments: list[str], folder: Path) -> list[Report]:
    """Run the legs at the same time, because those on services mostly wait, and show their output one after another."""
    *beside, shown = chosen
    with ExitStack() as outputs:
        quiet = [outputs.enter_context((folder / f"{number}.log").open("w+")) for number in range(len(beside))]
        running = [start(leg, arguments, folder / leg.name, output) for leg, output in zip(beside, quiet, strict=True)]
        reports = [start(shown, arguments, folder / shown.name).wait()]
        for started, output in zip(running, quiet, strict=True):
            reports.append(started.wait())
            print(f"== {started.leg.name}")
            print((folder / Path(output.name).name).read_text(), flush=True)
    return reports


def run_in_turn(chosen: Sequence[Leg], arguments: list[str], folder: Path) -> list[Report]:
    return [repeat(start(leg, arguments, folder / leg.name).wait(), arguments, folder) for leg in chosen]


def repeat(report: Report, arguments: list[str], folder: Path) -> Report:
    """Run the few tests that failed once more, alone, and return the report with the code of this second run."""
    if report.code != FAILED or not 0 < len(report.failed) <= MAX_REPEATED:
        return report
    only = [*arguments, "--last-failed", "--last-failed-no-failures=none"]
    again = start(report.leg, only, folder / f"{report.leg.name} again", workers=0).wait()
    return replace(report, code=again.code)


@dataclass(frozen=True)
class Started:
    """A leg that is running."""

    leg: Leg
    process: "subprocess.Popen[bytes]"
    results: Path

    def wait(self) -> Report:
        return Report(self.leg, self.process.wait(), *read(self.results))


def start(
    leg: Leg, arguments: list[str], results: Path, output: IO[str] | None = None, workers: int | None = None
) -> Started:
    workers = leg.workers if workers is None else workers
    manner = "again, alone" if not workers else "1 worker" if workers == 1 else f"{workers} workers"
    print(f"== {leg.name}: {manner}", flush=True)
    command = [sys.executable, "-m", "pytest", *leg.options, f"--junitxml={results}"]
    # Each worker begins with neighboring tests, which share fixtures, and takes over others when it is done.
    parallel = ["-n", str(workers), "--dist", "worksteal"]
    process = subprocess.Popen([*command, *parallel, *arguments], env=os.environ | leg.environment, stdout=output)
    return Started(leg, process, results)


def read(results: Path) -> tuple[float, int, Counter[str], tuple[str, ...]]:
    """Return how many seconds the leg took, how many tests it had, why some were skipped, and which failed."""
    if not results.exists():
        return 0, 0, Counter(), ()
    tree = ElementTree.parse(results)
    cases = list(tree.iter("testcase"))
    reasons = (skipped.get("message", "") for case in cases for skipped in case.iter("skipped"))
    failed = tuple(
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    )
    seconds = sum(float(suite.get("time", 0)) for suite in tree.iter("testsuite"))
    return seconds, len(cases), Counter(reasons), failed


def summarize(reports: list[Report], missing: str, everything: bool) -> None:
    print("\n== Summary")
    skipped: Counter[str] = Counter()
    for report in reports:
        outcome = "passed" if report.code == 0 else "no such tests" if report.code == NO_TESTS else "FAILED"
        print(f"{report.leg.name}: {outcome}, {report.tests} tests in {report.seconds:.0f} s")
        if report.code == 0 and report.failed:
            print(f"  Failed once, and passed when repeated alone: {', '.join(report.failed)}")
        skipped += report.skipped
    if missing:
        print(f"Skipped: all tests on PostgreSQL and Redis, since {missing}. CONTRIBUTING.md says how to start them.")
    for reason, count in skipped.most_common():
        print(f"Skipped: {count} {'test' if count == 1 else 'tests'}: {reason}")
    if not everything:
        print(f"Left out: {NOT_QUICK}")


if __name__ == "__main__":
    sys.exit(main())
