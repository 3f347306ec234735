"""A German reader sees German on every page and in every email, except in the texts of papers."""

import datetime as dt
import re
from email import message_from_bytes, policy

import pytest
import time_machine
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from digest.email import reader_urls
from digest.models import Delivery, Edition, FetchRun, OutsidePaper, Paper, QuietDay, Source
from digest.opinions import feedback
from subscriptions.models import OwedNotice, Subscriber, Topic
from subscriptions.notices import queue
from subscriptions.readers import lifecycle, liked_papers, personal_data
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.readers.personal_data import RequestOutcome
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from subscriptions.topics import catalogue
from tests import english
from tests.conftest import NOW, TODAY, make_reader, stamped
from tests.email.mails import digest_of
from tests.examples import slow_after

KNOWN = (
    "Reinforcement Learning at Scale", "Faster Diffusion", "A Survey of Diffusion and Reinforcement Learning",
    "About Reinforcement Learning at Scale.", "We generate video.", "reinforcement learning", "Daily Papers",
    "Hugging Face Daily Papers", "Ada Lovelace", "papers.example.org", "Mixture of Experts", "Code",
    "author:Yann LeCun", "chain of thought", "Chain of Thought",
)  # fmt: skip
GERMAN = {"accept-language": "de"}
pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def real_topics(db: None) -> list[Topic]:
    catalogue.load()
    return list(Topic.objects.filter(slug__in=("rl-for-llms", "diffusion-models", "games")))


@pytest.fixture
def reader(real_topics: list[Topic], edition: Edition) -> Subscriber:
    reader = make_reader("frida@example.org", real_topics, "diffusion, author:Ada Lovelace", language="de")
    for paper, verdict in zip(Paper.objects.order_by("pk"), ("like", "not-for-me"), strict=False):
        feedback.rate(reader, paper, verdict, now=NOW)
    return reader


def link(purpose: Purpose, reader: Subscriber, name: str = "") -> str:
    space = "digest" if name in ("learnt", "reading_list") else "subscriptions"
    return reverse(f"{space}:{name or purpose}", args=[link_tokens.make_token(purpose, reader)])


PUBLIC = [
    "/de/", "/de/2026-08-20/", "/de/2026-08-20/?topic=games", "/de/2026-08-20/?topic=diffusion-models",
    "/de/2026-08-19/", "/de/weeks/2026-08-17/", "/de/months/2026-08/",
    "/de/papers/arxiv:2608.00001/", "/de/authors/ada-lovelace/", "/de/topics/", "/de/topics/?q=agent",
    "/de/topics/rl-for-llms/", "/de/topics/games/", "/de/search",
    "/de/search?q=diffusion", "/de/search?q=nirgendwo", "/de/search?q=diffusion&page=9", "/de/search?q=foo:bar",
    "/de/search?q=-", "/de/suggest/", "/de/subscribe/", "/de/subscribe/?find=Spiele",
    "/de/preferences/", "/de/privacy/", "/de/imprint/", "/de/nowhere/",
    "/de/confirm/forged/", "/de/digests/forged/", "/de/feeds/latest.atom", "/de/feeds/topics/games.atom",
    "/de/feeds/search.atom?q=diffusion",
]  # fmt: skip


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages(client: Client, settings: object, path: str) -> None:
    settings.IMPRINT_TEXT = "Frida Muster, Berlin"  # type: ignore[attr-defined]
    QuietDay.objects.create(day="2026-08-19", reason="Hugging Face listed nothing for 2026-08-19.")
    response = client.get(path)
    page = response.content.decode()
    assert response["Content-Language"] == "de"
    assert 'lang="de"' in page
    assert not english.in_page(page, KNOWN)


@pytest.mark.parametrize("status", [None, *FetchRun.Status.values])
def test_the_first_page_before_there_is_an_edition(client: Client, hugging_face: Source, status: str | None) -> None:
    if status:
        FetchRun.objects.create(source=hugging_face, day=TODAY, status=status, message="It said no.", started_at=NOW)
    assert not english.in_page(client.get("/de/").content.decode(), (str(hugging_face), *KNOWN))


def test_errors_of_a_form(client: Client, reader: Subscriber) -> None:
    wrong = {
        "email": "ada", "topics": "nowhere", "words": "foo:bar", "frequency": "x", "send_hour": "99", "amount": "x",
        "time_zone": "Mars", "max_papers": "99", "language": "xx",
    }  # fmt: skip
    page = client.post("/de/subscribe/", wrong).content.decode()
    assert page.count('class="error"') >= 9
    assert not english.in_page(page, KNOWN)
    settings_page = link(Purpose.PREFERENCES, reader)
    for path, data in [
        (settings_page, wrong), (f"{settings_page}pause/", {"until": "x"}), (f"{settings_page}pause/", {}),
        (f"{settings_page}pause/", {"until": "1999-01-01"}), (f"{settings_page}move/", {}),
        (f"{settings_page}move/", {"present": "x@example.org", "email": reader.email}),
        (link(Purpose.UNSUBSCRIBE, reader) + "reason/", {}), *[(f"{settings_page}erase/", {"present": "x@y.org"})] * 6,
    ]:  # fmt: skip
        assert not english.in_page(client.post(path, data).content.decode(), KNOWN), path


