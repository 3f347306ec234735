"""The catalogues that come with the code. Each can be switched on and off."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from subscriptions.admin.base import EditsRowsAdmin
from subscriptions.admin.large_tables import COUNTED
from subscriptions.models import Catalogue, Subscriber, Topic, TopicFilter
from subscriptions.slow_counts import remembered
from subscriptions.topics import catalogues
from subscriptions.topics.catalogue import CatalogueError


@admin.register(Catalogue)
class CatalogueAdmin(EditsRowsAdmin, admin.ModelAdmin[Catalogue]):
    """A list of all catalogues, with one box each. None can be added or deleted, or has a page of its own."""

    list_display = ["name", "contents", "topics", "readers", "is_on"]
    list_editable = ["is_on"]
    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Catalogue, form: Any, change: bool) -> None:
        """Switch the catalogue on or off, with its topics."""
        if not obj.is_on:
            catalogues.switch_off(obj.slug)
            return
        try:
            result = catalogues.switch_on(obj.slug)
        except CatalogueError as error:
            messages.error(request, f"{error} Nothing was switched on.")
            return
        if result.kept:
            advice = "They have the name of another topic, or an admin edited them."
            messages.warning(
                request, f"{catalogues.SHIPPED[obj.slug].name}: {result.kept} topics were not loaded. {advice}"
            )

    @admin.display(description="catalogue", ordering="slug")
    def name(self, state: Catalogue) -> str:
        return catalogues.SHIPPED[state.slug].name

    @admin.display(description="contents")
    def contents(self, state: Catalogue) -> str:
        return catalogues.SHIPPED[state.slug].contents

    @admin.display(description="topics")
    def topics(self, state: Catalogue) -> str:
        """Return how many of its topics readers can choose, as a link to them."""
        offered = Topic.objects.offered().filter(catalogue=state.slug).count()
        address = f"{reverse('admin:subscriptions_topic_changelist')}?catalogue={state.slug}"
        return format_html('<a href="{}">{}</a>', address, offered) if offered else "0"

    @admin.display(description="readers")
    def readers(self, state: Catalogue) -> str:
        """Return how many subscribed readers follow any of its topics, up to COUNTED."""
        counted = remembered(f"readers of {state.slug}", lambda: _count_readers(state.slug))
        return str(counted) if counted <= COUNTED else f"more than {COUNTED:,}"


def _count_readers(catalogue: str) -> int:
    follows = TopicFilter.objects.filter(subscriber=OuterRef("pk"), topic__catalogue=catalogue)
    readers = Subscriber.objects.filter(Exists(follows), status__in=Subscriber.SUBSCRIBED)
    return readers.order_by()[: COUNTED + 1].count()
