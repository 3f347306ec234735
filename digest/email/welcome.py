"""The first mail to a new reader: a welcome, with today's digest in it where there is one."""

import datetime as dt
from dataclasses import replace

from django.conf import settings
from django.utils.translation import gettext as _

from digest import clock
from digest.editions import candidates, publication
from digest.email import first_digest, formatting, headers, rendering
from digest.models import Delivery, Edition
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import Digest, compose
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.notices import queue, texts
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

FRESH = dt.timedelta(hours=24)  # an edition published longer ago is not today's
ON_ITS_WAY = "The welcome that holds it is on its way."

Status = Delivery.Status


def send_welcome(notice: OwedNotice) -> None:
    """Welcome the reader. Who gets today's digest with it does not get it once more at their hour."""
    now, reader = clock.now(), notice.subscriber
    edition = _edition_of_today(now)
    digest = _digest_for(reader, edition) if edition else None
    if edition is None or digest is None:
        _send_alone(notice, now, edition)
        return
    fields = {"queued_at": now, "not_before": now, "status": Status.UNCERTAIN, "reason": ON_ITS_WAY}
    delivery, is_new = Delivery.objects.get_or_create(edition=edition, subscriber=reader, defaults=fields)
    if is_new or _may_be_repeated(delivery):
        _send_with(digest, delivery)
    else:
        _send_alone(notice, now)  # the digest comes by itself, or has come already


def _send_alone(notice: OwedNotice, now: dt.datetime, edition: Edition | None = None) -> None:
    """Without a digest; `edition` is one that has nothing for the reader."""
    reader = notice.subscriber
    unsubscribe_url = link_tokens.make_url(Purpose.UNSUBSCRIBE, reader)
    note = texts.write(notice)
    subscribed, *others = note.paragraphs
    note = replace(
        note,
        paragraphs=(f"{subscribed} {_what_comes(reader, edition)}", *others),
        why=rendering.why_this_mail(reader, now.date()),
        preferences_url=link_tokens.make_url(Purpose.PREFERENCES, reader),
        unsubscribe_url=unsubscribe_url,
    )
    queue.send(note, headers.of_welcome(reader, unsubscribe_url, now.date()))


def _what_comes(reader: Subscriber, edition: Edition | None) -> str:
    if edition is None or reader.frequency == Subscriber.Frequency.WEEKLY:
        return first_digest.what_comes(reader)
    nothing = _("None of the %(papers)s of %(day)s matches what you follow; your first digest comes once one does.")
    of_papers = formatting.papers(publication.papers_of(edition).count())
    return nothing % {"papers": of_papers, "day": formatting.long_date(edition.day)}


def _may_be_repeated(delivery: Delivery) -> bool:
    """Whether a worker died as it sent this welcome, and it may come twice."""
    is_in_doubt = (delivery.status, delivery.reason) == (Status.UNCERTAIN, ON_ITS_WAY)
    return is_in_doubt and settings.UNCERTAIN_MAILS == "resend"


def _send_with(digest: Digest, delivery: Delivery) -> None:
    try:
        message = rendering.build_digest_message(digest, delivery, occasion="welcome")
        message.send()
    except Exception:
        delivery.delete()  # the welcome is tried again
        raise
    delivery.status, delivery.sent_at, delivery.reason = Status.SENT, clock.now(), ""
    delivery.attempts, delivery.papers = 1, message.papers
    delivery.save()


def _edition_of_today(now: dt.datetime) -> Edition | None:
    """The newest edition, if it is of today and nothing more is added to it."""
    newest = Edition.objects.filter(closed_at__isnull=False).order_by("-day").first()
    return newest if newest and newest.published_at > now - FRESH and publication.papers_of(newest).exists() else None


def _digest_for(reader: Subscriber, edition: Edition) -> Digest | None:
    if reader.frequency == Subscriber.Frequency.WEEKLY:
        return None  # theirs is made of the whole week
    index = paper_index.build_index(candidates.papers(edition, None), for_page=True)
    digest = compose(index, profiles.profile_of(reader), edition.day)
    return digest if digest.is_worth_sending else None
