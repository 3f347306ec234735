"""Evaluation of matching with a language model, played by a server that answers from the judgements."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from benchmarks import judge_server

FILLER = "We search the web with tools that are good. " * 5
TITLES = {"2608.00001": "Tools of Search", "2608.00002": "Tools of Trade", "2608.00003": "Cooking with Gas"}
JUDGED = {"id": "a", "name": "agents", "description": "On agents.", "topic": "agent-memory"}


@pytest.fixture
def judgements(tmp_path: Path, settings: Any) -> Path:
    """Judgements of a day with two papers that mention agents. One of them is wanted."""
    settings.VAR_DIR = tmp_path
    day = [
        {"paper": {"id": key, "title": title, "summary": "Gas." if "Gas" in title else f"{FILLER} It helps agents."}}
        for key, title in TITLES.items()
    ]
    (tmp_path / "2026-08-20.json").write_text(json.dumps(day))
    file = tmp_path / "judgements.json"
    file.write_text(json.dumps({"interests": [JUDGED | {"grades": {"2608.00001": 2}}]}))
    return file


@pytest.fixture
def start(judgements: Path, settings: Any) -> Iterator[Any]:
    """Return a function that starts the server with a share of errors."""
    running = []

    def start(errors: float) -> None:
        grader = judge_server.Grader(judgements, judgements.parent, errors)
        running.append(judge_server.serve(grader, 0))
        Thread(target=running[-1].serve_forever, args=(0.01,), daemon=True).start()
        settings.JUDGE_API_URL = f"http://127.0.0.1:{running[-1].server_port}/v1"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def f1_of_both(judgements: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> float:
    call_command("evaluate_matching", str(judgements), "--papers", str(judgements.parent), "--json", *arguments)
    return float(json.loads(capsys.readouterr().out)["choice"]["f1"])


def test_a_judge_that_is_right_improves_the_choice_and_one_that_is_wrong_does_not(
    judgements: Path, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = f1_of_both(judgements, capsys)
    start(errors=0.0)
    assert f1_of_both(judgements, capsys, "--judge") == 1 > before
    start(errors=1.0)
    assert f1_of_both(judgements, capsys, "--judge") == 0


def test_it_counts_the_requests(judgements: Path, start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    start(errors=0.0)
    call_command("evaluate_matching", str(judgements), "--papers", str(judgements.parent), "--judge")
    assert "Requests for each interest: 2.0 by name" in capsys.readouterr().out


def test_it_says_that_no_server_is_set_or_that_it_does_not_answer(judgements: Path, settings: Any) -> None:
    with pytest.raises(CommandError, match="JUDGE_API_URL is not set"):
        call_command("evaluate_matching", str(judgements), "--papers", str(judgements.parent), "--judge")
    settings.JUDGE_API_URL = "http://127.0.0.1:9/v1"
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("evaluate_matching", str(judgements), "--papers", str(judgements.parent), "--judge")
