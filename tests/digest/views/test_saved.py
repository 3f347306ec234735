"""The pages “Saved” and “For you” of a signed-in reader."""

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from digest.editions import publication
from digest.models import Edition, Opinion, Paper, Thumbnail
from digest.opinions import feedback, reading_list
from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, TODAY
from tests.subscriptions.security.test_reader_session import sign_in

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]


@pytest.fixture
def ada(client: Client, alice: Subscriber, edition: Edition) -> Subscriber:
    """A signed-in reader with two saved papers."""
    sign_in(client, alice)
    for number, paper in enumerate(edition.papers.order_by("key")[:2]):
        reading_list.save(alice, paper, now=NOW.replace(hour=number))
    return alice


def paper(number: int) -> Paper:
    return Paper.objects.get(key=f"arxiv:2608.0000{number}")


def main_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.text.partition("<main")[2].partition("</main")[0]


def test_strangers_are_led_to_the_page_that_emails_a_link(client: Client) -> None:
    for path in ("/saved/", "/saved.csv", "/for-you/", f"/for-you/{TODAY}/"):
        assert client.get(path)["Location"] == "/sign-in/"


def test_it_lists_the_latest_first_and_sorts(client: Client, ada: Subscriber) -> None:
    first, second = "Reinforcement Learning at Scale", "Faster Diffusion"
    page = main_of(client, "/saved/")
    assert page.index(second) < page.index(first)
    page = main_of(client, "/saved/?order=votes")
    assert page.index(first) < page.index(second)


def test_an_empty_list_offers_the_best_papers_of_the_newest_edition(client: Client, ada: Subscriber) -> None:
    assert "Start with one of these" not in main_of(client, "/saved/")
    ada.saved_papers.all().delete()
    page = main_of(client, "/saved/")
    best = publication.papers_as_shown(Edition.objects.get(day=TODAY))[0]
    assert f'value="save {best.pk}"' in page.partition("Start with one of these")[2]
    Edition.objects.all().delete()
    assert "Start with one of these" not in main_of(client, "/saved/")


def test_tags_and_notes_are_kept_and_searched(client: Client, ada: Subscriber) -> None:
    fields = {
        "paper": str(paper(2).pk),
        "tags": "Fast, #thesis,fast , ",
        "note": "Compare with ours.",
        "back": "/saved/",
    }
    assert client.post("/saved/", fields)["Location"] == "/saved/"
    assert reading_list.find(ada, tag="FAST").get().tags == ["Fast", "thesis"]
    for query in ("q=ours", "q=thes", "tag=thesis", "q=diffusion", "q=turing+faster"):
        page = main_of(client, f"/saved/?{query}")
        assert "Faster Diffusion" in page, query
    assert "Reinforcement" not in main_of(client, "/saved/?tag=thesis")
    assert "No saved paper matches." in main_of(client, "/saved/?q=zebrafish")


def test_a_list_with_very_many_tags_shows_those_that_are_used_most(
    client: Client, ada: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_list, "MAX_SHOWN_TAGS", 1)
    for saved, tags in zip(reading_list.papers(reading_list.find(ada)), ("both", "rare, both"), strict=True):
        reading_list.annotate(ada, saved, tags, "")
    assert reading_list.tags_of(ada) == [reading_list.Tag("both", 2)]
    shown = main_of(client, "/saved/").partition("Your tags")[2].partition("</ul>")[0]
    assert ("both" in shown, "rare" in shown) == (True, False)
    assert reading_list.find(ada, tag="rare").count() == 1


@pytest.mark.parametrize("query", ["q=%00", "tag=%00", "order=x", "page=x", "q=" + "a+" * 300, "tag=%27%29--"])
def test_odd_searches_are_answered(client: Client, ada: Subscriber, query: str) -> None:
    main_of(client, f"/saved/?{query}")


def test_odd_tags_and_notes_are_kept_as_far_as_they_can_be(client: Client, ada: Subscriber) -> None:
    fields = {
        "paper": str(paper(1).pk),
        "tags": "a\x00b, " + ",".join(map(str, range(30))),
        "note": "\x00" + "x" * 9_999,
    }
    assert client.post("/saved/", fields).status_code == 302
    row = reading_list.find(ada, tag="a b").get()
    assert len(row.tags) == reading_list.MAX_TAGS
    assert len(row.note) == reading_list.MAX_NOTE_LENGTH


