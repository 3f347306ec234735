"""The settings page behind the link in every email: preferences, pause, new address, signing out links."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from subscriptions import forms, typed_words
from subscriptions.models import Subscriber
from subscriptions.readers import address_change, lifecycle, personal_data
from subscriptions.security import link_tokens, reader_session
from subscriptions.security.link_tokens import Purpose
from subscriptions.time_zones import day_in
from subscriptions.views.common import bad_link, enqueue_notices, for_reader, is_search, page_with_button, trace

FORMS = ("form", "pause_form", "move_form")  # the forms on the page


@page_with_button
@for_reader(Purpose.PREFERENCES)
def preferences(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    if request.method != "POST":
        return show(request, subscriber, token)
    given = typed_words.as_sent(request.POST)
    if forms.is_draft(given):
        return show_draft(request, subscriber, token, given)
    form = forms.PreferencesForm(given, reader=subscriber)
    if not form.is_valid():
        return show(request, subscriber, token, form=form)
    lifecycle.update_preferences(subscriber, form.preferences(), trace=trace(request))
    return _to_settings(token)


@page_with_button
@for_reader(Purpose.PREFERENCES)
def add_requested(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Show the new topics and the papers of a reader who signed up again on GET; add them on POST."""
    if request.method == "POST":
        leads_to_list = any(paper.is_saved for paper in lifecycle.requested_papers(subscriber))
        lifecycle.add_requested(subscriber, now=timezone.now(), trace=trace(request))
        return _to_list(request, subscriber, token) if leads_to_list else _to_settings(token)
    new = {"topics": lifecycle.requested_topics(subscriber), "papers": lifecycle.requested_papers(subscriber)}
    if not any(new.values()):
        return redirect("subscriptions:preferences", token)
    return render(request, "web/add_requested.html", new | {"token": token})


def _to_settings(token: str) -> HttpResponse:
    return redirect(reverse("subscriptions:preferences", args=[token]) + "?saved=1")


def _to_list(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Lead to the saved papers, with a message. A reader who is signed in has a page with more on it."""
    if reader_session.reader_of(request) == subscriber:
        messages.success(request, _("Saved to your list."))
        return redirect("digest:saved")
    return redirect(reverse("digest:reading_list", args=[token]) + "?added=1")


@require_POST
@for_reader(Purpose.PREFERENCES)
def pause(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    form = _pause_form(subscriber, request.POST)
    if not form.is_valid():
        return show(request, subscriber, token, pause_form=form)
    lifecycle.pause(subscriber, form.cleaned_data["until"])
    return redirect("subscriptions:preferences", token)


@require_POST
@for_reader(Purpose.PREFERENCES)
def resume(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    lifecycle.resume(subscriber, now=timezone.now())
    return redirect(reverse("subscriptions:preferences", args=[token]) + "?resumed=1")


@require_POST
@for_reader(Purpose.PREFERENCES)
def move(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Request a change of address. The response is the same whether or not the new address is known."""
    form = forms.MoveForm(request.POST, reader=subscriber)
    if not form.is_valid():
        return show(request, subscriber, token, move_form=form)
    address_change.request_change(subscriber, form.cleaned_data["email"], now=timezone.now())
    enqueue_notices()
    return redirect("subscriptions:preferences", token)


@require_POST
@for_reader(Purpose.PREFERENCES)
def stay(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    address_change.cancel_change(subscriber)
    return redirect("subscriptions:preferences", token)


@require_POST
@for_reader(Purpose.PREFERENCES)
def sign_out(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Sign out all old links, also this one. The new link is emailed, because the visitor may be a stranger."""
    address_change.sign_out_links(subscriber, now=timezone.now())
    enqueue_notices()
    return render(request, "web/signed_out.html", {"subscriber": subscriber})


@page_with_button
@for_reader(Purpose.CHANGE_ADDRESS)
def change_address(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Show a button on GET; change the address on POST. The link was emailed to the new address."""
    if not address_change.matches_token(subscriber, token):
        return bad_link(request, expired=True)
    context = {"subscriber": subscriber, "done": not subscriber.new_email, "taken": False}
    if request.method == "POST":
        done = address_change.confirm(subscriber, token, now=timezone.now(), trace=trace(request))
        context |= {"done": done, "taken": not done}
        enqueue_notices()
    return render(request, "web/change_address.html", context, status=409 if context["taken"] else 200)


def show_draft(
    request: HttpRequest, subscriber: Subscriber, token: str, given: QueryDict | None = None, **more: object
) -> HttpResponse:
    """Return the page with the visitor's unsaved changes (`given`), or only what its search found."""
    form = _form(subscriber, forms.draft(given or request.POST))
    if is_search(request):
        return render(request, "web/_found_topics.html", {"form": form})
    return show(request, subscriber, token, form=form, **more)


def show(request: HttpRequest, subscriber: Subscriber, token: str, **more: object) -> HttpResponse:
    """Return the page with `more` in its context, and with status 400 if a form on it is invalid."""
    this_device = reader_session.device_of(request)
    context: dict[str, Any] = {
        "form": _form(subscriber, forms.initial_preferences(subscriber)),
        "pause_form": _pause_form(subscriber),
        "move_form": forms.MoveForm(reader=subscriber),
        "subscriber": subscriber,
        "token": token,
        "unsubscribe_token": link_tokens.make_token(Purpose.UNSUBSCRIBE, subscriber),
        "feed_token": link_tokens.make_token(Purpose.FEED, subscriber),
        "saved": "saved" in request.GET,
        "resumed": "resumed" in request.GET,
        "asked_for_data": request.GET.get("data", ""),
        "days_after_address_change": personal_data.WAIT_AFTER_ADDRESS_CHANGE.days,
        "devices": list(subscriber.devices.all()),
        "this_device": this_device.pk if this_device and this_device.subscriber_id == subscriber.pk else None,
        "about_device": request.GET.get("device", ""),
    } | more
    context["is_wrong"] = any(context[name].errors for name in FORMS)
    return render(request, "web/preferences.html", context, status=400 if context["is_wrong"] else 200)


def _form(subscriber: Subscriber, initial: dict[str, object]) -> forms.PreferencesForm:
    return forms.PreferencesForm(initial=initial, reader=subscriber)


def _pause_form(subscriber: Subscriber, *given: object) -> forms.PauseForm:
    return forms.PauseForm(*given, today=day_in(subscriber.time_zone, timezone.now()))
