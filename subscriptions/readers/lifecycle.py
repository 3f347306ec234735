"""The life of a subscription: sign-up, confirmation, preferences, pause, unsubscription and suppression.

Each function is idempotent: a second click changes nothing and raises nothing.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace

from django.db import transaction
from django.dispatch import Signal

from subscriptions.email_addresses import address_hash
from subscriptions.models import Consent, Farewell, OwedNotice, Subscriber, Suppression, Topic, TopicFilter
from subscriptions.readers import consents
from subscriptions.readers.consents import Trace
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.readers.preferences import Preferences
from subscriptions.readers.row_lock import on_the_current_row
from subscriptions.security import abuse_limits, devices, link_tokens
from subscriptions.time_zones import day_in, midnight_in

UNCONFIRMED_LIFETIME = dt.timedelta(days=30)
REASON_RATES = [(1, dt.timedelta(days=1))]  # unsubscribe reasons that are stored per reader
REDUCED_MAX_PAPERS = 5  # papers per email, for readers who stay for fewer papers

# A reader confirmed papers that a sign-up had named. Sent with `reader`, `papers` (a tuple of LikedPaper) and `now`.
likes_confirmed = Signal()

Status = Subscriber.Status
Notice = OwedNotice.Kind
Event = Consent.Event


def sign_up(email: str, preferences: Preferences, *, now: dt.datetime, trace: Trace | None = None) -> None:
    """Sign an address up, and queue the right email: a confirmation, "already subscribed", or none.

    `subscriptions.notices.queue.send_pending` sends it.
    """
    if is_suppressed(email):
        return
    with transaction.atomic():
        subscriber = _get_or_create(email)
        if subscriber.status in (Status.PENDING, Status.UNSUBSCRIBED):
            _store_requested_preferences(subscriber, preferences)
            consents.record(subscriber, Event.ASKED, trace)
        elif subscriber.is_subscribed:
            # Only the email offers them: what a stranger typed changes nothing.
            requested = preferences.after_earlier(subscriber)
            subscriber.requested_preferences = replace(requested, likes=tuple(requested.saved)).as_json()
            subscriber.save(update_fields=["requested_preferences"])
        queue_requested_notice(
            subscriber, Notice.CONFIRM if subscriber.awaits_confirmation else Notice.ALREADY_SUBSCRIBED, now=now
        )


def _store_requested_preferences(subscriber: Subscriber, preferences: Preferences) -> None:
    """Store the preferences of a sign-up, which anyone could have typed.

    A former reader's own preferences stay untouched until they confirm. A reader who never confirmed has none to lose,
    and the confirmation page shows the latest. Papers always wait for the confirmation.
    """
    preferences = preferences.after_earlier(subscriber)
    if subscriber.confirmed_at:
        subscriber.requested_preferences = preferences.as_json()
        subscriber.save()
        return
    subscriber.status = Status.PENDING
    subscriber.requested_preferences = preferences.as_json() if preferences.likes else None
    subscriber.save()
    set_preferences(subscriber, preferences)


def queue_link(email: str, *, now: dt.datetime) -> bool:
    """Queue an email with the link to the settings, or to confirm if the reader is pending.

    Return False for strangers, and if the address has reached its limit.
    """
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().by_email(email).first()
        if subscriber is None:
            return False
        kind = Notice.CONFIRM if subscriber.awaits_confirmation else Notice.LINK
        return queue_requested_notice(subscriber, kind, now=now)


def queue_sign_in(email: str, *, now: dt.datetime) -> None:
    """Queue an email with a sign-in link. Readers who get no digests get what a lost link would bring them."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().by_email(email).first()
        if subscriber is not None and subscriber.is_subscribed:
            queue_requested_notice(subscriber, Notice.SIGN_IN, now=now)
            return
    queue_link(email, now=now)


def queue_requested_notice(subscriber: Subscriber, notice: str, *, now: dt.datetime) -> bool:
    """Queue an email that a stranger may have requested.

    Return False if the address is suppressed or has reached its limit.
    """
    limits = abuse_limits.email_limit(notice, subscriber.email), abuse_limits.hourly_email_limit(subscriber.email)
    if subscriber.status == Status.SUPPRESSED or abuse_limits.refused_by(*limits, now=now):
        return False
    if notice == Notice.CONFIRM:
        subscriber.asked_to_confirm_at = now
        subscriber.save()
    queue_notice(subscriber, notice, now=now)
    return True


