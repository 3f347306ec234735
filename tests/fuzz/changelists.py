"""Queries of the admin's pages: lookups of every column, sorting, pages, popups, and autocompletion."""

import random

from django.apps import apps
from django.db.models import Model

from tests.fuzz.targets import Route
from tests.fuzz.values import encode, text

LOOKUPS = [
    "", "exact", "iexact", "in", "gt", "gte", "lt", "lte", "isnull", "range", "contains", "icontains", "startswith",
    "istartswith", "regex", "iregex", "year", "month", "day", "date", "hour", "time", "week_day", "isoyear", "has_key",
    "contained_by", "0", "pk", "id__in", "unknown", "trigram_similar", "search", "unaccent", "len", "overlap",
]  # fmt: skip
VALUES = [
    "1", "0", "-1", "2147483648", "9223372036854775808", "99999999999999999999", "1,2", "1,x", ",", "True", "False", "",
    "2026-08-20", "2026-08-20 12:00:00+00:00", "9999-12-31", "0001-01-01T00:00:00-14:00", "10000-01-01", "2026-13-01",
    "\x00", "[", "(", "*", "a{99999}", "{", "{}", "null", '"', "00000000-0000-0000-0000-000000000001", "sent", "é",
    "1.2.3.4", "::1", "NaN", "Infinity", "1e400", "\\", "%",
]  # fmt: skip
OTHERS = ["_to_field", "_popup", "_changelist_filters", "_facets", "e", "all", "p", "o", "q", "term", "app_label",
          "model_name", "field_name", "page"]  # fmt: skip
ORDERS = ["1", "-1", "1.2", "-1.-2.3", "99", "-", ".", "1.1.1", "--1", "1.x", "9" * 30]


def random_query(route: Route, chance: random.Random) -> list[tuple[str, bytes]]:
    """Return the parameters of a query, as bytes for `urlencode`."""
    model = _model(route) or chance.choice(list(apps.get_models()))
    asked = [
        _lookup(model, chance) if chance.random() < 0.7 else _other(model, chance)
        for _ in range(chance.choice([1, 1, 1, 2, 4]))
    ]
    if "autocomplete" in route.template and chance.random() < 0.8:
        field = chance.choice(model._meta.get_fields()).name
        asked += [("app_label", model._meta.app_label), ("model_name", model._meta.model_name or "")]
        asked += [("field_name", field)]
    return [(name, encode(value)) for name, value in asked]


def _model(route: Route) -> type[Model] | None:
    """Return the model of an admin page."""
    _, app, name, *_ = [*route.template.split("/"), "", ""]
    try:
        return apps.get_model(app, name)
    except LookupError:
        return None


def _lookup(model: type[Model], chance: random.Random) -> tuple[str, str]:
    names = []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        field = chance.choice(model._meta.get_fields())
        names.append(field.name)
        if not isinstance(field.related_model, type):
            break
        model = field.related_model
    lookup = chance.choice(LOOKUPS)
    value = chance.choice(VALUES) if chance.random() < 0.8 else text(chance)
    return "__".join([*names, lookup] if lookup else names), value


def _other(model: type[Model], chance: random.Random) -> tuple[str, str]:
    name = chance.choice(OTHERS)
    if name == "o":
        return name, chance.choice(ORDERS)
    if name == "_to_field":
        return name, chance.choice([*(field.name for field in model._meta.get_fields()), "pk", "id"])
    return name, text(chance)
