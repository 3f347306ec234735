"""Parsers read any answer or raise SourceError, and never another error."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import isolation
from digest.sources import arxiv, feed, huggingface
from digest.sources.records import Batch, SourceError
from tests.conftest import TODAY
from tests.examples import examples

DATA = Path(__file__).resolve().parents[2] / "data"
PARSERS = pytest.mark.parametrize("source", [huggingface, arxiv, feed], ids=["huggingface", "arxiv", "feed"])

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([10**400, "\ud800", "http://["]),
)
OPTIONAL = [
    *("authors", "name", "hidden", "upvotes", "githubRepo", "githubStars", "publishedAt", "thumbnail", "ai_keywords"),
    *("ai_summary", "organization", "submittedBy", "fullname", "projectPage", "numComments", "withdrawnAt"),
]
names = st.sampled_from(["paper", "id", "title", "summary", *OPTIONAL])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=6)),
    max_leaves=12,
)
# What a paper needs, so that the rest of it is read as well.
papers = st.builds(
    lambda outer, inner: outer | {"paper": {"id": "2608.00001", "title": "T", "summary": "S"} | inner},
    st.dictionaries(names, values, max_size=6),
    st.dictionaries(st.sampled_from(OPTIONAL), values, max_size=8),
)
# Parts of feeds, and damage that has broken parsers before; a star means a space.
PIECES = rb"""<?xml*version='1.0'*encoding='utf-8'?> <?xml*version='1.0'*encoding='punycode'?> <rss*version='2.0'>
    <feed*xmlns='http://www.w3.org/2005/Atom'> <channel> <item> <entry> <title> </title> <link> </link>
    <link*href='http://['/> http://example.org/ <id> oai:arXiv.org:2608.00001v1 </id> <published> 9999-99-99
    0000-01-01T00:00:00Z </published> <description> </description> <summary*type='xhtml'> <![CDATA[ ]]> <![foo[ <!-- -->
    <!DOCTYPE*x*[ &#99999999999; &#xD800; &nbsp; <category/> <author><name> </item> </entry> </channel></rss> </feed>
    /etc/passwd""".split()
pieces = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from([b"\xff\xfe", b"\xef\xbb\xbf", *(piece.replace(b"*", b" ") for piece in PIECES)]),
    ),
    max_size=25,
).map(b"".join)


@pytest.fixture(autouse=True, scope="module")
def one_process() -> Iterator[None]:
    """Parse in this process, because a child for each of thousands of inputs would take minutes."""

    def run(function: Callable[[bytes], bytes], body: bytes) -> bytes:
        try:
            return function(body)
        except Exception as error:
            raise isolation.IsolationError(str(error)) from error

    with patch.object(isolation, "run", run):
        yield


def is_read_or_refused(source: ModuleType, body: bytes) -> bool:
    try:
        batch = source.parse(body, TODAY)
    except SourceError as error:
        return bool(str(error))
    return isinstance(batch, Batch)


@PARSERS
@given(body=st.binary(max_size=300))
def test_it_reads_or_refuses_any_bytes(source: ModuleType, body: bytes) -> None:
    assert is_read_or_refused(source, body)


@PARSERS
@given(value=values)
def test_it_reads_or_refuses_any_json(source: ModuleType, value: Any) -> None:
    assert is_read_or_refused(source, json.dumps(value).encode())


@given(items=st.lists(papers, max_size=3))
def test_it_reads_a_paper_whatever_the_rest_of_it_holds(items: list[dict[str, Any]]) -> None:
    batch = huggingface.parse(json.dumps(items).encode(), TODAY)
    assert batch.rejected == []


@pytest.mark.parametrize("source", [arxiv, feed], ids=["arxiv", "feed"])
@given(body=pieces)
@settings(max_examples=examples(200))
def test_it_reads_or_refuses_any_pieces_of_a_feed(source: ModuleType, body: bytes) -> None:
    assert is_read_or_refused(source, body)


@pytest.mark.parametrize("name", ["arxiv_atom.xml", "feed_rss.xml", "feed_rdf.xml", "feed_atom.xml"])
@given(damage=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=5))
@settings(max_examples=examples(50))
def test_it_reads_or_refuses_a_damaged_feed(name: str, damage: list[tuple[float, bytes]]) -> None:
    body = (DATA / name).read_bytes()
    for where, what in damage:
        at = int(where * len(body))
        body = body[:at] + what + body[at + 4 :]
    assert is_read_or_refused(arxiv, body)
    assert is_read_or_refused(feed, body)
