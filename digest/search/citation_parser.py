"""A parser of pasted citations: BibTeX, RIS, links, arXiv ids, DOIs or titles, in any mixture. Pure.

CSL-JSON, Zotero RDF and CSV are read too, each as the whole input (see `digest.search.citation_files`). The parser
never fails. An error in the input costs one field, not the paper and not the papers after it.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from digest import paper_keys
from digest.search import citation_files
from digest.search.citation_files import Fields
from digest.sources.records import ARXIV_ID, doi_in, paper_key
from digest.text import author_names
from digest.text.cleanup import clean
from digest.text.latex import from_tex

LONGEST = 200_000  # characters; the rest of the input is ignored, except of a file that is parsed as a whole
MAX_CITED = 100  # papers
MAX_READ = 1_000  # citations that are parsed, with those that repeat earlier ones
MAX_TITLE_LENGTH = 300  # characters; a longer title is cut
MAX_VALUE = 10_000  # characters of a field; the rest is ignored
MAX_LABEL_LENGTH = 100  # characters of a line that names no paper
MIN_WORDS = 3  # words in a line that counts as a title

_ENTRY = re.compile(r"(?<![^\s}])@[ \t]*(\w+)\s*[{(]")
_FIELD = re.compile(r"(?:^|[,\s])([A-Za-z][\w-]*)\s*=\s*", re.MULTILINE)
_BRACE = re.compile(r"(?<!\\)[{}]|^[ \t]*\)[ \t]*$", re.MULTILINE)
_CLOSING_QUOTE = re.compile(r'"(?=\s*+(?:[,#]|\}?\s*+\Z))')
_BARE_END = re.compile(r"[,\n}]")
_NO_PAPERS = frozenset({"comment", "string", "preamble"})
_RIS = re.compile(r"^[ \t]*([A-Z][A-Z0-9])  ?-(?: (.*)|[ \t]*)$", re.MULTILINE)
_RIS_TITLES, _RIS_ABSTRACTS, _RIS_AUTHORS = ("TI", "T1", "CT"), ("AB", "N2"), ("AU", "A1")
_BARE_ID = re.compile(rf"(?<![\w./-])(?:arxiv:\s*)?({ARXIV_ID.pattern})(?:v\d+)?(?![\w/-])", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"]+|\bdoi:\s*10\.\S+|\b10\.\d{4,9}/\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_AROUND_TITLE = " -*•·,;:\"'“”()[]"
_ALONE = re.compile(r"(?:(?:arxiv|doi):\s*)?\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """A pasted citation, as far as it could be parsed."""

    label: str  # its name in messages to the person who pasted it
    key: str = ""  # canonical, see `digest.sources.records.paper_key`
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()


def read(*texts: str, most: int = MAX_CITED) -> list[Reference]:
    """Return at most `most` citations in `texts`, in order and without duplicates."""
    found = chain.from_iterable(map(_references, texts))
    return list(islice(_without_duplicates(islice(found, MAX_READ)), most))


def _references(text: str) -> Iterator[Reference]:
    """Yield the citations in `text`, each parsed when it is asked for: a library may hold thousands."""
    text = text.removeprefix("\ufeff")
    whole = citation_files.records(text)
    if whole is not None:
        yield from map(make_reference, whole)
        return
    text = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    entries, rest = _cut_bibtex(text)
    records, rest = _cut_ris(rest)
    yield from map(make_reference, chain(map(_bibtex_fields, entries), map(_ris_fields, records)))
    yield from _references_in_lines(rest, is_rest=bool(entries or records))


def _without_duplicates(references: Iterable[Reference]) -> Iterator[Reference]:
    seen = set()
    for reference in references:
        name = reference.key or reference.title.casefold() or reference.label
        if name not in seen:
            seen.add(name)
            yield reference


def read_bibtex(text: str) -> list[Reference]:
    """Return all BibTeX entries in `text`, of any length."""
    entries, _rest = _cut_bibtex(text.replace("\r\n", "\n").replace("\r", "\n"))
    return [make_reference(_bibtex_fields(entry)) for entry in entries]


def key_of(text: str) -> str:
    """Return the canonical id if `text` is one arXiv id, DOI or link to a paper and nothing else, or ""."""
    return _key(text) if _ALONE.fullmatch(text.strip()) else ""


def _cut_bibtex(text: str) -> tuple[list[str], str]:
    """Return the bodies of the BibTeX entries in `text`, and the rest of the text."""
    entries, rest, at, braces = [], [], 0, _Braces(text)
    for found in _ENTRY.finditer(text):
        if found.start() < at:
            continue  # the @ is inside a value
        rest.append(text[at : found.start()])
        at = braces.end(found.end())
        if found[1].lower() not in _NO_PAPERS:
            entries.append(text[found.end() : at])
    return entries, "".join([*rest, text[at:]])


class _Braces:
    """The matching braces of a text, found in one pass, however many are never closed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: list[int] = []  # ends of all braces
        self._depths = [0]  # before the first brace, and after each
        self._closing: dict[int, list[int]] = defaultdict(list)  # ends of closing braces, by the depth after them
        for found in _BRACE.finditer(text):
            opens = found[0] == "{"
            self._ends.append(found.end())
            self._depths.append(self._depths[-1] + (1 if opens else -1))
            if not opens:
                self._closing[self._depths[-1]].append(found.end())

    def end(self, at: int) -> int:
        """Return the end of the brace that was opened just before `at`.

        If it is never closed, return the beginning of the next entry, or the end of the text.
        """
        depth = self._depths[bisect_right(self._ends, at)]
        closing = self._closing[depth - 1]
        later = bisect_right(closing, at)
        if later < len(closing):
            return closing[later]
        following = _ENTRY.search(self._text, at)
        return following.start() if following else len(self._text)


