"""The page on which visitors and readers start from papers."""

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from digest.models import Edition, LearnedLikes, Opinion, OutsidePaper, Paper
from digest.opinions import feedback, imported_likes
from digest.papers.deduplication import fingerprint
from digest.personalization import likes
from digest.search import citation_parser, cited_papers
from subscriptions.models import FormPost, Subscriber, Topic
from subscriptions.readers import lifecycle, personal_data, signup_queue
from subscriptions.readers.preferences import Preferences
from subscriptions.security import bot_check, link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, TODAY

ELSEWHERE = "@misc{a, title={Speech Recognition of Elsewhere}, abstract={On speech.}, eprint={1901.00002}}"
UNKNOWN = "arxiv:1901.00002"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recent() -> None:
    Topic.objects.create(slug="agents", name="Agents", group="A", description="That act", phrases=["agents"])
    Topic.objects.create(slug="speech", name="Speech", group="B", phrases=["speech recognition"])
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    for number, title in enumerate(
        ["Agents with an Episodic Memory of Long Conversations", "Episodic Memory for Agents", "Whale Songs"], 1
    ):
        Paper.objects.create(
            key=f"arxiv:2608.{number:05}",
            title=title,
            url=f"https://arxiv.org/abs/2608.{number:05}",
            authors=["Ada Lovelace", f"Author {number}"],
            edition=edition,
            fingerprint=fingerprint(title, ["Ada Lovelace"]),
        )


