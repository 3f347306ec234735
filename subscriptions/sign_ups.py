"""What visitors ask for by public forms: noted down by the page, done by a worker.

The page does the same for every address, and looks nobody up; so nothing about its answer, not even the time it takes,
tells whether an address is known. What is too much for one network is not taken, and the page says when to send it
again. The worker does what was asked as far as the limits allow: what is above those of a mail domain or of the site
waits for its turn, up to a day. The operators hear of either.
"""

import datetime as dt
import logging
import time
from dataclasses import asdict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from subscriptions import limits, mail, subscribers
from subscriptions.consents import Trace
from subscriptions.models import FormPost
from subscriptions.subscribers import Wishes

WORTH_DOING = dt.timedelta(days=1)
LEASE = dt.timedelta(minutes=5)  # of a worker on a post: if it dies, another takes over
AT_ONCE = 20_000  # posts looked at in one go: those that wait must not hide the others
ALARM = [(1, dt.timedelta(hours=6))]
logger = logging.getLogger(__name__)


def ask_to_sign_up(
    email: str, wishes: Wishes, trace: Trace, *, network: str = "", now: dt.datetime
) -> dt.datetime | None:
    """Note down a sign-up. Where too many come from its network: when to send it again."""
    kept = {"wishes": wishes.as_json(), "trace": asdict(trace)}
    return _note_down(FormPost(kind=FormPost.Kind.SIGN_UP, email=email, posted_at=now, **kept), network)


def ask_for_link(email: str, *, network: str = "", now: dt.datetime) -> dt.datetime | None:
    """Note down that somebody has lost the link to their settings. Where too many come from their network: when to
    send it again."""
    return _note_down(FormPost(kind=FormPost.Kind.LINK, email=email, posted_at=now), network)


def take_in(*, now: dt.datetime, seconds: float = 50) -> int:
    """Do what was asked for and may be done now, begun within so many seconds; how many posts."""
    FormPost.objects.filter(posted_at__lt=now - WORTH_DOING).delete()
    done, full, ends_at = 0, set[str](), time.monotonic() + seconds
    for post in _unclaimed(now)[:AT_ONCE]:
        if time.monotonic() > ends_at:
            break
        if any(room.key in full for room in _rooms(post)) or not _claim(post, now):
            continue
        reached = limits.take(*_limits_of(post, now), now=now)
        if reached is None:
            done += _do(post, now)
            continue
        _give_back(post)
        _raise_alarm(post, reached, now)
        full.add(reached.key)
    return done


def _unclaimed(now: dt.datetime) -> QuerySet[FormPost]:
    return FormPost.objects.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE))


def _claim(post: FormPost, now: dt.datetime) -> bool:
    """Take the post in hand before anything is counted for it; False where another worker has."""
    return bool(_unclaimed(now).filter(pk=post.pk).update(claimed_at=now))


def _give_back(post: FormPost) -> None:
    FormPost.objects.filter(pk=post.pk).update(claimed_at=None)


def _rooms(post: FormPost) -> tuple[limits.Limit, limits.Limit]:
    """Of its mail domain and of the site. A flood of sign-ups leaves the room of lost links alone."""
    return limits.domain(post.kind, post.email), limits.in_all(post.kind)


def _limits_of(post: FormPost, now: dt.datetime) -> tuple[limits.Limit, ...]:
    """Its rooms, unless no mail comes of it: else one address asked for again and again would use up the room of its
    whole domain."""
    notice = subscribers.notice_for(post.email, lost_link=post.kind == FormPost.Kind.LINK)
    if not notice or limits.is_reached(limits.mails(notice, post.email), now=now):
        return ()
    return _rooms(post)


def _note_down(post: FormPost, network: str) -> dt.datetime | None:
    reached = limits.take(limits.network(network), now=post.posted_at) if network else None
    if reached is None:
        post.save()
        return None
    limits.take(limits.turned_away(), now=post.posted_at)
    logger.warning("LIMIT_PER_NETWORK is reached by one network: a form was turned away, and may be sent again later")
    return limits.free_at(reached, now=post.posted_at)


def _do(post: FormPost, now: dt.datetime) -> bool:
    """Do what the claimed post asks for, and delete it. False where that can't be done (yet)."""
    try:
        with transaction.atomic():
            _serve(post, now)
            post.delete()
    except ValidationError:
        logger.exception("A form post was taken and can't be served; it is deleted")
        FormPost.objects.filter(pk=post.pk).delete()
        return False
    except Exception:
        logger.exception("A form post can't be served; next try in a minute")
        _give_back(post)
        return False
    return True


def _serve(post: FormPost, now: dt.datetime) -> None:
    if post.kind == FormPost.Kind.LINK:
        subscribers.ask_for_link(post.email, now=now)
        return
    wishes, trace = Wishes.from_json(post.wishes), Trace(**post.trace)
    subscribers.sign_up(post.email, wishes, now=now, trace=trace)


def _raise_alarm(post: FormPost, reached: limits.Limit, now: dt.datetime) -> None:
    """Tell the operators, in the log and by mail, once in six hours for each kind of post and domain. While no mail
    can leave, it is tried again at the next call."""
    alarm = limits.Limit(f"{post.kind} alarm", reached.value, ALARM)
    if limits.take(alarm, now=now):
        return
    what = "sign-ups" if post.kind == FormPost.Kind.SIGN_UP else "lost links"
    where = f"of {reached.value}" if reached.value else "in all"
    waiting = FormPost.objects.filter(kind=post.kind).count()
    logger.error("The limit of %s %s is reached; %s wait for their turn", what, where, waiting)
    told = mail.tell_operators("flood", {"what": what, "where": where, "waiting": waiting})
    if settings.OPERATORS and not told:
        limits.forget(alarm)
