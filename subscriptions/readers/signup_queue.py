"""What visitors ask for by public forms: noted down by the page, done by a worker.

The page does the same for every address, and looks nobody up; so nothing about its answer, not even the time it takes,
tells whether an address is known. What is too much for one network is not taken, and the page says when to send it
again. The worker does what was asked as far as the limits allow. Posts above those of a mail domain or of all domains
wait for up to a week, and networks take turns: the next post is always one from the network that was served least in a
day. So a flood from some networks delays sign-ups from others by no more than the hour in which a limit is full. The
operators are informed of floods, and of posts that waited in vain.
"""

import datetime as dt
import logging
import time
from dataclasses import asdict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from subscriptions.email import builder
from subscriptions.email_addresses import keyed_hash
from subscriptions.models import FormPost
from subscriptions.readers import lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.readers.preferences import Preferences
from subscriptions.security import abuse_limits, client_ip

WORTH_DOING = dt.timedelta(days=7)
LEASE = dt.timedelta(minutes=5)  # of a worker on a post: if it dies, another takes over
AT_ONCE = 20_000  # posts looked at in one go
ALARM = [(1, dt.timedelta(hours=6))]
logger = logging.getLogger(__name__)


def request_signup(
    email: str, wishes: Preferences, trace: Trace, *, network: str = "", now: dt.datetime
) -> dt.datetime | None:
    """Note down a sign-up. Where too many come from its network: when to send it again."""
    kept = {"wishes": wishes.as_json(), "trace": asdict(trace)}
    return _enqueue(FormPost(kind=FormPost.Kind.SIGN_UP, email=email, posted_at=now, **kept), network)


def request_link(email: str, *, network: str = "", now: dt.datetime) -> dt.datetime | None:
    """Note down that somebody has lost the link to their settings. Where too many come from their network: when to
    send it again."""
    return _enqueue(FormPost(kind=FormPost.Kind.LINK, email=email, posted_at=now), network)


def process_pending(*, now: dt.datetime, seconds: float = 50) -> int:
    """Do what was asked for and may be done now, begun within so many seconds; how many posts."""
    _drop_old(now)
    done, full, ends_at = 0, set[tuple[str, str]](), time.monotonic() + seconds
    for post in _in_turn(now):
        if time.monotonic() > ends_at:
            break
        if any(room.about in full for room in _shared_limits(post)) or not _claim(post, now):
            continue
        reached = _take_rooms(post, now)
        if reached is None:
            done += _process(post, now)
            continue
        _release(post)
        full.add(reached.about)
        if reached.about in {room.about for room in _public_rooms(post)}:
            _alert_operators(post, reached, now)
    return done


def _in_turn(now: dt.datetime) -> list[FormPost]:
    """Return the posts that wait: first those of networks with the fewest posts before them, served or waiting."""
    place = Window(RowNumber(), partition_by=[F("kind"), F("site")], order_by="pk")
    posts = list(_unclaimed(now).annotate(place=place).order_by("place", "pk")[:AT_ONCE])
    turns = {(post.kind, post.site): abuse_limits.turn(post.kind, post.site) for post in posts}
    served = abuse_limits.counts(turns.values(), since=now - abuse_limits.DAY)
    before = {network: served.get(turn.key, 0) for network, turn in turns.items()}
    posts.sort(key=lambda post: (before[post.kind, post.site] + post.place, post.pk))
    return list(posts)


def _unclaimed(now: dt.datetime) -> QuerySet[FormPost]:
    return FormPost.objects.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE))


def _claim(post: FormPost, now: dt.datetime) -> bool:
    """Take the post in hand before anything is counted for it; False where another worker has."""
    return bool(_unclaimed(now).filter(pk=post.pk).update(claimed_at=now))


def _release(post: FormPost) -> None:
    FormPost.objects.filter(pk=post.pk).update(claimed_at=None)


