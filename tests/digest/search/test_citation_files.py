"""Reading of citation files that are parsed as a whole."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.search import citation_files
from digest.search.citation_files import FileError, FileProblem, decode
from digest.search.citation_parser import MAX_CITED, Reference, read
from tests.steps import steps

RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:z="http://www.zotero.org/namespaces/export#"
 xmlns:bib="http://purl.org/net/biblio#" xmlns:foaf="http://xmlns.com/foaf/0.1/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">
{items}
</rdf:RDF>"""
ARTICLE = """<bib:Article rdf:about="#item_{number}">
  <z:itemType>journalArticle</z:itemType>
  <dcterms:isPartOf rdf:resource="{journal}"/>
  <bib:authors><rdf:Seq><rdf:li><foaf:Person>
    <foaf:surname>Lovelace</foaf:surname><foaf:givenName>Ada</foaf:givenName>
  </foaf:Person></rdf:li></rdf:Seq></bib:authors>
  <dc:title>Whale Songs {number}</dc:title>
  <dcterms:abstract>We listen to &lt;i&gt;whales&lt;/i&gt;.</dcterms:abstract>
</bib:Article>"""
JOURNAL = """<bib:Journal rdf:about="urn:issn:1">
  <dc:title>A Journal</dc:title><dc:identifier>DOI 10.1000/Whales</dc:identifier>
</bib:Journal>"""
PREPRINT = """<rdf:Description rdf:about="http://arxiv.org/abs/1706.03762">
  <z:itemType>preprint</z:itemType><dc:title>Attention Is All You Need</dc:title>
  <dc:identifier><dcterms:URI><rdf:value>http://arxiv.org/abs/1706.03762</rdf:value></dcterms:URI></dc:identifier>
</rdf:Description>
<z:Attachment rdf:about="#item_9"><dc:title>Full Text PDF</dc:title></z:Attachment>
<z:Collection rdf:about="#collection_1"><dc:title>My Papers</dc:title></z:Collection>"""


def rdf(*items: str) -> str:
    return RDF.format(items="\n".join(items))


def test_it_reads_csl_json() -> None:
    items = [
        {
            "id": "vaswani", "title": "<i>Attention</i> Is All You Need", "abstract": "We propose.",
            "author": [{"family": "Vaswani", "given": "Ashish"}, {"literal": "A Team"}],
            "URL": "http://arxiv.org/abs/1706.03762",
        },
        {"title": "Whale Songs", "DOI": "10.1000/WHALES", "author": "nonsense"},
    ]  # fmt: skip
    title = "Attention Is All You Need"
    expected = [
        Reference(title, "arxiv:1706.03762", title, "We propose.", ("Vaswani, Ashish", "A Team")),
        Reference("Whale Songs", "doi:10.1000/whales", "Whale Songs"),
    ]
    assert read(json.dumps(items)) == read(f"\ufeff {json.dumps({'items': items})}") == expected


def test_it_reads_zotero_rdf_without_journals_attachments_and_collections() -> None:
    article = ARTICLE.format(number=1, journal="urn:issn:1")
    whales, attention = read(rdf(article, JOURNAL, PREPRINT))
    assert whales == Reference(
        "Whale Songs 1", "doi:10.1000/whales", "Whale Songs 1", "We listen to whales.", ("Lovelace, Ada",)
    )
    assert (attention.key, attention.title) == ("arxiv:1706.03762", "Attention Is All You Need")


def test_it_ignores_the_doi_of_a_journal_that_articles_share() -> None:
    both = [ARTICLE.format(number=number, journal="urn:issn:1") for number in (1, 2)]
    assert [reference.key for reference in read(rdf(*both, JOURNAL))] == ["", ""]


def test_it_reads_the_csv_of_zotero_and_of_google_scholar() -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["Key", "Item Type", "Author", "Title", "DOI", "Url", "Abstract Note"])
    writer.writerow(["A", "journalArticle", "Lovelace, Ada; Turing, A.", "On,\nLines", "10.1000/1", "", "We see."])
    (zotero,) = read("\ufeff" + text.getvalue())
    assert zotero == Reference("On, Lines", "doi:10.1000/1", "On, Lines", "We see.", ("Lovelace, Ada", "Turing, A."))
    scholar = 'Authors,Title,Publication,Volume,Year\n"Lovelace, Ada; ",Whale Songs,J,1,2020\n'
    assert read(scholar) == [Reference("Whale Songs", title="Whale Songs", authors=("Lovelace, Ada",))]


@pytest.mark.parametrize(
    "text",
    [
        "[1] Vaswani et al., Attention Is All You Need, arXiv:1706.03762",
        "{Vaswani} 1706.03762",
        "<p>1706.03762</p>",
        "A title, with commas, of 1706.03762\n",
        '[{"title": 1706.03762',
    ],
)
def test_text_that_only_begins_like_such_a_file_is_read_as_lines(text: str) -> None:
    assert [reference.key for reference in read(text)] == ["arxiv:1706.03762"]


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]>' + rdf("<a>&b;</a>").partition("?>")[2]
    assert citation_files.records(bomb) is None


@pytest.mark.parametrize("entries", [10_000])
def test_it_stops_at_a_hundred_of_ten_thousand(entries: int) -> None:
    items = [{"title": f"Paper Number {number}"} for number in range(entries)]
    assert len(read(json.dumps(items))) == MAX_CITED
    assert len(read("title,url\n" + "\n".join(f"{item['title']},x" for item in items))) == MAX_CITED


def test_ten_thousand_times_one_paper_is_one_paper() -> None:
    assert len(read(json.dumps([{"title": "Whale Songs"}] * 10_000))) == 1


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", FileProblem.EMPTY),
        (b"\xef\xbb\xbf \n", FileProblem.EMPTY),
        (b"%PDF-1.7 \x00", FileProblem.PDF),
        (b"PK\x03\x04\x00", FileProblem.DOCUMENT),
        (b"{\\rtf1 text}", FileProblem.DOCUMENT),
        (b"a\x00b", FileProblem.NOT_TEXT),
        (b"x" * (citation_files.LARGEST + 1), FileProblem.TOO_LARGE),
    ],
)
def test_it_says_why_it_cannot_read_a_file(body: bytes, problem: FileProblem) -> None:
    with pytest.raises(FileError) as raised:
        decode(body)
    assert raised.value.problem == problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_it_reads_a_file_in_any_common_encoding(encoding: str) -> None:
    assert decode("Gödel’s Sätze".encode(encoding)) == "Gödel’s Sätze"


@pytest.mark.parametrize("piece", ['{"title": "a"},', "<a></a>", "a,b\n", '"a",', '{"a":'])
def test_it_takes_twice_the_steps_for_twice_the_text(piece: str) -> None:
    for before, after in (("[", "]"), (RDF.partition("{items}")[0], "</rdf:RDF>"), ("title,b\n", "")):
        twice, once = (steps(read, f"{before}{piece * number}{after}") for number in (1000, 500))
        assert twice < 2.1 * once + 200


@given(st.text(max_size=300))
def test_it_survives_any_text(text: str) -> None:
    for before in ("[", '[{"title":', rdf("").removesuffix("</rdf:RDF>"), "title,abstract\n"):
        read(before + text)
    read(rdf(f"<a>{text}</a>"))
    read(json.dumps([{"title": text, "author": [text, {"family": text}], "URL": text}]))