def queue_notice(subscriber: Subscriber, notice: str, *, to: str = "", now: dt.datetime) -> None:
    """Queue an email that follows from the reader's own action. `to` is the recipient, if not the reader's address."""
    as_new = {"asked_at": now, "claimed_at": None}
    OwedNotice.objects.update_or_create(subscriber=subscriber, kind=notice, to=to, defaults=as_new)


@on_the_current_row
def confirm(subscriber: Subscriber, *, now: dt.datetime, trace: Trace | None = None) -> bool:
    """Start the subscription with the preferences of the last sign-up.

    Return False if the link is old and the reader is suppressed or unsubscribed.
    """
    if subscriber.awaits_confirmation:
        requested = subscriber.requested_preferences and Preferences.from_json(subscriber.requested_preferences)
        if requested:
            set_preferences(subscriber, requested)
        subscriber.confirmed_at = now
        _activate(subscriber, now)
        if requested and requested.likes:
            likes_confirmed.send(Subscriber, reader=subscriber, papers=requested.likes, now=now)
        # The mailbox is now proven to be the reader's, so they can sign up again without waiting.
        abuse_limits.reset(abuse_limits.email_limit(Notice.CONFIRM, subscriber.email))
        abuse_limits.reset(abuse_limits.hourly_email_limit(subscriber.email))
        queue_notice(subscriber, Notice.WELCOME, now=now)
        consents.record(subscriber, Event.CONFIRMED, trace)
    return subscriber.is_subscribed


@on_the_current_row
def update_preferences(subscriber: Subscriber, preferences: Preferences, *, trace: Trace | None = None) -> None:
    """Replace the preferences at the reader's request, and log it as a consent."""
    set_preferences(subscriber, preferences)
    consents.record(subscriber, Event.CHANGED, trace)


@on_the_current_row
def set_preferences(subscriber: Subscriber, preferences: Preferences) -> None:
    """Replace the filters and settings of the reader."""
    filters = preferences.set_on(subscriber)
    subscriber.clean_fields()  # other columns do not change
    subscriber.save()
    subscriber.filters.all().delete()
    TopicFilter.objects.bulk_create(filters)


def preview_of_confirmation(subscriber: Subscriber) -> tuple[Subscriber, list[TopicFilter]]:
    """Return the reader and their filters as they are or will be after confirmation. Don't save them."""
    if not subscriber.awaits_confirmation or subscriber.requested_preferences is None:
        return subscriber, list(subscriber.filters.select_related("topic"))
    shown = copy(subscriber)
    return shown, Preferences.from_json(subscriber.requested_preferences).set_on(shown)


def requested_papers(subscriber: Subscriber) -> tuple[LikedPaper, ...]:
    """Return the papers that the reader named or saved at their last sign-ups, until they confirm one or add them."""
    return Preferences.from_json(subscriber.requested_preferences).likes if subscriber.requested_preferences else ()


def requested_topics(subscriber: Subscriber) -> list[Topic]:
    """Return the topics of a subscribed reader's last sign-up that they don't follow yet."""
    if not subscriber.is_subscribed or subscriber.requested_preferences is None:
        return []
    followed = set(subscriber.filters.exclude(topic=None).values_list("topic", flat=True))
    requested = Preferences.from_json(subscriber.requested_preferences).topics
    return [topic for topic in requested if topic.pk not in followed]


@on_the_current_row
def add_requested(subscriber: Subscriber, *, now: dt.datetime, trace: Trace | None = None) -> None:
    """Follow the topics and save the papers of a subscribed reader's last sign-up, at their request from the email."""
    topics, papers = requested_topics(subscriber), requested_papers(subscriber)
    subscriber.requested_preferences = None
    subscriber.save(update_fields=["requested_preferences"])
    _follow(subscriber, topics, trace)
    if papers:
        likes_confirmed.send(Subscriber, reader=subscriber, papers=papers, now=now)


@on_the_current_row
def add_topics(subscriber: Subscriber, topics: Iterable[Topic], *, trace: Trace | None = None) -> None:
    """Follow these topics, too, at the reader's request."""
    followed = set(subscriber.filters.exclude(topic=None).values_list("topic", flat=True))
    _follow(subscriber, [topic for topic in topics if topic.pk not in followed], trace)


def _follow(subscriber: Subscriber, topics: Sequence[Topic], trace: Trace | None) -> None:
    TopicFilter.objects.bulk_create([TopicFilter(subscriber=subscriber, topic=topic) for topic in topics])
    if topics:
        consents.record(subscriber, Event.CHANGED, trace)


@on_the_current_row
def pause(subscriber: Subscriber, until: dt.date) -> None:
    if subscriber.is_subscribed:
        subscriber.status, subscriber.paused_until = Status.PAUSED, until
        subscriber.save()


