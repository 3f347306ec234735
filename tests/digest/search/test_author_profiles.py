"""Reading of authors' public profiles, against a server on loopback that answers as each service does."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Turn
from digest.search.author_profiles import Profile, ProfileError, ProfileProblem, Service, cut_addresses, read, read_all
from digest.search.citation_parser import Reference
from subscriptions.models import Mark
from subscriptions.security import abuse_limits
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parents[2] / "data"
ORCID, S2, DBLP = "0000-0002-1825-0097", "1741101", "65/9612"
PATHS = {
    Service.ORCID: f"/v3.0/{ORCID}/works",
    Service.SEMANTIC_SCHOLAR: f"/graph/v1/author/{S2}/papers",
    Service.DBLP: f"/pid/{DBLP}.xml",
}
NUMBERS = {Service.ORCID: ORCID, Service.SEMANTIC_SCHOLAR: S2, Service.DBLP: DBLP}


def work(title: str | None, year: str, *ids: tuple[str, str, str]) -> dict[str, Any]:
    """Return a group of an ORCID record, as API 3.0 writes it."""
    external = [
        {"external-id-type": kind, "external-id-value": value, "external-id-relationship": relation}
        for kind, value, relation in ids
    ]
    summary = {
        "put-code": 1, "title": {"title": {"value": title}, "subtitle": None} if title else None,
        "external-ids": {"external-id": external}, "url": None, "type": "journal-article",
        "publication-date": {"year": {"value": year}, "month": None, "day": None} if year else None,
    }  # fmt: skip
    return {"last-modified-date": None, "external-ids": {"external-id": external}, "work-summary": [summary]}


RECORD = {
    "group": [
        work("Whale Songs", "2019", ("isbn", "978-3", "part-of"), ("doi", "10.1000/WHALES", "self")),
        work("Attention Is All You Need", "2021", ("arxiv", "1706.03762", "self")),
        work(None, "2020"),
    ]
}
PAPERS = {
    "offset": 0,
    "data": [
        {"paperId": "a", "title": "Whale Songs", "abstract": "We listen.", "year": 2019, "externalIds": {
            "DOI": "10.1000/whales", "CorpusId": 1}, "authors": [{"authorId": "1", "name": "Ada Lovelace"}]},
        {"paperId": "b", "title": "Attention Is All You Need", "abstract": None, "year": 2021, "externalIds": {
            "ArXiv": "1706.03762", "DOI": "10.48550/arXiv.1706.03762"}, "authors": []},
        {"paperId": "c", "title": "No Year", "abstract": None, "year": None, "externalIds": None, "authors": None},
    ],
}  # fmt: skip
PERSON = """<?xml version="1.0" encoding="UTF-8"?>
<dblpperson name="Ada Lovelace" pid="65/9612" n="3">
<person key="homepages/65/9612"><author pid="65/9612">Ada Lovelace</author></person>
<r><article key="journals/corr/a" publtype="informal"><author pid="65/9612">Ada Lovelace 0001</author>
<title>Attention <i>Is</i> All You Need.</title><year>2021</year>
<ee type="oa">https://doi.org/10.48550/arXiv.1706.03762</ee></article></r>
<r><inproceedings key="conf/a"><author pid="65/9612">Ada Lovelace 0001</author><title>Whale Songs.</title>
<year>2019</year><ee>https://doi.org/10.1000/whales</ee></inproceedings></r>
<r><proceedings key="conf/b"><editor pid="65/9612">Ada Lovelace 0001</editor><title>Edited.</title></proceedings></r>
<coauthors n="0" nc="0"/></dblpperson>"""
GOOD = {Service.ORCID: json.dumps(RECORD), Service.SEMANTIC_SCHOLAR: json.dumps(PAPERS), Service.DBLP: PERSON}
SERVICES = list(PATHS)


@pytest.fixture
def server(settings: Any) -> Iterator[Upstream]:
    with Upstream() as upstream:
        settings.ORCID_API_URL = settings.SEMANTIC_SCHOLAR_API_URL = settings.DBLP_URL = upstream.url
        settings.ARXIV_API_URL = upstream.url
        settings.READ_PROFILES = True
        yield upstream


def problem_of(profile: Profile) -> ProfileProblem:
    """Return why the profile can't be read."""
    found, (unread,) = read_all([profile], lambda: True)
    assert (found, unread.profile) == ([], profile)
    return unread.problem


