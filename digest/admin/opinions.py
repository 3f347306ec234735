"""What readers said of papers, and what was learnt from it."""

from django.contrib import admin

from digest.models import Learnt, Opinion
from subscriptions.admin.base import ReadOnlyAdmin


@admin.register(Opinion)
class OpinionAdmin(ReadOnlyAdmin, admin.ModelAdmin[Opinion]):
    list_display = ["paper", "verdict", "filter_key", "came_by", "subscriber", "said_at"]
    list_filter = ["verdict", "said_at"]
    search_fields = ["paper__title", "paper__key", "subscriber__email"]
    list_select_related = ["paper", "subscriber"]
    show_full_result_count = False


@admin.register(Learnt)
class LearntAdmin(ReadOnlyAdmin, admin.ModelAdmin[Learnt]):
    list_display = ["subscriber", "filter_key", "fewer", "since"]
    search_fields = ["subscriber__email", "filter_key"]
    list_select_related = ["subscriber"]
    show_full_result_count = False
