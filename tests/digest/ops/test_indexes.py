"""Queries of tables with millions of rows use an index, on both databases."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, QuerySet

from digest.models import Delivery, DeliveryEvent
from subscriptions.models import TopicFilter
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
YESTERDAY = NOW - dt.timedelta(days=1)


def plan_of(rows: QuerySet[Any]) -> str:
    """Return the query plan for a table that is too large for a scan."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
    return rows.explain()


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Delivery.objects.filter(queued_at__lt=NOW, status="sent").order_by("queued_at")[:5000], "delivery_by_time"),
        (DeliveryEvent.objects.filter(happened_at__lt=NOW).order_by("happened_at")[:5000], "event_by_time"),
        (TopicFilter.objects.filter(topic=1).order_by("-pk")[:100], "filter_by_topic"),
        (Delivery.objects.filter(queued_at__gte=YESTERDAY, queued_at__lt=NOW).order_by(), "delivery_by_time"),
        (
            DeliveryEvent.objects.filter(happened_at__gte=YESTERDAY, happened_at__lt=NOW)
            .order_by()
            .values_list("event_type", "meaning")
            .annotate(Count("pk")),
            "event_by_time",
        ),
    ],
)
def test_an_index_answers_the_query(rows: QuerySet[Any], index: str) -> None:
    assert index in plan_of(rows)
