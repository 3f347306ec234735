"""The deliveries of digests."""

import datetime as dt
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest
from ninja import Query, Router

from digest.api import schemas
from digest.api.access import TokenAuth
from digest.api.fields import Key
from digest.api.pagination import page
from digest.api.problems import ProblemError
from digest.models import Delivery, Paper, Shard
from digest.models.api_tokens import ApiScope

router = Router(tags=["Deliveries"])
READ = TokenAuth(ApiScope.DELIVERIES_READ)


@router.get(
    "/deliveries", auth=READ, response=schemas.Deliveries, operation_id="list_deliveries", summary="List deliveries"
)
def list_deliveries(request: HttpRequest, given: Query[schemas.DeliveryFilters]) -> dict[str, Any]:
    """Return deliveries, newest first. Those older than the site's retention time are deleted."""
    rows = Delivery.objects.select_related("edition", "subscriber").defer("papers")
    if given.edition is not None:
        rows = _of_edition(rows, given.edition)
    if given.reader is not None:
        rows = rows.filter(subscriber__uid=given.reader)
    if given.status is not None:
        if given.edition is None and given.reader is None:  # it has no index, and there may be ten million rows
            errors = [{"pointer": "status", "detail": "Give an edition or a reader, too."}]
            raise ProblemError(422, "A status alone would search all deliveries.", errors=errors)
        rows = rows.filter(status=given.status)
    found, following = page(rows, given.cursor, given.limit)
    return {"deliveries": [_shown(delivery) for delivery in found], "next": following}


@router.get(
    "/deliveries/{delivery_id}",
    auth=READ,
    response=schemas.OneDelivery,
    operation_id="get_delivery",
    summary="Read one delivery",
)
def get_delivery(request: HttpRequest, delivery_id: Key) -> dict[str, Any]:
    """Return a delivery with the papers in its digest, and what the email provider reported about it."""
    delivery = Delivery.objects.select_related("edition", "subscriber").filter(pk=delivery_id).first()
    if delivery is None:
        raise ProblemError(404, "No delivery has this id.")
    return _shown(delivery) | {
        "papers": _papers(delivery.papers),
        "events": [
            {"type": event.event_type, "meaning": event.meaning, "happened_at": event.happened_at}
            for event in delivery.events.all()
        ],
    }


def _of_edition(rows: "QuerySet[Delivery]", day: dt.date) -> "QuerySet[Delivery]":
    """Return the rows of the edition, bounded by the ids of its shards, because rows are read in the order of ids."""
    rows = rows.filter(edition__day=day)
    bounds = Shard.objects.filter(edition__day=day).aggregate(first=Min("first"), last=Max("last"))
    return rows if bounds["first"] is None else rows.filter(pk__range=(bounds["first"], bounds["last"]))


def _shown(delivery: Delivery) -> dict[str, Any]:
    names = schemas.DeliveryRow.model_fields.keys() - {"edition", "reader"}
    shown = {name: getattr(delivery, name) for name in names}
    return shown | {"edition": delivery.edition.day, "reader": delivery.subscriber.uid}


def _papers(record: Any) -> list[str]:
    """Return the keys of the papers that the record of a digest names (see digest.personalization.snapshot)."""
    entries = [*record.get("for_you", ()), *record.get("trending", ())] if isinstance(record, dict) else []
    ids = [entry[0] for entry in entries]
    keys = dict(Paper.objects.filter(pk__in=ids).values_list("pk", "key"))
    return [keys[pk] for pk in ids if pk in keys]
