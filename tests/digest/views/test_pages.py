"""The public pages of papers."""

import datetime as dt
import html
import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from digest import papers
from digest.editions import publication
from digest.models import Edition, FetchRun, Listing, Paper, PaperAlias, QuietDay, Source
from digest.papers import topic_assignment
from digest.site import topics
from digest.views import editions
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY, make_record


def body(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    assert not response.cookies
    return response.content.decode()


@pytest.mark.usefixtures("edition")
def test_it_shows_the_newest_edition_ranked_by_votes(client: Client) -> None:
    page = body(client, "/")
    places = [page.index(title) for title in ("Reinforcement Learning at Scale", "Faster Diffusion", "A Survey of")]
    assert places == sorted(places)
    assert 'action="/subscribe/"' in page


@pytest.mark.usefixtures("edition")
def test_it_offers_the_subscription_once_on_each_page(client: Client) -> None:
    Edition.objects.create(day=TODAY - dt.timedelta(days=1), published_at=NOW)
    for path, has_form in (("/", True), ("/2026-08-20/", True), ("/2026-08-19/", False), ("/months/2026-08/", False)):
        page = body(client, path)
        assert ('type="email"' in page) == has_form
        assert len(re.findall(r"<(?:button|a) class=\"button[^>]*>Subscribe<", page)) == 1
        assert page.count("One click to leave") == 0  # what one agrees to says so


def test_the_first_paper_leads_a_day_as_it_is(client: Client, edition: Edition) -> None:
    page = body(client, f"/{edition.day}/")
    assert page.count('class="leading"') == 1
    assert page.index('class="leading"') < page.index('class="card"')
    for choice in ("sort=newest", "view=compact"):
        assert 'class="leading"' not in body(client, f"/{edition.day}/?{choice}")


@pytest.mark.usefixtures("edition")
def test_it_shows_an_edition_by_its_day(client: Client) -> None:
    assert "Faster Diffusion" in body(client, "/2026-08-20/")
    body(client, "/2026-08-19/", 404)
    body(client, "/2026-13-40/", 404)


@pytest.mark.usefixtures("edition")
def test_it_says_why_a_day_has_no_edition(client: Client) -> None:
    QuietDay.objects.create(day=TODAY - dt.timedelta(days=5), reason="Hugging Face listed <nothing>.")
    page = body(client, "/2026-08-15/", 404)
    assert "No papers are listed on weekends." in page
    assert "Hugging Face listed" not in page  # that is for operators
    QuietDay.objects.update(day=TODAY - dt.timedelta(days=1), cause="later")
    assert "That day’s papers are in the next edition." in body(client, "/2026-08-19/", 404)


def test_it_tells_operators_alone_why_there_is_no_edition_yet(client: Client, hugging_face: Source) -> None:
    FetchRun.objects.create(
        source=hugging_face, day=TODAY, started_at=NOW, status="unreachable", message="http://10.0.0.1/ is down"
    )
    page = body(client, "/")
    assert "No papers yet: a source cannot be reached" in page
    assert "see its log" in page
    assert "10.0.0.1" not in page


def test_it_links_the_editions_before_and_after(client: Client, edition: Edition) -> None:
    Edition.objects.create(day=TODAY - dt.timedelta(days=1), published_at=NOW)
    assert 'href="/2026-08-19/"' in body(client, "/2026-08-20/")
    assert 'href="/2026-08-20/"' in body(client, "/2026-08-19/")


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("path", ["/2026-08-20/", "/weeks/2026-W34/", "/months/2026-08/"])
def test_the_first_edition_has_no_empty_navigation(client: Client, path: str) -> None:
    assert 'class="turn"' not in body(client, path)


def test_it_shows_pins_first_notes_around_and_no_hidden_paper(client: Client, edition: Edition) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_pinned=True)
    Paper.objects.filter(title__startswith="A Survey").update(is_hidden=True)
    Edition.objects.update(note_before="Good <b>morning</b>: https://example.org/?a=1&b=2.", note_after="Good night")
    page = body(client, "/").partition("</head>")[2]
    assert page.index("Good &lt;b&gt;morning") < page.index("Faster Diffusion") < page.index("Learning at Scale")
    assert page.index("Learning at Scale") < page.index("Good night")
    assert '<a href="https://example.org/?a=1&amp;b=2">https://example.org/?a=1&amp;b=2</a>.</p>' in page
    assert "A Survey" not in page
    body(client, "/papers/arxiv:2608.00003/", 404)


