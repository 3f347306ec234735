"""Checks of requests to admin pages. Input that none of our pages sends gets 400, and not 500 as by Django."""

from collections.abc import Iterable

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.admin.views.main import IGNORED_PARAMS
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db.models import BinaryField, Field, Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

# The lookups of filters and of links to lists, with the words that show them. Django allows all lookups of a list's own
# columns, and answers 500 to a regular expression or a range that is not valid.
LOOKUP_WORDS = {"exact": "", "in": "", "gte": "from ", "gt": "after ", "lt": "before ", "lte": "until "}
LOOKUPS = {*LOOKUP_WORDS, "isnull", "isempty"}
OF_DATES = {"year", "month", "day"}


def check(page: ModelAdmin, request: HttpRequest, *, is_list: bool) -> None:  # type: ignore[type-arg]
    """Raise BadRequest if the request to `page` has a key that its table can't have, or its list an odd condition."""
    _refuse_keys(page.model, request.POST.getlist(ACTION_CHECKBOX_NAME))
    for sent in (request.GET, request.POST):
        if TO_FIELD_VAR in sent and not _column(page.model, sent[TO_FIELD_VAR]):
            raise BadRequest("The field that a popup is asked for does not exist")
    for name, values in request.GET.lists() if is_list else ():
        if name not in IGNORED_PARAMS:
            _refuse_lookup(page, name, values)


def _refuse_keys(model: type[Model], keys: list[str]) -> None:
    """Refuse the keys of rows that were selected for an action."""
    for key in keys:
        try:
            model._meta.pk.to_python(key)
        except ValidationError:
            raise BadRequest("A selected row has a key that is not valid") from None
        if "\0" in key:
            raise BadRequest("A selected row has a null character in its key")


def _refuse_lookup(page: ModelAdmin, name: str, values: Iterable[str]) -> None:  # type: ignore[type-arg]
    if any("\0" in value for value in values):
        raise BadRequest("A condition of the list has a null character")
    field, rest = _resolve(page.model, name.split(LOOKUP_SEP))
    if field is None:  # of a filter that is not about a column, or unknown, which Django answers
        return
    known = LOOKUPS | OF_DATES if field.name == page.date_hierarchy else LOOKUPS
    if isinstance(field, BinaryField) or len(rest) > 1 or not known.issuperset(rest):
        raise BadRequest("A condition of the list is not one of its filters")


def _resolve(model: type[Model], parts: list[str]) -> tuple["Field[object, object] | None", list[str]]:
    """Return the column that a lookup is about, following relations, and the parts of its name after the column."""
    field = None
    while parts and (found := _field(model, parts[0])):
        field, parts = found, parts[1:]
        if not isinstance(field.related_model, type):
            break
        model = field.related_model
    return field, parts


def _field(model: type[Model], name: str) -> "Field[object, object] | None":
    try:
        return model._meta.pk if name == "pk" else model._meta.get_field(name)  # type: ignore[return-value]
    except FieldDoesNotExist:
        return None


def _column(model: type[Model], name: str) -> bool:
    return getattr(_field(model, name), "concrete", False)
