"""The queue of posts from public forms: a page stores a post, and a worker processes it.

The page treats every address alike and looks up none of them. So neither its answer nor its response time reveals
whether an address is known. It refuses posts above the limit on a network and says when to try again.

The worker processes posts as far as the limits allow. Posts above the limits on an email domain or on all domains wait
for up to a week. Networks take turns: the next post always comes from the network that was served least in the past
day. So a flood from some networks delays sign-ups from others by at most an hour, the length of a limit's window. The
operators are alerted to floods and to posts that were dropped.
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
from subscriptions.email.builder import Alert
from subscriptions.email_addresses import keyed_hash
from subscriptions.models import FormPost
from subscriptions.readers import lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.readers.preferences import Preferences
from subscriptions.security import abuse_limits, client_ip

MAX_AGE, MAX_AGE_IN_WORDS = dt.timedelta(weeks=1), "a week"  # of a post; older ones are dropped
LEASE = dt.timedelta(minutes=5)  # after that, another worker takes over a claimed post
BATCH = 20_000  # posts read at once
ALERT_RATES = [(1, dt.timedelta(hours=6))]
logger = logging.getLogger(__name__)


def request_signup(
    email: str, preferences: Preferences, trace: Trace, *, network: str = "", now: dt.datetime
) -> dt.datetime | None:
    """Store a sign-up. Return None, or the time to try again if its network has reached its limit."""
    stored = {"wishes": preferences.as_json(), "trace": asdict(trace)}
    return _enqueue(FormPost(kind=FormPost.Kind.SIGN_UP, email=email, posted_at=now, **stored), network)


def request_link(email: str, *, network: str = "", now: dt.datetime) -> dt.datetime | None:
    """Store a request for a lost link to the settings. Return None, or the time to try again."""
    return _enqueue(FormPost(kind=FormPost.Kind.LINK, email=email, posted_at=now), network)


def request_sign_in(email: str, *, network: str = "", now: dt.datetime) -> dt.datetime | None:
    """Store a request for a sign-in link. Return None, or the time to try again."""
    return _enqueue(FormPost(kind=FormPost.Kind.SIGN_IN, email=email, posted_at=now), network)


def process_pending(*, now: dt.datetime, seconds: float = 50) -> int:
    """Process the posts that the limits allow, starting none after `seconds`. Return the number of posts."""
    _drop_old(now)
    done, full, ends_at = 0, set[tuple[str, str]](), time.monotonic() + seconds
    for post in _in_turn(now):
        if time.monotonic() > ends_at:
            break
        if any(limit.about in full for limit in _shared_limits(post)) or not _claim(post, now):
            continue
        reached = _use_limits(post, now)
        if reached is None:
            done += _process(post, now)
            continue
        _release(post)
        full.add(reached.about)
        if reached.about in {limit.about for limit in _limits_without_address(post)}:
            _alert_operators(post, reached, now)
    return done


def _in_turn(now: dt.datetime) -> list[FormPost]:
    """Return the waiting posts, first those with the fewest earlier posts of the same network, served or waiting."""
    place = Window(RowNumber(), partition_by=[F("kind"), F("site")], order_by="pk")
    posts = list(_unclaimed(now).annotate(place=place).order_by("place", "pk")[:BATCH])
    turns = {(post.kind, post.site): abuse_limits.served_counter(post.kind, post.site) for post in posts}
    served = abuse_limits.counts(turns.values(), since=now - abuse_limits.DAY)
    before = {network: served.get(turn.key, 0) for network, turn in turns.items()}
    posts.sort(key=lambda post: (before[post.kind, post.site] + post.place, post.pk))
    return list(posts)


def _unclaimed(now: dt.datetime) -> QuerySet[FormPost]:
    return FormPost.objects.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE))


def _claim(post: FormPost, now: dt.datetime) -> bool:
    """Claim the post before anything is counted for it. Return False if another worker has claimed it."""
    return bool(_unclaimed(now).filter(pk=post.pk).update(claimed_at=now))


def _release(post: FormPost) -> None:
    FormPost.objects.filter(pk=post.pk).update(claimed_at=None)


def _shared_limits(post: FormPost) -> tuple[abuse_limits.Limit, ...]:
    """Return the limits that apply to the post. Each kind has its own, so a flood of sign-ups delays no lost links."""
    return abuse_limits.local_part_limit(post.kind, post.email), *_limits_without_address(post)


def _limits_without_address(post: FormPost) -> tuple[abuse_limits.Limit, abuse_limits.Limit]:
    """Return the limits that contain no address, and can therefore be named in alerts and logs."""
    return abuse_limits.domain_limit(post.kind, post.email), abuse_limits.site_wide_limit(post.kind)


def _use_limits(post: FormPost, now: dt.datetime) -> abuse_limits.Limit | None:
    """Count the post against its limits. Return the limit that is reached, or None.

    Each post for a mailbox counts, whether or not it leads to an email. Otherwise the rest of the limit would reveal
    who is a reader. Once a mailbox has had as many posts as emails may be sent to it, further posts don't count: they
    lead to no email, and one mailbox could use up the limit on its domain.
    """
    own = abuse_limits.counted_posts_limit(post.kind, post.email)
    if abuse_limits.is_reached(own, now=now):
        return None
    reached = abuse_limits.refused_by(
        *_shared_limits(post), own, abuse_limits.served_counter(post.kind, post.site), now=now
    )
    return None if reached == own else reached


def _drop_old(now: dt.datetime) -> None:
    """Delete posts older than MAX_AGE, and alert the operators."""
    for kind in FormPost.Kind:
        dropped = FormPost.objects.filter(kind=kind, posted_at__lt=now - MAX_AGE).delete()[0]
        if dropped:
            what = _plural(kind)
            logger.error(
                "%s %s waited for %s and were dropped: a limit was reached all the time",
                dropped,
                what,
                MAX_AGE_IN_WORDS,
            )
            builder.alert_operators(
                Alert(
                    f"{dropped} {what} were dropped",
                    f"{dropped} {what} were dropped",
                    (f"They waited for {MAX_AGE_IN_WORDS}, and the rate limits never let them pass.", _ABOUT_LIMITS),
                )
            )


def _enqueue(post: FormPost, network: str) -> dt.datetime | None:
    reached = abuse_limits.refused_by(*abuse_limits.network_limits(network), now=post.posted_at) if network else None
    if reached is None:
        post.site = (
            keyed_hash("subscriptions.sign_ups.site", client_ip.customer_network_of(network))[:16] if network else ""
        )
        post.save()
        return None
    abuse_limits.refused_by(abuse_limits.turned_away_counter(), now=post.posted_at)
    logger.warning("A network has reached LIMIT_PER_NETWORK: a form was refused, and can be sent again later")
    return abuse_limits.free_at(reached, now=post.posted_at)


def _process(post: FormPost, now: dt.datetime) -> bool:
    """Process the claimed post and delete it. Return False if that failed."""
    try:
        with transaction.atomic():
            _execute(post, now)
            post.delete()
    except ValidationError:
        logger.exception("A form post is invalid and was deleted")
        FormPost.objects.filter(pk=post.pk).delete()
        return False
    except Exception:
        logger.exception("A form post could not be processed; next try in a minute")
        _release(post)
        return False
    return True


def _execute(post: FormPost, now: dt.datetime) -> None:
    if post.kind == FormPost.Kind.LINK:
        lifecycle.queue_link(post.email, now=now)
        return
    if post.kind == FormPost.Kind.SIGN_IN:
        lifecycle.queue_sign_in(post.email, now=now)
        return
    preferences, trace = Preferences.from_json(post.wishes), Trace(**post.trace)
    lifecycle.sign_up(post.email, preferences, now=now, trace=trace)


def _alert_operators(post: FormPost, reached: abuse_limits.Limit, now: dt.datetime) -> None:
    """Alert the operators by log and email, at most once every six hours for each kind of post and domain.

    If no email can be sent, try again at the next call.
    """
    alert = abuse_limits.Limit(f"{post.kind} alarm", reached.value, ALERT_RATES)
    if abuse_limits.refused_by(alert, now=now):
        return
    what = _plural(post.kind)
    where = f"at {reached.value}" if reached.value else "in total"
    waiting = FormPost.objects.filter(kind=post.kind).count()
    logger.error("The limit on %s %s is reached; %s are waiting", what, where, waiting)
    turns = "Networks take turns, so a flood from one network does not delay the others."
    is_sent = builder.alert_operators(
        Alert(
            f"many {what} {where}",
            f"The limit on {what} {where} is reached",
            (f"{waiting} wait for their turn, for up to {MAX_AGE_IN_WORDS}. {turns}", _ABOUT_LIMITS),
        )
    )
    if settings.OPERATORS and not is_sent:
        abuse_limits.reset(alert)


_ABOUT_LIMITS = (
    "If they are genuine, raise LIMIT_PER_DOMAIN or LIMIT_IN_ALL. If the form is being abused, you need not do "
    "anything: no address gets more emails than LIMIT_PER_ADDRESS allows."
)


def _plural(kind: str) -> str:
    names = {FormPost.Kind.SIGN_UP: "sign-ups", FormPost.Kind.LINK: "lost links"}
    return names.get(FormPost.Kind(kind), "sign-in links")