def test_data_requests_and_signing_out(client: Client, reader: Subscriber) -> None:
    settings_page = link(Purpose.PREFERENCES, reader)
    for asked in RequestOutcome:
        page = client.get(f"{settings_page}?data={asked}").content.decode()
        assert 'class="notice' in page
        assert not english.in_page(page, KNOWN), asked
    data_page = reverse("subscriptions:data", args=[link_tokens.make_token(Purpose.DATA, reader)])
    with time_machine.travel(NOW + dt.timedelta(days=2)):
        assert not english.in_page(client.get(f"/de{data_page}").content.decode(), KNOWN)
    for answer in (client.get(f"/de{data_page}"), client.post(f"{settings_page}sign-out/"), client.get(settings_page)):
        assert not english.in_page(answer.content.decode(), KNOWN)


@pytest.mark.parametrize("words", ["a" * 300, '"open', "-author:x", "...", "cat:?!", "votes:x", "votes:1, votes:2"])
def test_errors_of_own_filters(client: Client, words: str) -> None:
    page = client.post("/de/subscribe/", {"email": "a@example.org", "words": words}).content.decode()
    assert 'class="error"' in page
    assert "“" not in page or "„" in page
    assert not english.in_page(page, KNOWN)


@pytest.mark.parametrize("words", ["", "diffusion, reinforcement learning", "submarines", "author:Nobody", "cat:q-bio"])
@pytest.mark.parametrize("most", slow_after(1, ["10", "1"]))
@pytest.mark.usefixtures("reader")
def test_the_preview(client: Client, words: str, most: str) -> None:
    page = client.post("/de/subscribe/preview/", {"words": words, "max_papers": most}, headers={"HX-Request": "true"})
    assert not english.in_page(page.content.decode(), KNOWN)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("pasted", ["2608.00001\n2608.00002", "2608.09999", "", "Lorem ipsum dolor sit amet " * 3])
def test_suggestions(client: Client, pasted: str) -> None:
    page = client.post("/de/suggest/", {"papers": pasted}).content.decode()
    assert not english.in_page(page, (*KNOWN, "Ada Lovelace", "Alan Turing"))


@pytest.mark.parametrize("pasted", ["2608.00001\n2608.00002", "2608.09999", "", "42"])
def test_suggestions_to_a_reader_and_on_to_the_sign_up_form(client: Client, pasted: str, reader: Subscriber) -> None:
    OutsidePaper.objects.create(subscriber=reader, key="title:1", title="Ada Lovelace", said_at=NOW)
    address = f"/de/suggest/{link_tokens.make_token(Purpose.PREFERENCES, reader)}/"
    page = client.post(address, {"papers": pasted}).content.decode()
    assert not english.in_page(page, (*KNOWN, "Ada Lovelace", "Alan Turing"))
    papers = [LikedPaper(f"title:{number}", "Ada Lovelace") for number in range(2)]
    form = {"found": liked_papers.pack(papers), "paper": ["0", "1"]}
    for path in ("/de/suggest/take/", "/de/suggest/", address):
        page = client.post(path, form).content.decode()
        assert "Ada Lovelace" in page
        assert not english.in_page(page, (*KNOWN, "Ada Lovelace", "Alan Turing"))


def test_a_form_that_was_not_on_our_page(client: Client) -> None:
    for path in ("/de/subscribe/", "/de/preferences/"):
        page = client.post(path, {"email": "ada@example.org"}).content.decode()
        assert "Bitte klicken Sie noch einmal auf den Knopf." in page
        assert not english.in_page(page, KNOWN)


# These pages are in the reader's language, whatever the browser prefers.
@pytest.mark.parametrize("status", Subscriber.Status.values)
def test_pages_of_a_reader(client: Client, reader: Subscriber, status: str) -> None:
    later = {"paused_until": TODAY} if status == "paused" else {}
    Subscriber.objects.update(status=status, new_email="neu@example.org", **later)
    reader.refresh_from_db()
    pages = [
        link(purpose, reader)
        for purpose in Purpose
        if purpose not in (Purpose.DIGEST, Purpose.OPINION, Purpose.FEED, Purpose.SETTINGS)
    ]
    pages += [link(Purpose.PREFERENCES, reader, name) for name in ("learnt", "reading_list", "erase")]
    for path in [*pages, link(Purpose.PREFERENCES, reader) + "?saved=1"]:
        response = client.get(path, headers={"accept-language": "en"})
        assert response["Content-Language"] == "de", path
        assert not english.in_page(response.content.decode(), KNOWN), path