def test_another_site_can_not_write_a_note(ada: Subscriber) -> None:
    victim = Client(enforce_csrf_checks=True)
    sign_in(victim, ada)
    fields = {"paper": str(paper(1).pk), "note": "from elsewhere"}
    assert victim.post("/saved/", fields, headers={"Origin": "https://evil.example"}).status_code == 403
    assert not reading_list.find(ada, words="elsewhere").exists()


def test_a_paper_that_is_not_saved_has_no_note(client: Client, ada: Subscriber) -> None:
    for pk in (str(paper(3).pk), "", "x", "9" * 30):
        assert client.post("/saved/", {"paper": pk, "note": "x"}).status_code == 404


def test_it_exports_what_is_shown(client: Client, ada: Subscriber) -> None:
    reading_list.annotate(ada, paper(1), "rl", "=HYPERLINK(1)")
    rows = list(csv.DictReader(io.StringIO(client.get("/saved.csv?tag=rl").content.decode("utf-8-sig"))))
    assert [(row["title"], row["tags"], row["note"]) for row in rows] == [
        ("Reinforcement Learning at Scale", "rl", "'=HYPERLINK(1)")
    ]
    assert "@misc{" in client.get("/saved.bib").text
    assert client.get("/saved.ris").text.count("TY  - ") == 2


@pytest.mark.parametrize("suffix", ["bib", "ris", "csv"])
def test_an_export_reads_all_papers_in_one_query(client: Client, ada: Subscriber, suffix: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/saved.{suffix}")
    assert sum('"digest_paper"' in query["sql"] for query in queries) == 1


def test_removed_papers_are_deleted_after_a_day(ada: Subscriber) -> None:
    reading_list.remove(ada, paper(1), now=NOW)
    assert reading_list.delete_old(now=NOW + reading_list.UNDO_TIME) == 0
    assert reading_list.delete_old(now=NOW + reading_list.UNDO_TIME * 2) == 1


def test_for_you_is_the_digest_of_the_day_with_reasons(client: Client, ada: Subscriber) -> None:
    page = main_of(client, "/for-you/")
    assert "2608.00001" in page
    assert "2608.00002" in page
    assert "A Survey of" not in page  # alice wants none
    assert "Learning" in page
    assert "2608.00001" in main_of(client, f"/for-you/{TODAY}/")
    assert client.get("/for-you/2020-01-01/").status_code == 404


def test_for_you_leaves_out_what_is_not_for_the_reader(client: Client, ada: Subscriber) -> None:
    feedback.set_verdict(ada, paper(1), Opinion.Verdict.NOT_FOR_ME, now=NOW)
    page = main_of(client, "/for-you/")
    assert "2608.00001" not in page
    assert "2608.00002" in page
    feedback.set_verdict(ada, paper(1), "", now=NOW)
    assert "2608.00001" in main_of(client, "/for-you/")


def test_for_you_takes_few_queries(client: Client, ada: Subscriber, django_assert_max_num_queries: object) -> None:
    client.get("/for-you/")
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        client.get("/for-you/")


def test_each_paper_has_its_figure_summary_and_links(client: Client, ada: Subscriber) -> None:
    saved = paper(1)
    Paper.objects.filter(pk=saved.pk).update(summary="It scales.", github_url="https://github.com/a/b")
    Thumbnail.objects.create(paper=saved, mark="0123456789ab", tried_at=NOW)
    page = main_of(client, "/saved/")
    for part in ("It scales.", "https://github.com/a/b", f"/thumbnails/{saved.pk}", "saved 20 Aug", "▲"):
        assert part in page


def test_the_link_of_an_email_leads_a_signed_in_reader_to_the_page_with_tags(client: Client, ada: Subscriber) -> None:
    path = f"/preferences/{link_tokens.make_token(Purpose.PREFERENCES, ada)}/reading-list/"
    assert client.get(path)["Location"] == "/saved/"
    client.cookies.clear()
    assert "Faster Diffusion" in client.get(path).text


def test_for_you_shows_a_weekly_reader_the_days_since_the_last_digest(
    client: Client, ada: Subscriber, edition: Edition
) -> None:
    assert "since" not in main_of(client, "/for-you/").partition("</header>")[0]
    Subscriber.objects.update(frequency="weekly")
    assert "since 13 Aug" in main_of(client, "/for-you/").partition("</header>")[0]
