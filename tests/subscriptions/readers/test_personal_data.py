"""Export and erasure of a reader's personal data."""

import datetime as dt
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery.app.task import Task
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, utils
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from digest.models import Delivery, DeliveryEvent, Edition, Opinion, SavedPaper
from digest.opinions import reading_list
from subscriptions.email_addresses import address_hash
from subscriptions.management import base
from subscriptions.models import Consent, Device, ErasureNotice, Subscriber, Suppression
from subscriptions.notices import queue
from subscriptions.readers import address_change, consents, lifecycle, personal_data, signup_queue
from subscriptions.readers.consents import Trace
from subscriptions.readers.personal_data import PersonalDataSource
from subscriptions.readers.preferences import Preferences
from subscriptions.security import devices, link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, make_reader
from tests.subscriptions.conftest import path_of, stored, token_to_move

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def much(alice: Subscriber, edition: Edition) -> Subscriber:
    """Alice, with a row of each kind that refers to a reader."""
    delivery = Delivery.objects.create(edition=edition, subscriber=alice, queued_at=NOW, not_before=NOW)
    DeliveryEvent.objects.create(
        delivery=delivery, event_key="x:1", event_type="bounced", happened_at=NOW, detail="<alice@example.org> is full"
    )
    Opinion.objects.create(subscriber=alice, paper=edition.papers.all()[0], verdict="like", said_at=NOW)
    reading_list.save(alice, edition.papers.all()[0], now=NOW)
    reading_list.annotate(alice, edition.papers.all()[0], "thesis", "Read this first.")
    devices.add(alice, "Firefox/128.0 (Linux)", now=NOW)
    lifecycle.update_preferences(alice, Preferences(words="diffusion"), trace=Trace(where="preferences"))
    signup_queue.request_signup("Alice@example.org", Preferences(), Trace(), now=NOW)
    return alice


def dump() -> str:
    """Return every value in every table."""
    with connection.cursor() as cursor:
        values = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            values += cursor.fetchall()
    return repr(values)


def ask(visitor: Client, reader: Subscriber) -> str:
    """Return the settings page after the button is pressed, and the emails that follow."""
    response = visitor.post(path_of(Purpose.PREFERENCES, reader) + "download/", follow=True)
    queue.send_pending(now=timezone.now())
    return str(response.content.decode())


def link_to_data() -> str:
    """Return the path in the newest email that has one."""
    found: list[str] = re.findall(r"/preferences/\S+/my-data/", "\n".join(str(message.body) for message in mail.outbox))
    return found[-1]


def download(visitor: Client, reader: Subscriber) -> Any:
    """Return the data from the page behind the emailed link."""
    ask(visitor, reader)
    assert mail.outbox[-1].to == [reader.email]
    return visitor.post(link_to_data())


def test_it_hands_out_everything_as_one_file(visitor: Client, much: Subscriber) -> None:
    response = download(visitor, much)
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert "no-store" in response["Cache-Control"]
    data = json.loads(response.content)
    (row,) = data["readers"]
    assert (row["email"], row["uid"], row["frequency"]) == (much.email, str(much.uid), "daily")
    assert [found["words"] for found in data["follows"]] == ["diffusion"]
    assert len(data["deliveries"]) == len(data["provider reports"]) == len(data["feedback"]) == 1
    assert data["feedback"][0]["verdict"] == "like"
    assert "Reinforcement" in data["feedback"][0]["paper"]
    (saved,) = data["saved papers"]
    assert (saved["tags"], saved["note"]) == (["thesis"], "Read this first.")
    assert data["signed-in devices"][0]["label"] == "Firefox · Linux"
    assert {step["event"] for step in data["consents"]} == {"asked", "confirmed", "changed"}


def test_it_exports_no_other_readers_data(visitor: Client, much: Subscriber) -> None:
    other = make_reader("dora@example.org", words="secret")
    text = download(visitor, much).content.decode()
    assert "dora" not in text
    assert str(other.uid) not in text


def test_it_leaves_out_no_row_that_hangs_on_a_reader(much: Subscriber) -> None:
    """A future model is exported too, because there is no list of models."""
    data = personal_data.export(much, now=NOW)
    for relation in Subscriber._meta.related_objects:
        if relation.related_model._default_manager.filter(**{relation.field.name: much}).exists():
            assert data[str(relation.related_model._meta.verbose_name_plural)]


