"""The text format of Prometheus."""

import datetime as dt
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from digest.ops.metrics import families

__all__ = ["CONTENT_TYPE", "write"]


class _Families(Collector):
    def __init__(self, now: dt.datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        return families.collect(now=self._now)


def write(*, now: dt.datetime) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(now))
    return generate_latest(registry)
