"""The reader of RSS, RDF and Atom feeds."""

import datetime as dt
from pathlib import Path

import pytest

from digest.sources import feed, problem_with_key
from digest.sources.records import PaperRecord, SourceError
from tests.conftest import TODAY

DATA = Path(__file__).resolve().parents[2] / "data"
YESTERDAY = TODAY - dt.timedelta(days=1)


def records(name: str) -> list[PaperRecord]:
    batch = feed.parse((DATA / name).read_bytes(), TODAY)
    assert not batch.rejected
    return batch.records


def rss(*items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>A Blog</title>{''.join(items)}</channel></rss>".encode()


def item(inside: str = "", link: str = "https://example.org/1", title: str = "A Title") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{inside}</item>"


def read(inside: str = "", **parts: str) -> PaperRecord:
    return feed.parse(rss(item(inside, **parts)), TODAY).records[0]


def test_it_reads_rss() -> None:
    post = records("feed_rss.xml")[0]
    assert post.key.startswith("link:")
    assert post.title == "Cats & Dogs: H2O for Both"
    assert post.abstract == "We gave them water. Cats drank it Dogs & puppies, too"
    assert post.authors == ("Ada Lovelace", "Alan Turing")
    assert post.url == "https://lab.example.org/posts/1?page=2"
    assert post.day == post.published_on == YESTERDAY


def test_it_knows_a_paper_of_arxivs_by_its_number_wherever_that_stands() -> None:
    seen = records("feed_rss.xml")[1]
    assert seen.key == "arxiv:2608.00007"
    assert seen.url == "https://lab.example.org/posts/2"


def test_it_loses_no_text_that_only_looks_like_a_tag() -> None:
    assert records("feed_rss.xml")[1].abstract == "We put when n<k holds, with <think> tokens, on arXiv."


def test_it_gives_an_entry_without_a_date_no_day() -> None:
    undated = records("feed_rss.xml")[1]
    assert (undated.day, undated.published_on) == (None, None)


def test_it_lists_what_is_dated_in_the_future_today() -> None:
    assert records("feed_rss.xml")[2].day == TODAY


def test_it_reads_rdf() -> None:
    assert records("feed_rdf.xml") == [
        PaperRecord(
            key="doi:10.1101/2026.08.01.600001",
            title="Sleeping Mice",
            abstract="Mice sleep.",
            authors=("Meitner, L.", "Noether, E."),
            url="https://preprints.example.org/content/10.1101/2026.08.01.600001v1",
            doi="10.1101/2026.08.01.600001",
            published_on=dt.date(2026, 8, 18),
            day=dt.date(2026, 8, 18),
        )
    ]


def test_it_reads_atom() -> None:
    assert records("feed_atom.xml") == [
        PaperRecord(
            key="doi:10.5555/journal.9",
            title="If a<b and c>d, then &lt;b&gt; stays",
            abstract="It is so. Always.",
            authors=("Emmy Noether", "Lise Meitner"),
            url="https://journal.example.org/articles/9",
            doi="10.5555/Journal.9",
            published_on=dt.date(2026, 8, 18),
            day=dt.date(2026, 8, 18),
        )
    ]


def test_it_reads_a_feed_in_another_encoding() -> None:
    body = "<?xml version='1.0' encoding='ISO-8859-1'?>" + rss(item(title="Café")).decode()
    assert feed.parse(body.encode("latin-1"), TODAY).records[0].title == "Café"
    assert feed.parse(body.replace("ISO-8859-1", "UTF-16").encode("utf-16"), TODAY).records[0].title == "Café"


def test_it_reads_a_feed_that_is_not_well_formed() -> None:
    assert read("<description>Salt & <b>pepper</description>").title == "A Title"


@pytest.mark.parametrize(
    "broken", [item(link=""), item(title=""), item(link="mailto:someone@example.org"), item(link="http://[1")]
)
def test_it_rejects_an_entry_without_link_or_title_and_keeps_the_others(broken: str) -> None:
    batch = feed.parse(rss(item(), broken), TODAY)
    assert (len(batch.records), len(batch.rejected)) == (1, 1)


def test_it_finds_nothing_in_a_feed_without_entries() -> None:
    assert len(feed.parse(rss(), TODAY)) == 0


BOMB = b"<!DOCTYPE rss [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;'>]>" + rss(item(title="&b;"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a feed: the answer is empty"),
        (b" \n", "not a feed: the answer is empty"),
        (b"<html><body>Sign in</body></html>", "not a feed: it begins “<html>"),
        (b"<rss version='2.0'><channel>", "not a readable feed: "),
        (BOMB, "refused: the feed defines its own entities"),
        (b"<!--" + b" " * 9_000 + b"-->" + BOMB, "refused: the feed defines its own entities"),
        (b"<!--" + b" " * 99_000 + b"-->" + BOMB, "not a feed: it begins “<!--"),
        (b"<?xml version='1.0' " + b"encoding='" * 100 + rss(), "not a feed: it begins “<?xml"),
    ],
)
def test_it_refuses_what_is_no_feed(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError) as refused:
        feed.parse(body, TODAY)
    assert str(refused.value).startswith(reason)


def test_it_never_takes_an_answer_for_the_name_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "<b"  # looks enough like an element to come as far as feedparser
    secret.write_bytes(rss(item()))
    with pytest.raises(SourceError, match="not a feed"):
        feed.parse(str(secret).encode(), TODAY)


@pytest.mark.parametrize("key", ["https://example.org/feed.xml", "http://example.org/?format=atom"])
def test_it_takes_an_address_for_its_key(key: str) -> None:
    assert problem_with_key("feed", key) == ""


@pytest.mark.parametrize("key", ["", "example.org/feed.xml", "file:///etc/passwd", "https://", "http://[1"])
def test_it_says_how_to_write_an_address(key: str) -> None:
    assert "https://example.org/feed.xml" in problem_with_key("feed", key)


@pytest.mark.parametrize(
    "key",
    ["http://export.arxiv.org/rss/cs.CL", "https://EXPORT.arxiv.org/rss/cs.CL", "https://rss.arxiv.org/rss/cs.CL"],
)
def test_it_sends_arxivs_own_feeds_to_their_own_kind(key: str) -> None:
    assert "“arXiv category”" in problem_with_key("feed", key)


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("Kukla, D., Crampton, A. B., Zhu, X.-Y.", ("Kukla, D.", "Crampton, A. B.", "Zhu, X.-Y.")),
        ("Ada Lovelace, Alan Turing", ("Ada Lovelace", "Alan Turing")),
        ("Lovelace, Ada; Turing, Alan", ("Lovelace, Ada", "Turing, Alan")),
        ("Lovelace, Ada", ("Lovelace, Ada",)),
        ("Ada Lovelace", ("Ada Lovelace",)),
        ("The Analytical Engine Team", ("The Analytical Engine Team",)),
        ("", ()),
    ],
)
def test_it_tells_the_authors_of_one_string_apart(written: str, authors: tuple[str, ...]) -> None:
    item = f"<item><title>T</title><link>https://example.org/1</link><dc:creator>{written}</dc:creator></item>"
    namespace = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    body = f'<rss version="2.0" {namespace}><channel><title>C</title>{item}</channel></rss>'.encode()
    assert feed.parse(body, TODAY).records[0].authors == authors


