"""Run the tests in parallel, and say at the end what was skipped and how to get it.

python -m tests [--all] [pytest's arguments]

Each behavior is tested once: on SQLite, or on PostgreSQL and Redis where those make a difference. With `--all`, the
tests run on both, and those in Chromium and by email tools run as well.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import legs
from tests.legs import Leg

NO_TESTS = 5  # pytest's exit code where a leg has none of the tests that were asked for
NOT_QUICK = "the tests in Chromium, those of email tools, and the other tests on PostgreSQL: make test-all runs them."


@dataclass(frozen=True)
class Report:
    """What came of a leg."""

    leg: Leg
    code: int
    seconds: float
    tests: int
    skipped: Counter[str]  # how many, by their reason


def main() -> int:
    arguments = sys.argv[1:]
    everything = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    missing = legs.unreachable()
    chosen = [leg for leg in (legs.ALL if everything else legs.QUICK) if not (leg.needs_services and missing)]
    reports = [run(leg, arguments) for leg in chosen]
    summarize(reports, missing, everything)
    codes = {report.code for report in reports} - {NO_TESTS}
    return max(codes) if codes else NO_TESTS


def run(leg: Leg, arguments: list[str]) -> Report:
    workers = leg.workers
    print(f"== {leg.name} ({workers} at once)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.xml")
        command = [sys.executable, "-m", "pytest", "-m", leg.markers, f"--junitxml={results}"]
        # Each worker begins with neighbors, which share fixtures, and takes tests from another when it has none left.
        parallel = ["-n", str(workers), "--dist", "worksteal"]
        began = time.monotonic()
        done = subprocess.run([*command, *parallel, *arguments], env=os.environ | leg.environment, check=False)
        tests, skipped = read(results)
        return Report(leg, done.returncode, time.monotonic() - began, tests, skipped)


def read(results: Path) -> tuple[int, Counter[str]]:
    """Return how many tests there were, and why some were skipped."""
    if not results.exists():
        return 0, Counter()
    cases = list(ElementTree.parse(results).iter("testcase"))
    reasons = (skipped.get("message", "") for case in cases for skipped in case.iter("skipped"))
    return len(cases), Counter(reasons)


def summarize(reports: list[Report], missing: str, everything: bool) -> None:
    print("\n== Summary")
    skipped: Counter[str] = Counter()
    for report in reports:
        outcome = "passed" if report.code == 0 else "no such tests" if report.code == NO_TESTS else "FAILED"
        print(f"{report.leg.name}: {outcome}, {report.tests} tests in {report.seconds:.0f} s")
        skipped += report.skipped
    if missing:
        print(f"Skipped: all tests on PostgreSQL and Redis, since {missing}. CONTRIBUTING.md says how to start them.")
    for reason, count in skipped.most_common():
        print(f"Skipped: {count} {'test' if count == 1 else 'tests'}: {reason}")
    if not everything:
        print(f"Left out: {NOT_QUICK}")


if __name__ == "__main__":
    sys.exit(main())