@pytest.mark.parametrize(
    ("line", "profile"),
    [
        (f"https://orcid.org/{ORCID}", Profile(Service.ORCID, ORCID)),
        (f"ORCID iD: {ORCID}", Profile(Service.ORCID, ORCID)),
        (f"{ORCID}", Profile(Service.ORCID, ORCID)),
        ("orcid.org/0000-0001-5000-000x", Profile(Service.ORCID, "0000-0001-5000-000X")),
        (f"https://www.semanticscholar.org/author/Ada-Lovelace/{S2}?sort=year", Profile(Service.SEMANTIC_SCHOLAR, S2)),
        (f"semanticscholar.org/author/{S2}", Profile(Service.SEMANTIC_SCHOLAR, S2)),
        (f"me: https://dblp.org/pid/{DBLP}.html", Profile(Service.DBLP, DBLP)),
        ("https://dblp.uni-trier.de/pid/k/DonaldEKnuth", Profile(Service.DBLP, "k/DonaldEKnuth")),
        (
            "https://scholar.google.co.uk/citations?hl=en&user=JicYPdAAAAAJ",
            Profile(Service.GOOGLE_SCHOLAR, "JicYPdAAAAAJ"),
        ),
    ],
)
def test_it_finds_the_address_of_a_profile(line: str, profile: Profile) -> None:
    assert cut_addresses(f"1706.03762\n{line}\nWhale Songs of Old") == ([profile], "1706.03762\nWhale Songs of Old")


@pytest.mark.parametrize(
    "line",
    ["https://example.org/author/1", "https://dblp.org/rec/conf/a/b", "https://orcid.org/", "see 0000-0002-1825-0097"],
)
def test_it_takes_no_other_address_for_a_profile(line: str) -> None:
    assert cut_addresses(line) == ([], line)


@pytest.mark.parametrize("service", SERVICES)
def test_it_reads_a_profile_newest_papers_first(server: Upstream, service: Service) -> None:
    server.say(PATHS[service], GOOD[service])
    found = read(Profile(service, NUMBERS[service]), 5)
    assert [(paper.key, paper.title) for paper in found[:2]] == [
        ("arxiv:1706.03762", "Attention Is All You Need"),
        ("doi:10.1000/whales", "Whale Songs"),
    ]
    (asked,) = server.asked
    assert asked.path == PATHS[service]
    assert asked.headers["user-agent"].startswith("DailyPapers/")


def test_each_service_is_asked_in_its_own_way(server: Upstream, settings: Any) -> None:
    settings.SEMANTIC_SCHOLAR_API_KEY = "secret"
    for service in SERVICES:
        server.say(PATHS[service], GOOD[service])
        read(Profile(service, NUMBERS[service]), 5)
    orcid, scholar, dblp = server.asked
    assert orcid.headers["accept"] == "application/json"
    assert scholar.headers["x-api-key"] == "secret"
    assert "abstract" in scholar.query["fields"]
    assert "x-api-key" not in {*orcid.headers, *dblp.headers}


