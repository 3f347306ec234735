"""The life of a subscription: every step from every state, and the suppression list."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from subscriptions.email_addresses import address_hash
from subscriptions.models import Subscriber, SubscriberQuerySet, Suppression, Topic, TopicFilter
from subscriptions.readers import consents, lifecycle
from subscriptions.readers.preferences import Preferences
from tests.conftest import NOW, TODAY, make_reader
from tests.subscriptions.conftest import follows, stored

Step = Callable[[Subscriber], object]

STATES = ("pending", "active", "paused", "unsubscribed", "suppressed")
STEPS: dict[str, tuple[Step, tuple[str, ...]]] = {
    "sign up": (
        lambda reader: lifecycle.sign_up(reader.email, Preferences(), now=NOW),
        ("pending", "active", "paused", "unsubscribed", "suppressed"),
    ),
    "confirm": (
        lambda reader: lifecycle.confirm(reader, now=NOW),
        ("active", "active", "paused", "unsubscribed", "suppressed"),
    ),
    "prefer": (
        lambda reader: lifecycle.set_preferences(reader, Preferences(send_hour=5)),
        ("pending", "active", "paused", "unsubscribed", "suppressed"),
    ),
    "pause": (
        lambda reader: lifecycle.pause(reader, TODAY + dt.timedelta(days=14)),
        ("pending", "paused", "paused", "unsubscribed", "suppressed"),
    ),
    "resume": (
        lambda reader: lifecycle.resume(reader, now=NOW),
        ("pending", "active", "active", "unsubscribed", "suppressed"),
    ),
    "unsubscribe": (
        lambda reader: lifecycle.unsubscribe(reader, now=NOW),
        ("unsubscribed", "unsubscribed", "unsubscribed", "unsubscribed", "suppressed"),
    ),
    "suppress": (
        lambda reader: lifecycle.suppress(reader.email, "bounced"),
        ("suppressed", "suppressed", "suppressed", "suppressed", "suppressed"),
    ),
}


def reader_in(state: str) -> Subscriber:
    if state == "pending":
        lifecycle.sign_up("ada@example.org", Preferences(), now=NOW - dt.timedelta(days=2))
        return Subscriber.objects.get()
    reader = make_reader("ada@example.org")
    if state == "paused":
        lifecycle.pause(reader, TODAY + dt.timedelta(days=7))
    elif state == "unsubscribed":
        lifecycle.unsubscribe(reader, now=NOW - dt.timedelta(days=1))
    elif state == "suppressed":
        lifecycle.suppress(reader.email, "complained")
    reader.refresh_from_db()
    return reader


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "step", "after"),
    [
        (state, step, after)
        for step, (_, results) in STEPS.items()
        for state, after in zip(STATES, results, strict=True)
    ],
)
def test_it_takes_each_step_from_each_state(state: str, step: str, after: str) -> None:
    reader, (take, _) = reader_in(state), STEPS[step]
    take(reader)
    once = stored(reader)
    assert once["status"] == after
    take(reader)
    assert stored(reader) == once, "a second time changes nothing"


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_it_takes_each_step_as_the_row_is_now(state: str, step: str) -> None:
    """A step on an outdated copy of the row writes back no old values."""
    reader = reader_in("pending")
    old = Subscriber.objects.get()
    if state != "pending":
        reader.delete()
        reader = reader_in(state)
        old.pk = reader.pk
    take, results = STEPS[step]
    take(old)
    assert stored(reader)["status"] == results[STATES.index(state)]


def test_it_does_not_revive_a_reader_who_complains_while_settings_are_saved(alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    assert alice.status == "active", "an old copy"
    lifecycle.set_preferences(alice, Preferences(send_hour=9))
    assert stored(alice)["status"] == "suppressed"


def test_it_does_not_bring_back_a_reader_who_was_deleted(alice: Subscriber) -> None:
    Subscriber.objects.filter(pk=alice.pk).delete()
    with pytest.raises(Subscriber.DoesNotExist):
        lifecycle.set_preferences(alice, Preferences())
    assert not Subscriber.objects.exists()


def test_it_starts_a_confirmed_reader_now(bob: Subscriber) -> None:
    later = NOW + dt.timedelta(days=1)
    assert lifecycle.confirm(bob, now=later)
    row = stored(bob)
    assert (row["confirmed_at"], row["active_since"], row["owed"]) == (later, later, ["welcome"])


def test_it_says_whether_an_old_link_still_confirmed(alice: Subscriber, charlie: Subscriber) -> None:
    assert lifecycle.confirm(alice, now=NOW)
    assert not lifecycle.confirm(charlie, now=NOW)


def test_it_forgets_a_former_reader_who_does_not_confirm_again(charlie: Subscriber) -> None:
    lifecycle.sign_up(charlie.email, Preferences(), now=NOW)  # perhaps by another person
    Subscriber.objects.update(created_at=NOW - dt.timedelta(days=400))
    assert lifecycle.delete_unconfirmed(now=NOW + dt.timedelta(days=29)) == 0
    assert lifecycle.delete_unconfirmed(now=NOW + dt.timedelta(days=31)) == 1


def test_it_takes_a_former_reader_back(charlie: Subscriber, vision: Topic) -> None:
    lifecycle.sign_up(charlie.email, Preferences(topics=[vision], words="proofs", send_hour=5), now=NOW)
    charlie.refresh_from_db()
    assert lifecycle.confirm(charlie, now=NOW)
    row = stored(charlie)
    assert (row["confirmed_at"], row["active_since"], row["unsubscribed_at"]) == (NOW, NOW, None)
    assert (row["follows"], row["send_hour"], row["requested_preferences"]) == (["proofs", "vision"], 5, None)


def test_it_keeps_a_former_readers_preferences_if_someone_signs_them_up(charlie: Subscriber, vision: Topic) -> None:
    before = stored(charlie)
    lifecycle.sign_up(charlie.email, Preferences(topics=[vision], words="win money", frequency="weekly"), now=NOW)
    after = stored(charlie)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"requested_preferences", "asked_to_confirm_at", "owed"}
    assert lifecycle.resubscribe(charlie, now=NOW)
    assert lifecycle.confirm(charlie, now=NOW), "the link in the mail is no error, and changes nothing"
    row = stored(charlie)
    assert (row["status"], row["follows"], row["frequency"]) == ("active", ["learning"], "daily")
    assert (row["requested_preferences"], row["owed"]) == (None, ["returned"])


@pytest.mark.parametrize("end", ["unsubscribe", "suppress"])
def test_it_ends_a_former_readers_sign_up(charlie: Subscriber, end: str) -> None:
    lifecycle.sign_up(charlie.email, Preferences(words="proofs"), now=NOW)
    STEPS[end][0](charlie)
    assert stored(charlie)["owed"] == []
    assert not lifecycle.confirm(charlie, now=NOW)
    assert stored(charlie)["follows"] == ["learning"]


def test_it_follows_no_topic_that_was_withdrawn_before_the_confirmation(charlie: Subscriber, vision: Topic) -> None:
    lifecycle.sign_up(charlie.email, Preferences(topics=[vision], words="proofs"), now=NOW)
    Topic.objects.filter(pk=vision.pk).update(is_offered=False)
    lifecycle.confirm(charlie, now=NOW)
    assert stored(charlie)["follows"] == ["proofs"]


def test_it_replaces_what_a_reader_follows(alice: Subscriber, vision: Topic) -> None:
    lifecycle.set_preferences(alice, Preferences(topics=[vision], words="  -survey\n", frequency="weekly", send_hour=0))
    row = stored(alice)
    assert row["follows"] == ["-survey", "vision"]
    assert (row["frequency"], row["send_hour"], row["max_papers"]) == ("weekly", 0, 10)


@pytest.mark.parametrize("wrong", [{"send_hour": 24}, {"time_zone": "Mars"}, {"max_papers": 26}, {"frequency": "x"}])
def test_it_saves_nothing_of_wrong_wishes(alice: Subscriber, vision: Topic, wrong: dict[str, Any]) -> None:
    before = stored(alice)
    with pytest.raises(ValidationError):
        lifecycle.set_preferences(alice, Preferences(topics=[vision], **wrong))
    assert stored(alice) == before


def test_it_saves_all_wishes_or_none(alice: Subscriber, learning: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("in the middle")

    before = stored(alice)
    monkeypatch.setattr(TopicFilter.objects, "bulk_create", fail)
    with pytest.raises(RuntimeError):
        lifecycle.set_preferences(alice, Preferences(topics=[learning], send_hour=9))
    assert stored(alice) == before


def test_it_ends_a_pause_on_its_day(alice: Subscriber, learning: Topic) -> None:
    other = make_reader("other@example.org")
    lifecycle.pause(alice, TODAY)
    lifecycle.pause(other, TODAY + dt.timedelta(days=1))
    assert lifecycle.resume_expired(now=NOW) == 1
    row = stored(alice)
    # `active_since` is new: editions due during the pause are not sent afterwards.
    assert (row["status"], row["active_since"], row["paused_until"]) == ("active", NOW.replace(hour=0), None)
    assert stored(other)["status"] == "paused"
    assert lifecycle.resume_expired(now=NOW) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("time_zone", "midnight"),
    [
        ("Asia/Tokyo", "2026-08-19T15:00+00:00"),
        ("America/Los_Angeles", "2026-08-20T07:00+00:00"),
        ("Pacific/Kiritimati", "2026-08-19T10:00+00:00"),
    ],
)
def test_it_ends_a_pause_when_the_day_begins_where_the_reader_is(time_zone: str, midnight: str) -> None:
    reader = make_reader("away@example.org", time_zone=time_zone)
    lifecycle.pause(reader, TODAY)
    begins = dt.datetime.fromisoformat(midnight)
    assert lifecycle.resume_expired(now=begins - dt.timedelta(seconds=1)) == 0
    assert lifecycle.resume_expired(now=begins + dt.timedelta(seconds=50)) == 1
    assert stored(reader)["active_since"] == begins


@pytest.mark.parametrize("state", ["unsubscribed", "suppressed"])
def test_it_resumes_no_reader_who_left_during_a_pause(alice: Subscriber, state: str) -> None:
    lifecycle.pause(alice, TODAY)
    STEPS[state.removesuffix("d").replace("suppresse", "suppress")][0](alice)
    assert lifecycle.resume_expired(now=NOW) == 0
    assert stored(alice)["status"] == state


def test_it_suppresses_for_good(alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    alice.delete()
    lifecycle.sign_up("Alice@Example.org", Preferences(), now=NOW)
    assert not Subscriber.objects.exists()
    assert lifecycle.is_suppressed(" ALICE@example.org ")


def test_it_suppresses_an_address_without_a_reader(db: None) -> None:
    lifecycle.suppress("nobody@example.org", "bounced")
    lifecycle.sign_up("nobody@example.org", Preferences(), now=NOW)
    assert not Subscriber.objects.exists()


def test_it_keeps_the_first_reason(db: None) -> None:
    lifecycle.suppress("ada@example.org", "complained")
    lifecycle.suppress("ADA@example.org", "bounced")
    assert Suppression.objects.get().reason == "complained"


def test_it_suppresses_no_other_reader(alice: Subscriber, bob: Subscriber) -> None:
    lifecycle.suppress("ALICE@example.org", "bounced")
    assert (stored(alice)["status"], stored(bob)["status"]) == ("suppressed", "pending")
    assert not lifecycle.is_suppressed(bob.email)


def test_it_drops_the_queued_emails_of_a_suppressed_reader(bob: Subscriber) -> None:
    lifecycle.suppress(bob.email, "bounced")
    assert stored(bob)["owed"] == []


def test_it_suppresses_the_address_and_the_reader_or_neither(
    alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, emails: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(SubscriberQuerySet, "by_emails", fail)
    with pytest.raises(RuntimeError):
        lifecycle.suppress(alice.email, "complained")
    assert not lifecycle.is_suppressed(alice.email)


def test_it_suppresses_many_addresses_with_few_queries(
    alice: Subscriber, bob: Subscriber, django_assert_max_num_queries: Any
) -> None:
    strangers = {f"stranger{number}@example.org": "bounced" for number in range(300)}
    for number in range(10):
        make_reader(f"stranger{number}@example.org")
    with django_assert_max_num_queries(14):
        lifecycle.suppress_all(strangers | {alice.email.upper(): "complained", bob.email: "bounced"})
    assert {stored(reader)["status"] for reader in (alice, bob)} == {"suppressed"}
    assert Suppression.objects.filter(reason="complained").count() == 1
    assert Suppression.objects.count() == 302


def test_it_emails_no_reader_who_complains_at_that_moment(bob: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    find = lifecycle._get_or_create

    def find_too_late(email: str) -> Subscriber:
        lifecycle.suppress(email, "complained")
        return find(email)

    monkeypatch.setattr(lifecycle, "_get_or_create", find_too_late)
    lifecycle.sign_up(bob.email, Preferences(), now=NOW + dt.timedelta(days=2))
    assert (stored(bob)["status"], stored(bob)["owed"]) == ("suppressed", [])


def test_it_asks_an_unsuppressed_reader_to_confirm_again(alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "admin")
    lifecycle.unsuppress(address_hash("Alice@example.org"))
    assert stored(alice)["status"] == "unsubscribed", "lifting alone brings nobody back"
    lifecycle.sign_up(alice.email, Preferences(), now=NOW)
    assert (stored(alice)["status"], stored(alice)["owed"]) == ("unsubscribed", ["confirm"])


def test_it_lifts_what_it_was_asked_to_lift_alone(alice: Subscriber, db: None) -> None:
    """A reader who had the address earlier is not affected."""
    lifecycle.suppress("former@example.org", "bounced")
    consents.record(Subscriber(uid=alice.uid, email="former@example.org"), "asked")
    lifecycle.suppress(alice.email, "complained")
    lifecycle.unsuppress(address_hash("former@example.org"))
    assert not lifecycle.is_suppressed("former@example.org")
    assert (stored(alice)["status"], lifecycle.is_suppressed(alice.email)) == ("suppressed", True)


def test_it_hashes_an_address_with_a_key_of_its_own(settings: Any) -> None:
    known = address_hash("ada@example.org")
    assert address_hash(" Ada@EXAMPLE.org\n") == known
    assert address_hash("bda@example.org") != known
    assert len(known) == 64
    assert "ada" not in known
    settings.SECRET_KEY = "rotated"
    assert address_hash("ada@example.org") == known, "suppressions outlive the rotation of SECRET_KEY"
    settings.ADDRESS_HASH_KEY = "another"
    assert address_hash("ada@example.org") != known


def signed_up(email: str, days_ago: int) -> Subscriber:
    moment = NOW - dt.timedelta(days=days_ago)
    lifecycle.sign_up(email, Preferences(words="diffusion"), now=moment)
    Subscriber.objects.filter(email=email).update(created_at=moment)
    return Subscriber.objects.get(email=email)


@pytest.mark.django_db
def test_it_forgets_who_did_not_confirm_in_thirty_days() -> None:
    signed_up("old@example.org", days_ago=31)
    fresh = signed_up("fresh@example.org", days_ago=29)
    assert lifecycle.delete_unconfirmed(now=NOW) == 1
    assert list(Subscriber.objects.all()) == [fresh]
    assert lifecycle.delete_unconfirmed(now=NOW) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["active", "paused", "unsubscribed", "suppressed"])
def test_it_deletes_no_one_who_was_a_reader(state: str) -> None:
    reader = reader_in(state)
    Subscriber.objects.update(created_at=NOW - dt.timedelta(days=400))
    assert lifecycle.delete_unconfirmed(now=NOW) == 0
    # This includes a reader who signed up again and has not confirmed yet.
    Subscriber.objects.filter(pk=reader.pk).update(status="pending")
    assert lifecycle.delete_unconfirmed(now=NOW) == 0


@pytest.mark.django_db
def test_it_does_not_forget_who_signed_up_again_lately() -> None:
    signed_up("again@example.org", days_ago=29)
    lifecycle.sign_up("again@example.org", Preferences(), now=NOW - dt.timedelta(days=1))
    assert lifecycle.delete_unconfirmed(now=NOW + dt.timedelta(days=5)) == 0
    assert lifecycle.delete_unconfirmed(now=NOW + dt.timedelta(days=30)) == 1


@pytest.mark.django_db
def test_it_takes_the_wishes_of_the_last_sign_up_before_the_confirmation(vision: Topic) -> None:
    lifecycle.sign_up("ada@example.org", Preferences(words="diffusion"), now=NOW)
    lifecycle.sign_up("ADA@example.org", Preferences(topics=[vision]), now=NOW)
    assert follows(Subscriber.objects.get()) == ["vision"]