@on_the_current_row
def resume(subscriber: Subscriber, *, now: dt.datetime) -> None:
    if subscriber.status == Status.PAUSED:
        _activate(subscriber, now)


def resume_expired(*, now: dt.datetime) -> int:
    """Resume readers whose pause has ended, as of midnight in each reader's time zone. Return their number."""
    paused = Subscriber.objects.filter(status=Status.PAUSED, paused_until__lte=now.date() + dt.timedelta(days=1))
    resumed = 0
    for time_zone, day in list(paused.order_by().values_list("time_zone", "paused_until").distinct()):
        if day and (ended_at := midnight_in(time_zone, day)) <= now:
            expired = paused.filter(time_zone=time_zone, paused_until=day)
            resumed += expired.update(status=Status.ACTIVE, active_since=ended_at, paused_until=None)
    return resumed


@on_the_current_row
def unsubscribe(
    subscriber: Subscriber, *, now: dt.datetime, trace: Trace | None = None, say_goodbye: bool = False
) -> None:
    """End all emails at once, including those that are about to be sent.

    `say_goodbye` queues one last email. It is for readers who left on our page, because a stranger with a forwarded
    digest could have done that.
    """
    if subscriber.status in (Status.UNSUBSCRIBED, Status.SUPPRESSED):
        _end_pending_signup(subscriber)
        return
    was_reader = subscriber.confirmed_at is not None
    subscriber.status, subscriber.unsubscribed_at, subscriber.new_email = Status.UNSUBSCRIBED, now, ""
    _end_pending_signup(subscriber)
    _cancel_notices(subscriber)
    devices.revoke_all([subscriber])
    abuse_limits.reset(abuse_limits.email_limit(Notice.CONFIRM, subscriber.email))
    consents.record(subscriber, Event.WITHDRAWN, trace)
    if say_goodbye and was_reader:
        queue_notice(subscriber, Notice.GOODBYE, now=now)


def record_reason(subscriber: Subscriber, reason: str, remark: str, *, now: dt.datetime) -> None:
    """Store why a reader unsubscribed, with the day and without the reader. Ignore a second reason within 24 hours."""
    if not abuse_limits.refused_by(abuse_limits.Limit("farewell", subscriber.uid.hex, REASON_RATES), now=now):
        Farewell.objects.create(reason=reason, remark=remark, day=now.date())


@on_the_current_row
def resubscribe(subscriber: Subscriber, offer: str = "undo", *, now: dt.datetime, trace: Trace | None = None) -> bool:
    """Resubscribe a confirmed reader, as before or with less email: `offer` is undo, weekly, fewer or pause.

    Email the reader, because anyone with a forwarded digest could have pressed the button. Leave a reader who is
    already subscribed unchanged. Return False if it is too late or too often, or if the address is suppressed.
    """
    if subscriber.is_subscribed:
        return True
    if subscriber.status != Status.UNSUBSCRIBED or not may_resubscribe(subscriber, now):
        return False
    if abuse_limits.refused_by(abuse_limits.resubscribe_limit(subscriber.uid), now=now):
        return False
    today, until = day_in(subscriber.time_zone, now), subscriber.paused_until
    _activate(subscriber, now)
    if until and until > today:
        subscriber.status, subscriber.paused_until = Status.PAUSED, until
    _take_offer(subscriber, offer, today)
    consents.record(subscriber, Event.RESUBSCRIBED, trace)
    queue_notice(subscriber, Notice.RESUBSCRIBED, now=now)
    return True


@on_the_current_row
def reduce_emails(subscriber: Subscriber, offer: str, *, now: dt.datetime, trace: Trace | None = None) -> bool:
    """Send a reader fewer emails instead of none: `offer` is weekly, fewer or pause.

    Email the reader, because anyone with a forwarded digest could have pressed the button. Return False if that would
    be too often.
    """
    if not subscriber.is_subscribed or abuse_limits.refused_by(abuse_limits.resubscribe_limit(subscriber.uid), now=now):
        return False
    _take_offer(subscriber, offer, day_in(subscriber.time_zone, now))
    consents.record(subscriber, Event.CHANGED, trace)
    queue_notice(subscriber, Notice.REDUCED, now=now)
    return True