def test_it_reads_abstracts_and_authors_where_there_are_any(server: Upstream) -> None:
    server.say(PATHS[Service.SEMANTIC_SCHOLAR], GOOD[Service.SEMANTIC_SCHOLAR])
    server.say(PATHS[Service.DBLP], GOOD[Service.DBLP])
    assert read(Profile(Service.SEMANTIC_SCHOLAR, S2), 5)[1:] == [
        Reference("Whale Songs", "doi:10.1000/whales", "Whale Songs", "We listen.", ("Ada Lovelace",)),
        Reference("No Year", title="No Year"),
    ]
    assert [paper.authors for paper in read(Profile(Service.DBLP, DBLP), 5)] == [("Ada Lovelace",)] * 2


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ("no such author", 404, ProfileProblem.NOT_FOUND),
        ("", 403, ProfileProblem.NO_ANSWER),
        ("<html>down</html>", 503, ProfileProblem.NO_ANSWER),
        ("", 429, ProfileProblem.NO_ANSWER),
        ("", 200, ProfileProblem.UNREADABLE),
        ("<html>Welcome</html>", 200, ProfileProblem.UNREADABLE),
        ("[" * 100_000, 200, ProfileProblem.UNREADABLE),
        ('{"group": 3, "data": 3}', 200, ProfileProblem.UNREADABLE),
        ('{"group": [1], "data": [1]}', 200, ProfileProblem.UNREADABLE),
        ('<!DOCTYPE a [<!ENTITY b "c">]><dblpperson><r>&b;</r></dblpperson>', 200, ProfileProblem.UNREADABLE),
    ],
)
def test_it_says_why_it_cannot_read_a_profile(
    server: Upstream, service: Service, body: str, status: int, problem: ProfileProblem
) -> None:
    server.say(PATHS[service], body, status)
    assert problem_of(Profile(service, NUMBERS[service])) == problem


@pytest.mark.parametrize(
    ("service", "body"),
    [
        (Service.ORCID, '{"group": []}'),
        (Service.SEMANTIC_SCHOLAR, '{"data": [{"title": null}]}'),
        (Service.DBLP, '<dblpperson name="Ada" pid="1/1"/>'),
    ],
)
def test_it_says_that_a_profile_has_no_papers(server: Upstream, service: Service, body: str) -> None:
    server.say(PATHS[service], body)
    assert problem_of(Profile(service, NUMBERS[service])) == ProfileProblem.NO_PAPERS


def test_it_does_not_wait_as_long_as_a_busy_service_asks_for(server: Upstream) -> None:
    server.say(PATHS[Service.SEMANTIC_SCHOLAR], "", 429, Retry_After="3600")
    began = time.monotonic()
    assert problem_of(Profile(Service.SEMANTIC_SCHOLAR, S2)) == ProfileProblem.NO_ANSWER
    assert time.monotonic() - began < 4
    assert len(server.asked) == 1


def test_it_gives_up_when_the_time_of_all_profiles_is_over(server: Upstream) -> None:
    server.say(PATHS[Service.DBLP], PERSON)
    server.answers[PATHS[Service.DBLP]][0].length = 10**6  # the rest never comes
    with pytest.raises(ProfileError, match=ProfileProblem.NO_ANSWER):
        read(Profile(Service.DBLP, DBLP), 0.2)


def test_it_follows_no_redirect_to_another_host(server: Upstream) -> None:
    server.say(PATHS[Service.DBLP], "", 302, Location="http://169.254.169.254/latest/meta-data/")
    assert problem_of(Profile(Service.DBLP, DBLP)) == ProfileProblem.UNREADABLE
    assert len(server.asked) == 1


def test_it_follows_a_redirect_to_the_number_that_a_profile_has_now(server: Upstream) -> None:
    server.say(PATHS[Service.DBLP], "", 301, Location="/pid/1/1.xml")
    server.say("/pid/1/1.xml", PERSON)
    assert len(read(Profile(Service.DBLP, DBLP), 5)) == 2


def test_it_asks_nobody_about_a_wrong_number_or_where_reading_is_off(server: Upstream, settings: Any) -> None:
    assert problem_of(Profile(Service.ORCID, "0000-0002-1825-0098")) == ProfileProblem.WRONG_NUMBER
    assert problem_of(Profile(Service.GOOGLE_SCHOLAR, "a")) == ProfileProblem.NO_API
    settings.READ_PROFILES = False
    assert problem_of(Profile(Service.DBLP, DBLP)) == ProfileProblem.OFF
    assert not server.asked


