"""Types of parameters and fields, stricter than pydantic's own, so that what is accepted is what the document says."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Annotated, Any

from ninja import Field, Schema
from pydantic import BeforeValidator

MAX_ROWS = 100  # rows on a page
BIGGEST_KEY = 2**63 - 1
LONGEST_SLUG = 50
SLUG = rf"^[-a-zA-Z0-9_]{{1,{LONGEST_SLUG}}}$"


def _whole_number(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("-?[0-9]{1,20}", value):
        raise ValueError("Write a whole number.")
    return value


def _integer(value: Any) -> Any:
    """Return 17 for 17.0, which is an integer in JSON Schema and in JavaScript."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("Write a day like 2026-12-31.")
    return value


def one_of(values: Sequence[str], about: str | None = None) -> Any:
    """Return the description of a text that is one of `values`."""

    def as_enum(schema: dict[str, Any]) -> None:
        del schema["pattern"]
        schema["enum"] = list(values)

    pattern = f"^(?:{'|'.join(map(re.escape, values))})$"
    return Field(pattern=pattern, description=about, json_schema_extra=as_enum)


Day = Annotated[dt.date, BeforeValidator(_day)]
Key = Annotated[int, Field(ge=1, le=BIGGEST_KEY), BeforeValidator(_whole_number)]
Integer = Annotated[int, BeforeValidator(_integer)]
Slug = Annotated[str, Field(pattern=SLUG)]


class PageIn(Schema):
    """The parameters of a page of rows."""

    cursor: str = Field(
        "",
        pattern="^(?:[0-9]{1,18})?$",
        description="Where the page begins: `next` of the page before. Leave it out for the first.",
    )
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS), BeforeValidator(_whole_number)] = Field(
        50, description="The most rows to return."
    )
