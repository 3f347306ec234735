"""The rules of the architecture: which package may import which, and how large a module may be."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
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


def modules() -> list[str]:
    return sorted(
        str(p.relative_to(ROOT)) for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts
    )


def imports_of(path: str) -> Iterator[str]:
    """Return the name of every module that the file imports, also inside functions."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", [path for path in modules() if path.startswith("subscriptions/")])
def test_subscriptions_do_not_import_papers(path: str) -> None:
    assert not [name for name in imports_of(path) if is_within(name, "digest")]


@pytest.mark.parametrize("path", modules())
def test_only_entry_points_import_config(path: str) -> None:
    assert not [name for name in imports_of(path) if is_within(name, "config")]


def migrations() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for app in APPS for path in (ROOT / app / "migrations").glob("0*.py"))


@pytest.mark.parametrize("path", migrations())
def test_migrations_do_not_depend_on_code_that_may_change(path: str) -> None:
    # Django names a field's validators by their path, so those of the models are allowed.
    ours = [name for name in imports_of(path) if is_within(name, "config", *APPS)]
    assert not [name for name in ours if not is_within(name, *(f"{app}.models" for app in APPS))]


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
    says = ast.get_docstring(ast.parse((ROOT / path).read_text())) or ""
    return re.search(r"\bPure\b", says) is not None


@pytest.mark.parametrize("path", [path for path in modules() if is_pure(path)])
def test_it_keeps_the_core_pure(path: str) -> None:
    assert not [name for name in imports_of(path) if is_within(name, *IMPURE) and not is_within(name, *WORDS)]


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


@pytest.mark.parametrize("path", [p for p in modules() if not SERVICES & set(Path(p).with_suffix("").parts)])
def test_it_keeps_services_away_from_views_and_tasks(path: str) -> None:
    edges = [f"{app}.{module}" for app in APPS for module in ("views", "tasks", "admin", "forms")]
    assert not [name for name in imports_of(path) if is_within(name, *edges)]


@pytest.mark.parametrize("path", modules())
def test_it_keeps_files_and_functions_small(path: str) -> None:
    source = (ROOT / path).read_text()
    assert len(source.splitlines()) <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name


def test_a_class_name_has_one_meaning() -> None:
    found = Counter(
        node.name
        for path in modules()
        for node in ast.parse((ROOT / path).read_text()).body
        if isinstance(node, ast.ClassDef) and node.name != "Command"  # Django's name for a command's class
    )
    assert [name for name, count in found.items() if count > 1] == []


@pytest.mark.parametrize("path", [path for path in modules() if path.startswith(SENDING)])
def test_sending_uses_one_clock(path: str) -> None:
    asked = {
        ast.unparse(node.func) for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)
    }
    assert not asked & {"timezone.now", "timezone.localdate", "dt.datetime.now", "dt.date.today", "time.time"}


def test_only_tasks_and_commands_wait_for_language_models() -> None:
    asking = [path for path in modules() if any(is_within(name, "digest.language_models") for name in imports_of(path))]
    elsewhere = [path for path in asking if not path.startswith("digest/language_models/")]
    assert elsewhere == ["digest/management/commands/evaluate_matching.py", "digest/tasks.py"]