def test_it_reads_a_few_profiles_at_a_time(server: Upstream) -> None:
    server.say(PATHS[Service.DBLP], PERSON)
    several = [Profile(Service.DBLP, DBLP), *(Profile(Service.DBLP, f"1/{number}") for number in range(4))]
    found, unread = read_all(several, lambda: True)
    assert len(found) == 2
    assert [one.problem for one in unread] == [ProfileProblem.NOT_FOUND] * 2 + [ProfileProblem.TOO_MANY] * 2
    assert read_all(several[:1], lambda: False)[1][0].problem == ProfileProblem.TOO_OFTEN


# The page


@pytest.mark.django_db
def test_the_papers_of_a_profile_are_shown_to_choose_from(server: Upstream, client: Client) -> None:
    server.say(PATHS[Service.ORCID], GOOD[Service.ORCID])
    page = client.post("/suggest/", {"papers": f"https://orcid.org/{ORCID}\nOn Computable Numbers"}).content.decode()
    assert all(title in page for title in ("Whale Songs", "Attention Is All You Need", "On Computable Numbers"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://scholar.google.com/citations?user=JicYPdAAAAAJ", "choose Export and then BibTeX"),
        ("https://dblp.org/pid/1/1", "DBLP has no such profile"),
        ("https://orcid.org/0000-0002-1825-0098", "Check it for a typing error"),
    ],
)
def test_the_page_says_what_to_do_instead(server: Upstream, client: Client, address: str, said: str) -> None:
    page = client.post("/suggest/", {"papers": address}).content.decode()
    assert said in page
    assert f">{address}</textarea>" in page


@pytest.mark.django_db
def test_a_visitor_can_ask_ten_times_an_hour(server: Upstream, client: Client) -> None:
    for _ in range(10):
        assert "no such profile" in client.post("/suggest/", {"papers": "https://dblp.org/pid/1/1"}).content.decode()
    assert "Try again in an hour" in client.post("/suggest/", {"papers": "https://dblp.org/pid/1/1"}).content.decode()
    assert len(server.asked) == 10
    assert Mark.objects.filter(key=abuse_limits.profile_limits("")[1].key).count() == 10


@pytest.mark.django_db
def test_arxiv_describes_the_papers_that_this_site_does_not_have(server: Upstream, client: Client) -> None:
    server.say("/api/query", (DATA / "arxiv_api.xml").read_bytes())
    page = client.post("/suggest/", {"papers": "2608.00001\n2608.00001v2 1901.00001"}).content.decode()
    assert "Counting &lt;think&gt; Tokens" in page
    assert "not on this site: we learn from its title and abstract" in page
    assert "1901.00001: this site doesn’t have it" in page
    assert [asked.query["id_list"] for asked in server.asked] == ["2608.00001,1901.00001"]


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "status"), [("", 503), ("<html></html>", 200), ("", 429)])
def test_without_an_answer_from_arxiv_the_visitor_is_asked_for_titles(
    server: Upstream, client: Client, body: str, status: int
) -> None:
    server.say("/api/query", body, status)
    page = client.post("/suggest/", {"papers": "1901.00001\nOn Computable Numbers"}).content.decode()
    assert "1901.00001: this site doesn’t have it. Paste its title too" in page
    assert "On Computable Numbers" in page
    assert len(server.asked) == 1


@pytest.mark.django_db
def test_arxiv_is_not_asked_while_others_wait_for_it(server: Upstream, client: Client) -> None:
    Turn.objects.create(name="arxiv", free_at=timezone.now() + dt.timedelta(seconds=30))
    assert "Paste its title too" in client.post("/suggest/", {"papers": "1901.00001"}).content.decode()
    assert not server.asked
