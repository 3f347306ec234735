"""What readers are told, brought from the code to the translators and back: `make messages`.

All that is marked for gettext in templates and code, and the catalogue's own words, comes into each language's
`django.po`; that is compiled into the `django.mo` that Django reads. What is said no more goes.
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
TOPICS = "subscriptions/topics/topics.toml"
# By folder: which files are read, and how. The admin's templates are in English only.
METHODS = {
    "config": [("**.py", "python")],
    "digest": [("**.py", "python")],
    "subscriptions": [("**.py", "python")],
    "templates": [("django/**", "ignore"), ("**.*", "jinja2")],
}
# As config/jinja2.py sets the environment up: else a message would be looked up that is not the one extracted.
OPTIONS = {"**.*": {"extensions": "jinja2.ext.i18n", "trim_blocks": "1", "lstrip_blocks": "1", "silent": "0"}}
KEYWORDS: dict[str, Any] = {**extract.DEFAULT_KEYWORDS, "gettext_lazy": None, "gettext_noop": None}


def languages() -> list[str]:
    """Those that we translate into."""
    return sorted(folder.name for folder in LOCALE.iterdir())


def extracted() -> Catalog:
    """All that is said to readers, in English."""
    found = Catalog(project="Daily Papers", fuzzy=False)
    for folder, methods in METHODS.items():
        for place, message, context in _in_code(folder, methods):
            found.add(message, None, [(place, 0)], context=context)
    for word in _in_catalogue():
        found.add(word, None, [(TOPICS, 0)])
    return found


def translated(language: str) -> Catalog:
    with path(language).open("rb") as file:
        return pofile.read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """As Django reads it."""
    binary = BytesIO()
    mofile.write_mo(binary, catalog)
    return binary.getvalue()


def path(language: str, suffix: str = ".po") -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django{suffix}"


def untranslated(catalog: Catalog) -> list[Any]:
    """The messages that lack their translation, or one of its plurals."""
    return [m.id for m in catalog if m.id and not all([m.string] if isinstance(m.string, str) else m.string or [""])]


def bring_up_to_date(language: str) -> Catalog:
    """Write what is said now, with what was translated of it and nothing guessed."""
    catalog = translated(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    text = BytesIO()
    # Neither wrapped nor with line numbers: a change of the code would change a hundred lines here.
    pofile.write_po(text, catalog, width=0, include_lineno=False)
    path(language).write_bytes(text.getvalue())
    path(language, ".mo").write_bytes(compiled(catalog))
    return catalog


def _in_code(folder: str, methods: list[tuple[str, str]]) -> Iterator[tuple[str, Any, str | None]]:
    """The file, the message (with its plural), and its context; in the same order on every machine."""
    found = extract.extract_from_dir(ROOT / folder, methods, OPTIONS, keywords=KEYWORDS)
    for file, _line, message, _comments, context in sorted(found, key=lambda each: each[:2]):
        yield f"{folder}/{file}", message, context


def _in_catalogue() -> list[str]:
    topics = tomllib.loads((ROOT / TOPICS).read_text(encoding="utf-8"))["topic"]
    return list(dict.fromkeys(topic[key] for topic in topics for key in ("group", "name", "description")))


def main() -> None:
    for language in languages():
        missing = untranslated(bring_up_to_date(language))
        sys.stdout.write(f"{path(language).relative_to(ROOT)}: {len(missing)} to translate\n")
        sys.stdout.writelines(f"  {message}\n" for message in missing)


if __name__ == "__main__":
    main()
