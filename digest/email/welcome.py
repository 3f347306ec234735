"""A new reader's first email: a welcome, with today's digest, or else with papers of an earlier day."""

import datetime as dt
from dataclasses import replace
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from digest import clock
from digest.editions import due_times, publication
from digest.email import formatting, headers, reader_urls, rendering
from digest.email.formatting import _
from digest.models import Delivery, Edition
from digest.personalization.digest_selection import Digest, is_by_interest
from digest.search import reader_digest
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.notices import queue, texts
from subscriptions.readers import arrival, follow_names
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from subscriptions.time_zones import zone_of

PUBLISHED_WITHIN = dt.timedelta(hours=24)  # an edition that was published earlier is not today's
EARLIER = dt.timedelta(days=14)  # the age of an edition that replaces today's if nothing in it matches, at most
EARLIER_EDITIONS, EARLIER_PAPERS = 7, 3  # at most
ON_ITS_WAY = "The welcome that holds it is on its way."

Frequency = Subscriber.Frequency
Status = Delivery.Status


def send_welcome(notice: OwedNotice) -> None:
    """Welcome the reader. If today's digest is in the welcome, it is not sent again at the reader's hour."""
    now, reader = clock.now(), notice.subscriber
    edition = _edition_of_today(now)
    digest = _digest_for(reader, edition) if edition else None
    if edition is None or digest is None:
        _send_alone(notice, now, edition, _earlier_digest(reader, now))
        return
    fields = {"queued_at": now, "not_before": now, "status": Status.UNCERTAIN, "reason": ON_ITS_WAY}
    delivery, is_new = Delivery.objects.get_or_create(edition=edition, subscriber=reader, defaults=fields)
    if is_new or _may_be_repeated(delivery):
        _send_with(digest, delivery)
    else:
        _send_alone(notice, now)  # the digest comes on its own, or has come already


def _send_alone(
    notice: OwedNotice, now: dt.datetime, edition: Edition | None = None, earlier: "_EarlierDigest | None" = None
) -> None:
    """Send the welcome without a digest. If there is an `edition`, nothing in it matches the reader's filters.

    The papers of an `earlier` one are an example. They do not count as sent: no delivery records them.
    """
    reader = notice.subscriber
    unsubscribe_url = link_tokens.make_url(Purpose.UNSUBSCRIBE, reader)
    follows = reader.filters.select_related("topic")
    asked_for = _("You asked for %(choice)s.") % {"choice": follow_names.listed(follow_names.names_of(follows))}
    note = replace(
        texts.write(notice),
        paragraphs=(f"{asked_for} {_describe_next_digest(reader, edition)}",),
        why=rendering.why_this_mail(reader, now.date()),
        preferences_url=link_tokens.make_url(Purpose.PREFERENCES, reader),
        unsubscribe_url=unsubscribe_url,
    )
    context: dict[str, Any] = {"earlier": None, "heading": "", "opinion_url": ""}
    if earlier:
        url = reader_urls.opinion_url(reader, earlier.edition.pk)
        context = {"earlier": earlier.digest, "heading": _describe_earlier(earlier.digest), "opinion_url": url}
    queue.send(note, headers.of_welcome(reader, unsubscribe_url, now.date()), template="welcome", **context)


class _EarlierDigest(NamedTuple):
    edition: Edition
    digest: Digest  # of its best matches only


def _earlier_digest(reader: Subscriber, now: dt.datetime) -> _EarlierDigest | None:
    """Return the best of the latest earlier edition with matches, unless the reader got it or will get it.

    A weekly digest may still hold the papers of all last days, so its readers get none of them before.
    """
    if reader.frequency == Frequency.WEEKLY:
        return None
    schedule, sent = due_times.Schedule.of(reader), reader.deliveries.filter(status=Status.SENT)
    recent = Edition.objects.exclude(closed_at=None).filter(day__gte=now.date() - EARLIER)
    for edition in recent.exclude(pk__in=sent.values("edition")).order_by("-day")[:EARLIER_EDITIONS]:
        if edition.send_after and due_times.due_at(schedule, edition.send_after) > now:
            continue  # it is still sent at the reader's hour
        best = reader_digest.of_edition(reader, edition).for_you[:EARLIER_PAPERS]
        if best:
            digest = Digest(edition.day, best, trending=(), more=0, of_how_many=0)
            return _EarlierDigest(edition, reader_digest.with_whole_papers(digest))
    return None