def _take_offer(subscriber: Subscriber, offer: str, today: dt.date) -> None:
    """Apply the offer and save the row."""
    if offer == "weekly":
        subscriber.frequency = Subscriber.Frequency.WEEKLY
    elif offer == "fewer":
        subscriber.amount = Subscriber.Amount.FEWER
        subscriber.max_papers = min(subscriber.max_papers, REDUCED_MAX_PAPERS)
    elif offer == "pause":
        subscriber.status = Status.PAUSED
        subscriber.paused_until = today + dt.timedelta(weeks=4)  # as unsubscribe.html says
    subscriber.save()


def suppress(email: str, reason: str, *, by: str = "") -> Suppression:
    """Suppress an address for good, even if its reader is deleted or signs up again.

    `by` is the name of the admin who did it, for the log of consents.
    """
    with transaction.atomic():
        suppress_all({email: reason}, by=by)
        return Suppression.objects.get(address_hash=address_hash(email))


def suppress_all(reasons: Mapping[str, str], *, by: str = "") -> None:
    """Suppress addresses, given with their reasons. An address that is already suppressed keeps its reason."""
    if not reasons:
        return
    suppressions = [Suppression(address_hash=address_hash(email), reason=reason) for email, reason in reasons.items()]
    by_address = {email.strip().lower(): reason for email, reason in reasons.items()}
    with transaction.atomic():
        Suppression.objects.bulk_create(suppressions, ignore_conflicts=True)
        # Lock in one order: two processes that suppress the same readers must not deadlock.
        readers = Subscriber.objects.select_for_update().by_emails(reasons).exclude(status=Status.SUPPRESSED)
        ended = list(readers.order_by("pk"))
        if not ended:
            return
        consents.record_withdrawals(
            (reader, f"{by_address.get(reader.email.lower(), '')} {by}".strip()) for reader in ended
        )
        rows = Subscriber.objects.filter(pk__in=[reader.pk for reader in ended])
        rows.update(status=Status.SUPPRESSED, new_email="", asked_to_confirm_at=None, requested_preferences=None)
        _cancel_notices(*ended)
        devices.revoke_all(ended)


def unsuppress(hashed: str) -> None:
    """Remove an address from the suppression list. Its reader is then unsubscribed and may sign up again."""
    with transaction.atomic():
        Suppression.objects.filter(address_hash=hashed).delete()
        known = Consent.objects.filter(address_hash=hashed).values("reader_uid")
        for reader in Subscriber.objects.select_for_update().filter(uid__in=known, status=Status.SUPPRESSED):
            if address_hash(reader.email) == hashed:  # not the hash of an earlier address
                reader.status = Status.UNSUBSCRIBED
                reader.save()


def is_suppressed(email: str) -> bool:
    return Suppression.objects.filter(address_hash=address_hash(email)).exists()


def delete_unconfirmed(*, now: dt.datetime) -> int:
    """Delete sign-ups that were not confirmed within UNCONFIRMED_LIFETIME. Return their number."""
    expired = Subscriber.objects.unconfirmed_before(now - UNCONFIRMED_LIFETIME)
    with transaction.atomic():
        consents.delete_unconfirmed(expired.values("uid"))
        _, rows = expired.delete()
    return rows.get("subscriptions.Subscriber", 0)


def _get_or_create(email: str) -> Subscriber:
    for_update = Subscriber.objects.select_for_update().by_email(email)
    known = for_update.first()
    if known is None:
        # Another process may insert the address first: then its row is used.
        Subscriber.objects.bulk_create([Subscriber(email=email.strip())], ignore_conflicts=True)
        known = for_update.get()
    return known


def may_resubscribe(subscriber: Subscriber, now: dt.datetime) -> bool:
    left = subscriber.unsubscribed_at
    return subscriber.confirmed_at is not None and left is not None and now - left <= link_tokens.TIME_TO_RESUBSCRIBE


def _activate(subscriber: Subscriber, now: dt.datetime) -> None:
    subscriber.status, subscriber.paused_until, subscriber.unsubscribed_at = Status.ACTIVE, None, None
    subscriber.confirmed_at = subscriber.confirmed_at or now
    subscriber.active_since = now
    _end_pending_signup(subscriber)
    subscriber.owed_notices.filter(kind=Notice.GOODBYE).delete()


def _end_pending_signup(subscriber: Subscriber) -> None:
    """Cancel a sign-up that is not confirmed yet, and save the row."""
    subscriber.asked_to_confirm_at, subscriber.requested_preferences = None, None
    subscriber.save()
    subscriber.owed_notices.filter(kind=Notice.CONFIRM).delete()


def _cancel_notices(*readers: Subscriber) -> None:
    """Delete queued emails, except the one that notifies a former address of the change."""
    OwedNotice.objects.filter(subscriber__in=readers).exclude(kind=Notice.MOVED).delete()
