"""An editor's work on an edition: pin, hide, write notes, preview, send a sample to oneself."""

import datetime as dt
import re
from collections import Counter
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client

from digest.admin import editions
from digest.models import DailyTotal, Delivery, Edition, Paper
from subscriptions.models import Subscriber
from tests.conftest import NOW, make_reader

pytestmark = pytest.mark.usefixtures("now")
NOTES = {"note_before": "Good <morning>", "note_after": "", "send_after_0": "", "send_after_1": ""}


@pytest.fixture
def address(learning: Any, edition: Edition) -> str:
    return f"/admin/digest/edition/{edition.pk}/change/"


def typed(edition: Edition, *ticked: str) -> dict[str, str]:
    """Return the data of the page's form. A name such as “0-is_pinned” in `ticked` ticks the box of the n-th paper."""
    papers = list(edition.papers.order_by("-votes"))
    form = {"papers-TOTAL_FORMS": str(len(papers)), "papers-INITIAL_FORMS": str(len(papers))}
    for number, paper in enumerate(papers):
        form |= {f"papers-{number}-id": str(paper.pk), f"papers-{number}-edition": str(edition.pk)}
    return NOTES | form | {f"papers-{name}": "on" for name in ticked}


def test_papers_are_pinned_and_hidden_on_the_page(admin_client: Client, edition: Edition, address: str) -> None:
    first, second, third = edition.papers.order_by("-votes")
    page = admin_client.get(address).content.decode()
    assert page.index(first.title) < page.index(second.title) < page.index(third.title)
    assert f'aria-label="Pinned: {first.title}"' in page
    assert admin_client.post(address, typed(edition, "1-is_hidden", "2-is_pinned")).status_code == 302
    assert Paper.objects.get(is_hidden=True) == second
    assert Paper.objects.get(is_pinned=True) == third
    edition.refresh_from_db()
    assert edition.note_before == "Good <morning>"


def test_the_papers_come_right_after_the_note_and_a_link_on_top_leads_to_the_preview(
    admin_client: Client, address: str
) -> None:
    page = admin_client.get(address).content.decode()
    link = 'href="#preview-options-title"'
    in_order = (link, "id_note_before", "papers-0-is_pinned", 'id="preview-options-title"', "field-published_at")
    places = [page.index(text) for text in in_order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("closed", "emailed", "hours", "digests", "words"),
    [
        (False, False, 0, {}, "Open until 16:00 UTC"),
        (True, False, 0, {}, "Closed, not emailed"),
        (True, True, 1, {}, "Closed, not sent yet"),
        (True, True, 25, {}, "Closed, no readers"),
        (True, True, 1, {"sent": 120, "queued": 880}, "Sending: 120 of 1,000"),
        (True, True, 1, {"sent": 1, "skipped": 2}, "Sent to 1 reader<"),
        (True, True, 1, {"skipped": 2}, "Sent to no one<"),
        (True, True, 1, {"failed": 2}, "Not sent"),
    ],
)
def test_the_list_says_in_words_how_far_an_edition_is(
    closed: bool, emailed: bool, hours: int, digests: dict[str, int], words: str
) -> None:
    then = NOW - dt.timedelta(hours=hours)
    edition = Edition(day=NOW.date(), closed_at=then if closed else None, send_after=then if emailed else None)
    assert words in editions.state_of(edition, Counter(digests))


@pytest.mark.parametrize(
    ("late", "emailed", "digests", "why"),
    [
        (0, False, {}, "fill in “emailed from”"),
        (3, False, {}, "published more than a day late"),
        (0, True, {}, "No active reader was due"),
        (0, True, {"skipped": 2}, "Nothing matched."),
        (0, True, {"skipped": 2, "sent": 1}, ""),
        (0, True, {"queued": 1}, ""),
    ],
)
def test_it_says_why_an_edition_was_sent_to_no_one(late: int, emailed: bool, digests: dict[str, int], why: str) -> None:
    closed = NOW - dt.timedelta(days=2)
    day = closed.date() - dt.timedelta(days=late)
    edition = Edition(day=day, closed_at=closed, send_after=closed if emailed else None)
    text = editions.why_unsent(edition, Counter(digests), "Nothing matched.")
    assert why in text
    assert bool(why) == bool(text)


