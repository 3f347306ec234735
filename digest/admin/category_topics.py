"""The admin page that makes topics from the categories of a source's papers."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from digest.models import Source
from digest.search import category_topics
from subscriptions.admin.topics import GroupWidget
from subscriptions.models import Topic

MAX_CATEGORIES = 200  # categories


class CategoryTopicsForm(forms.Form):
    group = forms.CharField(max_length=60, widget=GroupWidget(), help_text="The area in which readers see the topics.")


class MakesCategoryTopicsAdmin:
    """An admin page with the categories of a source, each with its topic, or with a box to make one."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.make_topics)  # type: ignore[attr-defined]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [path("<int:pk>/topics/", view, name="digest_source_topics"), *urls]

    def make_topics(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = get_object_or_404(Source, pk=pk)
        if not request.user.has_perm("subscriptions.add_topic"):
            raise PermissionDenied
        form = CategoryTopicsForm(
            request.POST if request.method == "POST" else None, initial={"group": source.name[:60]}
        )
        chosen = request.POST.getlist("category")
        if request.method == "POST" and form.is_valid():
            if chosen:
                return self._make(request, source, chosen, form.cleaned_data["group"])
            form.add_error(None, "Tick at least one category.")
        site: admin.AdminSite = self.admin_site  # type: ignore[attr-defined]
        context: dict[str, Any] = site.each_context(request) | {
            "title": f"Topics of the categories of {source}",
            "opts": Source._meta,
            "original": source,
            "form": form,
            "chosen": chosen,
            "categories": category_topics.categories_of(source)[:MAX_CATEGORIES],
        }
        return TemplateResponse(request, "admin/digest/source/topics.html", context)

    def _make(self, request: HttpRequest, source: Source, chosen: list[str], group: str) -> HttpResponse:
        made = category_topics.make(source, chosen, group)
        note = f"Made of a category of {source}."
        LogEntry.objects.log_actions(request.user.pk, made, ADDITION, note)  # type: ignore[arg-type]
        names = ", ".join(topic.name for topic in made)
        if len(made) < len(set(chosen)):
            messages.warning(request, "Categories that are already a topic, or share a topic’s name, were skipped.")
        if made:
            messages.success(request, f"Readers can now choose {names}. Edit the names and phrases as needed.")
        return redirect(f"admin:{Topic._meta.app_label}_topic_changelist")