@pytest.mark.usefixtures("learning")
def test_it_shows_a_summary_before_the_abstract_and_says_whose_it_is(client: Client, edition: Edition) -> None:
    Paper.objects.filter(title__contains="at Scale").update(summary="Learning, <b>faster</b>.")
    of_its_own = re.sub(r"<[^>]*>", " ", body(client, "/papers/arxiv:2608.00001/").partition("<main")[2])
    assert "AI summary Learning, &lt;b&gt;faster&lt;/b&gt;. Abstract" in " ".join(of_its_own.split())
    for path in ("/", "/search?q=learning", "/topics/learning/"):
        page = re.sub(r"</?(?:span|mark)[^>]*>", "", body(client, path))
        assert "AI summary: Learning, &lt;b&gt;faster&lt;/b&gt;." in page
        assert page.index("AI summary:") < page.index("Abstract")
        assert page.count("AI summary:") == 1  # others have none


@pytest.mark.usefixtures("edition")
def test_it_shows_a_paper(client: Client) -> None:
    page = body(client, "/papers/arxiv:2608.00002/")
    assert "We generate video." in page
    assert "Ada Lovelace" in page
    assert "Hugging Face Daily Papers" in page
    body(client, "/papers/arxiv:9999.99999/", 404)


def test_it_leads_on_from_a_paper(client: Client, edition: Edition) -> None:
    first, second, third = (paper.key for paper in publication.papers_as_shown(edition))
    page = body(client, f"/papers/{second}/")
    assert f'rel="prev" href="/papers/{first}/"' in page
    assert f'rel="next" href="/papers/{third}/"' in page
    assert 'rel="prev"' not in body(client, f"/papers/{first}/")
    assert 'rel="next"' not in body(client, f"/papers/{third}/")
    Paper.objects.filter(key=second).update(is_hidden=True)
    assert f'rel="next" href="/papers/{third}/"' in body(client, f"/papers/{first}/")
    Paper.objects.filter(key=first).update(edition=None)
    assert 'rel="next"' not in body(client, f"/papers/{first}/")


@pytest.mark.usefixtures("edition")
def test_it_says_what_others_think_of_a_paper(client: Client) -> None:
    page = body(client, "/papers/arxiv:2608.00001/").partition("<h2")[0]
    assert "30 votes" in page
    assert 'href="https://huggingface.co/papers/2608.00001"' in page
    assert "Discussion at Hugging Face Daily Papers" in page
    Listing.objects.update(comments=3)
    assert "3 comments at Hugging Face Daily Papers" in body(client, "/papers/arxiv:2608.00001/")
    Source.objects.update(kind="sample")
    assert "Hugging Face Daily Papers" not in body(client, "/papers/arxiv:2608.00001/").partition("<h2")[0]


@pytest.mark.usefixtures("edition")
def test_it_shows_a_short_reference_to_copy(client: Client) -> None:
    in_file = client.get("/papers/arxiv:2608.00002.bib").content.decode()
    assert "  abstract = {We generate video.},\n" in in_file
    to_copy = in_file.replace("  abstract = {We generate video.},\n", "")
    assert html.unescape(body(client, "/papers/arxiv:2608.00002/")).count(to_copy) == 2  # shown, and on its button


@pytest.mark.parametrize("form", ["/", ".bib", ".ris"])
def test_it_leads_from_a_papers_former_key_to_its_page(client: Client, edition: Edition, form: str) -> None:
    PaperAlias.objects.create(key="doi:10.1000/x.y", paper=edition.papers.earliest("pk"))
    response = client.get(f"/papers/doi:10.1000/x.y{form}")
    assert (response.status_code, response["Location"]) == (301, f"/papers/arxiv:2608.00001{form}")


@pytest.mark.usefixtures("edition")
def test_it_gives_a_papers_reference_to_other_software(client: Client) -> None:
    bib, ris = client.get("/papers/arxiv:2608.00002.bib"), client.get("/papers/arxiv:2608.00002.ris")
    assert bib["Content-Type"].startswith("application/x-bibtex")
    assert 'filename="arxiv260800002.bib"' in bib["Content-Disposition"]
    assert bib["X-Robots-Tag"] == ris["X-Robots-Tag"] == "noindex"
    assert "eprint = {2608.00002}" in bib.content.decode()
    assert "AU  - Lovelace, Ada" in ris.content.decode()
    assert 'href="/papers/arxiv:2608.00002.bib"' in body(client, "/papers/arxiv:2608.00002/")