def test_actions_of_a_reader(client: Client, reader: Subscriber) -> None:
    leaving, settings_page = link(Purpose.UNSUBSCRIBE, reader), link(Purpose.PREFERENCES, reader)
    Subscriber.objects.update(new_email="neu@example.org")
    reader.refresh_from_db()
    for path, data in [
        (link(Purpose.CHANGE_ADDRESS, reader), {}), (leaving, {}), (f"{leaving}reason/", {"reason": "other"}),
        (leaving, {"offer": "pause"}), (link(Purpose.RESUBSCRIBE, reader), {}), (f"{settings_page}erase/", {}),
        (f"{settings_page}erase/", {"present": reader.email}), (settings_page, {}),
    ]:  # fmt: skip
        response = client.post(path, data, follow=True)
        assert not english.in_page(response.content.decode(), KNOWN), path


def test_a_digest_and_its_opinion_pages(client: Client, reader: Subscriber, edition: Edition) -> None:
    assert_german(digest_of(edition, reader).wire)
    path, said_at = (
        make(reader, edition.pk).removeprefix("https://papers.example.org")
        for make in (reader_urls.digest_url, reader_urls.opinion_url)
    )
    paper = Paper.objects.latest("pk")
    for verdict in ("like", "not-for-me", "fewer::words", "take-back"):
        page = client.post(f"{said_at}papers/{paper.pk}/", {"opinion": verdict}, follow=True).content.decode()
        assert not english.in_page(page, KNOWN), verdict
    # The digest was never sent, so the page says that it is no longer kept.
    assert not english.in_page(client.get(path).content.decode(), KNOWN)


@pytest.mark.parametrize("preferences", slow_after(1, [{}, {"frequency": "weekly"}, {"max_papers": 1}]))
@pytest.mark.parametrize("follows", ["topics", "nothing", "else"])
def test_digests(edition: Edition, real_topics: list[Topic], follows: str, preferences: dict[str, object]) -> None:
    words = {"topics": "diffusion, author:Ada Lovelace, about: faster images", "nothing": "", "else": "submarines"}
    followed = real_topics if follows == "topics" else []
    reader = make_reader("f@example.org", followed, words[follows], language="de", mail_quiet_days=True, **preferences)
    assert_german(digest_of(edition, reader).wire)


def test_the_welcome_with_papers(reader: Subscriber, edition: Edition) -> None:
    Subscriber.objects.update(confirmed_at=NOW)
    lifecycle.queue_notice(reader, OwedNotice.Kind.WELCOME, now=NOW)
    queue.send_pending(now=NOW)
    [sent] = mail.outbox
    assert_german(sent.message().as_bytes())
    assert "Willkommen" in sent.subject


@pytest.mark.parametrize("kind", OwedNotice.Kind.values)
def test_notices(reader: Subscriber, kind: str) -> None:
    Delivery.objects.all().delete()
    Edition.objects.all().delete() if kind == "welcome" else None
    lifecycle.queue_notice(reader, kind, now=NOW)
    queue.send_pending(now=NOW)
    [sent] = mail.outbox
    assert_german(sent.message().as_bytes())


def test_the_last_email(reader: Subscriber) -> None:
    personal_data.erase(reader, notified_at=NOW)
    queue.send_pending(now=NOW)
    [sent] = mail.outbox
    assert_german(sent.message().as_bytes())


def test_a_reader_who_signs_up_in_german_gets_german_emails(client: Client, edition: Edition) -> None:
    client.post("/subscribe/", {"email": "frida@example.org", "stamp": stamped()}, headers=GERMAN)
    queue.send_pending(now=timezone.now())
    assert Subscriber.objects.get(email="frida@example.org").language == "de"
    assert "Bitte bestätigen Sie" in mail.outbox[0].subject


def test_pages_of_errors() -> None:
    with translation.override("de"):
        for name in ("404.html", "500.html"):
            assert not english.in_page(render_to_string(name), KNOWN)


def test_the_detector_finds_english() -> None:
    page = '<html lang="de"><p>Es <b lang="en">is the</b> <i title="Papers of today">da</i> Save</p><p>Save</p>'
    assert english.in_page(page) == ["Papers of today", "Save", "Save"]


def assert_german(wire: bytes) -> None:
    message = message_from_bytes(wire, policy=policy.default)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert 'lang="de"' in html.get_content()
    assert not english.in_page(html.get_content(), KNOWN)
    paragraphs = [re.sub(r"\s+", " ", part) for part in re.split(r"\n\s*\n", text.get_content())]
    assert not english.in_pieces([message["Subject"], *paragraphs], KNOWN)
