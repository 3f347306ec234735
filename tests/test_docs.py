"""The docs agree with the code: settings, masked tokens, and paths."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import clean_env
from config.logs import TOKEN
from digest.ops.health import checks

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted(
    path.relative_to(ROOT)
    for folder in ("config", "digest", "subscriptions", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
# A docstring begins with an imperative ("Return …") or a noun ("A worker's journal."), and with none of these words.
PREPOSITIONS = (
    "after as at before beside besides but by for from in into of on since through to under until with within"
)
QUESTIONS = "does how if is that those what when where whether which who whoever whom whose why"
VERBS = (  # without those that are plural nouns, too, such as "checks"
    "adds applies asks assigns becomes begins builds chooses collects compares composes computes contains creates"
    " decides defines deletes describes divides enqueues ensures erases escapes fetches fills finds gets gives goes has"
    " helps hides holds ignores inserts keeps leaves lets loads makes merges needs opens parses prepares prevents"
    " provides publishes puts raises reads receives refuses registers removes renders replaces represents resolves"
    " returns runs saves says selects sends serves shows skips sorts splits starts stops stores suppresses takes tells"
    " treats tries turns uses validates waits wants wraps writes yields"
)
NOT_FIRST = {*PREPOSITIONS.split(), *QUESTIONS.split(), *VERBS.split(), "nobody", "nothing"}
AVOIDED = re.compile(r"\b(?:whom|whoever|thereby|anew|nobody|somebody|anybody|told|(?:by|of) which)\b", re.IGNORECASE)


def test_the_proxy_configuration_masks_the_tokens_that_logs_mask() -> None:
    purposes = re.search(r"/\(\?:([\w|/+-]+)\)", TOKEN.pattern)
    assert purposes is not None
    assert f"/(?:{purposes[1]})/+" in (ROOT / "deploy" / "nginx.conf").read_text()


@pytest.mark.parametrize("purpose", ["preferences", "feeds/personal"])
def test_the_map_for_nginx_masks_tokens_in_any_spelling_of_the_url(purpose: str) -> None:
    row = re.search(r'"~\*\^(.*)" \$page-;', (ROOT / "deploy" / "nginx.conf").read_text())
    assert row
    pattern = re.compile(row[1].replace("(?<", "(?P<"), re.IGNORECASE)
    for path in (f"/{purpose}/", f"/de/{purpose}/", f"/{purpose}//", f"/{purpose.title()}/", f"/{purpose.upper()}/"):
        found = pattern.match(f"{path}AQIDBAUGBwgJCgsMDQ4PEA-rest/reason/")
        assert found
        assert found["page"] == path
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


def test_it_documents_every_judgement() -> None:
    there = {path.stem for path in (ROOT / "benchmarks" / "judgements").glob("*.json")}
    text = (ROOT / "docs" / "matching-results.md").read_text()
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| \d", text, re.MULTILINE)
    assert {*re.findall(r"\w+", " ".join(rows)), *re.findall(r"`(\w+)\.json`", text)} == there


def test_it_documents_every_alert() -> None:
    rows = re.findall(r"^\| `([a-z]+)(?::…)?` \|", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    assert {*rows} >= checks.ALL.keys()


def test_the_paths_that_docs_name_exist() -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = [
        path
        for page in pages
        for path in re.findall(
            r"`((?:benchmarks|config|deploy|digest|locale|static|subscriptions|templates|tests)/[\w./-]+)`",
            page.read_text(),
        )
    ]
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_each_change_in_the_map_names_a_file_to_open() -> None:
    table = (ROOT / "docs" / "design.md").read_text().partition("## To change …")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|*]+) \| (.+) \|$", table, re.MULTILINE)[1:]
    assert len(rows) >= 40
    assert not [change for change, files in rows if not re.search(r"`[\w/]+/[\w.-]+\.\w+`", files)]


def test_the_names_in_the_map_are_in_the_files_beside_them() -> None:
    text = (ROOT / "docs" / "design.md").read_text()
    named = [
        (file, name)
        for file, names in re.findall(r"`([\w/]+\.py)` \(((?:`\w+`(?:, )?)+)\)", text)
        for name in re.findall(r"\w+", names)
    ]
    assert len(named) >= 15
    assert not [(file, name) for file, name in named if not re.search(rf"\b{name}\b", (ROOT / file).read_text())]


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each comment."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def misfits(source: str) -> list[str]:
    """Return the docstrings with a wrong first word, and the docstrings and comments with a word to avoid."""
    found = []
    for line, text in docstrings(source):
        first = re.match(r"\W*([\w-]*)", text)
        if first and first[1].lower() in NOT_FIRST:
            found.append(f"line {line}: a docstring begins with “{first[1]}”")
    for line, text in (*docstrings(source), *comments(source)):
        # Code in backquotes keeps its names.
        found += [f"line {line}: avoid “{word}”" for word in AVOIDED.findall(re.sub(r"`[^`]*`", "", text))]
    return found


def test_docstrings_and_comments_are_plain_english() -> None:
    found = [f"{path}, {misfit}" for path in CODE for misfit in misfits((ROOT / path).read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("source", "complaints"),
    [
        ('"""Return the papers."""', 0),
        ('"""A worker\'s journal."""  # seconds', 0),
        ('"""Use `from_which` if `whose` is empty."""', 0),
        ('"""What a worker knows."""', 1),
        ('def page():\n    """Returns the page."""', 1),
        ('class Row:\n    """Of a row, the values."""', 1),
        ('"""Return the readers of whom we know."""', 1),
        ("LEASE = 5  # seconds after which nobody renews it", 1),
    ],
)
def test_it_finds_docstrings_and_comments_that_are_not(source: str, complaints: int) -> None:
    assert len(misfits(source)) == complaints