def _shared_limits(post: FormPost) -> tuple[abuse_limits.Limit, ...]:
    """Return what must have room for the post. A flood of sign-ups leaves the room of lost links alone."""
    return abuse_limits.name(post.kind, post.email), *_public_rooms(post)


def _public_rooms(post: FormPost) -> tuple[abuse_limits.Limit, abuse_limits.Limit]:
    """Return the rooms that name no address, so that operators may read of them."""
    return abuse_limits.domain(post.kind, post.email), abuse_limits.in_all(post.kind)


def _take_rooms(post: FormPost, now: dt.datetime) -> abuse_limits.Limit | None:
    """Count the post where it needs room; return the limit that is reached, or None.

    The first post of an hour that names a mailbox is counted, whether or not an email comes of it: else the room that
    is left would show who is a reader. More of them are not, since they lead to no more emails, and one mailbox would
    use up the room of its whole domain.
    """
    first = abuse_limits.first_post(post.kind, post.email)
    if abuse_limits.is_reached(first, now=now):
        return None
    reached = abuse_limits.acquire(*_shared_limits(post), first, abuse_limits.turn(post.kind, post.site), now=now)
    return None if reached == first else reached


def _drop_old(now: dt.datetime) -> None:
    """Delete posts that waited for too long, and report how many."""
    for kind in FormPost.Kind:
        dropped = FormPost.objects.filter(kind=kind, posted_at__lt=now - WORTH_DOING).delete()[0]
        if dropped:
            what = _plural(kind)
            logger.error("%s %s waited for a week and were dropped: the limits had no room for them", dropped, what)
            builder.email_operators("flood", {"what": what, "dropped": dropped})


def _enqueue(post: FormPost, network: str) -> dt.datetime | None:
    reached = abuse_limits.acquire(*abuse_limits.network(network), now=post.posted_at) if network else None
    if reached is None:
        post.site = keyed_hash("subscriptions.sign_ups.site", client_ip.site_of(network))[:16] if network else ""
        post.save()
        return None
    abuse_limits.acquire(abuse_limits.turned_away(), now=post.posted_at)
    logger.warning("LIMIT_PER_NETWORK is reached by one network: a form was turned away, and may be sent again later")
    return abuse_limits.free_at(reached, now=post.posted_at)


def _process(post: FormPost, now: dt.datetime) -> bool:
    """Do what the claimed post asks for, and delete it. False where that can't be done (yet)."""
    try:
        with transaction.atomic():
            _execute(post, now)
            post.delete()
    except ValidationError:
        logger.exception("A form post was taken and can't be served; it is deleted")
        FormPost.objects.filter(pk=post.pk).delete()
        return False
    except Exception:
        logger.exception("A form post can't be served; next try in a minute")
        _release(post)
        return False
    return True


def _execute(post: FormPost, now: dt.datetime) -> None:
    if post.kind == FormPost.Kind.LINK:
        lifecycle.queue_link(post.email, now=now)
        return
    wishes, trace = Preferences.from_json(post.wishes), Trace(**post.trace)
    lifecycle.sign_up(post.email, wishes, now=now, trace=trace)


def _alert_operators(post: FormPost, reached: abuse_limits.Limit, now: dt.datetime) -> None:
    """Tell the operators, in the log and by mail, once in six hours for each kind of post and domain. While no mail
    can leave, it is tried again at the next call."""
    alarm = abuse_limits.Limit(f"{post.kind} alarm", reached.value, ALARM)
    if abuse_limits.acquire(alarm, now=now):
        return
    what = _plural(post.kind)
    where = f"of {reached.value}" if reached.value else "in all"
    waiting = FormPost.objects.filter(kind=post.kind).count()
    logger.error("The limit of %s %s is reached; %s wait for their turn", what, where, waiting)
    told = builder.email_operators("flood", {"what": what, "where": where, "waiting": waiting})
    if settings.OPERATORS and not told:
        abuse_limits.forget(alarm)


def _plural(kind: str) -> str:
    return "sign-ups" if kind == FormPost.Kind.SIGN_UP else "lost links"
