"""The suppression lists of email providers, in CSV or JSON, and plain lists of addresses. Pure.

These are known: Amazon SES (`aws sesv2 list-suppressed-destinations`, and its files for bulk imports), Mailgun,
SendGrid, Postmark, Mailjet and Brevo, each as its API or its website exports them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from subscriptions.exchange.products import plain
from subscriptions.exchange.tables import TableError, open_file

LARGEST_JSON = 200 * 2**20  # bytes; JSON is read as a whole
BOUNCED, COMPLAINED, OTHER = "bounced", "complained", "admin"

# Columns and keys that contain the address, as `plain` writes them.
_ADDRESSES = ("emailaddress", "email_address", "email", "address", "recipient", "e_mail", "mail")
_REASONS = ("suppressionreason", "suppression_reason", "reason_code", "reason", "type", "category", "status")
# Parts of the reasons of all providers.
_COMPLAINTS = ("complain", "spam", "abuse", "fbl")
_BOUNCES = ("bounce", "invalid", "undeliver", "cleaned", "unknown user", "does not exist", "no such user")
# Keys and columns that only lists of bounces have: the answer of the mail server.
_ANSWERS = frozenset({"code", "error"})


class SuppressedAddress(NamedTuple):
    number: int  # of its row, or its place in JSON
    address: str
    reason: str  # one of BOUNCED, COMPLAINED and OTHER; empty if the list says nothing


def read_entries(path: Path, name: str = "") -> Iterator[SuppressedAddress]:
    """Yield the addresses of a list with their reasons. Raise TableError if the file is none."""
    name = name or path.name
    with path.open("rb") as file:
        begins = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    if begins[:1] in (b"{", b"["):
        yield from _read_json(path, name)
        return
    for table in open_file(path, name):
        names = [plain(column) for column in table.header]
        if not table.has_header:
            names = _names_without_header(names)
        if not set(names) & set(_ADDRESSES):
            raise TableError(f"{table.name} has no column with an address. It has {', '.join(table.header)}.")
        for number, cells in table.rows():
            entry = _entry(number, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
            if entry:
                yield entry


def _names_without_header(names: list[str]) -> list[str]:
    """Return names for the columns of a list such as those of Amazon SES: addresses, perhaps with reasons."""
    return ["address", "reason", *names[2:]][: len(names)]


def _read_json(path: Path, name: str) -> Iterator[SuppressedAddress]:
    if path.stat().st_size > LARGEST_JSON:
        raise TableError(f"{name} is larger than {LARGEST_JSON // 2**20} MB. Split it, or export it as CSV.")
    text = path.read_text("utf-8-sig", errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _read_lines(text, name)
    rows = _list_in(found)
    if rows is None:
        raise TableError(f"{name} contains no list of addresses. Export it as CSV, or write one address on each line.")
    for number, row in enumerate(rows, 1):
        given = row if isinstance(row, dict) else {"address": row}
        entry = _entry(number, _flat(given))
        if entry:
            yield entry


def _read_lines(text: str, name: str) -> list[Any]:
    """Return the values of a file with one JSON value in each line."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise TableError(f"{name} is not valid JSON: {error}. Download it again, or export it as CSV.") from error


def _list_in(found: Any) -> list[Any] | None:
    """Return the list itself, or the first list in an object, such as `items` of Mailgun; an object is one entry."""
    if isinstance(found, list):
        return found
    if not isinstance(found, dict):
        return None
    lists = (value for value in found.values() if isinstance(value, list))
    return next(lists, [found] if any(plain(key) in _ADDRESSES for key in found) else None)


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as texts by plain key; those of an inner object get its key before theirs."""
    flat: dict[str, str] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{plain(key)}_{plain(inner)}": str(content) for inner, content in value.items()}
        else:
            flat[plain(key)] = "" if value is None else str(value)
    return flat


def _entry(number: int, row: Mapping[str, str]) -> SuppressedAddress | None:
    address = next((row[name] for name in _ADDRESSES if row.get(name)), "")
    if row.get("isexcludedfromcampaigns", "").lower() == "false":  # Mailjet lists all contacts
        return None
    return SuppressedAddress(number, address, _reason(row))


def _reason(row: Mapping[str, str]) -> str:
    said = " ".join(row[name].lower() for name in _REASONS if row.get(name))
    if any(word in said for word in _COMPLAINTS):
        return COMPLAINED
    if any(word in said for word in _BOUNCES) or row.keys() >= _ANSWERS or said.startswith(("5.", "550", "551", "553")):
        return BOUNCED
    return OTHER if said else ""
