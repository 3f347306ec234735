"""Counters for /metrics, in one small table, so that all processes on all machines add to the same numbers.

A counter is a hint for charts and alerts: if the database is down, what was counted is lost and nothing else fails.
"""

import json
import logging
from collections.abc import Mapping

from django.db import DatabaseError, InterfaceError, connection, transaction

from digest.models import MetricCounter

logger = logging.getLogger(__name__)

Labels = tuple[tuple[str, str], ...]  # sorted by name
Counts = Mapping[tuple[str, Labels], float]

LONGEST = 300  # characters of all labels together


def labels(**named: str) -> Labels:
    return tuple(sorted(named.items()))


def add(counts: Counts) -> None:
    """Add to each counter once the current transaction is committed, if there is one, so that its row is not locked."""
    if counts:
        transaction.on_commit(lambda: _add(counts), robust=True)


def read() -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return all counters by name, each with its labels."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for name, of, value in MetricCounter.objects.values_list("name", "labels", "value"):
        found.setdefault(name, []).append((json.loads(of), value))
    return found


def _add(counts: Counts) -> None:
    rows = sorted((name, _text(of), float(number)) for (name, of), number in counts.items())  # one order: no deadlocks
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO digest_metriccounter (name, labels, value) VALUES (%s, %s, %s) "
                "ON CONFLICT (name, labels) DO UPDATE SET value = digest_metriccounter.value + excluded.value",
                rows,
            )
    except (DatabaseError, InterfaceError) as error:
        logger.warning("Nothing was added to the counters of /metrics: %s", error)


def _text(of: Labels) -> str:
    """Return the labels as JSON. Cut the longest one if they do not fit, so that the JSON stays valid."""
    text = json.dumps(dict(of), ensure_ascii=False)
    if len(text) <= LONGEST:
        return text
    longest = max(of, key=lambda pair: len(json.dumps(pair[1], ensure_ascii=False)))[0]
    half = len(dict(of)[longest]) // 2
    return _text(tuple((name, value[:half] if name == longest else value) for name, value in of))