def test_it_narrows_an_edition_to_a_topic(client: Client, learning: Topic, edition: Edition) -> None:
    whole, narrowed = body(client, "/2026-08-20/"), body(client, "/2026-08-20/?topic=learning")
    assert 'href="/2026-08-20/?area=methods"' in whole
    assert 'href="/2026-08-20/?topic=learning"' in body(client, "/2026-08-20/?area=methods")
    assert "Learning at Scale" in narrowed
    assert "Faster Diffusion" not in narrowed
    assert 'aria-current="true">Learning' in narrowed
    body(client, "/2026-08-20/?topic=nonsense", 404)


@pytest.mark.usefixtures("learning", "vision")
def test_it_narrows_an_edition_to_an_area_and_counts_each_paper_once(client: Client, edition: Edition) -> None:
    Topic.objects.create(slug="scale", name="Scale", group="Methods", phrases=["at scale"])
    Topic.objects.create(slug="surveys", name="Surveys", group="Reading", phrases=["survey"])
    topic_assignment.assign_topics(edition)
    links = dict(re.findall(r'href="/2026-08-20/\?area=(\w+)"[^>]*>[^<]+<span class="count">(\d+)<', body(client, "/")))
    assert links == {"methods": "3", "reading": "1"}
    page = body(client, "/2026-08-20/?area=reading")
    assert "A Survey" in page
    assert "Faster Diffusion" not in page
    assert "1 paper in Reading" in page
    Paper.objects.filter(title__startswith="A Survey").update(is_hidden=True)
    assert "No papers in Reading that day" in body(client, "/2026-08-20/?area=reading")
    assert "Faster Diffusion" in body(client, "/2026-08-20/?area=nonsense")


def test_it_lists_topics_of_one_paper_apart(client: Client, edition: Edition, learning: Topic) -> None:
    Topic.objects.create(slug="scale", name="Scale", group="Methods", phrases=["at scale"])
    topic_assignment.assign_topics(edition)
    page = body(client, "/2026-08-20/?area=methods").partition('aria-label="Filter by topic"')[2]
    assert page.index("?topic=learning") < page.index("More topics") < page.index("?topic=scale")


@pytest.mark.parametrize(
    ("order", "first"),
    [("votes", "Scale"), ("newest", "Diffusion"), ("stars", "Diffusion"), ("comments", "Survey"), ("odd", "Scale")],
)
def test_it_orders_an_edition(client: Client, edition: Edition, order: str, first: str) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(published_on=TODAY, github_stars=5)
    Paper.objects.filter(title__startswith="A Survey").update(comments=7)
    page = body(client, f"/2026-08-20/?sort={order}").partition('<ol class="papers')[2]
    titles = {"Scale": "Learning at Scale", "Diffusion": "Faster Diffusion", "Survey": "A Survey of"}
    assert min(titles, key=lambda name: page.index(titles[name])) == first


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("path", ["/2026-08-20/", "/weeks/2026-W34/", "/months/2026-08/"])
def test_it_shows_a_compact_list_if_asked(client: Client, path: str) -> None:
    assert '<ol class="papers"' in body(client, path)
    assert '<ol class="papers compact"' in body(client, f"{path}?view=compact")


@pytest.mark.usefixtures("edition")
def test_it_keeps_the_choices_in_the_links_to_other_pages(client: Client) -> None:
    Edition.objects.create(day=TODAY - dt.timedelta(days=1), published_at=NOW)
    page = body(client, "/2026-08-20/?sort=stars&view=compact&other=1")
    assert 'href="/2026-08-19/?sort=stars&amp;view=compact"' in page
    assert 'href="/2026-08-20/?sort=newest&amp;view=compact"' in page
    assert "other=1" not in page


@pytest.mark.usefixtures("edition")
def test_it_shows_comments_and_the_votes_since_publication(client: Client) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(comments=3, votes=25, edition_votes=20)
    page = re.sub(r"<[^>]+>", "", body(client, "/"))
    assert re.search(r"▲ 25 votes\s*\+5\s*3 comments", page)
    assert page.count("+") == 1


def test_it_says_when_a_day_has_nothing_on_a_topic(client: Client, edition: Edition) -> None:
    Topic.objects.create(slug="cooking", name="Cooking", group="Home", phrases=["soufflé"])
    assert "No papers on Cooking that day" in body(client, "/2026-08-20/?topic=cooking")
    assert "No papers on this topic yet" in body(client, "/topics/cooking/")


def test_it_shows_what_was_published_on_a_topic_and_marks_why(
    client: Client, learning: Topic, edition: Edition
) -> None:
    page = body(client, "/topics/learning/")
    assert "<mark>Reinforcement Learning</mark> at Scale" in page
    assert "Faster Diffusion" not in page
    assert 'href="/subscribe/?topics=learning"' in page
    assert 'href="/topics/learning/"' in body(client, "/topics/")


