"""The page of a topic, with the papers of the last editions that it would find, before it is saved."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from digest.admin.base import papers_of
from digest.admin.topic_maker import MakesTopicsAdmin
from digest.search import topic_preview
from digest.search.topic_preview import TopicPreview
from subscriptions.admin.topics import TopicAdmin, TopicForm
from subscriptions.models import Topic

BUTTON = "_matches"
MATCHING = ("phrases", "exclusions", "categories", "narrower")
NOT_NEEDED = ("name", "slug", "group", "position")  # to preview it; required to save it


class PreviewedTopicForm(TopicForm):
    """The form with the button "Preview matches", which shows it again as typed and doesn't save it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_preview = BUTTON in self.data
        for name in NOT_NEEDED:
            if self.is_preview and name in self.fields:
                self.fields[name].required = False

    def is_valid(self) -> bool:
        return super().is_valid() and not self.is_preview

    def preview(self) -> TopicPreview | None:
        """Return the matches of the typed values, or None if these have errors, which the form shows."""
        if set(self.errors) & {*MATCHING, "__all__"}:
            return None
        typed = {name: self.cleaned_data.get(name) or "" for name in ("name", "slug", "description")}
        lists = {name: self.cleaned_data.get(name) or [] for name in MATCHING}
        typed["name"] = typed["name"] or "This topic"
        topic = Topic(**typed, **lists, loaded_hash=self.instance.loaded_hash)
        return topic_preview.preview_topic(topic, Topic.objects.filter(pk=self.instance.pk).first())


@admin.register(Topic)
class PreviewedTopicAdmin(MakesTopicsAdmin, TopicAdmin):
    form = PreviewedTopicForm

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().changeform_view(request, *args, **kwargs)
        if BUTTON in request.POST and isinstance(response, TemplateResponse) and (context := response.context_data):
            preview = context["adminform"].form.preview()
            if preview:
                context |= {"preview": preview, "papers": papers_of(preview.matches, new=preview.new)}
        return response
