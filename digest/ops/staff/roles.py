"""Ready-made groups of staff: editors, operators and viewers. They are made and kept up to date after each migration.

A permission of a new version is added to the group. What an admin added or removed by hand stays as it is.
"""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from digest.models import StaffRole

EDITOR, OPERATOR, VIEWER = "Editor", "Operator", "Viewer"
ABOUT = {
    EDITOR: "decides what readers see: papers, editions with their notes and previews, topics, catalogues, the brand",
    OPERATOR: "keeps it running: sources, sending and pauses, readers and their data, suppressions, imports, jobs",
    VIEWER: "sees papers, editions, topics, sources and figures, but no reader and no address, and changes nothing",
}
APPS = ("digest", "subscriptions", "django_celery_beat")
# Models that editors change and others view.
EDITORIAL = ("brand", "catalogue", "edition", "paper", "topic", "topicexample")
# Models without personal data.
IMPERSONAL = (
    *EDITORIAL, "dailytotal", "farewell", "fetchrun", "incident", "listing", "paperalias", "pause", "quietday",
    "source", "thumbnail", "topicpaper",
)  # fmt: skip
# Accounts, keys and tokens: who can change these can do everything.
SUPERUSERS_ONLY = ("apitoken", "installation", "recoverycode", "staffrole", "webhookendpoint")


def sync() -> None:
    """Make the groups, and give each the permissions that it has not been given before."""
    known = {
        (permission.content_type.app_label, permission.content_type.model, permission.codename): permission
        for permission in Permission.objects.select_related("content_type")
    }
    with transaction.atomic():
        for name in ABOUT:
            given = {key: permission for key, permission in known.items() if _has(name, *key)}
            _give(name, given.values())


def _has(role: str, app: str, model: str, codename: str) -> bool:
    """Return whether the role has the permission."""
    views = codename.startswith("view_")
    if (app, codename) == ("admin", "view_logentry"):
        return role == OPERATOR
    if app not in APPS or model in SUPERUSERS_ONLY:
        return False
    if role == OPERATOR:
        return views or model not in EDITORIAL
    return (views and model in IMPERSONAL) or (role == EDITOR and model in EDITORIAL)


def _give(name: str, permissions: Iterable[Permission]) -> None:
    role, is_new = StaffRole.objects.select_for_update().get_or_create(name=name)
    if is_new:
        # A group that an admin made with this name must not get more permissions unasked.
        is_taken = Group.objects.filter(name=name).exists()
        role.group = Group.objects.create(name=f"{name} (ready-made)" if is_taken else name)
    wanted = {f"{one.content_type.app_label}.{one.codename}": one for one in permissions}
    new = sorted(wanted.keys() - set(role.given))
    if not new:
        return
    if role.group:  # else an admin deleted it
        role.group.permissions.add(*(wanted[key] for key in new))
    role.given = sorted({*role.given, *new})
    role.save()
