"""Summaries from a server with OpenAI's API for chats, which is a stub on this machine."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from digest import papers
from digest.language_models import summaries
from digest.language_models.chat import AnswerError
from digest.language_models.summaries import read_summary, summarize_missing
from digest.models import Paper, Source, SummaryRequest
from tests.chat_server import ChatServer
from tests.conftest import NOW, TODAY, make_record

GOOD = "The paper trains agents in one step, and halves the cost."


@pytest.fixture
def server(settings: Any) -> Iterator[ChatServer]:
    with ChatServer(lambda _asked: GOOD).running() as server:
        settings.SUMMARY_API_URL, settings.SUMMARY_MODEL = server.url, "a-model"
        yield server


@pytest.fixture
def three(hugging_face: Source) -> list[Paper]:
    records = [make_record(f"2608.0000{n}", f"Paper {n}", abstract=f"Abstract {n}. " * 30, votes=n) for n in (1, 2, 3)]
    papers.ingest(hugging_face, records, TODAY)
    Paper.objects.update(first_seen_at=NOW)
    return list(Paper.objects.order_by("-votes"))


def take_aways() -> list[tuple[str, str]]:
    return list(Paper.objects.order_by("-votes").values_list("take_away", "take_away_by"))


def ask(later: dt.timedelta = dt.timedelta(0)) -> int:
    return summarize_missing(now=NOW + later, seconds=60)


@pytest.mark.usefixtures("three")
def test_it_stores_the_summaries_and_asks_about_each_paper_once(server: ChatServer, settings: Any) -> None:
    settings.SUMMARY_API_KEY = "secret"
    assert (ask(), ask()) == (3, 0)
    assert take_aways() == [(GOOD, "ai")] * 3
    assert server.keys == ["Bearer secret"] * 3
    first = server.requests[0]
    assert (first["model"], first["max_tokens"]) == ("a-model", 150)
    assert json.loads(first["messages"][1]["content"])["title"] == "Paper 3"  # the most voted one


@pytest.mark.usefixtures("three")
def test_it_keeps_to_the_budget_of_the_day(server: ChatServer, settings: Any) -> None:
    settings.SUMMARY_MAX_PER_DAY = 2
    assert (ask(), ask()) == (2, 0)
    assert ask(dt.timedelta(days=1)) == 1
    assert len(server.requests) == 3


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("status", [429, 500, 302])
def test_after_an_error_of_the_server_it_pauses_and_papers_keep_their_key_sentences(
    server: ChatServer, status: int
) -> None:
    Paper.objects.update(take_away="We do it.", take_away_by="sentence")
    server.status = status
    assert (ask(), ask(dt.timedelta(minutes=14))) == (0, 0)
    assert len(server.requests) == 1
    assert take_aways() == [("We do it.", "sentence")] * 3
    server.status = 200
    assert ask(dt.timedelta(minutes=16)) == 3


@pytest.mark.usefixtures("three")
def test_it_does_not_wait_for_a_slow_server(server: ChatServer, settings: Any) -> None:
    settings.SUMMARY_TIMEOUT = 0.2
    with server.hanging():
        assert ask() == 0
    assert len(server.requests) == 1
    assert not SummaryRequest.objects.exists()


@pytest.mark.usefixtures("three")
def test_a_server_that_is_not_there_only_pauses(settings: Any) -> None:
    settings.SUMMARY_API_URL = "http://127.0.0.1:9/v1"
    assert ask() == 0
    assert take_aways() == [("", "")] * 3


@pytest.mark.usefixtures("three")
def test_an_answer_of_no_use_is_noted_and_not_asked_for_again(server: ChatServer) -> None:
    server.answer = lambda _asked: "See https://evil.example for a summary of this paper."
    assert (ask(), ask()) == (0, 0)
    assert len(server.requests) == 3
    assert set(SummaryRequest.objects.values_list("problem", flat=True)) == {
        "the answer has links, addresses or markup"
    }


def test_a_summary_of_an_abstract_that_changed_meanwhile_is_not_shown(three: list[Paper]) -> None:
    summaries._store(Paper(pk=three[0].pk, abstract="An earlier abstract."), GOOD, "", NOW)
    assert take_aways()[0] == ("", "")


def test_a_changed_abstract_loses_its_take_away(three: list[Paper], hugging_face: Source) -> None:
    Paper.objects.update(take_away=GOOD, take_away_by="ai")
    record = make_record("2608.00001", "Paper 1", abstract="Corrected.", votes=1, categories=("cs.LG",))
    papers.ingest(hugging_face, [record], TODAY)
    assert Paper.objects.get(key="arxiv:2608.00001").take_away == ""
    assert Paper.objects.exclude(take_away="").count() == 2


@pytest.mark.usefixtures("three")
def test_without_a_server_or_with_a_summary_nothing_is_asked(server: ChatServer, settings: Any) -> None:
    Paper.objects.update(summary="From the source.")
    assert ask() == 0
    settings.SUMMARY_API_URL = ""
    Paper.objects.update(summary="")
    assert ask() == 0
    assert server.requests == []


@pytest.mark.parametrize(
    ("content", "summary"),
    [
        (f"  {GOOD}\n", GOOD),
        (f"\nSummary: **{GOOD}**", GOOD),
        (f"<p>{GOOD}</p><script>alert(1)</script><img src=x onerror=alert(1)>", GOOD),
        ("The method is\u202e faster\x00 than all \n\n others.", "The method is faster than all others."),
        # Email programs would make a link of it. The invisible character keeps them from that.
        ("It is faster than evil.example, by 4.5 points.", "It is faster than evil.\u2060example, by 4.5 points."),
    ],
)
def test_it_reads_an_answer_as_plain_text(content: str, summary: str) -> None:
    assert read_summary(content) == summary


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Too short.",
        GOOD * 20,
        "Visit www.example.org for more about it.",
        "[More about it](x) is what we show.",
    ],
)
def test_it_refuses_other_answers(content: str) -> None:
    with pytest.raises(AnswerError):
        read_summary(content)