def test_it_counts_no_hidden_paper_on_a_topic(client: Client, learning: Topic, edition: Edition) -> None:
    assert '"count">2<span' in body(client, "/topics/")
    Paper.objects.filter(title__startswith="A Survey").update(is_hidden=True)
    assert '"count">1<span' in body(client, "/topics/")


def test_its_catalogue_lists_the_area_then_its_topics_by_size_and_folds_the_others(
    client: Client, learning: Topic, vision: Topic, edition: Edition
) -> None:
    assert 'href="/topics/methods/"' not in body(client, "/topics/")
    Topic.objects.create(slug="methods", name="Methods", group="Methods", narrower=["learning", "vision"])
    Topic.objects.create(slug="cooking", name="Cooking", group="Methods", phrases=["cooking"])
    page = body(client, "/topics/")
    parts = (
        'href="#methods"',
        'id="methods"',
        'href="/topics/methods/"',
        'href="/topics/learning/"',
        "1 more topic",
        "Cooking",
    )
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)


@pytest.mark.usefixtures("edition")
def test_it_finds_a_topic_by_its_name_then_by_its_phrases(client: Client, learning: Topic, vision: Topic) -> None:
    Topic.objects.create(slug="tv", name="Films", group="Methods", phrases=["vision", "films"])
    page = body(client, "/topics/?q=vision")
    assert page.index("Vision</a>") < page.index("Films</a>")
    assert "2 topics for" in page
    assert "Learning</a>" not in page
    for odd in ("", "%20", "\x00", "%25", "x" * 3_000, "zebrafish"):
        body(client, f"/topics/?q={odd}")
    assert 'href="/search?q=zebrafish"' in body(client, "/topics/?q=zebrafish")


def test_it_orders_a_topics_papers_by_day_or_by_votes(
    client: Client, hugging_face: Source, learning: Topic, edition: Edition
) -> None:
    day = TODAY - dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.00009", "Older Reinforcement Learning", day=day, votes=99)], day)
    publication.publish(day, now=NOW)
    titles = (" at Scale", "A Survey of", "Older ")

    def order(page: str) -> list[str]:
        return sorted(titles, key=page.partition("<main")[2].index)

    assert order(body(client, "/topics/learning/")) == list(titles)
    by_votes = body(client, "/topics/learning/?sort=votes")
    assert order(by_votes) == [titles[2], *titles[:2]]
    assert re.search('rel="canonical" href="[^"]*/topics/learning/.sort=votes"', by_votes)
    assert order(body(client, "/topics/learning/?sort=x")) == list(titles)
    assert 'class="why"' not in by_votes


def test_it_sorts_anew_when_a_topic_changes(client: Client, learning: Topic, edition: Edition) -> None:
    Topic.objects.filter(pk=learning.pk).update(name="Diffusion", phrases=["faster diffusion", "diffusion"])
    assert topic_assignment.reassign_stale(seconds=10) == 1
    assert topic_assignment.reassign_stale(seconds=10) == 0
    page = body(client, "/topics/learning/")
    assert "Diffusion</mark>" in page


def test_it_sorts_at_once_what_is_published_and_thoroughly_soon(learning: Topic, edition: Edition) -> None:
    assert topics.papers_on(learning).count() == 2
    assert topic_assignment.reassign_stale(seconds=10) == 1
    assert topic_assignment.reassign_stale(seconds=10) == 0


def test_it_sorts_anew_when_a_paper_changes(hugging_face: Source, learning: Topic, edition: Edition) -> None:
    topic_assignment.assign_topics(edition)
    assert topic_assignment.reassign_stale(seconds=10) == 0
    papers.ingest(hugging_face, [make_record("2608.00001", "Reinforcement Learning at Scale", votes=31)], TODAY)
    assert topic_assignment.reassign_stale(seconds=10) == 1


@pytest.mark.usefixtures("edition", "now")
def test_it_shows_a_month_as_a_calendar_with_its_best_papers(client: Client) -> None:
    QuietDay.objects.create(day=TODAY - dt.timedelta(days=5), reason="Nothing was listed.")
    page = body(client, "/months/2026-08/")
    assert 'href="/2026-08-20/"><time datetime="2026-08-20">20</time><span class="count">3' in page
    assert 'title="No papers are listed on weekends."' in page
    assert page.count('aria-current="date"') == 1
    assert 'href="/weeks/2026-W34/"' in page
    assert page.index("Learning at Scale") < page.index("Faster Diffusion") < page.index("A Survey of")
    assert client.get("/calendar/")["Location"] == "/months/2026-08/"


