"""Parsing of pasted citations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.search.citation_parser import MAX_CITED, MAX_TITLE_LENGTH, Reference, read
from digest.site.citations import bibtex, ris
from tests.digest.site.test_citations import paper
from tests.steps import steps


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("2608.16590", ["arxiv:2608.16590"]),
        ("arXiv:2608.16590v3", ["arxiv:2608.16590"]),
        ("ARXIV: 2608.16590, 2608.00001", ["arxiv:2608.16590", "arxiv:2608.00001"]),
        ("cs/0112017 and hep-th/9901001", ["arxiv:cs/0112017", "arxiv:hep-th/9901001"]),
        ("see https://arxiv.org/abs/2608.16590v1, ok", ["arxiv:2608.16590"]),
        ("http://arxiv.org/pdf/2608.16590.pdf", ["arxiv:2608.16590"]),
        ("https://huggingface.co/papers/2608.16590", ["arxiv:2608.16590"]),
        ("doi:10.1000/ABC.1", ["doi:10.1000/abc.1"]),
        ("https://doi.org/10.1000/abc.1.", ["doi:10.1000/abc.1"]),
        ("10.48550/arXiv.2608.16590", ["arxiv:2608.16590"]),
        ("2608.16590\n2608.16590v2", ["arxiv:2608.16590"]),
        ("https://example.org/about", []),
        ("on 2026-08-20 at 12.30, 3.14159 of 100", []),
        ("", []),
    ],
)
def test_it_finds_ids_and_links_in_any_text(text: str, keys: list[str]) -> None:
    assert [reference.key for reference in read(text) if reference.key] == keys


def test_it_takes_a_line_of_words_for_a_title() -> None:
    found = read("• Attention Is All You Need\n\nhello\nhttps://example.org/a/b c d\n")
    assert found[0] == Reference("Attention Is All You Need", title="Attention Is All You Need")


def test_it_names_the_lines_that_name_no_paper() -> None:
    found = read("hello\n\n42\nhttps://example.org/a/b c d\n")
    assert found == [Reference("hello"), Reference("https://example.org/a/b c d")]
    assert read("% Encoding: UTF-8\n@misc{a, title={One}}\nhello") == [Reference("One", title="One")]


def test_a_title_beside_an_id_counts_if_it_is_the_only_one() -> None:
    title = "Attention Is All You Need"
    assert read(f"{title} (arXiv:1706.03762)") == [Reference(title, "arxiv:1706.03762", title)]
    assert [reference.title for reference in read("Two of them: 1706.03762, 2608.00001")] == ["", ""]


def test_sentences_around_links_are_no_titles() -> None:
    found = read("Here is what I read lately:\nhttps://arxiv.org/abs/1706.03762\nI liked it very much.\n")
    assert [reference for reference in found if reference.title] == []


def test_it_reads_bibtex() -> None:
    (found,) = read(
        """@article{vaswani2017,
          title = {Attention {Is} All You Need: {G\\"odel}'s $\\alpha$},
          author = "Ashish Vaswani and Shazeer, Noam",
          Year = 2017, eprint={1706.03762}, archivePrefix={arXiv},
          abstract = {The dominant
             models \\& more},
        }"""
    )
    assert found == Reference(
        "Attention Is All You Need: Gödel's α",
        "arxiv:1706.03762",
        "Attention Is All You Need: Gödel's α",
        "The dominant models & more",
        ("Ashish Vaswani", "Shazeer, Noam"),
    )


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("@misc{a, title={One}}\n@misc{b, title={Two}}", ["One", "Two"]),
        ("@misc{a, title={One},\n\n@misc{b, title={Two}}", ["One", "Two"]),  # never closed
        ("@misc(a, title = {One}\n)\n@misc{b, title={Two}}", ["One", "Two"]),
        ('@Misc{a, title="One {"} two", url="x"}', ['One " two']),
        ("@comment{title={No}} @string{x = {y}}\n@misc{a, title=One}", ["One"]),
        ("@misc{a,\n title={One @home},\n}", ["One @home"]),
        ("text before\n  @misc{a, title={One}} text after", ["One"]),
        ("@misc{a}", [""]),
    ],
)
def test_it_forgives_what_is_wrong_in_bibtex(text: str, titles: list[str]) -> None:
    assert [reference.title for reference in read(text)] == titles


def test_it_names_an_entry_without_a_title_by_what_there_is() -> None:
    assert [reference.label for reference in read("@misc{knuth84}\n@misc{a, eprint={2608.16590}}")] == [
        "knuth84",
        "2608.16590",
    ]


@pytest.mark.parametrize("gap", ["  - ", " - "])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_it_reads_ris(gap: str, end: str) -> None:
    tags = [
        ("TY", "JOUR"), ("T1", "Attention"), ("A1", "Vaswani, A."), ("AU", "Shazeer, N."), ("N2", "We propose."),
        ("UR", "https://arxiv.org/abs/1706.03762"), ("ER", ""), ("TY", "JOUR"), ("TI", "Two"), ("ER", ""),
    ]  # fmt: skip
    one, two = read(end.join(f"{tag}{gap}{value}" for tag, value in tags))
    assert one == Reference("Attention", "arxiv:1706.03762", "Attention", "We propose.", ("Shazeer, N.", "Vaswani, A."))
    assert two.title == "Two"


def test_it_reads_a_mixture_of_everything() -> None:
    found = read("2608.00001\n@misc{a, title={One}}\nTY  - JOUR\nTI  - Two\nER  - \nThree Whole Words\n")
    assert {reference.key or reference.title for reference in found} == {
        "arxiv:2608.00001", "One", "Two", "Three Whole Words"
    }  # fmt: skip


@pytest.mark.parametrize("write", [bibtex, ris])
def test_it_reads_what_we_write(write: object) -> None:
    ours = paper("On BERT: 50% & _more_ for $5", abstract="We say ~ and # and so on.")
    (found,) = read(write([ours]))  # type: ignore[operator]
    assert (found.key, found.title, found.abstract) == (ours.key, ours.title, ours.abstract)


def test_it_stops_at_a_hundred() -> None:
    assert len(read("\n".join(f"2608.{number:05}" for number in range(300)))) == MAX_CITED


def test_it_cuts_what_is_too_long_for_a_title() -> None:
    one, two = "word " * 200, "name " * 200
    found = read(f"{one}\n@misc{{a, title={{{two}}}}}")
    assert [len(reference.title) for reference in found] == [MAX_TITLE_LENGTH] * 2


def test_it_splits_names_by_any_white_space_around_and() -> None:
    (found,) = read("@misc{a, author={Ada Lovelace \n and  Sandy Land and and {Barnes}}, title=One}")
    assert found.authors == ("Ada Lovelace", "Sandy Land", "Barnes")


@pytest.mark.parametrize("piece", ["@a{\n", "@a{x={", "@a(\n)\n", "{", '@a{x="" "', "arxiv: "])
def test_it_takes_twice_the_steps_for_twice_the_text(piece: str) -> None:
    assert steps(read, piece * 1000) < 2.1 * steps(read, piece * 500) + 100


@given(st.text(max_size=300))
def test_it_survives_any_text(text: str) -> None:
    read(text)
    read(f"@misc{{a, title={{{text}")
    read(f"TY  - {text}\nTI  - {text}")