def _describe_earlier(digest: Digest) -> str:
    if any(is_by_interest(match.findings) for match in digest.for_you):
        return _("Your matches from %(day)s") % {"day": formatting.long_date(digest.day)}
    return _("The top-voted papers of %(day)s") % {"day": formatting.long_date(digest.day)}


def _describe_next_digest(reader: Subscriber, edition: Edition | None) -> str:
    """Return when the reader gets the next digest."""
    if edition is None or reader.frequency == Frequency.WEEKLY:
        return describe_schedule(reader)
    papers = formatting.papers(publication.papers_as_emailed(edition).count())
    none_matches = _("None of the %(papers)s from %(day)s match what you follow.")
    none_matches %= {"papers": papers, "day": formatting.long_date(edition.day)}
    return f"{none_matches} {describe_schedule(reader)}"


def describe_start(reader: Subscriber) -> str:
    """Return what a reader who has just confirmed gets, and when, in the active language."""
    if _brings_papers(reader):
        return _("The newest papers are on their way to your inbox now. %(next)s") % {"next": _describe_next(reader)}
    return describe_schedule(reader)


def _brings_papers(reader: Subscriber) -> bool:
    """Return whether the reader's welcome holds today's digest, or held it if it has been sent."""
    edition = _edition_of_today(clock.now())
    if edition is None:
        return False
    if delivery := Delivery.objects.filter(edition=edition, subscriber=reader).first():
        is_sent = bool(delivery.sent_at and reader.confirmed_at and delivery.sent_at >= reader.confirmed_at)
        return is_sent or delivery.reason == ON_ITS_WAY
    is_owed = reader.owed_notices.filter(kind=OwedNotice.Kind.WELCOME).exists()
    return is_owed and _digest_for(reader, edition) is not None


def _describe_next(reader: Subscriber) -> str:
    when = _when_due(reader)
    if arrival.comes_without_match(reader):
        return _("Your next digest comes %(when)s.") % {"when": when}
    return _("Your next digest comes %(when)s, if new papers match what you follow.") % {"when": when}


def describe_schedule(reader: Subscriber) -> str:
    """Return when the digest after a welcome without papers is due, in the active language."""
    if reader.deliveries.filter(status=Status.SENT).exists():
        return _describe_next(reader)
    when = _when_due(reader)
    if arrival.comes_without_match(reader):
        return _("Your first digest comes %(when)s.") % {"when": when}
    return _("Your first digest comes %(when)s, if new papers match what you follow.") % {"when": when}


def _when_due(reader: Subscriber) -> str:
    now, zone = timezone.now(), zone_of(reader.time_zone)
    due = due_times.next_due(due_times.Schedule.of(reader), now, settings.PUBLISH_HOUR)
    return _when(due.date(), arrival.time_for(reader), today=now.astimezone(zone).date())


def _when(day: dt.date, time: str, *, today: dt.date) -> str:
    parts = {"weekday": date_format(day, "l"), "day": formatting.long_date(day), "time": time}
    match (day - today).days:
        case 0:
            return _("today at %(time)s") % parts
        case 1:
            return _("tomorrow, %(weekday)s, at %(time)s") % parts
    return _("on %(day)s at %(time)s") % parts


def _may_be_repeated(delivery: Delivery) -> bool:
    """Return whether a worker died while it sent this welcome, and the settings allow sending it twice."""
    is_in_doubt = (delivery.status, delivery.reason) == (Status.UNCERTAIN, ON_ITS_WAY)
    return is_in_doubt and settings.UNCERTAIN_MAILS == "resend"


def _send_with(digest: Digest, delivery: Delivery) -> None:
    try:
        message = rendering.build_digest_message(digest, delivery, occasion="welcome")
        message.send()
    except Exception:
        delivery.delete()  # the welcome is retried
        raise
    delivery.status, delivery.sent_at, delivery.reason = Status.SENT, clock.now(), ""
    delivery.attempts, delivery.papers = 1, message.papers
    delivery.save()


def _edition_of_today(now: dt.datetime) -> Edition | None:
    """Return the newest edition if it is today's, is closed and has papers."""
    newest = publication.newest_closed()
    is_of_today = newest is not None and newest.published_at > now - PUBLISHED_WITHIN
    return newest if newest and is_of_today and publication.papers_as_emailed(newest).exists() else None


def _digest_for(reader: Subscriber, edition: Edition) -> Digest | None:
    if reader.frequency == Frequency.WEEKLY:
        return None  # a weekly digest covers the whole week
    digest = reader_digest.with_whole_papers(reader_digest.of_edition(reader, edition))
    return digest if digest.is_worth_sending else None