def test_it_hands_out_nothing_by_the_links_of_a_forwarded_digest(visitor: Client, much: Subscriber) -> None:
    """The address is not enough either, because a forwarded digest may contain it."""
    page = path_of(Purpose.PREFERENCES, much)
    response = visitor.post(page + "download/", {"present": much.email}, follow=True)
    assert much.email not in response.content.decode()
    assert "We have emailed a link to a•••@example.org." in response.content.decode()
    assert visitor.post(page + "my-data/").status_code == 404


def test_it_shows_a_button_to_who_follows_the_link(visitor: Client, alice: Subscriber) -> None:
    """Mail scanners follow every link."""
    ask(visitor, alice)
    for method in ("GET", "HEAD"):
        response = visitor.generic(method, link_to_data())
        assert (response.status_code, alice.email in response.content.decode()) == (200, False)


def test_its_link_works_for_a_day_and_until_links_are_signed_out(visitor: Client, alice: Subscriber) -> None:
    ask(visitor, alice)
    link = link_to_data()
    with time_machine.travel(NOW + dt.timedelta(days=1, seconds=2), tick=False):
        response = visitor.post(link)
        assert response.status_code == 410
        assert "A link to your data works for one day" in response.content.decode()
    address_change.sign_out_links(alice, now=NOW)
    assert visitor.post(link).status_code == 410


def test_it_mails_the_link_three_times_a_day_at_most(visitor: Client, alice: Subscriber) -> None:
    pages = [ask(visitor, alice) for _ in range(4)]
    assert len(mail.outbox) == 3
    assert "We have emailed you the link three times today" in pages[-1]
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        ask(visitor, alice)
    assert len(mail.outbox) == 4


def test_it_hands_out_nothing_in_the_week_after_a_change_of_address(visitor: Client, alice: Subscriber) -> None:
    """A visitor who took over a subscription by a forwarded digest must not get its data.

    The former address has been notified by the time that this is possible.
    """
    address_change.request_change(alice, "eve@example.org", now=NOW)
    address_change.confirm(alice, token_to_move(alice), now=NOW)
    with time_machine.travel(NOW + dt.timedelta(days=6), tick=False):
        assert "Your address changed less than 7 days ago" in ask(visitor, alice)
    assert [message.to for message in mail.outbox] == [["alice@example.org"]]
    with time_machine.travel(NOW + dt.timedelta(days=8), tick=False):
        assert download(visitor, alice).status_code == 200


@pytest.mark.parametrize("state", ["pending", "unsubscribed"])
def test_it_hands_out_to_who_is_no_reader_any_more(visitor: Client, alice: Subscriber, state: str) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(status=state)
    assert download(visitor, alice).status_code == 200


