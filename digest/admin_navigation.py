"""The navigation of the admin: its groups, and the lists that are tabs of another list."""

from collections.abc import Iterator
from typing import Any

from django.db.models.options import Options
from django.urls import reverse
from django.utils.text import capfirst

# The models for daily work. All others are in the last group, which is collapsed.
GROUPS = {
    "Papers": ("Edition", "Paper", "Topic", "Source"),
    "Readers": ("Subscriber", "Opinion", "Suppression", "ReaderImport"),
    "Sending": ("Delivery", "DailyTotal", "Pause", "Incident"),
    "Integrations": ("ApiToken", "WebhookEndpoint"),
    "Settings": ("Brand", "User", "PeriodicTask", "Job", "LogEntry"),
}
LAST = "Internals"
# Lists that are tabs of another list. Without permission for that one, each is in the navigation itself.
TABS = {
    "Edition": ("QuietDay",),
    "Topic": ("Catalogue",),
    "Source": ("FetchRun",),
    "Opinion": ("Farewell",),
    "Subscriber": ("Consent", "Device"),
    "DailyTotal": ("DeliveryEvent",),
    "Incident": ("Heartbeat",),
    "WebhookEndpoint": ("WebhookMessage",),
    "User": ("Group",),
}
# The names of pages that show more than rows, and of other packages' models.
NAMES = {
    "Catalogue": "Topic catalogues",
    "DailyTotal": "Deliverability",
    "Group": "Staff groups",
    "Job": "Background jobs",
    "LogEntry": "Audit log",
    "PeriodicTask": "Scheduled tasks",
    "User": "Staff accounts",
}
HEALTH = "Health check"  # a page without a model, beside the incidents


def list_name(opts: Options[Any]) -> str:
    """Return the name of a model's list, the same in the navigation, in headings and in breadcrumbs."""
    return NAMES.get(str(opts.object_name), capfirst(str(opts.verbose_name_plural)))


def group_name(opts: Options[Any]) -> str:
    """Return the name of the navigation's group that a model's list is in."""
    return next((name for name, members in GROUPS.items() if str(opts.object_name) in _with_tabs(members)), LAST)


def by_groups(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups of the models that the user may see, each model with its `tabs`.

    A tab with `is_listed` is in the navigation, too. The others are there only for those who search for a page.
    """
    known = {model["object_name"]: _entry(model) for model in models}
    for parent, children in TABS.items():
        if parent in known:
            known[parent]["tabs"] = [known.pop(name) for name in children if name in known]
    if "Incident" in known:
        page = {"object_name": "Doctor", "name": HEALTH, "admin_url": reverse("admin:doctor"), "is_listed": True}
        known["Incident"]["tabs"].insert(0, page)
    groups = {name: [known.pop(one) for one in _with_tabs(members) if one in known] for name, members in GROUPS.items()}
    groups[LAST] = sorted(known.values(), key=lambda model: str(model["name"]))
    return [
        {"name": name, "app_label": name.lower(), "is_group": True, "is_closed": name == LAST, "models": members}
        for name, members in groups.items()
        if members
    ]


def tabs_of(groups: list[dict[str, Any]], object_name: str) -> list[dict[str, Any]]:
    """Return the lists that are shown as tabs together with the one of `object_name`, or none if it is alone."""
    for model in (model for group in groups for model in group["models"]):
        together = [model, *model.get("tabs", ())]
        if len(together) > 1 and any(one["object_name"] == object_name for one in together):
            return together
    return []


def _entry(model: dict[str, Any]) -> dict[str, Any]:
    return model | {"name": NAMES.get(model["object_name"], str(model["name"])), "tabs": []}


def _with_tabs(members: tuple[str, ...]) -> Iterator[str]:
    for name in members:
        yield name
        yield from TABS.get(name, ())
