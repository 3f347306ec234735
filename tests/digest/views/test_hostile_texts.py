"""Text of sources stays text in pages, feeds and references, even if it contains markup."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import papers
from digest.editions import publication
from digest.models import Edition, Paper, Source
from tests.conftest import NOW, TODAY, make_record
from tests.examples import examples, slow_after

ATOM = "{http://www.w3.org/2005/Atom}"
PAPER = "/papers/arxiv:2608.00001/"
PAGES = ["/", "/2026-08-20/", PAPER, "/topics/learning/", "/weeks/2026-W34/", "/months/2026-08/"]
OUR_SCRIPTS = re.compile(r"/static/[\w.-]+\.js")
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'\" onmouseover=alert(1) x=",
    "</title><svg/onload=alert(1)>",
    "<think>secret plans</think>",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "\u202eevil\u2066\u2069\u200f\u061c",
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>&x;&amp;lt;",
    "javascript:alert(1)",
    "\\input{/etc/passwd} } @misc{evil, title={x}} %$#_^~&",
    "\x00\x01\x1b[31m\ud800\ufffe\uffff",
    "w" * 5_000,
    "long words " * 500,
    "שלום עולם مرحبا",
]
TURNS = re.compile("[\u202a-\u202e\u200e\u200f\u061c]")  # marks that turn all text after them


class Markup(HTMLParser):
    """Return the tags of a page that could run code or load something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") or ""
        is_data = given.get("type") == "application/ld+json"
        if tag == "script" and not is_data and not OUR_SCRIPTS.fullmatch(source):
            self.bad.append(f"script {source}")
        if tag in ("iframe", "object", "embed", "base", "style", "svg"):
            self.bad.append(tag)
        self.bad += [name for name in given if name.startswith("on") or name == "style"]
        led = [
            value for name, value in given.items() if value and name not in ("value", "content")
        ]  # of a field or a meta
        self.bad += [value for value in led if value.strip().lower().startswith("javascript:")]


@pytest.mark.usefixtures("learning")
@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_it_shows_hostile_text_as_text(client: Client, hugging_face: Source, hostile: str) -> None:
    hostile = storable(hostile)
    told = {"abstract": f"reinforcement learning {hostile}", "authors": (hostile, "Ada"), "organization": hostile[:200]}
    record = make_record("2608.00001", f"Work {hostile}", votes=3, **told)
    papers.ingest(hugging_face, [record], TODAY)
    edition = publication.publish(TODAY, now=NOW).edition
    assert edition is not None
    Edition.objects.update(note_before=hostile)
    check_everything(client)


@pytest.mark.parametrize("hostile", slow_after(4, HOSTILE), ids=range(len(HOSTILE)))
def test_it_shows_hostile_text_as_text_in_the_admin(admin_client: Client, edition: Edition, hostile: str) -> None:
    paper, text = Paper.objects.earliest("pk"), storable(hostile)
    paths = ("paper/", f"paper/{paper.pk}/change/", f"edition/{edition.pk}/change/")

    def doing() -> list[list[str]]:
        return [Markup(admin_client.get(f"/admin/digest/{path}").content.decode()).bad for path in paths]

    before = doing()  # the admin's own scripts and icons
    Paper.objects.update(title=text, abstract=text, authors=[text], summary=text, organization=text[:90])
    assert doing() == before


def storable(text: str) -> str:
    """Return `text` without characters that databases reject and parsers remove."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def check_everything(client: Client) -> None:
    for path in PAGES:
        page = client.get(path)
        assert page.status_code == 200, path
        assert not Markup(page.content.decode()).bad, path
    for path in ("/feeds/latest.atom", "/feeds/topics/learning.atom"):
        check_feed(client.get(path).content)
    check_bibtex(client.get("/papers/arxiv:2608.00001.bib").content.decode())
    ris = client.get("/papers/arxiv:2608.00001.ris").content.decode()
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in ris.split("\r\n") if line)


def check_feed(feed: bytes) -> None:
    root = ET.fromstring(feed)  # well-formed for any text
    for entry in root.iter(f"{ATOM}entry"):
        assert {child.tag.removeprefix(ATOM) for child in entry} <= {
            "id", "title", "link", "published", "updated", "author", "category", "summary",
        }  # fmt: skip
        summary = entry.find(f"{ATOM}summary")
        assert summary is not None
        assert summary.get("type") == "text"
        assert not TURNS.search("".join(entry.itertext()))


def check_bibtex(entry: str) -> None:
    depth = 0
    for character in entry.rstrip():
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert entry.count("\n@") == 0


@pytest.mark.usefixtures("edition", "learning")
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=200), abstract=st.text(max_size=1_000), name=st.text(max_size=80))
def test_it_shows_any_text_that_the_database_holds(client: Client, title: str, abstract: str, name: str) -> None:
    title, abstract, name = storable(title), storable(abstract), storable(name)
    Paper.objects.filter(key="arxiv:2608.00001").update(title=title, abstract=abstract, authors=[name])
    check_everything(client)


@pytest.mark.parametrize("field", ["github_url", "project_url", "url", "thumbnail_url", "figure_url"])
@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://x/"])
def test_it_links_to_web_addresses_only(client: Client, edition: Edition, field: str, address: str) -> None:
    Paper.objects.filter(key="arxiv:2608.00001").update(**{field: address})
    for path in PAGES[:3]:
        page = client.get(path).content.decode()
        assert f'"{address}' not in page
    check_feed(client.get("/feeds/latest.atom").content)
    assert address not in client.get("/feeds/latest.atom").content.decode()


def test_it_keeps_text_of_another_direction_to_itself(client: Client, edition: Edition) -> None:
    Paper.objects.filter(key="arxiv:2608.00001").update(title="שלום", abstract="עולם", authors=["דוד", "Ada"])
    page = client.get(PAPER).content.decode()
    assert '<h1 dir="auto">שלום</h1>' in page
    assert 'dir="auto">עולם</p>' in page
    assert "<bdi>דוד</bdi></a>,</span>" in page
    assert '<a href="/authors/ada/"><bdi>Ada</bdi>' in page
    assert "\u2068דוד\u2069, Ada" in client.get("/").content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "\x00", "1'--"])
@pytest.mark.parametrize("path", ["/", "/2026-08-20/", "/topics/learning/"])
def test_it_takes_any_number_of_a_page(client: Client, edition: Edition, learning: Any, path: str, page: str) -> None:
    assert client.get(path, {"page": page}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/0000-00-00/", "/2026-02-30/", "/9999-12-31/", "/0001-01-01/", "/weeks/2026-W54/", "/weeks/9999-W53/",
        "/weeks/0001-W01/", "/months/2026-13/", "/months/9999-12/", "/months/0001-01/", "/months/2031-01/",
        "/topics/nowhere/", "/?topic=nowhere", "/?topic=%00", "/papers/%00/", "/papers/../../etc/passwd/",
        "/papers/arxiv:2608.99999.bib", "/feeds/topics/nowhere.atom", "/papers/" + "x" * 3_000 + "/",
    ],
)  # fmt: skip
def test_it_has_nothing_at_addresses_that_name_nothing(client: Client, edition: Edition, path: str) -> None:
    assert client.get(path).status_code == 404
