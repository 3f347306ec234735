"""The web view of a digest shows exactly what was emailed, also later."""

import html
import json
import re
from unittest import mock

import pytest
from django.test import Client

from digest.email import reader_urls
from digest.email.batch.composer import Composer, DueDelivery
from digest.models import Delivery, Edition, Paper
from subscriptions.models import Device, Subscriber, Topic
from subscriptions.security import link_tokens
from tests.conftest import NOW, make_reader
from tests.digest.conftest import read
from tests.subscriptions.security.test_reader_session import sign_in


def send(edition: Edition, reader: Subscriber) -> tuple[Delivery, str]:
    """Return the delivery after its email was sent, and the HTML part of the email."""
    delivery = Delivery.objects.create(edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW)
    made = next(Composer().compose([DueDelivery(delivery.pk, edition.pk, reader.pk)]))
    assert made.message is not None
    delivery.papers, delivery.status, delivery.sent_at = made.papers, Delivery.Status.SENT, NOW
    delivery.save()
    return delivery, read(made.message)[1][1][1]


def path(delivery: Delivery) -> str:
    return reader_urls.digest_url(delivery.subscriber, delivery.edition_id).removeprefix("https://papers.example.org")


def without_readers_own(mail: str) -> str:
    """Return the text of the email without its personal parts, such as the footer and what the reader follows."""
    own = "opinion|why|contents|share|section"
    mail = re.sub(rf'<(p|h2|span) class="(?:{own})( groups)?".*?</\1>|</?b>|</?b [^>]*>', "", mail, flags=re.DOTALL)
    mail = re.sub(r'<tr><td class="(?:top|foot)".*?</td></tr>', "", mail, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", mail)).split())


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_it_shows_what_was_mailed(
    client: Client, busy: Edition, topics: list[Topic], language: str, frequency: str
) -> None:
    reader = make_reader("r@example.org", topics, "proofs, -agents", frequency=frequency)
    Subscriber.objects.update(language=language)
    delivery, mail = send(busy, reader)
    # What changes afterward changes nothing on the page.
    Paper.objects.update(votes=9999)
    Subscriber.objects.update(language="de" if language == "en" else "en", frequency="weekdays", max_papers=1)
    reader.filters.all().delete()
    page = client.get(path(delivery))
    assert page.status_code == 200
    assert without_readers_own(page.content.decode()) == without_readers_own(mail)


def test_it_shows_what_readers_got_who_follow_nothing(client: Client, busy: Edition) -> None:
    delivery, mail = send(busy, make_reader("r@example.org"))
    shown = without_readers_own(client.get(path(delivery)).content.decode())
    assert shown == without_readers_own(mail).replace(" Choose your topics", "")


def test_it_holds_nothing_of_the_readers(client: Client, busy: Edition, topics: list[Topic]) -> None:
    delivery, _ = send(busy, make_reader("somebody@example.org", topics))
    page = client.get(path(delivery))
    said = page.content.decode()
    assert "Because you follow" not in said
    for own in ("somebody", "/preferences/", "/unsubscribe/", "/digests/", delivery.subscriber.uid.hex):
        assert own not in said
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "private" in page.headers["Cache-Control"]
    assert not page.cookies


def test_it_signs_no_link_for_strangers(
    client: Client, busy: Edition, topics: list[Topic], monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery, _ = send(busy, make_reader("somebody@example.org", topics))
    address, signed = path(delivery), mock.Mock(side_effect=AssertionError)
    monkeypatch.setattr(link_tokens, "make_url", signed)
    assert client.get(address).status_code == 200
    assert not signed.called


def test_its_own_reader_sees_all_of_it_and_a_friend_who_is_signed_in_does_not(
    client: Client, busy: Edition, topics: list[Topic]
) -> None:
    reader, friend = make_reader("r@example.org", topics, "proof"), make_reader("friend@example.org", topics)
    delivery, mail = send(busy, reader)
    sign_in(client, friend)
    page = client.get(path(delivery))
    assert 'class="why"' not in page.text
    assert "/preferences/" not in page.text
    sign_in(client, reader)
    page = client.get(path(delivery))
    own_parts = r'<h2 class="section">.*?</h2>|<p class="why">.*?</p>|[^"]+\?opinion=like|[^"]*/preferences/[^"]*'
    of_reader = re.compile(own_parts)
    below_the_top_line = mail.partition('class="dateline"')[2]  # which is another one in a browser
    assert of_reader.findall(page.text) == of_reader.findall(below_the_top_line)
    assert any("opinion=like" in found for found in of_reader.findall(mail))
    assert "no-store" in page.headers["Cache-Control"]
    assert path(delivery) not in page.text


def test_it_leads_a_signed_in_visitor_to_their_pages(client: Client, busy: Edition, topics: list[Topic]) -> None:
    reader = make_reader("r@example.org", topics)
    delivery, _ = send(busy, reader)
    assert "Email me a sign-in link" in client.get(path(delivery)).text
    sign_in(client, reader)
    page = client.get(path(delivery)).text
    assert "Email me a sign-in link" not in page
    assert "/for-you/" in page


def test_it_leaves_out_what_was_hidden_since_and_says_so(client: Client, busy: Edition) -> None:
    delivery, _ = send(busy, make_reader("r@example.org", words="agents"))
    first, second, *_ = [Paper.objects.get(pk=told[0]) for told in delivery.papers["for_you"]]
    Paper.objects.filter(pk=first.pk).update(is_hidden=True, title="Spam")
    Paper.objects.filter(pk=second.pk).update(title="A Better Name")
    said = client.get(path(delivery)).content.decode()
    assert "One more paper was in this digest, but it has since been withdrawn." in said
    assert "Spam" not in said
    assert "A Better Name" in said


def test_it_says_when_it_is_not_kept_any_longer(client: Client, busy: Edition, alice: Subscriber) -> None:
    delivery, _ = send(busy, alice)
    for kept in ("[]", "{}", '[{"paper": "arxiv:2608.1", "part": "for you"}]'):
        Delivery.objects.update(papers=json.loads(kept))
        assert client.get(path(delivery)).status_code == 410
    Delivery.objects.all().delete()
    page = client.get(path(delivery))
    assert page.status_code == 410
    assert f"/{busy.day}/" in page.content.decode()


def test_it_opens_to_no_other_token(client: Client, busy: Edition, alice: Subscriber) -> None:
    delivery, _ = send(busy, alice)
    assert client.get(path(delivery)[:-2] + "x/").status_code == 404
    assert client.get("/digests/x/").status_code == 404
    assert client.post(path(delivery)).status_code == 405


def test_it_is_kept_in_little_room(busy: Edition, topics: list[Topic]) -> None:
    delivery, _ = send(busy, make_reader("r@example.org", topics, "proofs, vision", max_papers=10))
    assert len(json.dumps(delivery.papers, separators=(",", ":"))) < 1300


def test_a_forwarded_digest_never_signs_the_friend_in(client: Client, busy: Edition, topics: list[Topic]) -> None:
    delivery, mail = send(busy, make_reader("r@example.org", topics))
    page = client.get(path(delivery)).text
    assert "https://papers.example.org/sign-in/" in page
    links = {html.unescape(link) for link in re.findall(r'href="(https://papers\.example\.org/[^"]+)"', mail + page)}
    assert any("/preferences/" in link for link in links)
    paths = {link.removeprefix("https://papers.example.org") for link in links}
    for link in paths:
        response = Client().get(link)
        assert (response.status_code in (200, 302), len(response.cookies)) == (True, 0), link
    for link in (link for link in paths if "unsubscribe" not in link):
        assert not Client().post(link, {"opinion": "like", "keep": "1"}).cookies, link
    assert not Device.objects.exists()
