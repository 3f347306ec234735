"""Extract the messages to readers from the code, and compile their translations: `make messages`.

It writes all messages marked for gettext in templates and code, and the texts of the topic catalogue, to each
language's `django.po`, and removes those no longer used. Django reads the compiled file `django.mo`.
"""

import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import extract, mofile, pofile
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
TOPICS = "subscriptions/topics"
# The files to read in each folder, and the extraction method. The admin's templates are in English only.
METHODS = {
    "config": [("**.py", "python")],
    "digest": [("**.py", "python")],
    "subscriptions": [("**.py", "python")],
    "templates": [("django/**", "ignore"), ("**.*", "jinja2")],
}
# These must match the environment in config/jinja2.py, or Django would look up other messages than these.
OPTIONS = {"**.*": {"extensions": "jinja2.ext.i18n", "trim_blocks": "1", "lstrip_blocks": "1", "silent": "0"}}
KEYWORDS: dict[str, Any] = {**extract.DEFAULT_KEYWORDS, "gettext_lazy": None, "gettext_noop": None}


def languages() -> list[str]:
    """Return the languages with a translation."""
    return sorted(folder.name for folder in LOCALE.iterdir())


def extracted() -> Catalog:
    """Return all messages to readers, in English."""
    found = Catalog(project="Daily Papers", fuzzy=False)
    for folder, methods in METHODS.items():
        for place, message, context in _in_code(folder, methods):
            found.add(message, None, [(place, 0)], context=context)
    for place, word in _in_catalogues():
        found.add(word, None, [(place, 0)])
    return found


def translated(language: str) -> Catalog:
    with path(language).open("rb") as file:
        return pofile.read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """Return the catalog in the binary format that Django reads."""
    binary = BytesIO()
    mofile.write_mo(binary, catalog)
    return binary.getvalue()


def path(language: str, suffix: str = ".po") -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django{suffix}"


def untranslated(catalog: Catalog) -> list[Any]:
    """Return the messages without a translation or with a plural missing."""
    return [m.id for m in catalog if m.id and not all([m.string] if isinstance(m.string, str) else m.string or [""])]


def bring_up_to_date(language: str) -> Catalog:
    """Write the current messages with their existing translations, without fuzzy matches, and return them."""
    catalog = translated(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    text = BytesIO()
    # No wrapping and no line numbers, or each change of the code would change many lines here.
    pofile.write_po(text, catalog, width=0, include_lineno=False)
    path(language).write_bytes(text.getvalue())
    path(language, ".mo").write_bytes(compiled(catalog))
    return catalog


def _in_code(folder: str, methods: list[tuple[str, str]]) -> Iterator[tuple[str, Any, str | None]]:
    """Return each file, message (with its plural) and context, in the same order on every machine."""
    found = extract.extract_from_dir(ROOT / folder, methods, OPTIONS, keywords=KEYWORDS)
    for file, _line, message, _comments, context in sorted(found, key=lambda each: each[:2]):
        yield f"{folder}/{file}", message, context


def _in_catalogues() -> Iterator[tuple[str, str]]:
    """Return each file of topics, with a name or a description in it."""
    for file in sorted((ROOT / TOPICS).glob("*.toml")):
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        entries = [*document["area"], *document["topic"]]
        words = dict.fromkeys(entry[key] for entry in entries for key in ("name", "description"))
        yield from ((f"{TOPICS}/{file.name}", word) for word in words)


def main() -> None:
    for language in languages():
        missing = untranslated(bring_up_to_date(language))
        sys.stdout.write(f"{path(language).relative_to(ROOT)}: {len(missing)} to translate\n")
        sys.stdout.writelines(f"  {message}\n" for message in missing)


if __name__ == "__main__":
    main()
