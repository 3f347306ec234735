"""Save for strangers: a link that leads to the sign-up, and keeps the paper for them."""

import html
import re

import pytest
from django.test import Client

from digest.models import Edition, Paper, SavedPaper
from digest.opinions import reading_list
from subscriptions.models import OwedNotice, Subscriber, Topic
from subscriptions.notices import texts
from subscriptions.readers import lifecycle, signup_queue
from subscriptions.readers.preferences import Preferences
from subscriptions.security import bot_check, link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, TODAY
from tests.subscriptions.security.test_reader_session import sign_in

FIRST, SECOND = "arxiv:2608.00001", "arxiv:2608.00002"

pytestmark = [pytest.mark.usefixtures("now", "edition"), pytest.mark.django_db]


def save(client: Client, key: str, email: str = "ada@example.org") -> str:
    """Press Save on a paper, and send an address. Return the page that follows."""
    page = client.get(f"/save/{key}/").content.decode()
    packed = re.search(r'name="likes" value="([^"]+)"', page)
    assert packed
    form = {"email": email, "likes": html.unescape(packed[1]), "stamp": bot_check.stamp()}
    response = client.post("/subscribe/", form)
    signup_queue.process_pending(now=NOW)
    return response.content.decode()


def ada() -> Subscriber:
    return Subscriber.objects.get(email="ada@example.org")


def saved() -> set[str]:
    return set(SavedPaper.objects.filter(subscriber=ada()).values_list("paper__key", flat=True))


@pytest.mark.parametrize("path", ["/", f"/{TODAY}/", "/search?q=diffusion", f"/papers/{FIRST}/", "/?view=compact"])
def test_a_stranger_finds_a_link_to_save_and_gets_no_cookie(client: Client, path: str) -> None:
    response = client.get(path)
    assert 'class="save" rel="nofollow" href="/save/arxiv:2608.0000' in response.content.decode()
    assert not response.cookies
    assert "public" in response["Cache-Control"]


def test_it_names_the_paper_and_changes_nothing(client: Client) -> None:
    response = client.get(f"/save/{FIRST}/")
    assert Paper.objects.get(key=FIRST).title in response.content.decode()
    assert not response.cookies
    assert not Subscriber.objects.exists()


def test_the_paper_is_on_the_list_once_the_reader_confirms(client: Client) -> None:
    assert "Check your email" in save(client, FIRST)
    assert not SavedPaper.objects.exists()
    confirm = f"/confirm/{link_tokens.make_token(Purpose.CONFIRM, ada())}/"
    assert "We keep for you:" in client.get(confirm).content.decode()
    page = client.post(confirm).content.decode()
    assert "Saved to your list:" in page
    assert saved() == {FIRST}


def test_it_keeps_all_papers_and_topics_of_a_reader_who_has_not_confirmed_yet(client: Client) -> None:
    topic = Topic.objects.create(slug="agents", name="Agents", group="A", phrases=["agents"])
    lifecycle.sign_up("ada@example.org", Preferences(topics=[topic], send_hour=9), now=NOW)
    for key in (FIRST, SECOND, FIRST):
        save(client, key)
    lifecycle.confirm(ada(), now=NOW)
    assert saved() == {FIRST, SECOND}
    assert [row.topic for row in ada().filters.all()] == [topic]
    assert ada().send_hour == 9


def test_a_stranger_saves_nothing_for_a_reader_who_can_add_it_by_the_email(client: Client) -> None:
    lifecycle.sign_up("ada@example.org", Preferences(), now=NOW)
    lifecycle.confirm(ada(), now=NOW)
    for key in (FIRST, SECOND):
        assert "Check your email" in save(client, key)
    assert not SavedPaper.objects.exists()
    confirm = f"/confirm/{link_tokens.make_token(Purpose.CONFIRM, ada())}/"
    assert "Saved to your list" not in client.post(confirm).content.decode()
    assert not SavedPaper.objects.exists()

    owed = OwedNotice.objects.get(subscriber=ada(), kind=OwedNotice.Kind.ALREADY_SUBSCRIBED)
    note = texts.write(owed)
    titles = [Paper.objects.get(key=key).title for key in (FIRST, SECOND)]
    assert all(f"“{title}”" in note.paragraphs[0] for title in titles)
    assert note.label == "Save the papers"
    add = f"/preferences/{link_tokens.make_token(Purpose.PREFERENCES, ada())}/add/"
    page = client.get(add).content.decode()
    assert all(html.escape(title, quote=False) in page for title in titles)
    assert not SavedPaper.objects.exists()
    page = client.post(add, follow=True).content.decode()
    assert "Saved to your list." in page, "it leads to the list"
    assert all(f"/papers/{key}/" in page for key in (FIRST, SECOND))
    assert saved() == {FIRST, SECOND}
    assert ada().requested_preferences is None
    assert client.get(add).status_code == 302, "there is nothing left to add"


def test_a_signed_in_reader_who_saves_by_the_email_sees_the_whole_page_of_saved_papers(client: Client) -> None:
    lifecycle.sign_up("ada@example.org", Preferences(), now=NOW)
    lifecycle.confirm(ada(), now=NOW)
    save(client, FIRST)
    sign_in(client, ada())
    response = client.post(f"/preferences/{link_tokens.make_token(Purpose.PREFERENCES, ada())}/add/", follow=True)
    assert response.redirect_chain[-1][0] == "/saved/"
    assert "Saved to your list." in response.content.decode()


def test_a_full_list_does_not_prevent_the_confirmation(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_list, "MAX_SAVED_PAPERS", 0)
    save(client, FIRST)
    lifecycle.confirm(ada(), now=NOW)
    assert ada().is_subscribed
    assert not saved()


def test_a_wrong_address_loses_no_paper(client: Client) -> None:
    page = save(client, FIRST, email="ada")
    assert "That is not an email address" in page
    assert re.search(r'type="checkbox" name="likes" value="[^"]+" checked', page)
    assert Paper.objects.get(key=FIRST).title in page


def test_an_unknown_or_hidden_paper_can_not_be_saved(client: Client) -> None:
    Paper.objects.filter(key=FIRST).update(is_hidden=True)
    assert client.get(f"/save/{FIRST}/").status_code == 404
    assert client.get("/save/arxiv:1901.99999/").status_code == 404


def test_a_signed_in_reader_has_the_button_on_the_papers_page(
    client: Client, alice: Subscriber, edition: Edition
) -> None:
    sign_in(client, alice)
    assert client.get(f"/save/{FIRST}/")["Location"] == f"/papers/{FIRST}/"
