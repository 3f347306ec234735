"""The readers: list, read, sign up, change and unsubscribe."""

from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.http import HttpRequest
from ninja import Query, Router, Status

from digest import clock
from digest.api import schemas
from digest.api.access import TokenAuth, trace_of
from digest.api.pagination import page
from digest.api.problems import ProblemError
from digest.models.api_tokens import ApiScope
from subscriptions import forms
from subscriptions.models import Subscriber
from subscriptions.models.readers import SubscriberQuerySet
from subscriptions.readers import lifecycle, signup_queue
from subscriptions.views.common import enqueue_notices

router = Router(tags=["Readers"])
READ, WRITE = TokenAuth(ApiScope.READERS_READ), TokenAuth(ApiScope.READERS_WRITE)
ACCEPTED = "If the address may be emailed, a link to confirm is on its way to it."


@router.get("/readers", auth=READ, response=schemas.Readers, operation_id="list_readers", summary="List readers")
def list_readers(request: HttpRequest, given: Query[schemas.ReaderFilters]) -> dict[str, Any]:
    """Return readers, newest first. Filters are combined."""
    equal = {"status": given.status, "frequency": given.frequency, "filters__topic__slug": given.topic}
    rows = _rows() if given.email is None else _rows().by_email(given.email)
    rows = rows.filter(**{name: value for name, value in equal.items() if value is not None})
    if given.created_since is not None:
        rows = rows.filter(created_at__gte=clock.midnight(given.created_since))
    readers, following = page(rows, given.cursor, given.limit)
    return {"readers": [_shown(reader) for reader in readers], "next": following}


@router.post(
    "/readers", auth=WRITE, response={202: schemas.Accepted}, operation_id="sign_up", summary="Sign up an address"
)
def sign_up(request: HttpRequest, given: schemas.NewReader) -> Status[dict[str, str]]:
    """Sign an address up, as the form on the site does: it gets an email with a link, and no digest before it confirms.

    The answer is the same for every address. Limits on emails per address, domain and hour apply; sign-ups above them
    wait. Sign only people up who asked for it. The log of consents names the token.
    """
    form = forms.SignUpForm(given.dict())
    _check(form)
    signup_queue.request_signup(form.cleaned_data["email"], form.preferences(), trace_of(request), now=clock.now())
    enqueue_notices()
    return Status(202, {"status": "accepted", "detail": ACCEPTED})


@router.get(
    "/readers/{reader_id}", auth=READ, response=schemas.Reader, operation_id="get_reader", summary="Read one reader"
)
def get_reader(request: HttpRequest, reader_id: UUID) -> dict[str, Any]:
    return _shown(_reader(reader_id))


@router.patch(
    "/readers/{reader_id}",
    auth=WRITE,
    response=schemas.Reader,
    operation_id="change_reader",
    summary="Change a reader's preferences",
)
def change_reader(request: HttpRequest, reader_id: UUID, given: schemas.ReaderChanges) -> dict[str, Any]:
    """Change what a subscribed reader follows, and when they get it. Other fields stay as they are."""
    reader = _reader(reader_id)
    if not reader.is_subscribed:
        raise ProblemError(409, f"The reader is {reader.status}: only subscribed readers can be changed.")
    known = forms.initial_preferences(reader)
    known["topics"] = [topic.slug for topic in known["topics"]]
    form = forms.PreferencesForm(known | given.dict(exclude_unset=True), reader=reader)
    _check(form)
    lifecycle.update_preferences(reader, form.preferences(), trace=trace_of(request))
    return _shown(_reader(reader_id))


@router.post(
    "/readers/{reader_id}/unsubscribe",
    auth=WRITE,
    response=schemas.Reader,
    operation_id="unsubscribe_reader",
    summary="Unsubscribe a reader",
)
def unsubscribe_reader(request: HttpRequest, reader_id: UUID) -> dict[str, Any]:
    """End all emails to a reader at once. Doing it again changes nothing."""
    lifecycle.unsubscribe(_reader(reader_id), now=clock.now(), trace=trace_of(request))
    return _shown(_reader(reader_id))


def _rows() -> SubscriberQuerySet:
    return Subscriber.objects.prefetch_related("filters__topic")


def _reader(uid: UUID) -> Subscriber:
    reader = _rows().filter(uid=uid).first()
    if reader is None:
        raise ProblemError(404, "No reader has this id.")
    return reader


def _shown(reader: Subscriber) -> dict[str, Any]:
    follows = list(reader.filters.all())
    names = schemas.Reader.model_fields.keys() - {"id", "topics", "words"}
    return {name: getattr(reader, name) for name in names} | {
        "id": reader.uid,
        "topics": [follow.topic.slug for follow in follows if follow.topic],
        "words": "\n".join(follow.words for follow in follows if not follow.topic),
    }


def _check(form: django_forms.Form) -> None:
    """Raise ProblemError 422 with all errors if the form is invalid."""
    if not form.is_valid():
        found = [(name, str(each)) for name, texts in form.errors.items() for each in texts]
        errors = [{"pointer": f"/{name}", "detail": detail} for name, detail in found]
        raise ProblemError(422, "Some fields are wrong: see “errors”.", errors=errors)
