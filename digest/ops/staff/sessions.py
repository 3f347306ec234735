"""Sessions of staff: they end after some hours without a visit, after some days in any case, or at once on request.

A session that lacks its second factor counts as logged out, in every view: `user_of` is the only way to a user.
"""

import datetime as dt

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from digest.ops.staff import second_factor

BEGAN, SEEN, FACTOR = "began_at", "seen_at", "second_factor"  # keys of the session; times in seconds since 1970
SEEN_EVERY = dt.timedelta(minutes=5)  # so that not every page writes to the database
TIME_FOR_CODE = dt.timedelta(minutes=15)  # between the password and the second factor


def user_of(request: HttpRequest, found: object) -> User | AnonymousUser:
    """Return `found`, the user that Django finds, if the session has not ended and has its second factor."""
    if not isinstance(found, User) or not _is_alive(request):
        return AnonymousUser()
    return AnonymousUser() if _lacks_factor(request, found) else found


def half_logged_in(request: HttpRequest) -> User | None:
    """Return the user who has given the password, but not yet the second factor."""
    found = auth.get_user(request)
    if not isinstance(found, User) or not _is_alive(request) or not _lacks_factor(request, found):
        return None
    if _seconds_since(request, BEGAN) > TIME_FOR_CODE.total_seconds():
        request.session.flush()
        return None
    return found


def complete(request: HttpRequest, user: User, device: TOTPDevice) -> None:
    """Note that the session has its second factor, and give it a new key."""
    request.session.cycle_key()
    request.session[FACTOR] = device.pk
    request.session[BEGAN] = _now()
    request.user = user


def end_all(user: User, *, keep: str | None = None) -> int:
    """Log the user out everywhere, except in the session with the key `keep`. Return the number of sessions."""
    keys = [session.pk for session in Session.objects.iterator() if _is_of(session, user) and session.pk != keep]
    return Session.objects.filter(pk__in=keys).delete()[0]


def delete_old(*, now: dt.datetime) -> int:
    """Delete the rows of sessions that have ended."""
    return Session.objects.filter(expire_date__lt=now).delete()[0]


@receiver(user_logged_in)
def _begin(sender: object, request: HttpRequest, **kwargs: object) -> None:
    request.session[BEGAN] = request.session[SEEN] = _now()
    request.session.pop(FACTOR, None)


def _is_alive(request: HttpRequest) -> bool:
    """Return whether the session has not ended, and note the visit. An ended one is deleted."""
    session = request.session
    if BEGAN not in session or SEEN not in session:  # from before an upgrade
        session[BEGAN] = session[SEEN] = _now()
    idle = _seconds_since(request, SEEN)
    if idle > settings.STAFF_IDLE_HOURS * 3600 or _seconds_since(request, BEGAN) > settings.SESSION_COOKIE_AGE:
        session.flush()
        return False
    if idle > SEEN_EVERY.total_seconds():
        session[SEEN] = _now()
    return True


def _lacks_factor(request: HttpRequest, user: User) -> bool:
    if not user.is_staff:
        return False
    app: int | None = user.app_pk  # type: ignore[attr-defined]  # by StaffBackend
    return second_factor.is_required(user) if app is None else request.session.get(FACTOR) != app


def _is_of(session: Session, user: User) -> bool:
    return session.get_decoded().get(auth.SESSION_KEY) == str(user.pk)


def _seconds_since(request: HttpRequest, name: str) -> int:
    return _now() - int(request.session.get(name, 0))


def _now() -> int:
    return int(timezone.now().timestamp())
