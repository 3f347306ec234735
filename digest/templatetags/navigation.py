"""Names of lists, and lists as tabs, for templates of the admin."""

from typing import Any

from django import template

from digest import admin_navigation

register = template.Library()
register.filter("list_name", admin_navigation.list_name)


@register.inclusion_tag("admin/tabs.html", takes_context=True)
def list_tabs(context: dict[str, Any], object_name: str) -> dict[str, Any]:
    """Show the lists that belong together as tabs, the one of `object_name` as the current one."""
    tabs = admin_navigation.tabs_of(context.get("available_apps", []), object_name)
    return {"tabs": tabs, "current": object_name}
