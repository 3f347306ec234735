"""python -m tests.drills [--only NAME] [--short] [--jobs N] [--list]"""

import argparse
import json
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import tests.drills
from tests.drills import registry
from tests.drills.registry import DRILLS, Context, Outcome

ROOT = Path(__file__).resolve().parent.parent.parent
MAX_SECONDS = 300  # for one group of drills


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=tests.drills.__doc__)
    parser.add_argument("--only", metavar="NAME", action="append", help="run only this drill; may be repeated")
    parser.add_argument("--short", action="store_true", help="fewer readers: all drills together within two minutes")
    parser.add_argument("--jobs", type=int, default=2, help="groups of drills that run at once")
    parser.add_argument("--list", action="store_true", help="list the drills")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in this process, as lines of JSON
    options = parser.parse_args()
    _import_all()
    unknown = set(options.only or ()) - DRILLS.keys()
    if unknown:
        parser.error(f"There is no drill {', '.join(sorted(unknown))}. There are: {', '.join(DRILLS)}.")
    names = options.only or list(DRILLS)
    if options.list:
        print("\n".join(names))
        return 0
    return _run_here(names, options.short) if options.here else _run_all(names, options)


def _import_all() -> None:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            import_module(f"tests.drills.{module.name}")


def _run_here(names: list[str], is_short: bool) -> int:
    """Run the drills in this process, one after the other, and print each outcome as a line of JSON."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="drill-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    try:
        with registry.CLEAN_UP:
            for name in names:
                own = folder / re.sub(r"\W+", "-", name)
                own.mkdir()
                try:
                    outcome = DRILLS[name].run(Context(own, is_short))
                except Exception as error:
                    traceback.print_exc()
                    outcome = Outcome(failed=f"{type(error).__name__}: {error}")
                print(json.dumps({"name": name} | asdict(outcome)), flush=True)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _run_all(names: list[str], options: argparse.Namespace) -> int:
    began_at = time.monotonic()
    failed = run(names, lambda group: _run_group(group, options.short), options.jobs)
    print(f"{len(names)} drills in {time.monotonic() - began_at:.0f} s.", "All is well." if not failed else "FAILED")
    return int(bool(failed))


def run(names: list[str], run_group: Callable[[list[str]], dict[str, Outcome]], jobs: int) -> list[str]:
    """Run the drills and print their outcomes. Return the names of those that failed twice.

    Groups that run at once may take the machine's time from one another, so a drill that failed is repeated alone.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(DRILLS[name].group, []).append(name)
    first: dict[str, Outcome] = {}
    with ThreadPoolExecutor(jobs) as pool:
        # The largest groups first, because they take longest.
        for outcomes in pool.map(run_group, sorted(groups.values(), key=len, reverse=True)):
            for name, outcome in outcomes.items():
                print(_line(name, outcome), flush=True)
            first |= outcomes
    failed = []
    for name in [name for name, outcome in first.items() if not outcome.is_good]:
        outcome = run_group([name])[name]
        print(_line(name, outcome), "(again, alone)", flush=True)
        if not outcome.is_good:
            failed.append(name)
    return failed


def _run_group(names: list[str], is_short: bool) -> dict[str, Outcome]:
    """Run the drills of one group in a process of their own. Return their outcomes."""
    only = [option for name in names for option in ("--only", name)]
    command = [sys.executable, "-m", "tests.drills", "--here", *only, *["--short"] * is_short]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        printed, _ = process.communicate(timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()  # it stops what it started
        printed, _ = process.communicate(timeout=60)
    outcomes = dict(_outcomes(printed))
    return {name: outcomes.get(name, Outcome(failed="it did not end")) for name in names}


def _outcomes(printed: str) -> Iterator[tuple[str, Outcome]]:
    for line in printed.splitlines():
        if line.startswith("{"):
            values = json.loads(line)
            yield values.pop("name"), Outcome(**values)


def _line(name: str, outcome: Outcome) -> str:
    alert = f"{outcome.alert_after:.1f} s" if outcome.alert_after is not None else "-"
    recovered = f"{outcome.recovered_after:.1f} s" if outcome.recovered_after is not None else "never"
    verdict = "ok" if outcome.is_good else f"FAILED {outcome.failed}".strip()
    figures = f"alert {alert:>7}  recovered {recovered:>7}  lost {outcome.lost}  twice {outcome.twice}"
    return f"{name:<34} {figures}  {verdict}  {outcome.note}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
