"""The benchmark runner: its arguments, output and files. The speed itself is not tested."""

import json
import socket
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from benchmarks import MODULES, chart, compose, report
from benchmarks.ports import PORTS, free_port
from subscriptions.topics import catalogue

COMPOSE = {"cpu_us_per_digest": 140.2, "times_plain": 31.0, "plain_cpu_us_per_digest": 4346.0}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the measurements with given figures, and record the scale of each call."""
    found: dict[str, Any] = {}

    def fake(name: str) -> ModuleType:
        module = ModuleType(name)
        module.run = lambda scale: found["scales"].append(scale) or found[name]  # type: ignore[attr-defined]
        return module

    found |= {"scales": [], "compose": COMPOSE, "pages": {"p95_ms": 12.0}}
    monkeypatch.setattr(report, "find_spec", lambda module: module if module.split(".")[1] in found else None)
    monkeypatch.setattr(report, "import_module", lambda module: fake(module.split(".")[1]))
    return found


def test_it_writes_figures_and_chart(measured: Any, settings: Any, tmp_path: Path, capsys: Any) -> None:
    settings.VAR_DIR = tmp_path
    call_command("benchmark", "--only", "compose,pages", "--scale", "0.1")
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert figures["compose"] == COMPOSE
    assert figures["pages"] == {"p95_ms": 12.0}
    assert measured["scales"] == [0.1, 0.1]
    assert "composed one by one" in (tmp_path / "bench.svg").read_text()
    assert "compose.times_plain" in capsys.readouterr().out


def test_it_shows_which_promises_are_kept(measured: Any, settings: Any, tmp_path: Path, capsys: Any) -> None:
    settings.VAR_DIR = tmp_path
    measured["compose"] = COMPOSE | {"times_plain": 3.0}
    call_command("benchmark", "--only", "compose")
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if "compose." in line)
    assert lines["compose.cpu_us_per_digest"].split() == ["140.2", "≤", "150", "kept"]
    assert lines["compose.times_plain"].split() == ["3.0", "≥", "20", "MISSED"]


def test_it_names_a_failed_measurement_and_goes_on(measured: Any, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match=r"smtp: there is no benchmarks/smtp\.py yet"):
        call_command("benchmark", "--only", "smtp,compose")
    assert "compose" in json.loads((tmp_path / "bench.json").read_text())


@pytest.mark.parametrize("arguments", [["--only", "speed"], ["--only", ","], ["--scale", "0"], ["--scale", "big"]])
def test_it_refuses_invalid_arguments(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("benchmark", *arguments)


def test_it_draws_whatever_was_measured() -> None:
    figures = {
        "compose": COMPOSE,
        "smtp": {"rate": 4000, "smtp_source_rate": 4400, "ratio": 0.91},
        "plan": {"sqlite": {"10000": {"seconds": 0.1, "max_rss_mb": 60}}},
        "worker": {"max_rss_mb": {"100000": 120, "1000000": 125}},
        "search": {"papers": 100},
    }
    drawn = ElementTree.fromstring(chart.draw(figures))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"CPU for a digest", "Planning on sqlite", "1,000,000 readers", "140.2 µs"} <= set(texts)
    assert ElementTree.fromstring(chart.draw({})).tag.endswith("svg")


@pytest.mark.parametrize("module", MODULES.values())
def test_it_has_a_module_with_run_for_each_figure_or_none_yet(module: str) -> None:
    path = Path(report.__file__).with_name(f"{module}.py")
    assert not path.exists() or "\ndef run(scale: float" in path.read_text()


@pytest.mark.django_db
def test_the_digests_that_are_measured_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.load()
    monkeypatch.setattr(compose, "PLAIN", 2)
    assert compose.measure(20)["mails"] > 10


def test_a_free_port_is_none_that_the_system_gives_to_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = server.getsockname()[1]
    assert given not in PORTS
    assert free_port() in PORTS
