"""The buttons of a signed-in reader on any page: save, like, not for me, follow, and the undo of each.

All are posted to one address, with the action in the pressed button. The cookie proves who the reader is, so these
views have Django's CSRF check, unlike those behind a token in an email.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from digest.email.formatting import translated
from digest.models import Opinion, Paper
from digest.opinions import feedback, reading_list
from subscriptions.models import Subscriber, Topic
from subscriptions.query.grammar import FilterError
from subscriptions.readers import follows
from subscriptions.security import abuse_limits
from subscriptions.views.common import back_to, for_signed_in, is_by_script, primary_key, trace

MAX_VALUE_LENGTH = 300  # characters of what is followed
LIKE, NOT_FOR_ME = Opinion.Verdict.LIKE.value, Opinion.Verdict.NOT_FOR_ME.value


@dataclass(frozen=True)
class ActionResult:
    """The result of an action: a message, the action that takes it back, and the buttons that it changes."""

    message: str
    undo: str = ""
    paper: Paper | None = None
    follow: tuple[str, str] | None = None


@require_POST
@for_signed_in
def act(request: HttpRequest, reader: Subscriber) -> HttpResponse:
    """Do what the pressed button says, and return to the page with a message that offers to undo it."""
    if abuse_limits.refused_by(abuse_limits.action_limit(reader.uid), now=timezone.now()):
        return _too_many(request)
    name, _space, about = request.POST.get("do", "").partition(" ")
    try:
        outcome = _follow(request, reader, name, about) if name in _FOLLOWS else _mark(reader, name, about)
    except FilterError as error:
        outcome = ActionResult(str(error))
    except reading_list.FullListError:
        outcome = ActionResult(
            _("Your list is full: it holds %(most)d papers.") % {"most": reading_list.MAX_SAVED_PAPERS}
        )
    if is_by_script(request):
        return _answer(request, outcome)
    messages.success(request, outcome.message, extra_tags=outcome.undo)
    return redirect(back_to(request, "digest:latest"))


def _mark(reader: Subscriber, name: str, number: str) -> ActionResult:
    """Save or rate a paper. Raise Http404 for an unknown action or paper."""
    if name not in _MARKS:
        raise Http404(f"“{name}” is not an action.")
    paper = get_object_or_404(Paper, pk=primary_key(number), is_hidden=False)
    message, undo = _MARKS[name](reader, paper)
    return ActionResult(message, f"{undo} {paper.pk}", paper=paper)


def _save(reader: Subscriber, paper: Paper) -> tuple[str, str]:
    reading_list.save(reader, paper, now=timezone.now())
    return _("Saved to your list."), "unsave"


def _unsave(reader: Subscriber, paper: Paper) -> tuple[str, str]:
    reading_list.remove(reader, paper, now=timezone.now())
    return _("Removed from your list."), "save"


def _rate(verdict: str, message: Callable[[], str]) -> Callable[[Subscriber, Paper], tuple[str, str]]:
    def rate(reader: Subscriber, paper: Paper) -> tuple[str, str]:
        before = feedback.feedback_on(reader, paper).verdict
        feedback.set_verdict(reader, paper, verdict, now=timezone.now())
        text = message()
        if verdict == NOT_FOR_ME and reading_list.is_saved(reader, paper):
            text = _("Got it: fewer papers like this. It stays on your list.")
        return text, before if before and before != verdict else "clear"

    return rate


def _follow(request: HttpRequest, reader: Subscriber, name: str, about: str) -> ActionResult:
    """Follow or unfollow a topic, an author or a phrase. Raise Http404 for anything else."""
    kind, _space, value = about.partition(" ")
    value = " ".join(value.split())[:MAX_VALUE_LENGTH]
    if kind not in list(follows.FollowKind) or not value or "\x00" in value:
        raise Http404(f"“{about}” can't be followed.")
    if name == "follow":
        follows.follow(reader, kind, value, trace=trace(request))
        message, undo = _("You now follow %(name)s, starting with your next digest."), "unfollow"
    else:
        follows.unfollow(reader, kind, value, trace=trace(request))
        message, undo = _("You no longer follow %(name)s."), "follow"
    return ActionResult(message % {"name": _name(kind, value)}, f"{undo} {kind} {value}", follow=(kind, value))


def _name(kind: str, value: str) -> str:
    """Return what is followed as messages name it."""
    if kind == follows.FollowKind.TOPIC:
        topic = Topic.objects.filter(slug=value).first()
        return translated(topic.name) if topic else value
    return f"“{value}”" if kind == follows.FollowKind.PHRASE else value


_FOLLOWS = ("follow", "unfollow")
_MARKS: dict[str, Callable[[Subscriber, Paper], tuple[str, str]]] = {
    "save": _save,
    "unsave": _unsave,
    LIKE: _rate(LIKE, lambda: _("Liked: more papers like this.")),
    NOT_FOR_ME: _rate(NOT_FOR_ME, lambda: _("Got it: fewer papers like this.")),
    "clear": _rate("", lambda: _("Rating removed.")),
}


def _too_many(request: HttpRequest) -> HttpResponse:
    """Change nothing, and say that this was too fast."""
    message = _("That was a lot at once. Wait a few minutes and try again.")
    if is_by_script(request):
        return JsonResponse({"message": message}, status=HTTPStatus.TOO_MANY_REQUESTS)
    messages.error(request, message)
    return redirect(back_to(request, "digest:latest"))


def _answer(request: HttpRequest, outcome: ActionResult) -> HttpResponse:
    """Return the message, and the changed buttons as HTML, for actions.js."""
    context = {"paper": outcome.paper, "follow": outcome.follow}
    html = render_to_string("web/_changed_actions.html", context, request)
    return JsonResponse({"message": outcome.message, "undo": outcome.undo, "html": html.strip()})