def test_the_list_has_the_most_frequent_reason_of_an_edition_sent_to_no_one(
    admin_client: Client, edition: Edition
) -> None:
    for number, reason in enumerate(["Paused.", "Nothing matched.", "Nothing matched."]):
        reader = make_reader(f"{number}@example.org")
        Delivery.objects.create(
            edition=edition, subscriber=reader, status="skipped", reason=reason, queued_at=NOW, not_before=NOW
        )
    Edition.objects.update(closed_at=NOW, send_after=NOW)
    assert "<p>Nothing matched.</p>" in admin_client.get("/admin/digest/edition/").content.decode()


def test_the_list_remembers_how_many_got_an_edition_whose_digests_are_deleted(
    admin_client: Client, edition: Edition
) -> None:
    long_ago = NOW - dt.timedelta(days=400)
    Edition.objects.update(closed_at=long_ago, send_after=long_ago)
    DailyTotal.objects.create(day=long_ago, kind="delivery", edition=edition, what="sent", number=120)
    assert "Sent to 120 readers" in admin_client.get("/admin/digest/edition/").content.decode()


def test_who_may_only_look_changes_nothing(client: Client, edition: Edition, address: str) -> None:
    reader = User.objects.create_user("looks", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=["view_edition", "view_paper"]))
    client.force_login(reader)
    page = client.get(address).content.decode()
    assert "Faster Diffusion" in page
    assert "_send_test" not in page
    assert client.post(address, typed(edition, "0-is_hidden")).status_code == 403
    assert client.post(address, typed(edition) | {"_send_test": ""}).status_code == 403
    assert mail.outbox == []


def test_the_page_shows_the_first_of_many_papers_and_takes_any(
    admin_client: Client, edition: Edition, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editions, "PAPERS_SHOWN", 1)
    first, second, _ = edition.papers.order_by("-votes")
    page = admin_client.get(address).content.decode()
    assert first.title in page
    assert second.title not in page
    assert f"/admin/digest/paper/?edition__id__exact={edition.pk}" in page
    form = typed(edition) | {"papers-TOTAL_FORMS": "1", "papers-INITIAL_FORMS": "1", "papers-0-is_pinned": "on"}
    form["papers-0-id"] = str(second.pk)  # it was first when the page was shown
    assert admin_client.post(address, form).status_code == 302
    assert Paper.objects.get(is_pinned=True) == second


def test_a_mail_is_shown_as_it_is_typed_and_nothing_saved(
    admin_client: Client, address: str, edition: Edition, alice: Subscriber
) -> None:
    hidden = edition.papers.order_by("-votes")[1]
    answer = admin_client.post(address, typed(edition, "1-is_hidden") | {"_preview": "Preview"})
    shown = answer.context["sample"]
    assert "Good <morning>" in shown.mail.text
    assert hidden.title not in shown.mail.text
    assert "Reinforcement Learning at Scale" in shown.mail.text
    assert [topic.name for topic in shown.topics] == ["Learning"]
    assert not Paper.objects.filter(is_hidden=True).exists()
    assert Edition.objects.get().note_before == ""
    assert mail.outbox == []


def test_it_is_mailed_to_the_editor(
    admin_client: Client, admin_user: Any, edition: Edition, alice: Subscriber, address: str
) -> None:
    page = admin_client.get(address).content.decode()
    assert f'name="test-send_to" value="{admin_user.email}"' in page
    admin_client.post(address, typed(edition) | {"_send_test": "Send test email", "test-send_to": admin_user.email})
    (sent,) = mail.outbox
    assert sent.to == [admin_user.email]
    assert "Good <morning>" in sent.body


def test_it_leads_to_the_page_that_readers_see(admin_client: Client, address: str) -> None:
    assert 'href="/2026-08-20/" class="viewsitelink"' in admin_client.get(address).content.decode()


def test_it_is_previewed_as_any_reader_and_with_chosen_topics(
    admin_client: Client, address: str, edition: Edition, alice: Subscriber, vision: Any
) -> None:
    form = typed(edition) | {"_preview": "Preview"}
    as_alice = admin_client.post(address, form | {"test-reader": str(alice.pk)})
    assert as_alice.context["sample"].reader == alice
    assert "As alice@example.org would get it now." in as_alice.content.decode()
    on_vision = admin_client.post(address, form | {"test-topics": [str(vision.pk)]}).context["sample"]
    assert on_vision.topics == [vision]
    assert "Faster Diffusion" in on_vision.mail.text


def test_a_choice_that_can_not_be_a_row_is_refused(admin_client: Client, address: str, edition: Edition) -> None:
    form = typed(edition) | {"_preview": "Preview", "test-reader": "abc", "test-topics": ["x"]}
    answer = admin_client.post(address, form)
    assert answer.status_code == 200
    assert "Select a valid choice" in answer.content.decode()