def test_it_ranks_the_best_of_a_week_by_the_votes_of_now(client: Client, edition: Edition) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(votes=99)
    page = body(client, "/weeks/2026-W34/")
    assert page.index("Faster Diffusion") < page.index("Learning at Scale")
    assert 'href="/2026-08-20/"' in page


@pytest.mark.usefixtures("learning", "edition")
@pytest.mark.parametrize("path", ["/weeks/2026-W34/", "/months/2026-08/"])
def test_a_week_and_a_month_are_narrowed_and_ordered_as_a_day(client: Client, path: str) -> None:
    found = re.search(f'href="{path}\\?area=methods">Methods <span class="count">(\\d)<', body(client, path))
    assert found
    for query in ("?area=methods", "?topic=learning"):
        page = body(client, path + query)
        assert "Learning at Scale" in page
        assert "Faster Diffusion" not in page
        assert page.count("data-paper") == int(found[1])
    Paper.objects.filter(title="Faster Diffusion").update(github_stars=5)
    page = body(client, f"{path}?sort=stars").partition('<ol class="papers')[2]
    assert page.index("Faster Diffusion") < page.index("Learning at Scale")
    body(client, f"{path}?topic=nonsense", 404)


@pytest.mark.usefixtures("edition")
def test_a_week_has_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "PAPERS_OF_A_PERIOD", 2)
    assert 'href="/weeks/2026-W34/?sort=newest&amp;page=2"' in body(client, "/weeks/2026-W34/?sort=newest")
    assert "3–3 of 3" in body(client, "/weeks/2026-W34/?page=2")


@pytest.mark.parametrize("path", ["/weeks/2026-W34/", "/months/2026-08/"])
def test_it_says_that_a_week_has_no_edition_yet(client: Client, now: dt.datetime, db: None, path: str) -> None:
    assert "No edition this" in body(client, path)
    assert client.get(path.replace("34", "20").replace("-08", "-01")).status_code == 404


def test_it_says_that_papers_are_on_their_way(client: Client, db: None) -> None:
    assert "half" in body(client, "/") or "moment" in body(client, "/")


def test_it_shows_hostile_text_as_text(client: Client, hugging_face: Any, edition: Edition) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    papers.ingest(hugging_face, [make_record("2608.00001", hostile, abstract=hostile, authors=(hostile,))], TODAY)
    for path in ("/", "/papers/arxiv:2608.00001/"):
        page = body(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.django_db
def test_it_answers_whether_it_is_healthy(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.usefixtures("edition")
def test_it_asks_the_database_few_questions(client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        body(client, "/")


def test_it_shows_a_long_day_in_pages(client: Client, hugging_face: Any) -> None:
    day = TODAY - dt.timedelta(days=1)
    records = [make_record(f"2608.1{n:04}", f"Paper of Rank {n + 1:03}", day=day, votes=300 - n) for n in range(150)]
    papers.ingest(hugging_face, records, day)
    publication.publish(day, now=NOW)
    first, second = body(client, "/2026-08-19/"), body(client, "/2026-08-19/?page=2")
    assert ("150 papers<" in first, "Rank 040" in first, "Rank 041" in first) == (True, True, False)
    assert ("Rank 040" in second, "Rank 041" in second, "41–80 of 150" in second) == (False, True, True)
    assert 'href="/2026-08-19/?page=2"' in first
    for odd in ("0", "9", "x"):
        body(client, f"/2026-08-19/?page={odd}")


def test_it_says_until_when_an_edition_is_open(client: Client, edition: Edition) -> None:
    open_until = "still open until 16:00 UTC"
    assert open_until not in client.get("/").content.decode()
    Edition.objects.update(closed_at=None)
    with time_machine.travel(NOW):
        assert open_until in client.get("/").content.decode()
    with time_machine.travel(NOW + dt.timedelta(days=1)):  # no task ran to close it
        assert open_until not in client.get("/").content.decode()


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize(("by", "label"), [("ai", "AI summary:"), ("sentence", "")])
def test_a_list_shows_the_take_away_of_a_paper_without_a_summary(client: Client, by: str, label: str) -> None:
    Paper.objects.update(take_away="In one step, at half the cost.", take_away_by=by)
    page = body(client, "/")
    assert page.count("In one step, at half the cost.") == 3
    assert ("AI summary:" in page) == bool(label)
