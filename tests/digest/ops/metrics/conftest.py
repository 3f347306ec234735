"""Shared fixtures: the metrics as Prometheus reads them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

Scrape = Callable[[], dict[str, Metric]]


@pytest.fixture
def scrape(db: None, client: Client, settings: Any) -> Scrape:
    """Read /metrics, and return the families by name."""
    settings.METRICS_TOKEN = "s3cret"

    def read() -> dict[str, Metric]:
        answer = client.get("/metrics", headers={"authorization": "Bearer s3cret"})
        assert answer.status_code == 200
        return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}

    return read


def values(family: Metric, ending: str = "") -> dict[tuple[str, ...], float]:
    """Return the values of a family by its labels' values."""
    return {tuple(s.labels.values()): s.value for s in family.samples if s.name == family.name + ending}