def test_who_may_not_view_readers_can_not_preview_as_one(
    client: Client, address: str, edition: Edition, alice: Subscriber
) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    names = ["view_edition", "change_edition", "view_paper", "change_paper"]
    editor.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(editor)
    answer = client.post(address, typed(edition) | {"_preview": "", "test-reader": str(alice.pk)})
    assert answer.context["sample"].reader is None
    assert 'name="test-reader"' not in answer.content.decode()


def test_who_may_not_change_readers_can_not_email_the_digest_of_one(
    client: Client, address: str, edition: Edition, alice: Subscriber
) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    names = ["view_edition", "change_edition", "view_paper", "change_paper", "view_subscriber"]
    editor.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(editor)
    chosen = typed(edition) | {"test-reader": str(alice.pk), "test-send_to": "editor@example.org"}
    assert client.post(address, chosen | {"_preview": ""}).context["sample"].reader == alice
    page = client.post(address, chosen | {"_send_test": ""}).content.decode()
    assert "but not email it" in page
    assert mail.outbox == []


def test_a_test_email_is_logged_at_the_edition(admin_client: Client, address: str, edition: Edition) -> None:
    admin_client.post(address, typed(edition) | {"_send_test": "", "test-send_to": "colleague@example.org"})
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(edition.pk), "Sent a test email to colleague@example.org.")


def test_papers_have_their_abstract_and_a_change_says_how_to_undo_it(
    admin_client: Client, address: str, edition: Edition
) -> None:
    page = admin_client.get(address).content.decode()
    assert "We generate video." in page
    assert "Ada Lovelace, Alan Turing" in page
    saved = admin_client.post(address, typed(edition, "1-is_hidden"), follow=True).content.decode()
    assert "Faster Diffusion</a>: hidden from pages and from emails that are not sent yet. Untick “hidden”" in saved
    saved = admin_client.post(address, typed(edition, "1-initial"), follow=True).content.decode()


def test_the_buttons_of_the_preview_are_beside_its_options_and_enter_saves(admin_client: Client, address: str) -> None:
    page = admin_client.get(address).content.decode()
    form = page[page.index('id="edition_form"') :]
    names = re.findall(r'<input type="submit"[^>]* name="(\w+)"', form)
    assert names == ["_save", "_preview", "_send_test", "_save", "_continue"]
    assert form.index('name="note_before"') < form.index('name="test-send_to"') < form.index('name="_preview"')


@pytest.mark.parametrize(
    ("statuses", "hours", "reach"),
    [
        ([], 1, "Notes are shown on the site and in the emails of this edition."),
        (
            ["sent", "queued"],
            1,
            "1 reader already got this edition. A note that you save now is shown on the site and in",
        ),
        (
            ["sent", "sent"],
            1,
            "A note that you save now is shown on the site, and to readers whose hour has not come yet.",
        ),
        (["sent"], 30, "1 reader already got this edition. A note that you save now is shown on the site only."),
    ],
)
def test_it_says_who_still_sees_a_note(
    admin_client: Client, edition: Edition, address: str, statuses: list[str], hours: int, reach: str
) -> None:
    Edition.objects.update(send_after=NOW - dt.timedelta(hours=hours))
    for number, status in enumerate(statuses):
        moments = {"queued_at": NOW, "not_before": NOW, "sent_at": NOW if status == "sent" else None}
        reader = make_reader(f"reader-{number}@example.org")
        Delivery.objects.create(edition=edition, subscriber=reader, status=status, **moments)
    page = admin_client.get(address).content.decode()
    assert page.index(reach) < page.index("id_note_before")


def test_the_page_says_how_far_the_edition_is(admin_client: Client, edition: Edition, address: str) -> None:
    card = '<section class="module status-card"'
    page = admin_client.get(address).content.decode().partition(card)[2].partition("</section>")[0]
    assert "Closed, not sent yet" in page
    assert "Not sent</dt>" not in page
    for number, status in enumerate(("sent", "skipped", "skipped")):
        moments = {"queued_at": NOW, "not_before": NOW, "sent_at": NOW if status == "sent" else None}
        reader = make_reader(f"reader-{number}@example.org")
        Delivery.objects.create(edition=edition, subscriber=reader, status=status, **moments)
    page = admin_client.get(address).content.decode().partition(card)[2].partition("</section>")[0]
    assert "Sent to 1 reader</span>" in page
    assert "2 skipped</span>" in page
