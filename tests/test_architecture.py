"""The rules of the architecture: which package may import which, and how large a module may be."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("subscriptions", "digest")
WORDS = ("django.utils.translation", "django.utils.formats")  # they depend only on the active language
# Modules that a “Pure.” module may not import: Django's models and settings, the clock, the network.
IMPURE = ("django", "celery", "httpx", "socket", "time", "subscriptions.models", "digest.models")
# These share limits, leases and days among machines, and the clocks of machines differ: see digest/clock.py.
OPS = ("daily_totals", "reputation", "reputation_guard", "retention", "sending_status")
SENDING = ("digest/delivery/", *(f"digest/ops/{name}.py" for name in OPS))
SERVICES = {
    "admin", "admin_site", "api", "apps", "forms", "management", "signals", "single_process", "tasks", "urls", "views",
}  # fmt: skip


@cache
def modules() -> list[str]:
    return sorted(
        str(p.relative_to(ROOT)) for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts
    )


@cache
def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


@cache
def imports_of(path: str) -> list[str]:
    """Return the name of every module that the file imports, also inside functions."""
    names = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def is_within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def importing(paths: Iterable[str], *packages: str) -> list[str]:
    """Return those of the files that import anything within `packages`."""
    return [path for path in paths if any(is_within(name, *packages) for name in imports_of(path))]


def test_subscriptions_do_not_import_papers() -> None:
    assert importing([path for path in modules() if path.startswith("subscriptions/")], "digest") == []


def test_only_entry_points_import_config() -> None:
    assert importing(modules(), "config") == []


def migrations() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for app in APPS for path in (ROOT / app / "migrations").glob("0*.py"))


def test_migrations_do_not_depend_on_code_that_may_change() -> None:
    # Django names a field's validators by their path, so those of the models are allowed.
    ours = [(path, name) for path in migrations() for name in imports_of(path) if is_within(name, "config", *APPS)]
    assert [(path, name) for path, name in ours if not is_within(name, *(f"{app}.models" for app in APPS))] == []


def packages_below(folder: str) -> dict[str, set[str]]:
    """Return the packages below `folder`, and the modules beside them, each with those that it imports."""
    found: dict[str, set[str]] = {}
    prefix = folder.replace("/", ".")
    for path in modules():
        if path.startswith(f"{folder}/") and path != f"{folder}/__init__.py":
            package = Path(path).relative_to(folder).with_suffix("").parts[0]
            used = {
                name.removeprefix(f"{prefix}.").split(".")[0] for name in imports_of(path) if is_within(name, prefix)
            }
            found.setdefault(package, set()).update(used - {package, prefix})
    return found


@pytest.mark.parametrize("folder", ["digest", "digest/delivery", "digest/email", "digest/ops", "subscriptions"])
def test_packages_import_one_another_in_one_direction_only(folder: str) -> None:
    TopologicalSorter(packages_below(folder)).prepare()  # raises CycleError, which names the packages in the cycle


def is_pure(path: str) -> bool:
    says = ast.get_docstring(parsed(path)) or ""
    return re.search(r"\bPure\b", says) is not None


def test_it_keeps_the_core_pure() -> None:
    impure = [(p, name) for p in modules() if is_pure(p) for name in imports_of(p) if is_within(name, *IMPURE)]
    assert [(path, name) for path, name in impure if not is_within(name, *WORDS)] == []


@pytest.mark.parametrize(
    "path",
    [
        "subscriptions/query/grammar.py",
        "digest/personalization/digest_selection.py",
        "digest/matching/scoring.py",
        "digest/editions/due_times.py",
    ],
)
def test_the_heart_is_pure(path: str) -> None:
    assert is_pure(path)


def test_it_keeps_services_away_from_views_and_tasks() -> None:
    edges = [f"{app}.{module}" for app in APPS for module in ("views", "tasks", "admin", "forms")]
    services = [path for path in modules() if not SERVICES & set(Path(path).with_suffix("").parts)]
    assert importing(services, *edges) == []


def test_it_keeps_files_small() -> None:
    assert [path for path in modules() if len((ROOT / path).read_text().splitlines()) > 400] == []


def test_it_keeps_functions_small() -> None:
    functions = [
        (path, node) for path in modules() for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef)
    ]
    assert [(path, node.name) for path, node in functions if (node.end_lineno or 0) - node.lineno >= 50] == []


def test_a_class_name_has_one_meaning() -> None:
    found = Counter(
        node.name
        for path in modules()
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and node.name != "Command"  # Django's name for a command's class
    )
    assert [name for name, count in found.items() if count > 1] == []


def test_sending_uses_one_clock() -> None:
    clocks = {"timezone.now", "timezone.localdate", "dt.datetime.now", "dt.date.today", "time.time"}
    sending = [path for path in modules() if path.startswith(SENDING)]
    calls = [(path, node.func) for path in sending for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    assert [(path, ast.unparse(asked)) for path, asked in calls if ast.unparse(asked) in clocks] == []


def test_only_tasks_and_commands_wait_for_language_models() -> None:
    asking = importing(modules(), "digest.language_models")
    elsewhere = [path for path in asking if not path.startswith("digest/language_models/")]
    assert elsewhere == ["digest/management/commands/evaluate_matching.py", "digest/tasks.py"]
