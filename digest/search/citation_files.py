"""Readers of citation files that are parsed as a whole: CSL-JSON, RDF as Zotero writes it, and CSV. Pure."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any

from digest.sources.records import SourceError
from digest.sources.xml_parser import read_xml
from digest.text import author_names
from digest.text.cleanup import clean, from_html

LARGEST = 2 * 2**20  # bytes
MAX_SIGNS = 100_000  # of "<" in RDF, and of "{" in JSON; two megabytes of a library have half of that
MAX_CELL = 10_000  # characters of one field; the rest is ignored

Fields = dict[str, str]  # title, abstract, authors (one per line), places (one per line), label

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_BIB = "{http://purl.org/net/biblio#}"
_FOAF = "{http://xmlns.com/foaf/0.1/}"
_ZOTERO = "{http://www.zotero.org/namespaces/export#}"
# Elements of RDF with a title that are no papers: what contains papers, and what is attached to them.
_NO_PAPERS = frozenset(
    [f"{_BIB}{name}" for name in ("Journal", "Periodical", "Newspaper", "CourtReporter", "Series", "Part", "Memo")]
    + [f"{_ZOTERO}{name}" for name in ("Attachment", "Collection", "Website", "Blog", "Forum", "UserItem")]
)
# Columns of CSV, in lower case, as Zotero, Google Scholar, Scopus, Web of Science and this site name them.
_TITLE_COLUMNS = ("title", "article title", "document title")
_ABSTRACT_COLUMNS = ("abstract note", "abstract")
_AUTHOR_COLUMNS = ("author", "authors", "author full names")
_PLACE_COLUMNS = ("url", "link", "doi", "extra", "archive", "note")
_INLINE_TAG = re.compile(r"</?[A-Za-z][^<>]{0,100}>")


class FileProblem(StrEnum):
    """A reason why an uploaded file can’t be read."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    PDF = "pdf"
    DOCUMENT = "document"  # a text processor's file, a spreadsheet or an archive
    NOT_TEXT = "not-text"


class FileError(ValueError):
    """An uploaded file can't be read."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def decode(body: bytes) -> str:
    """Return the text of an uploaded file. Raise FileError if it is no text, empty or larger than LARGEST."""
    if len(body) > LARGEST:
        raise FileError(FileProblem.TOO_LARGE)
    if body[:1024].lstrip().startswith(b"%PDF"):
        raise FileError(FileProblem.PDF)
    if body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"\x1f\x8b")):
        raise FileError(FileProblem.DOCUMENT)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = body.decode("utf-16", "replace")
    else:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = body.decode("cp1252", "replace")
    if "\x00" in text:
        raise FileError(FileProblem.NOT_TEXT)
    if not text.strip():
        raise FileError(FileProblem.EMPTY)
    return text


def records(text: str) -> Iterator[Fields] | None:
    """Return the papers in `text` if the whole of it is in one of the formats, else None."""
    start = text[:2000].lstrip()
    if start.startswith(("[", "{")):
        return _csl_records(text)
    if start.startswith("<"):
        return _rdf_records(text)
    return _csv_records(text)


def _csl_records(text: str) -> Iterator[Fields] | None:
    """Return the items of CSL-JSON: a list, or an object with `items`."""
    if text.count("{") + text.count("[") > MAX_SIGNS:
        return None
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(items, dict):
        items = items.get("items", [items])
    if not isinstance(items, list):
        return None
    return (_csl_fields(item) for item in items if isinstance(item, dict))


def _csl_fields(item: dict[str, Any]) -> Fields:
    def value(*names: str) -> str:
        return next((str(item[name]) for name in names if isinstance(item.get(name), str | int)), "")

    authors = item.get("author", [])
    names = [_csl_name(author) for author in authors] if isinstance(authors, list) else []
    places = (value(name) for name in ("URL", "url", "DOI", "doi", "number", "archive_location", "note"))
    return make_fields(value("title"), value("abstract"), names, places, value("id", "citation-key"))


def _csl_name(author: Any) -> str:
    if not isinstance(author, dict):
        return ""
    parts = [part for name in ("family", "given") if isinstance(part := author.get(name), str) and part]
    return ", ".join(parts) or str(author.get("literal", ""))


def _rdf_records(text: str) -> Iterator[Fields] | None:
    """Return the items of RDF: Zotero's own, or unqualified Dublin Core."""
    if text.count("<") > MAX_SIGNS:
        return None
    try:
        root = read_xml(text.strip().encode(), f"{_RDF}RDF")
    except (SourceError, UnicodeError):
        return None
    nodes = {about: node for node in root if (about := node.get(f"{_RDF}about", ""))}
    shared = Counter(_container_name(node) for node in root)
    return (
        _rdf_fields(node, _container(node, nodes, shared))
        for node in root
        if node.tag not in _NO_PAPERS and node.find(f"{_DC}title") is not None
    )


