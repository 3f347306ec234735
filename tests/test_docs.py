"""The docs agree with the code: settings, masked tokens, and paths."""

import re
from pathlib import Path

import pytest

from config import clean_env
from config.logs import TOKEN

ROOT = Path(__file__).resolve().parent.parent


def test_proxies_are_told_to_leave_out_the_tokens_that_logs_leave_out() -> None:
    doors = re.search(r"/\(\?:([\w|/+-]+)\)", TOKEN.pattern)
    assert doors is not None
    assert f"/(?:{doors[1]})/+" in (ROOT / "docs" / "deploying.md").read_text()


@pytest.mark.parametrize("purpose", ["preferences", "feeds/personal"])
def test_the_map_for_nginx_leaves_out_tokens_in_any_spelling_of_the_address(purpose: str) -> None:
    row = re.search(r'"~\*\^(.*)" \$door-;', (ROOT / "docs" / "deploying.md").read_text())
    assert row
    pattern = re.compile(row[1].replace("(?<", "(?P<"), re.IGNORECASE)
    for path in (f"/{purpose}/", f"/de/{purpose}/", f"/{purpose}//", f"/{purpose.title()}/", f"/{purpose.upper()}/"):
        found = pattern.match(f"{path}AQIDBAUGBwgJCgsMDQ4PEA-rest/reason/")
        assert found
        assert found["door"] == path
    assert not pattern.match("/papers/arxiv:2608.00001/a-long-name-of-twenty-signs")


def test_no_command_of_the_docs_has_a_password_in_its_arguments() -> None:
    commands = r"^(?:sudo |manage\.py |pg_|psql ).*:password@"
    for path in (ROOT / "docs").glob("*.md"):
        assert not re.findall(commands, path.read_text(), re.MULTILINE), path


def test_it_documents_every_setting() -> None:
    rows = re.findall(r"^\| (`[A-Z_]+.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)", row)}
    assert clean_env.names() <= documented
    assert documented - clean_env.names() <= {"ANYMAIL_"}


def test_it_names_the_judgements_that_there_are() -> None:
    there = {path.stem for path in (ROOT / "benchmarks" / "judgements").glob("*.json")}
    text = (ROOT / "docs" / "matching-results.md").read_text()
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| \d", text, re.MULTILINE)
    assert {*re.findall(r"\w+", " ".join(rows)), *re.findall(r"`(\w+)\.json`", text)} == there


def test_the_paths_that_docs_name_exist() -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = [
        path
        for page in pages
        for path in re.findall(r"`((?:benchmarks|config|digest|subscriptions|tests)/[\w./-]+)`", page.read_text())
    ]
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
