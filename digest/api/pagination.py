"""Pages of rows by primary key, newest first."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def page(rows: "QuerySet[Row, Any]", cursor: str, limit: int) -> tuple[Sequence[Row], str | None]:
    """Return up to `limit` rows before the cursor, and the cursor of the next page, or None on the last."""
    before = rows.filter(pk__lt=int(cursor)) if cursor else rows
    found = list(before.order_by("-pk")[: limit + 1])
    shown = found[:limit]
    return shown, str(shown[-1].pk) if len(found) > limit else None
