"""What visitors ask for by public forms: noted down by the page, done by a worker.

The page does the same for every address, and looks nobody up; so nothing about its answer, not even the time it takes,
tells whether an address is known. The worker does what was asked as far as the limits allow: what is above those of a
mail domain or of the site waits for its turn, up to a day, and the operators hear of it.
"""

import datetime as dt
import logging
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction

from subscriptions import brand, limits, networks, subscribers
from subscriptions.consents import Trace
from subscriptions.models import FormPost, Topic
from subscriptions.subscribers import Wishes

WORTH_DOING = dt.timedelta(days=1)
AT_ONCE = 1000  # posts looked at in one go
ALARM = [(1, dt.timedelta(hours=6))]
logger = logging.getLogger(__name__)


def ask_to_sign_up(email: str, wishes: Wishes, trace: Trace, *, now: dt.datetime) -> None:
    """Note down a sign-up, unless too many come from its network."""
    as_json = asdict(wishes) | {"topics": [topic.slug for topic in wishes.topics]}
    _note_down(FormPost(kind=FormPost.Kind.SIGN_UP, email=email, wishes=as_json, posted_at=now), trace)


def ask_for_link(email: str, trace: Trace, *, now: dt.datetime) -> None:
    """Note down that somebody has lost the link to their settings, unless too many come from their network."""
    _note_down(FormPost(kind=FormPost.Kind.LINK, email=email, posted_at=now), trace)


def take_in(*, now: dt.datetime) -> int:
    """Do what was asked for and may be done now; how many posts."""
    FormPost.objects.filter(posted_at__lt=now - WORTH_DOING).delete()
    done, full = 0, set[str]()
    for post in FormPost.objects.all()[:AT_ONCE]:
        if limits.domain(post.email).value in full:
            continue
        reached = limits.take(limits.domain(post.email), limits.in_all(), now=now)
        if reached is None:
            done += _do(post, now)
            continue
        _raise_alarm(reached, now)
        full.add(reached.value)
        if reached == limits.in_all():
            break
    return done


def _note_down(post: FormPost, trace: Trace) -> None:
    network = networks.network_of(trace.ip)
    if network and limits.take(limits.network(network), now=post.posted_at):
        logger.info("Too many posts of forms from one network: one more was left out")
        return
    post.trace = asdict(trace)
    post.save()


def _do(post: FormPost, now: dt.datetime) -> bool:
    """False where another worker did it, or it can't be done (yet)."""
    try:
        with transaction.atomic():
            # Whoever deletes the row has it, and puts it back by failing.
            if not FormPost.objects.filter(pk=post.pk).delete()[0]:
                return False
            _serve(post, now)
    except ValidationError:
        logger.exception("A form post was taken and can't be served; it is deleted")
        FormPost.objects.filter(pk=post.pk).delete()
        return False
    except Exception:
        logger.exception("A form post can't be served; next try in a minute")
        return False
    return True


def _serve(post: FormPost, now: dt.datetime) -> None:
    if post.kind == FormPost.Kind.LINK:
        subscribers.ask_for_link(post.email, now=now)
        return
    asked: dict[str, Any] = post.wishes
    topics = Topic.objects.filter(slug__in=asked["topics"], is_offered=True)
    wishes = Wishes(**asked | {"topics": topics})
    subscribers.sign_up(post.email, wishes, now=now, trace=Trace(**post.trace))


def _raise_alarm(reached: limits.Limit, now: dt.datetime) -> None:
    """Tell the operators, in the log and by mail, once in six hours for each domain."""
    if limits.take(limits.Limit("alarm", reached.value, ALARM), now=now):
        return
    where = f"of {reached.value}" if reached.value else "in all"
    waiting = FormPost.objects.count()
    logger.error("The limit of sign-ups %s is reached; %s wait for their turn", where, waiting)
    if settings.OPERATORS:
        EmailMessage(
            subject=f"{brand.current().name}: many sign-ups {where}",
            body=(
                f"The limit of sign-ups {where} is reached: {waiting} wait for their turn, up to a day.\n\n"
                "If they are welcome, raise LIMIT_PER_DOMAIN or LIMIT_IN_ALL. If somebody abuses the form, nothing "
                "needs to be done: no address gets more mails than LIMIT_PER_ADDRESS says.\n"
            ),
            to=settings.OPERATORS,
            headers={"Auto-Submitted": "auto-generated"},
        ).send(fail_silently=True)
