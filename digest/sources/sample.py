"""A small set of invented papers, for machines without Internet access. They are listed on the day of the fetch."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from digest.sources.http import Http
from digest.sources.records import Batch, PaperRecord, read_all

PAGE_SIZE = None
BY_DAY = False
PAUSE = 0
FILE = Path(__file__).parent / "sample.json"


def problem_with_key(key: str) -> str:
    return "Leave this empty: there is one sample day." if key else ""


def fetch(http: Http, key: str, day: dt.date, page: int = 0) -> bytes:
    """Return the file beside this module, without using the network."""
    return FILE.read_bytes()


def parse(body: bytes, day: dt.date) -> Batch:
    return read_all(json.loads(body), lambda item: _read(item, day))


def _read(item: dict[str, Any], day: dt.date) -> PaperRecord:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in item.items() if name != "id"
    }
    url = f"https://example.org/papers/{item['id']}"
    return PaperRecord(key=f"sample:{item['id']}", url=url, published_on=day, day=day, **fields)
