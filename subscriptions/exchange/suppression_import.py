"""The import of a suppression list, in batches. It can be repeated: an address is suppressed once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import reset_queries

from subscriptions.email_addresses import address_hash, read_address
from subscriptions.exchange.bulk import find
from subscriptions.exchange.suppression_lists import SuppressedAddress, read_entries
from subscriptions.models import Suppression
from subscriptions.readers import lifecycle

BATCH = 1_000
MAX_PROBLEMS = 200
LABELS = {
    "new": "addresses suppressed",
    "known": "suppressed already",
    "invalid": "not addresses, left out",
}


@dataclass
class SuppressionResult:
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def import_list(
    path: Path, *, by: str, name: str = "", reason: str = "", dry_run: bool = False
) -> Iterator[SuppressionResult]:
    """Suppress the addresses in a list. Yield the result so far after each batch.

    `reason` is for addresses with none in the list; if it is empty, they count as suppressed by an admin. Raise
    TableError if the file is no list.
    """
    result, entries = SuppressionResult(), read_entries(path, name)
    while some := list(islice(entries, BATCH)):
        reset_queries()
        reasons = _valid(some, reason or Suppression.Reason.ADMIN, result)
        hashes = {address_hash(address) for address in reasons}
        known = len(find(Suppression, "address_hash", hashes, ["address_hash"]))
        result.counts.update({"known": known, "new": len(hashes) - known})
        if not dry_run:
            lifecycle.suppress_all(reasons, by=by)
        yield result


def _valid(entries: list[SuppressedAddress], reason: str, result: SuppressionResult) -> dict[str, str]:
    """Return the reasons by address, and count the entries that are no addresses."""
    reasons: dict[str, str] = {}
    for entry in entries:
        try:
            address = read_address(entry.address).lower()
        except ValueError as error:
            result.counts["invalid"] += 1
            if len(result.problems) < MAX_PROBLEMS:
                result.problems.append(f"Row {entry.number}: {error}")
            continue
        reasons.setdefault(address, entry.reason or str(reason))
    return reasons
