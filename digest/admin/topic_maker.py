"""The admin pages that make a topic from example papers, and improve it by judging what it finds."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import slugify

from digest.email.formatting import count
from digest.models import Paper, TopicExample
from digest.search import cited_papers, paper_search, topic_maker, topic_preview
from subscriptions.admin.base import ReadOnlyAdmin
from subscriptions.admin.topics import GroupWidget, check_phrases
from subscriptions.forms import LinesField
from subscriptions.models import Topic
from subscriptions.query.grammar import FilterError

FOUND = 10  # papers that a search shows
PROPOSED = 15  # phrases in addition to those that the topic has
EXAMPLES_ADVISED = 5  # examples that are advised
LINES = {"rows": 3, "class": "vLargeTextField"}
CITED = "arXiv ids, links, DOIs or titles, one per line. The papers must be on this site."


class CitedPapersField(forms.CharField):
    """Papers of this site, by id, link, DOI or title."""

    widget = forms.Textarea(attrs=LINES)

    def clean(self, value: Any) -> list[Paper]:
        papers, unknown = cited_papers.find_stored(super().clean(value))
        if unknown:
            raise ValidationError(f"Not on this site: {', '.join(unknown)}. Remove what is not, or correct it.")
        return papers


class TopicMakerForm(forms.Form):
    name = forms.CharField(max_length=80, widget=AdminTextInputWidget())
    group = forms.CharField(max_length=60, widget=GroupWidget(), help_text="The area in which readers see it.")
    sentence = forms.CharField(
        max_length=200,
        help_text="What its papers are about, as you would explain it to a colleague.",
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
    )
    examples = CitedPapersField(required=False, label="Example papers", help_text=f"{CITED} Five are enough.")
    find = forms.CharField(
        required=False,
        max_length=200,
        label="Or search for them",
        widget=AdminTextInputWidget(),
    )

    def clean_name(self) -> str:
        name: str = " ".join(self.cleaned_data["name"].split())
        if Topic.objects.filter(name__iexact=name).exists():
            raise ValidationError("There is a topic with this name. Choose another one.")
        if not slugify(name) or Topic.objects.filter(slug=slugify(name)).exists():
            raise ValidationError(
                "There is a topic with a similar name, or the name has no letters from A to Z. Choose another one."
            )
        return name


class ImprovementForm(forms.Form):
    """Phrases of the admin’s own, and further examples. The boxes of the page are read by themselves."""

    more = LinesField(
        required=False, label="Further phrases", widget=forms.Textarea(attrs=LINES), help_text="Write one on each line."
    )
    examples = CitedPapersField(required=False, label="Further example papers", help_text=CITED)

    def clean_more(self) -> list[str]:
        return check_phrases(self.cleaned_data["more"])


class MakesTopicsAdmin:
    """Two admin pages: one makes a topic, and one improves a topic that was made so."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        pages = [
            path("make/", view(self.make_topic), name="subscriptions_topic_make"),
            path("<int:pk>/examples/", view(self.improve_topic), name="subscriptions_topic_examples"),
        ]
        return [*pages, *urls]

    def make_topic(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        posted = request.POST if request.method == "POST" else None
        form = TopicMakerForm(posted)
        ticked = _ticked_papers(request)
        if "_make" in request.POST and form.is_valid():
            examples = list({paper.pk: paper for paper in [*ticked, *form.cleaned_data["examples"]]}.values())
            if examples:
                return self._make(request, form, examples)
            form.add_error("examples", "Give at least one example paper, or better five.")
        found: list[Paper] = []
        if "_find" in request.POST:
            found = _find_papers(request, request.POST.get("find", "").strip()[:200])
            form = TopicMakerForm(
                initial={name: form[name].value() for name in form.fields}
            )  # as typed, without errors
        shown = list({paper.pk: paper for paper in [*ticked, *found]}.values())
        context = {"form": form, "papers": shown, "ticked": {paper.pk for paper in ticked}, "few": EXAMPLES_ADVISED}
        return self._page(request, "make", "Make a topic from example papers", context)

    def improve_topic(self, request: HttpRequest, pk: int) -> HttpResponse:
        topic = Topic.objects.filter(pk=pk, loaded_hash="").first()
        if topic is None:
            raise Http404("Topics of a catalogue have no examples.")
        if not self.has_change_permission(request, topic):  # type: ignore[attr-defined]
            raise PermissionDenied
        form = ImprovementForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self._improve(request, topic, form)
        proposed = [phrase for phrase in topic_maker.propose(topic) if phrase not in topic.phrases]
        context = {
            "form": form,
            "topic": topic,
            "judged": topic_maker.judged(topic),
            "to_judge": topic_maker.to_judge(topic),
            "proposed": proposed[:PROPOSED],
            "preview": topic_preview.preview_topic(topic),
            "original": topic,
        }
        return self._page(request, "examples", f"Examples of {topic}", context)

    def _make(self, request: HttpRequest, form: TopicMakerForm, examples: list[Paper]) -> HttpResponse:
        given = form.cleaned_data
        topic = topic_maker.make(given["name"], slugify(given["name"]), given["group"], given["sentence"], examples)
        LogEntry.objects.log_actions(request.user.pk, [topic], ADDITION, "Made from example papers.")  # type: ignore[arg-type]
        messages.success(
            request, f"“{topic}” was added. Readers can’t choose it yet: judge what it finds, then offer it."
        )
        return redirect("admin:subscriptions_topic_examples", topic.pk)

    def _improve(self, request: HttpRequest, topic: Topic, form: ImprovementForm) -> HttpResponse:
        answers = {
            int(name.removeprefix("answer-")): value == "yes"
            for name, value in request.POST.items()
            if name.startswith("answer-") and name.removeprefix("answer-").isdecimal() and value in ("yes", "no")
        }
        topic_maker.add_examples(topic, form.cleaned_data["examples"])
        phrases = check_phrases([*request.POST.getlist("phrase"), *form.cleaned_data["more"]])
        dropped = topic_maker.learn(topic, answers, phrases)
        if dropped:
            messages.warning(request, f"Dropped because papers that you rejected contain them: {', '.join(dropped)}.")
        if "_offer" in request.POST:
            topic_maker.offer(topic)
        LogEntry.objects.log_actions(request.user.pk, [topic], CHANGE, f"Judged {len(answers)} papers.")  # type: ignore[arg-type]
        state = "Readers can choose it now" if "_offer" in request.POST else "The topic has learned from your answers"
        messages.success(request, f"{count(len(answers), 'answer')} saved. {state}.")
        return redirect("admin:subscriptions_topic_examples", topic.pk)

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        site: admin.AdminSite = self.admin_site  # type: ignore[attr-defined]
        shared = site.each_context(request) | {"title": title, "opts": Topic._meta, "media": context["form"].media}
        return TemplateResponse(request, f"admin/subscriptions/topic/{template}.html", shared | context)


def _find_papers(request: HttpRequest, sought: str) -> list[Paper]:
    """Return the papers that a search finds. Show a message if it finds none, or can't be understood."""
    if not sought:
        messages.warning(request, "Enter words of the papers to search for.")
        return []
    try:
        matches = paper_search.search(sought, size=FOUND).matches
    except FilterError as error:
        messages.error(request, f"Nothing was searched: {error}")
        return []
    if not matches:
        messages.warning(request, f"No papers found for “{sought}”.")
    return list(Paper.objects.filter(key__in=[match.paper.key for match in matches]))


def _ticked_papers(request: HttpRequest) -> list[Paper]:
    chosen = [int(pk) for pk in request.POST.getlist("paper") if pk.isdecimal() and len(pk) < 18]
    return list(Paper.objects.filter(pk__in=chosen))


@admin.register(TopicExample)
class TopicExampleAdmin(ReadOnlyAdmin, admin.ModelAdmin[TopicExample]):
    list_display = ["topic", "paper", "is_right", "was_found", "added_at"]
    list_filter = ["is_right", "topic"]
    search_fields = ["topic__name", "paper__title"]
    list_select_related = ["topic", "paper"]
