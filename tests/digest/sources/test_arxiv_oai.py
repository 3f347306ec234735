"""Requests for a past day of arXiv by OAI-PMH, and the parsing of its answers."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import arxiv_oai
from digest.sources.http import Http
from digest.sources.records import Batch, PaperRecord, SourceError
from tests.conftest import TODAY
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parents[2] / "data"
BODY = (DATA / "arxiv_oai.xml").read_bytes()
HTTP = Http(user_agent="test", limit=1_000_000, sleep=lambda seconds: None)


def answer(inside: str) -> bytes:
    return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inside}</OAI-PMH>'.encode()


def read(old: str = "", new: str = "", key: str = "cs.CL") -> PaperRecord:
    """Return the first record after replacing `old` by `new`."""
    return arxiv_oai.parse(BODY.decode().replace(old, new, 1).encode(), key, TODAY)[0].records[0]


def test_it_asks_for_one_category_on_one_day(upstream: Upstream) -> None:
    upstream.say("/oai", BODY)
    assert arxiv_oai.fetch(HTTP, "cs.CL", TODAY) == BODY
    assert upstream.asked[0].query == {
        "verb": "ListRecords",
        "metadataPrefix": "arXivRaw",
        "set": "cs:cs:CL",
        "from": "2026-08-20",
        "until": "2026-08-20",
    }


def test_it_asks_for_the_next_page_by_its_token_alone(upstream: Upstream) -> None:
    upstream.say("/oai", BODY)
    arxiv_oai.fetch(HTTP, "cs.CL", TODAY, "verb%3DListRecords%26skip%3D4")
    assert upstream.asked[0].query == {"verb": "ListRecords", "resumptionToken": "verb%3DListRecords%26skip%3D4"}


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("cs.AI", "cs:cs:AI"),
        ("cs.ai", "cs:cs:AI"),
        ("stat.ML", "stat:stat:ML"),
        ("math.PR", "math:math:PR"),
        ("q-bio.QM", "q-bio:q-bio:QM"),
        ("q-fin.ST", "q-fin:q-fin:ST"),
        ("eess.IV", "eess:eess:IV"),
        ("econ.EM", "econ:econ:EM"),
        ("hep-th", "physics:hep-th"),
        ("quant-ph", "physics:quant-ph"),
        ("math-ph", "physics:math-ph"),
        ("nlin.CD", "physics:nlin:CD"),
        ("astro-ph.GA", "physics:astro-ph:GA"),
        ("cond-mat.mtrl-sci", "physics:cond-mat:mtrl-sci"),
        ("physics.flu-dyn", "physics:physics:flu-dyn"),
    ],
)
def test_it_names_the_set_of_a_category(category: str, name: str) -> None:
    assert arxiv_oai.set_of(category) == name


def test_it_reads_what_was_new_that_day_and_skips_the_replaced_and_the_deleted() -> None:
    batch, token = arxiv_oai.parse(BODY, "cs.CL", TODAY)
    assert [(record.key, record.announce_type) for record in batch] == [
        ("arxiv:2608.00001", "new"),
        ("arxiv:2608.00002", "cross"),
    ]
    assert (batch.skipped, batch.rejected) == (2, [])
    assert token == "verb%3DListRecords%26skip%3D4"


def test_it_reads_all_that_a_record_says() -> None:
    assert read() == PaperRecord(
        key="arxiv:2608.00001",
        title="When n<k: Counting Tokens",
        abstract="We show that a<b and c>d.",
        authors=("Ada Lovelace", "Alan Turing Jr.", "Émilie du Châtelet"),
        categories=("cs.CL", "cs.LG"),
        url="https://arxiv.org/abs/2608.00001",
        published_on=dt.date(2026, 8, 18),
        doi="10.1234/counting.5",
        comment="12 pages",
        day=TODAY,
        announce_type="new",
    )


@pytest.mark.parametrize(("key", "kind"), [("cs.CL", "new"), ("cs.cl", "new"), ("cs.LG", "cross")])
def test_it_calls_a_paper_new_in_its_primary_category(key: str, kind: str) -> None:
    assert read(key=key).announce_type == kind


@pytest.mark.parametrize(
    ("names", "authors"),
    [
        ("Ada Lovelace, Alan Turing", ("Ada Lovelace", "Alan Turing")),
        ("A and B", ("A", "B")),
        ("A, B, and C", ("A", "B", "C")),
        ("A (X (Y), Z), B", ("A", "B")),
        ("A B, Jr., C Anderson III", ("A B, Jr.", "C Anderson III")),
        ("Jr.", ("Jr.",)),
        ("R\\'emi Bourgerie, \\v{S}. K", ("Rémi Bourgerie", "Š. K")),
        ("", ()),
        ("(" * 10 + "A" + ")" * 10, ("(((((( ))))))",)),
    ],
)
def test_it_splits_authors_and_drops_their_institutes(names: str, authors: tuple[str, ...]) -> None:
    start = BODY.decode().index("<authors>") + len("<authors>")
    given = BODY.decode()[start : BODY.decode().index("</authors>")]
    assert read(given, names).authors == authors


@pytest.mark.parametrize(("first", "is_new"), [("Sat, 15 Aug 2026", True), ("Fri, 14 Aug 2026", False)])
def test_it_takes_for_new_what_was_submitted_up_to_five_days_before(first: str, is_new: bool) -> None:
    batch, _ = arxiv_oai.parse(BODY.replace(b"Tue, 18 Aug 2026", first.encode()), "cs.CL", TODAY)
    assert ("arxiv:2608.00001" in [record.key for record in batch]) == is_new


def test_it_finds_nothing_on_a_holiday() -> None:
    nothing = answer("<error code='noRecordsMatch'>The combination of values results in an empty list.</error>")
    assert arxiv_oai.parse(nothing, "cs.CL", TODAY) == (Batch(), "")


def test_it_finds_no_token_on_the_last_page() -> None:
    assert arxiv_oai.parse(answer("<ListRecords><resumptionToken/></ListRecords>"), "cs.CL", TODAY) == (Batch(), "")
    assert arxiv_oai.parse(answer("<ListRecords></ListRecords>"), "cs.CL", TODAY) == (Batch(), "")


def test_it_rejects_a_record_that_it_cannot_read_and_keeps_the_others() -> None:
    batch, _ = arxiv_oai.parse(BODY.replace(b"<id>2608.00001</id>", b"<id>?</id>"), "cs.CL", TODAY)
    assert batch.rejected == ["item 1: ValueError: '?' is not an arXiv id"]
    assert len(batch.records) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (answer("<error code='badArgument'>Set does not exist</error>"), "answered: badArgument: Set does not exist"),
        (answer(""), "answer holds neither records nor an error"),
        (b"<html/>", "not the expected XML"),
        (BODY[:999], "not readable as XML"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + BODY, "refused"),
        (answer("<ListRecords><record/></ListRecords>"), "1 of 1 items can't be read"),
    ],
)
def test_it_refuses_all_other_answers(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        arxiv_oai.parse(body, "cs.CL", TODAY)


@given(damage=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=5))
def test_it_reads_or_refuses_a_damaged_answer(damage: list[tuple[float, bytes]]) -> None:
    body = BODY
    for where, what in damage:
        at = int(where * len(body))
        body = body[:at] + what + body[at + 4 :]
    with suppress(SourceError):
        arxiv_oai.parse(body, "cs.CL", TODAY)


@given(body=st.binary(max_size=300))
def test_it_reads_or_refuses_any_bytes(body: bytes) -> None:
    with suppress(SourceError):
        arxiv_oai.parse(body, "cs.CL", TODAY)