def hidden(page: str, name: str) -> str:
    """Return the value of a field of the page."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found
    return html.unescape(found[1])


def test_it_opens_with_an_empty_box(client: Client) -> None:
    page = client.get("/suggest/").content.decode()
    assert "<textarea" in page
    assert 'id="found"' not in page


def test_it_leads_from_a_paste_to_the_sign_up_form(client: Client) -> None:
    response = Client(enforce_csrf_checks=True).post("/suggest/", {"papers": "2608.00001, 2608.00002\n1901.00001"})
    page = response.content.decode()
    assert not response.cookies
    assert 'name="topics" value="agents" checked' in page
    assert 'name="words" value="author:Ada Lovelace">' in page
    assert "Found by 2 papers" in page
    assert "1901.00001: this site doesn’t have it" in page
    ticked = {"topics": ["agents"], "words": ["Episodic Memory", "author:Ada Lovelace"], "paper": ["0", "1"]}
    form = client.post("/suggest/take/", ticked | {"found": hidden(page, "found")}).content.decode()
    assert 'value="agents" checked' in form
    assert ">Episodic Memory, author:Ada Lovelace</textarea>" in form


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("  ", "Paste at least one paper"),
        ("hello", "hello: we found neither a title"),
        ("42", "We found no paper in that text"),
        ("On Something Else Entirely", "No topic matches these papers"),
        ("\n".join(f"1901.{n:05}" for n in range(150)), "We read what came first"),
        ("x" * (citation_parser.LONGEST + 1), "100 papers or 200,000 characters"),
        ("<script>alert(1)</script> is a title", "&lt;script&gt;"),
    ],
)
def test_it_says_what_came_of_it(client: Client, pasted: str, said: str) -> None:
    page = client.post("/suggest/", {"papers": pasted}).content.decode()
    assert said in page
    assert "<script>alert" not in page


def upload(client: Client, body: bytes, name: str = "library.bib", papers: str = "") -> str:
    file = SimpleUploadedFile(name, body)
    return client.post("/suggest/", {"papers": papers, "file": file}).content.decode()


def test_it_reads_an_uploaded_file_and_the_box(client: Client) -> None:
    page = upload(client, b"@misc{a, title={A Paper of Elsewhere}, eprint={2608.00001}}", papers="2608.00002")
    assert "Found by 2 papers" in page


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"%PDF-1.7", "That is a PDF"),
        (b"PK\x03\x04", "Save your list as plain text"),
        (b"a\x00b", "That file is not text"),
        (b" ", "That file is empty"),
        (b"x" * (2 * 2**20 + 1), "larger than 2 MB"),
    ],
)
def test_it_says_what_is_wrong_with_a_file_and_what_to_do(client: Client, body: bytes, said: str) -> None:
    page = upload(client, body, papers="2608.00001")
    assert said in page
    assert 'role="alert"' in page
    assert ">2608.00001</textarea>" in page


def test_it_leads_from_a_paper_to_what_brings_more_like_it(client: Client) -> None:
    link = "/suggest/?like=arxiv:2608.00001"
    assert f'href="{link}"' in client.get("/papers/arxiv:2608.00001/").content.decode().replace("%3A", ":")
    page = client.get(link).content.decode()
    assert 'name="topics" value="agents" checked' in page
    assert client.get("/suggest/?like=nonsense").status_code == 404
    assert client.get("/suggest/?like=%00").status_code == 404
    plain = Paper.objects.create(key="x:1", title="Zyx", url="https://example.org/1")
    assert client.get(f"/suggest/?like={plain.key}")["Location"] == "/subscribe/?words=about%3A+Zyx"


# What is kept


def test_nothing_is_kept_by_looking(client: Client) -> None:
    page = client.post("/suggest/", {"papers": f"2608.00001\n{ELSEWHERE}"}).content.decode()
    client.post("/suggest/take/", {"found": hidden(page, "found"), "paper": ["0", "1"]})
    assert not any(model.objects.exists() for model in (OutsidePaper, Opinion, FormPost))


def test_the_preview_shows_what_the_ticked_filters_bring(client: Client) -> None:
    page = client.post("/suggest/", {"papers": "2608.00001\n2608.00002"}).content.decode()
    assert "You’d have received 2 of the last 3 papers." in page
    again = {"found": hidden(page, "found"), "paper": ["0"]}
    page = client.post("/suggest/", again).content.decode()
    assert "You don’t follow any topics yet" in page
    assert 'name="paper" value="0" checked' in page
    assert 'name="paper" value="1">' in page
    page = client.post("/suggest/", again | {"topics": "agents"}).content.decode()
    assert 'name="topics" value="agents" checked' in page


def test_a_long_list_of_papers_is_folded(client: Client) -> None:
    page = client.post("/suggest/", {"papers": "\n".join(f"A Paper Numbered {n}" for n in range(12))}).content.decode()
    assert "and 4 more" in page
    assert page.count('name="paper"') == 12
    assert 'name="paper" value="11" checked' in page


def test_papers_are_added_to_those_that_are_there(client: Client) -> None:
    page = client.post("/suggest/", {"papers": "2608.00001"}).content.decode()
    more = {"found": hidden(page, "found"), "paper": [], "papers": f"2608.00001\n{ELSEWHERE}"}
    for path in ("/suggest/", "/suggest/take/"):  # what was pasted and not looked at is not dropped
        page = client.post(path, more).content.decode()
        assert 'name="paper" value="0">' in page
        assert 'name="paper" value="1" checked' in page
        assert "not on this site: we learn from its title and abstract" in page


@pytest.mark.parametrize("found", ["nonsense", "a:b:c", "x" * 1000])
def test_it_refuses_a_list_that_it_did_not_make(client: Client, found: str) -> None:
    for path in ("/suggest/", "/suggest/take/"):
        assert "Please paste your papers once more" in client.post(path, {"found": found}).content.decode()
    form = {"email": "ada@example.org", "likes": found}
    response = client.post("/subscribe/", form)
    assert response.status_code == 400
    assert "We can’t read the papers that you started from" in response.content.decode()


def sign_up(client: Client, **form: Any) -> Subscriber:
    """Sign Ada up with two papers, as a browser would, up to the email with the link."""
    page = client.post("/suggest/", {"papers": f"2608.00001\n{ELSEWHERE}"}).content.decode()
    chosen = {"found": hidden(page, "found"), "paper": ["0", "1"], "topics": ["agents"]}
    page = client.post("/suggest/take/", chosen).content.decode()
    assert "Learn from these 2 papers what I like" in page
    filled = {"email": "ada@example.org", "topics": ["agents"], "likes": hidden(page, "likes"), "go": "1"} | form
    assert client.post("/subscribe/", filled | {"stamp": bot_check.stamp()}).status_code == 202
    signup_queue.process_pending(now=NOW)
    return Subscriber.objects.get(email="ada@example.org")


def test_the_papers_of_a_sign_up_become_likes_once_it_is_confirmed(client: Client) -> None:
    ada = sign_up(client)
    assert not Opinion.objects.exists()
    assert not OutsidePaper.objects.exists()
    page = client.get(f"/confirm/{link_tokens.make_token(Purpose.CONFIRM, ada)}/").content.decode()
    assert "learn from the 2 papers that you named" in page
    lifecycle.confirm(ada, now=NOW)
    (like,) = Opinion.objects.filter(subscriber=ada)
    assert (like.paper.key, like.verdict, like.came_by) == ("arxiv:2608.00001", "like", ["agents"])
    (outside,) = OutsidePaper.objects.filter(subscriber=ada)
    assert (outside.key, outside.title, outside.abstract) == (UNKNOWN, "Speech Recognition of Elsewhere", "On speech.")
    ada.refresh_from_db()
    assert ada.requested_preferences is None


def test_the_papers_of_a_sign_up_that_is_not_confirmed_go_with_it(client: Client) -> None:
    ada = sign_up(client)
    lifecycle.delete_unconfirmed(now=ada.created_at + lifecycle.UNCONFIRMED_LIFETIME * 2)
    assert not Subscriber.objects.exists()
    assert not FormPost.objects.exists()


def test_the_last_sign_up_counts(client: Client) -> None:
    sign_up(client)
    ada = sign_up(client, likes="")
    lifecycle.confirm(ada, now=NOW)
    assert not Opinion.objects.exists()


def test_a_stranger_adds_no_likes_to_a_reader(client: Client) -> None:
    lifecycle.sign_up("ada@example.org", Preferences(), now=NOW)
    lifecycle.confirm(Subscriber.objects.get(), now=NOW)
    ada = sign_up(client)
    assert ada.requested_preferences
    assert ada.requested_preferences["likes"] == []
    assert not Opinion.objects.exists()


def test_the_page_after_the_sign_up_keeps_the_papers_for_a_corrected_address(client: Client) -> None:
    page = client.post("/suggest/", {"papers": "2608.00001"}).content.decode()
    form = client.post("/suggest/take/", {"found": hidden(page, "found"), "paper": ["0"]}).content.decode()
    filled = {"email": "ada@example.org", "likes": hidden(form, "likes"), "go": "1", "stamp": bot_check.stamp()}
    sent = client.post("/subscribe/", filled).content.decode()
    assert hidden(sent, "likes") == filled["likes"]


# A reader's settings


@pytest.fixture
def ada() -> Subscriber:
    lifecycle.sign_up("ada@example.org", Preferences(words="whales"), now=NOW)
    lifecycle.confirm(Subscriber.objects.get(), now=NOW)
    return Subscriber.objects.get()


def address(reader: Subscriber) -> str:
    return f"/suggest/{link_tokens.make_token(Purpose.PREFERENCES, reader)}/"


def test_a_reader_keeps_what_is_ticked(client: Client, ada: Subscriber) -> None:
    settings = client.get(f"/preferences/{link_tokens.make_token(Purpose.PREFERENCES, ada)}/").content.decode()
    assert f'href="{address(ada)}"' in settings
    page = client.post(address(ada), {"papers": f"2608.00001\n2608.00002\n{ELSEWHERE}"}).content.decode()
    chosen = {"found": hidden(page, "found"), "paper": ["0", "2"], "topics": ["agents"], "words": ["Episodic Memory"]}
    assert client.post(address(ada), chosen).status_code == 200  # the preview alone
    assert not Opinion.objects.exists()
    assert client.post(address(ada), chosen | {"keep": "1"})["Location"].endswith("?saved=1")
    assert {row.topic.slug if row.topic else row.words for row in ada.filters.all()} == {
        "agents", "whales\nEpisodic Memory"
    }  # fmt: skip
    assert Opinion.objects.count() == OutsidePaper.objects.count() == 1
    assert set(Opinion.objects.get().came_by) == {"agents", ":words"}


def test_it_proposes_nothing_that_the_reader_follows(client: Client, ada: Subscriber) -> None:
    chosen = {"papers": "2608.00001\n2608.00002"}
    assert 'name="topics" value="agents"' in client.post(address(ada), chosen).content.decode()
    ada.filters.create(topic=Topic.objects.get(slug="agents"))
    assert 'name="topics" value="agents"' not in client.post(address(ada), chosen).content.decode()


def test_it_keeps_nothing_if_the_words_become_too_long(client: Client, ada: Subscriber) -> None:
    ada.filters.update(words=", ".join(["w" * 98] * 20))
    page = client.post(address(ada), {"papers": "2608.00001\n2608.00002"}).content.decode()
    chosen = {"found": hidden(page, "found"), "paper": ["0"], "words": ["Episodic Memory"], "keep": "1"}
    page = client.post(address(ada), chosen).content.decode()
    assert "Nothing was kept" in page
    assert "use at most 2000 characters" in page
    assert not Opinion.objects.exists()


def test_it_keeps_nothing_if_the_list_of_the_reader_is_full(
    client: Client, ada: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported_likes, "MAX_OUTSIDE", 0)
    page = client.post(address(ada), {"papers": ELSEWHERE}).content.decode()
    chosen = {"found": hidden(page, "found"), "paper": ["0"], "topics": ["agents"], "keep": "1"}
    assert "more than 0 papers from elsewhere" in client.post(address(ada), chosen).content.decode()
    assert not ada.filters.exclude(topic=None).exists()


def test_a_paper_that_the_reader_did_not_want_stays_so(client: Client, ada: Subscriber) -> None:
    paper = Paper.objects.get(key="arxiv:2608.00001")
    Opinion.objects.create(subscriber=ada, paper=paper, verdict="not-for-me", said_at=NOW)
    page = client.post(address(ada), {"papers": "2608.00001"}).content.decode()
    client.post(address(ada), {"found": hidden(page, "found"), "paper": ["0"], "keep": "1"})
    assert Opinion.objects.get().verdict == "not-for-me"


def test_a_reader_sees_and_removes_papers_from_elsewhere(client: Client, ada: Subscriber) -> None:
    mine = OutsidePaper.objects.create(subscriber=ada, key="title:a", title="A Paper of Mine", said_at=NOW)
    lifecycle.sign_up("eve@example.org", Preferences(), now=NOW)
    eve = Subscriber.objects.get(email="eve@example.org")
    theirs = OutsidePaper.objects.create(subscriber=eve, key="title:b", title="Theirs", said_at=NOW)
    page = client.get(address(ada)).content.decode()
    assert "A Paper of Mine" in page
    assert "Theirs" not in page
    response = client.post(address(ada), {"remove": "1", "outside": [mine.pk, theirs.pk, "x"]})
    assert "Your digests no longer learn" in client.get(response["Location"]).content.decode()
    assert list(OutsidePaper.objects.all()) == [theirs]


def test_papers_from_elsewhere_are_exported_and_erased(ada: Subscriber) -> None:
    OutsidePaper.objects.create(subscriber=ada, key="title:a", title="A Paper of Mine", said_at=NOW)
    (exported,) = personal_data.export(ada, now=NOW)["liked papers from elsewhere"]
    assert exported["title"] == "A Paper of Mine"
    personal_data.erase(ada)
    assert not OutsidePaper.objects.exists()


def test_papers_from_elsewhere_are_learned_from(ada: Subscriber) -> None:
    ada.filters.create(topic=Topic.objects.get(slug="speech"))
    liked = cited_papers.as_liked(cited_papers.read(ELSEWHERE).papers)
    assert imported_likes.add(ada, liked, now=NOW) == 1
    assert imported_likes.add(ada, liked, now=NOW) == 0
    outside = OutsidePaper.objects.get()
    assert LearnedLikes.objects.get().examples == [[outside.pk, "outside"]]
    assert [example.title for example in likes.of_readers([ada.pk])[ada.pk].examples] == [outside.title]
    assert [paper.title for paper in feedback.learned_from(ada).outside] == [outside.title]
    imported_likes.remove(ada, [outside.pk], now=NOW)
    assert likes.of_readers([ada.pk]) == {}