def collection(title: str, inside: str = "") -> PaperRecord:
    body = rss(item(inside, link="https://www.biorxiv.org/content/10.1101/2026.08.01.1v1")).decode()
    return feed.parse(body.replace("A Blog", title).encode(), TODAY).records[0]


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("bioRxiv Subject Collection: Cell Biology", "Cell Biology"),
        ("medRxiv Subject Collection: HIV/AIDS", "HIV/AIDS"),
        ("bioRxiv Subject Collection: All", ""),
        ("A Blog on Subject Collection: all of them", ""),
    ],
)
def test_the_papers_of_a_subject_collection_have_its_subject_as_category(title: str, subject: str) -> None:
    assert collection(title).categories == ((subject,) if subject else ())


def test_an_entry_has_its_own_categories_after_the_subject_each_once() -> None:
    inside = "<category>Membranes</category><category>cell biology</category><category> </category>"
    found = collection("bioRxiv Subject Collection: Cell Biology", inside)
    assert found.categories == ("Cell Biology", "Membranes")


def test_the_categories_of_a_paper_of_arxivs_are_left_to_arxiv() -> None:
    tagged = read("<category>Our favorites</category>", link="https://arxiv.org/abs/2608.00001")
    assert (tagged.key, tagged.categories) == ("arxiv:2608.00001", ())