def _container_name(node: ET.Element) -> str:
    part_of = node.find(f"{_TERMS}isPartOf")
    return part_of.get(f"{_RDF}resource", "") if part_of is not None else ""


def _container(node: ET.Element, nodes: dict[str, ET.Element], shared: Counter[str]) -> ET.Element | None:
    """Return the journal of an article, which has the article's DOI, unless other articles share it."""
    inside = node.find(f"{_TERMS}isPartOf/*")
    name = _container_name(node)
    return inside if inside is not None else nodes.get(name) if shared[name] == 1 else None


def _rdf_fields(node: ET.Element, container: ET.Element | None) -> Fields:
    """Return the fields of an item. An article's identifiers, and not its journal's, come first."""
    identifiers = [*node.iterfind(f"{_DC}identifier"), *node.iterfind(f"{_DC}description")]
    if container is not None:
        identifiers += container.iterfind(f"{_DC}identifier")
    places = [value for each in identifiers for value in (each.text, each.findtext(f".//{_RDF}value")) if value]
    about = node.get(f"{_RDF}about", "")
    people = node.iterfind(f"{_BIB}authors//{_FOAF}Person")
    names = [
        ", ".join(filter(None, (person.findtext(f"{_FOAF}surname"), _given_name(person)))) for person in people
    ] or [creator.text or "" for creator in node.iterfind(f"{_DC}creator")]
    abstract = node.findtext(f"{_TERMS}abstract") or ""
    return make_fields(node.findtext(f"{_DC}title") or "", abstract, names, [*places, about], about)


def _given_name(person: ET.Element) -> str:
    return person.findtext(f"{_FOAF}givenName") or person.findtext(f"{_FOAF}givenname") or ""


def _csv_records(text: str) -> Iterator[Fields] | None:
    """Return the rows of CSV (separated by commas, semicolons or tabs) if its first row names a column with titles."""
    header = text.lstrip("\ufeff\r\n")[:2000].partition("\n")[0].strip()
    for delimiter in ",;\t":
        columns = [cell.strip().strip('"').lower() for cell in header.split(delimiter)]
        if len(columns) > 1 and not set(columns).isdisjoint(_TITLE_COLUMNS):
            return _csv_rows(text.lstrip("\ufeff\r\n"), delimiter, columns)
    return None


def _csv_rows(text: str, delimiter: str, columns: list[str]) -> Iterator[Fields]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(reader, None)
    try:
        for cells in reader:
            row = dict(zip(columns, (cell[:MAX_CELL] for cell in cells), strict=False))
            if any(row.values()):
                yield _csv_fields(row)
    except csv.Error:  # a cell of more than 128 KB; the rows before it count
        return


def _csv_fields(row: dict[str, str]) -> Fields:
    def value(names: Iterable[str]) -> str:
        return next((row[name] for name in names if row.get(name)), "")

    names = author_names.split_list(value(_AUTHOR_COLUMNS))
    places = [row[name] for name in _PLACE_COLUMNS if row.get(name)]
    return make_fields(value(_TITLE_COLUMNS), value(_ABSTRACT_COLUMNS), names, places, row.get("key", ""))


def make_fields(title: str, abstract: str, authors: Iterable[str], places: Iterable[str], label: str = "") -> Fields:
    """Return the fields of one paper, as plain text."""
    return {
        "title": _plain(title), "abstract": _plain(abstract), "authors": _lines(authors), "places": _lines(places),
        "label": clean(label)[:100],
    }  # fmt: skip


def _plain(text: str) -> str:
    """Return the text without the few tags that these formats allow, such as <i>."""
    text = text[:MAX_CELL]
    return from_html(text) if _INLINE_TAG.search(text) else clean(text)


def _lines(values: Iterable[str]) -> str:
    cleaned: Callable[[str], str] = clean
    return "\n".join(filter(None, map(cleaned, values)))