def _bibtex_fields(body: str) -> Fields:
    fields: Fields = {}
    at, braces = 0, _Braces(body)
    while found := _FIELD.search(body, at):
        value, at = _bibtex_value(body, found.end(), braces)
        fields.setdefault(found[1].lower(), value)
    authors = "\n".join(author_names.split_bibtex_list(fields.get("author", "")))
    places = [fields.get(name, "") for name in ("url", "doi", "note", "howpublished", "journal")]
    if "arxiv" in (fields.get("archiveprefix", "") + fields.get("eprinttype", "")).lower() or not any(places):
        places.insert(0, fields.get("eprint", ""))
    return {
        "title": _without_tex(fields.get("title", "")), "abstract": _without_tex(fields.get("abstract", "")),
        "authors": authors, "places": "\n".join(places), "label": body.partition(",")[0].strip(" \n})"),
    }  # fmt: skip


def _bibtex_value(body: str, at: int, braces: _Braces) -> tuple[str, int]:
    """Return a value (in braces, in quotes or bare) and its end."""
    opener = body[at : at + 1]
    if opener == "{":
        end = braces.end(at + 1)
        return body[at + 1 : end - 1], end
    closing = (_CLOSING_QUOTE if opener == '"' else _BARE_END).search(body, at + 1)
    end = closing.start() if closing else len(body)
    return body[at:end].strip('"'), end + 1


def _without_tex(value: str) -> str:
    value = value[:MAX_VALUE]
    return clean(re.sub(r"(?<!\\)[{}]", "", from_tex(value)))


def _cut_ris(text: str) -> tuple[list[dict[str, list[str]]], str]:
    """Return the RIS records in `text`, and the text without their lines."""
    records: list[dict[str, list[str]]] = []
    for tag, value in _RIS.findall(text):
        if tag == "TY" or not records:
            records.append({})
        records[-1].setdefault(tag, []).append(value)
    named = [record for record in records if record.keys() - {"ER", "TY"}]
    return named, _RIS.sub("", text) if records else text


def _ris_fields(raw: dict[str, list[str]]) -> Fields:
    record = {tag: [clean(value) for value in values] for tag, values in raw.items()}

    def first(tags: Iterable[str]) -> str:
        return next((value for tag in tags for value in record.get(tag, ()) if value), "")

    title = first(_RIS_TITLES)
    authors = [value for tag in _RIS_AUTHORS for value in record.get(tag, ())]
    places = [value for tag in ("UR", "DO", "AN", "L1", "L2", "ID") for value in record.get(tag, ())]
    return {
        "title": title, "abstract": first(_RIS_ABSTRACTS), "authors": "\n".join(authors),
        "places": "\n".join(places), "label": title or first(record),
    }  # fmt: skip


def make_reference(fields: Fields) -> Reference:
    """Return a citation with the first id that is found in the places of `fields`."""
    key = next((key for place in fields["places"].split("\n") if (key := _key(place))), "")
    authors = tuple(name for name in fields["authors"].split("\n") if name)
    title = fields["title"][:MAX_TITLE_LENGTH]
    label = title or key.partition(":")[2] or fields["label"]
    return Reference(label, key, title, fields["abstract"], authors)


def _references_in_lines(text: str, *, is_rest: bool) -> Iterator[Reference]:
    """Yield the ids and links in each line. A line without any is a title if it looks like one.

    A line that names no paper is yielded as well, with its text alone, so that the visitor sees that it was not
    understood. This is skipped if `is_rest`: the text is what the parsers of BibTeX and RIS left over.
    """
    has_places = bool(_LINK.search(text) or _BARE_ID.search(text))
    for line in text.split("\n"):
        if line.startswith("%"):  # a comment in BibTeX
            continue
        without_links = _LINK.sub(" ", line)
        places = [*_LINK.findall(line), *_BARE_ID.findall(without_links)]
        keys = {key: place for place in places if (key := _key(place))}
        title = clean(_BARE_ID.sub(" ", without_links)).strip(_AROUND_TITLE)[:MAX_TITLE_LENGTH]
        if keys:  # the title beside an id counts if the site doesn't have the paper
            beside = title if len(keys) == 1 and len(_WORD.findall(title)) >= MIN_WORDS else ""
            yield from (Reference(beside or key.partition(":")[2], key, beside) for key in keys)
        elif not places and _is_title(title, line, is_prose=has_places):
            yield Reference(title, title=title)
        elif not is_rest and _WORD.search(line):
            yield Reference(clean(line)[:MAX_LABEL_LENGTH])


def _is_title(title: str, line: str, *, is_prose: bool) -> bool:
    """Return whether a line is a title. Between ids and links, a line that ends like a sentence is not."""
    is_sentence = is_prose and line.rstrip().endswith((".", ":", ",", ";", "!"))
    return len(title.split()) >= MIN_WORDS and not is_sentence


def _key(place: str) -> str:
    """Return the canonical id in a link, a DOI or a bare id, or "" if the link identifies no paper."""
    place = place.strip().rstrip(".,;)")
    bare = _BARE_ID.fullmatch(place)
    if bare:
        return paper_keys.arxiv_key(bare[1])
    if not doi_in(place) and "/" not in place:
        return ""
    key = paper_key(place)
    return "" if key.startswith("link:") else key
