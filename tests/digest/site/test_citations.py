"""References as BibTeX and RIS."""

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.site.citations import bibtex, citation_key, ris


def paper(title: str = "On BERT & Friends", **fields: Any) -> Any:
    values: dict[str, Any] = {
        "key": "arxiv:2608.16590",
        "abstract": "We save 50% of it.",
        "authors": ["Ada Lovelace", "Ludwig van Beethoven"],
        "categories": ["cs.CL", "cs.AI"],
        "keywords": ["language models"],
        "url": "https://arxiv.org/abs/2608.16590",
        "doi": "10.1000/a_b",
        "published_on": dt.date(2026, 8, 17),
    }
    return SimpleNamespace(title=title, **values | fields)


def test_it_writes_bibtex() -> None:
    assert bibtex([paper()]) == (
        "@misc{lovelace2026bert,\n"
        "  title = {On {BERT} \\& Friends},\n"
        "  author = {Lovelace, Ada and van Beethoven, Ludwig},\n"
        "  year = {2026},\n"
        "  month = aug,\n"
        "  eprint = {2608.16590},\n"
        "  archiveprefix = {arXiv},\n"
        "  primaryclass = {cs.CL},\n"
        "  doi = {10.1000/a_b},\n"
        "  url = {https://arxiv.org/abs/2608.16590},\n"
        "  keywords = {language models},\n"
        "  abstract = {We save 50\\% of it.},\n"
        "}\n"
    )


def test_it_writes_ris() -> None:
    assert ris([paper()]) == (
        "TY  - UNPB\r\n"
        "TI  - On BERT & Friends\r\n"
        "AU  - Lovelace, Ada\r\n"
        "AU  - van Beethoven, Ludwig\r\n"
        "PY  - 2026\r\n"
        "DA  - 2026/08/17\r\n"
        "PB  - arXiv\r\n"
        "AN  - arXiv:2608.16590\r\n"
        "DO  - 10.1000/a_b\r\n"
        "UR  - https://arxiv.org/abs/2608.16590\r\n"
        "KW  - language models\r\n"
        "KW  - cs.CL\r\n"
        "KW  - cs.AI\r\n"
        "AB  - We save 50% of it.\r\n"
        "ER  - \r\n"
    )


def test_it_leaves_out_what_is_not_known() -> None:
    bare = paper("Alone", key="link:1", abstract="", authors=[], categories=[], keywords=[], doi="", published_on=None)
    assert bibtex([bare]) == "@misc{alone,\n  title = {Alone},\n  url = {https://arxiv.org/abs/2608.16590},\n}\n"
    assert ris([bare]) == "TY  - JOUR\r\nTI  - Alone\r\nUR  - https://arxiv.org/abs/2608.16590\r\nER  - \r\n"


@pytest.mark.parametrize(
    ("authors", "written"),
    [
        (["Qwen Team"], "{Qwen Team}"),
        (["Sammy Davis Jr."], "Davis, Jr., Sammy"),
        (["Rock and Roll"], "Roll, Rock {and}"),
        (["DeepSeek-AI", "李明"], "DeepSeek-AI and 李明"),
    ],
)
def test_it_writes_authors_so_that_bibtex_parts_them_alike(authors: list[str], written: str) -> None:
    assert f"  author = {{{written}}},\n" in bibtex([paper(authors=authors)])


@pytest.mark.parametrize(
    ("title", "authors", "key"),
    [
        ("The Art of It", ["Jürgen Schmidhuber"], "schmidhuber2026art"),
        ("On to the", ["Ludwig van Beethoven"], "vanbeethoven2026"),
        ("人工智能", ["李明"], "2026"),
        ("GPT-4o", [], "2026gpt"),
    ],
)
def test_it_makes_a_telling_key(title: str, authors: list[str], key: str) -> None:
    assert citation_key(paper(title, authors=authors)) == key


def test_it_gives_no_key_twice() -> None:
    keys = re.findall(r"@misc\{(.*),", bibtex([paper(), paper(), paper()]))
    assert keys == ["lovelace2026bert", "lovelace2026bert-2", "lovelace2026bert-3"]


def test_it_spells_out_what_tex_would_act_upon() -> None:
    written = bibtex([paper(r"\input{x} $a_1$ ~ ^ 5% #1", url="https://x.org/a{b}")])
    assert (
        r"title = {\textbackslash{}input\textbraceleft{}x\textbraceright{} \$a\_1\$ "
        r"\textasciitilde{} \textasciicircum{} 5\% \#1}" in written
    )
    assert "url = {https://x.org/a%7Bb%7D}" in written


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
def test_it_leaves_no_brace_open_and_no_line_torn(text: str, authors: list[str]) -> None:
    hostile = paper(
        text, abstract=f"</script>{text}\r\nER  - \r\nTY  - x\u202e", authors=authors, doi=text, keywords=[text]
    )
    depth = 0
    for character in bibtex([hostile]):
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    lines = ris([hostile]).split("\r\n")
    assert all(re.match(r"[A-Z][A-Z0-9]  - [^\r\n\u202e]*$", line) for line in lines[:-1])
    assert [line for line in lines if line.startswith("ER")] == ["ER  - "]
