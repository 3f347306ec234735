"""Libraries of papers as people export them, to evaluate learning on: BibTeX, CSL-JSON, or a plain list as JSON. Pure.

One file is one person's library. JSON is a list of papers, or an object that has one under “papers” or “items”; a paper
is an object with a “title” and, if known, an “abstract”. Papers without a title are left out.
"""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from digest.personalization.evaluation.like_evaluation import LearningEvaluationError, Library, LibraryPaper
from digest.search import citation_parser
from digest.text.cleanup import clean

SUFFIXES = (".bib", ".json")
FORM = '[{"title": "…", "abstract": "…"}, …]'


def read(file: str, content: bytes) -> Library:
    """Return the library in a file with this name. Raise LearningEvaluationError that says what is wrong with it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LearningEvaluationError(f"{file} is not UTF-8 text: {error.reason} at byte {error.start}.") from error
    path = PurePath(file)
    found = _from_json(file, text) if path.suffix.lower() == ".json" else _from_bibtex(text)
    if not found:
        raise LearningEvaluationError(f"{file} holds no papers with a title.")
    return Library(path.stem, tuple(found))


def _from_bibtex(text: str) -> list[LibraryPaper]:
    entries = citation_parser.read_bibtex(text)
    return [LibraryPaper(entry.title, entry.abstract) for entry in entries if entry.title]


def _from_json(file: str, text: str) -> list[LibraryPaper]:
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise LearningEvaluationError(f"{file} is nested too deeply to be a library.") from error
    except ValueError as error:
        raise LearningEvaluationError(f"{file} is not JSON: {error}.") from error
    if isinstance(document, Mapping):
        document = document.get("papers", document.get("items"))
    if not isinstance(document, list):
        raise LearningEvaluationError(f"{file} is not a library. Write {FORM}, or export BibTeX.")
    papers = [_paper(file, number, entry) for number, entry in enumerate(document, 1)]
    return [paper for paper in papers if paper.title]


def _paper(file: str, number: int, entry: Any) -> LibraryPaper:
    if not isinstance(entry, Mapping):
        raise LearningEvaluationError(f"{file}: paper {number} is not an object. Write {FORM}.")
    texts = [entry.get(name) or "" for name in ("title", "abstract")]
    if not all(isinstance(text, str) for text in texts):
        raise LearningEvaluationError(f"{file}: title and abstract of paper {number} must be texts in quotes.")
    title, abstract = map(clean, texts)
    return LibraryPaper(title, abstract)
