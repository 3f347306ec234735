"""The filters above a list of the admin: the chosen value of each, and conditions from a link that no filter shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db.models.constants import LOOKUP_SEP

from digest.admin_requests import LOOKUP_WORDS

register = template.Library()

YES_AND_NO = {"True": "yes", "False": "no"}


@dataclass(frozen=True)
class Condition:
    """A condition of a list that can be removed."""

    text: str
    without: str  # the query string of the list without it


@register.simple_tag
def chosen(spec: Any, choices: list[dict[str, Any]]) -> str:
    """Return what a filter is set to, or an empty string if it shows all."""
    keys = getattr(spec, "chosen", None)  # of a select box
    if keys is not None:
        names = [str(label) for value, label in spec.lookup_choices if str(value) in keys]
        return ", ".join(_shorten(name, str(spec.title)) for name in names)
    return next((str(choice["display"]) for choice in choices[1:] if choice["selected"]), "")


@register.simple_tag
def other_conditions(cl: ChangeList) -> list[Condition]:
    """Return the conditions that no filter shows as chosen, such as the dates of a chart's bar."""
    return list(_other_conditions(cl))


def _other_conditions(cl: ChangeList) -> Iterator[Condition]:
    shown = {name for spec in cl.filter_specs if _is_set(spec, cl) for name in spec.expected_parameters() if name}
    titles = {name: str(spec.title) for spec in cl.filter_specs for name in spec.expected_parameters() if name}
    hierarchy = f"{cl.date_hierarchy}{LOOKUP_SEP}" if cl.date_hierarchy else None
    for name, values in cl.get_filters_params().items():
        if any(values) and name not in shown and not (hierarchy and name.startswith(hierarchy)):
            yield Condition(_in_words(cl, name, values, titles.get(name)), cl.get_query_string(remove=[name]))


def _is_set(spec: Any, cl: ChangeList) -> bool:
    return bool(chosen(spec, list(spec.choices(cl))))


def _in_words(cl: ChangeList, name: str, sent: list[str], title: str | None) -> str:
    """Return the condition as words: `queued_at__gte=2026-11-25 00:00:00+00:00` as “queued at: from 2026-11-25”."""
    path, _, operator = name.rpartition(LOOKUP_SEP)
    if operator not in LOOKUP_WORDS:
        path, operator = name, "exact"
    field = _field(cl, path)
    values = [part.removesuffix(" 00:00:00+00:00") for value in sent for part in value.split(",")]
    label = title or str(getattr(field, "verbose_name", path.replace("_", " ")))
    if field is not None and field.related_model and len(values) == 1 and values[0].isdecimal():
        values = [
            _shorten(str(row), label) for row in field.related_model._default_manager.filter(pk=values[0][:18])
        ] or values
    words = [YES_AND_NO.get(value, value) for value in values]
    return f"{label}: {LOOKUP_WORDS[operator]}{', '.join(words)}"


def _field(cl: ChangeList, path: str) -> Any:
    try:
        return get_fields_from_path(cl.model, path.removesuffix(f"{LOOKUP_SEP}id"))[-1]
    except (FieldDoesNotExist, NotRelationField):
        return None


def _shorten(name: str, label: str) -> str:
    """Return “Edition of 2026-11-25” without the first words if it is labeled as an edition."""
    return name.removeprefix(f"{label.capitalize()} of ")