def test_it_says_how_to_get_data_at_an_address_that_must_not_be_mailed(visitor: Client, alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    assert "Reply to one of our earlier emails" in ask(visitor, alice)
    assert not mail.outbox


def test_it_erases_by_the_button(visitor: Client, much: Subscriber) -> None:
    path = path_of(Purpose.PREFERENCES, much) + "erase/"
    before = stored(much)
    for method in ("GET", "HEAD"):
        assert visitor.generic(method, path).status_code == 200
    assert stored(much) == before
    response = visitor.post(path, {"present": "Alice@example.org"})
    assert response.status_code == 200
    assert "Everything was erased" in response.content.decode()
    assert not Subscriber.objects.exists()
    assert not Device.objects.exists()
    assert not SavedPaper.objects.exists()
    for purpose in Purpose:
        if purpose not in link_tokens.VIEWS:
            assert visitor.get(reverse(f"subscriptions:{purpose}", args=["x"])).status_code == 404
    assert visitor.post(path).status_code == 404


@pytest.mark.parametrize("present", ["", "eve@example.org", "a", "\x00"])
def test_it_erases_only_if_the_visitor_knows_the_address(visitor: Client, much: Subscriber, present: str) -> None:
    """Forwarded digests contain all links."""
    before = stored(much)
    response = visitor.post(path_of(Purpose.PREFERENCES, much) + "erase/", {"present": present})
    assert response.status_code == 400
    assert 'id="present-error"' in response.content.decode()
    assert much.email not in response.content.decode()
    assert stored(much) == before


@pytest.mark.parametrize("action", ["erase/", "move/"])
def test_it_lets_an_address_be_guessed_five_times_an_hour(visitor: Client, alice: Subscriber, action: str) -> None:
    path, form = path_of(Purpose.PREFERENCES, alice) + action, {"email": "eve@example.org"}
    for number in range(5):
        shown = visitor.post(path, form | {"present": f"reader{number}@example.org"}).content.decode()
        assert "These settings belong to another address." in shown
    response = visitor.post(path, form | {"present": alice.email})
    assert response.status_code == 400
    assert "Too many wrong addresses" in response.content.decode()
    assert (stored(alice)["email"], stored(alice)["new_email"]) == (alice.email, "")
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
        assert visitor.post(path, form | {"present": alice.email}).status_code in (200, 302)


def test_it_counts_no_right_answers_as_guesses(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.PREFERENCES, alice) + "move/"
    for number in range(9):
        form = {"present": alice.email, "email": f"new{number}@example.org"}
        assert visitor.post(path, form).status_code == 302


def erase(visitor: Client, reader: Subscriber) -> None:
    path = path_of(Purpose.PREFERENCES, reader) + "erase/"
    assert visitor.post(path, {"present": reader.email}).status_code == 200
    assert not Subscriber.objects.exists()


def notified() -> list[tuple[str, str]]:
    """Return the addresses and languages of the queued last emails."""
    return list(ErasureNotice.objects.order_by("address").values_list("address", "language"))


def test_it_says_in_a_last_email_that_it_is_done(visitor: Client, alice: Subscriber) -> None:
    Subscriber.objects.update(language="de")
    erase(visitor, alice)
    assert notified() == [("alice@example.org", "de")]
    queue.send_pending(now=NOW)
    (message,) = mail.outbox
    assert message.to == ["alice@example.org"]
    assert "gelöscht" in message.subject
    assert "https://papers.example.org/subscribe/" in str(message.body)
    assert "alice" not in dump().lower()


def test_it_notifies_a_former_address_that_does_not_know_yet(visitor: Client, alice: Subscriber) -> None:
    address_change.request_change(alice, "eve@example.org", now=NOW)
    address_change.confirm(alice, token_to_move(alice), now=NOW)
    erase(visitor, alice)
    assert [address for address, _ in notified()] == ["alice@example.org", "eve@example.org"]


def test_it_notifies_no_suppressed_address(visitor: Client, alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    erase(visitor, alice)
    assert notified() == []


def test_an_erasure_by_an_admin_sends_no_last_email(admin_client: Client, alice: Subscriber) -> None:
    admin_client.post(reverse("admin:subscriptions_subscriber_delete", args=[alice.pk]), {"post": "yes"})
    assert not Subscriber.objects.exists()
    assert notified() == []


def test_the_broker_sees_no_address_of_an_erased_reader(
    visitor: Client, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes the arguments of tasks to a file, which keeps them for long."""
    started: list[Any] = []
    monkeypatch.setattr(Task, "apply_async", lambda task, *arguments, **options: started.append((arguments, options)))
    erase(visitor, alice)
    assert started
    assert "alice" not in repr(started)


def test_the_last_email_comes_even_if_the_broker_was_down(
    visitor: Client, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(Task, "apply_async", fail)
    erase(visitor, alice)
    queue.send_pending(now=NOW)
    assert [message.to for message in mail.outbox] == [["alice@example.org"]]


def test_the_last_email_is_retried_for_a_day(
    visitor: Client, alice: Subscriber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: EmailMessage) -> None:
        raise ConnectionRefusedError("connection refused")

    erase(visitor, alice)
    monkeypatch.setattr(EmailMessage, "send", fail)
    queue.send_pending(now=NOW)
    assert "next try in 5 minutes" in caplog.text
    queue.send_pending(now=NOW + dt.timedelta(hours=23))
    assert notified()
    queue.send_pending(now=NOW + dt.timedelta(hours=25))
    assert "given up" in caplog.text
    assert notified() == []
    assert "alice@" not in caplog.text


def test_it_leaves_no_address_in_the_database(admin_client: Client, much: Subscriber, settings: Any) -> None:
    """Django's log of admin actions names the row of a reader that an admin changed."""
    form = {"frequency": "weekly", "send_hour": "5", "time_zone": "UTC", "max_papers": "10", "amount": "balanced"}
    form |= {"language": "en", "filters-TOTAL_FORMS": "0", "filters-INITIAL_FORMS": "0"}
    admin_client.post(reverse("admin:subscriptions_subscriber_change", args=[much.pk]), form)
    lifecycle.suppress("other@example.org", "bounced")
    assert "alice" in dump().lower()
    personal_data.erase(much)
    assert "alice" not in dump().lower()


def test_it_leaves_no_address_when_an_admin_deletes(admin_client: Client, much: Subscriber) -> None:
    other = make_reader("alice2@example.org")
    admin_client.post(reverse("admin:subscriptions_subscriber_delete", args=[much.pk]), {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    admin_client.post(reverse("admin:subscriptions_subscriber_changelist"), form)
    assert not Subscriber.objects.exists()
    assert "alice" not in dump().lower()


def test_the_log_of_consents_names_the_admin_who_erased(admin_client: Client, alice: Subscriber) -> None:
    admin_client.post(reverse("admin:subscriptions_subscriber_delete", args=[alice.pk]), {"post": "yes"})
    assert Consent.objects.get(event="erased").where == "admin admin"


def test_it_keeps_when_a_reader_agreed_and_not_who(much: Subscriber) -> None:
    uid = much.uid
    consents.record(much, "confirmed", Trace(ip="203.0.113.9", user_agent="Mozilla"))
    personal_data.erase(much)
    steps = list(Consent.objects.filter(reader_uid=uid).order_by("pk"))
    assert [step.event for step in steps] == ["asked", "confirmed", "changed", "confirmed", "erased"]
    assert {(step.ip, step.user_agent) for step in steps} == {(None, "")}


def test_it_does_not_forget_that_an_address_must_not_be_mailed(alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    alice.refresh_from_db()
    personal_data.erase(alice)
    assert Suppression.objects.count() == 1
    lifecycle.sign_up("alice@example.org", Preferences(), now=NOW)
    assert not Subscriber.objects.exists()


def test_it_empties_the_outbox_of_the_mails_to_the_reader(
    alice: Subscriber, bob: Subscriber, settings: Any, outbox_folder: Path
) -> None:
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    lifecycle.sign_up(alice.email, Preferences(), now=NOW)
    queue.send_pending(now=NOW)
    personal_data.erase(Subscriber.objects.get(pk=alice.pk))
    assert [path.name.split("-")[1] for path in outbox_folder.iterdir()] == [bob.email]


def test_it_asks_who_keeps_data_elsewhere(alice: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    erased: list[Subscriber] = []
    monkeypatch.setattr(personal_data, "_sources", [])
    personal_data.register(PersonalDataSource(export=lambda reader: {"elsewhere": reader.email}, erase=erased.append))
    assert personal_data.export(alice, now=NOW)["elsewhere"] == alice.email
    personal_data.erase(alice)
    assert erased == [alice]


@pytest.mark.parametrize("named", ["ALICE@example.org", "uid"])
def test_it_exports_and_erases_by_command(much: Subscriber, named: str) -> None:
    reader = str(much.uid) if named == "uid" else named
    out = io.StringIO()
    call_command("export_reader", reader, stdout=out)
    assert json.loads(out.getvalue())["readers"][0]["email"] == much.email
    call_command("erase_reader", reader, "--yes", stdout=out)
    assert not Subscriber.objects.exists()
    assert f"Reader {much.uid} is erased." in out.getvalue()


def test_it_asks_for_the_address_so_that_no_log_of_commands_holds_it(
    alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{alice.email}\n{alice.email}\nyes\n"))
    call_command("export_reader", stdout=out, stderr=io.StringIO())
    assert json.loads(out.getvalue())["readers"][0]["email"] == alice.email
    call_command("erase_reader", stdout=out, stderr=io.StringIO())
    assert not Subscriber.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("typed", ["no\n", ""])
def test_it_asks_before_it_erases_by_command(alice: Subscriber, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_reader", alice.email)
    assert Subscriber.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("named", "message"),
    [("nobody@example.org", "There is no reader nobody@example.org"), ("x", "neither an email address nor the uid")],
)
def test_it_says_when_there_is_no_such_reader(named: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("export_reader", named)


@pytest.mark.django_db
def test_it_says_when_the_database_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise utils.OperationalError("connection refused")

    monkeypatch.setattr(base, "MigrationExecutor", fail)
    with pytest.raises(CommandError, match="The database can't be reached: connection refused"):
        call_command("erase_reader", "a@example.org")


def test_it_takes_a_year_of_digests_quickly(
    alice: Subscriber, edition: Edition, django_assert_max_num_queries: Any
) -> None:
    editions = [Edition(day=edition.day - dt.timedelta(days=n), published_at=NOW) for n in range(1, 200)]
    Edition.objects.bulk_create(editions)
    Delivery.objects.bulk_create(
        Delivery(edition=each, subscriber=alice, queued_at=NOW, not_before=NOW) for each in Edition.objects.all()
    )
    with django_assert_max_num_queries(40):
        assert len(personal_data.export(alice, now=NOW)["deliveries"]) == 200


def test_the_log_of_staff_keeps_no_words_of_a_filter(admin_client: Client, much: Subscriber) -> None:
    row = much.filters.get()
    page = reverse("admin:subscriptions_topicfilter_change", args=[row.pk])
    form = {"subscriber": str(much.pk), "words": "zebrafish", "initial-words": "diffusion"}
    assert admin_client.post(page, form).status_code == 302
    assert LogEntry.objects.get().object_repr == "a reader’s filter"
    admin_client.post(reverse("admin:subscriptions_topicfilter_delete", args=[row.pk]), {"post": "yes"})
    assert not much.filters.exists()
    personal_data.erase(much)
    assert "zebrafish" not in dump()


def test_it_blanks_words_that_the_log_of_staff_has_kept(admin_user: User, much: Subscriber) -> None:
    LogEntry.objects.log_actions(admin_user.pk, list(much.filters.all()), CHANGE, "Changed diffusion.")
    personal_data.erase(much)
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == (f"reader {much.uid}", "")


def test_readers_who_unsubscribed_are_erased_after_ninety_days(alice: Subscriber, bob: Subscriber) -> None:
    lifecycle.unsubscribe(alice, now=NOW)
    assert personal_data.erase_former_readers(now=NOW + dt.timedelta(days=90)) == 0
    assert personal_data.erase_former_readers(now=NOW + dt.timedelta(days=90, seconds=1)) == 1
    assert list(Subscriber.objects.all()) == [bob]
    assert "alice" not in dump().lower()
    steps = Consent.objects.filter(address_hash=address_hash("alice@example.org")).order_by("pk")
    assert [step.event for step in steps][-2:] == ["withdrawn", "erased"]
    assert steps.last().where == "retention"  # type: ignore[union-attr]  # there are two


def test_suppressed_readers_are_erased_too_and_stay_suppressed(alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    later = timezone.now() + dt.timedelta(days=91)
    assert personal_data.erase_former_readers(now=later) == 1
    assert lifecycle.is_suppressed("alice@example.org")


def test_it_erases_no_one_who_returned_or_signed_up_again(alice: Subscriber, bob: Subscriber) -> None:
    for reader in (alice, bob):
        lifecycle.unsubscribe(reader, now=NOW)
    lifecycle.resubscribe(alice, now=NOW + dt.timedelta(days=1))
    lifecycle.sign_up(bob.email, Preferences(), now=NOW + dt.timedelta(days=91))
    assert personal_data.erase_former_readers(now=NOW + dt.timedelta(days=92)) == 0


def test_a_site_may_keep_them(alice: Subscriber, settings: Any) -> None:
    settings.RETENTION_UNSUBSCRIBED_DAYS = 0
    lifecycle.unsubscribe(alice, now=NOW)
    assert personal_data.erase_former_readers(now=NOW + dt.timedelta(days=9_000)) == 0


def test_words_that_an_admin_typed_for_a_reader_do_not_outlive_them(admin_client: Client, alice: Subscriber) -> None:
    page = reverse("admin:subscriptions_subscriber_change", args=[alice.pk])
    form = {"frequency": "weekly", "send_hour": "5", "time_zone": "UTC", "max_papers": "10", "amount": "balanced"}
    form |= {"language": "en", "filters-TOTAL_FORMS": "1", "filters-INITIAL_FORMS": "0", "filters-0-words": "zebrafish"}
    assert admin_client.post(page, form).status_code == 302
    (kept,) = alice.filters.filter(words="zebrafish")
    removed = {"filters-INITIAL_FORMS": "1", "filters-0-id": str(kept.pk), "filters-0-subscriber": str(alice.pk)}
    form |= removed | {"filters-0-words": "axolotl", "initial-filters-0-words": "zebrafish"}
    assert admin_client.post(page, form).status_code == 302
    assert admin_client.post(page, form | {"filters-0-DELETE": "on"}).status_code == 302
    personal_data.erase(alice)
    assert not [word for word in ("zebrafish", "axolotl") if word in dump()]
