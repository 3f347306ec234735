"""The cleanup of text from sources."""

import html
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.text.cleanup import beginning, clean, first_sentences, from_html, without_secrets
from tests.examples import examples

# Text as sources send it: with markup, white space, marks of direction, loose accents and halves of characters.
nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("<>&;/='\"!- \n\t\u0085\u00a0\u200b\u200e\u0301\u030c\u212b\u1100\u1161\u11a8\ud83d"),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  wrapped\n  over\tlines\r\n", "wrapped over lines"),
        ("page\x0cbreak, next\x85line, no\u00a0break", "page break, next line, no break"),
        ("nul\x00 bell\x07 escape\x1b[31m", "nul bell escape[31m"),
        ("right\u202eto\u202c left\u200f\u2066\u2069", "rightto left"),
        ("soft\xadhyphen, zero\u200bwidth, \ufeffmark", "softhyphen, zerowidth, mark"),
        ("half a \ud83d pair", "half a pair"),
        ("Cafe\u0301", "Café"),
        ("e\u200e\u0301", "é"),  # composed only after what stood between is gone
        ("family 👩\u200d👧, Persian می\u200cخواهم", "family 👩\u200d👧, Persian می\u200cخواهم"),
        ("when $n<k$ <think> & &amp; \\alpha_1", "when $n<k$ <think> & &amp; \\alpha_1"),
        ("", ""),
        ("0", "0"),
    ],
)
def test_it_cleans_a_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(nasty)
def test_it_cleans_once_and_for_all(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once.encode().decode() == once
    assert "  " not in once
    assert "\n" not in once


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One.</p><p class='x'>Two.</P>", "One. Two."),
        ("One<br>two<br/>three<BR />four", "One two three four"),
        ("<ul><li>a</li><li>b</li></ul><table><tr><td>c</td><td>d</td></tr></table>", "a b c d"),
        ("H<sub>2</sub>O is <em>very</em> <b>wet</b>", "H2O is very wet"),
        ("<a href=\"https://example.org/?a>b\" title='x'>link</a>", "link"),
        ("<img src='data:image/png;base64,AAAA' hidden>picture", "picture"),
        ("a <script async>track('<p>you</p>')</script>b<STYLE>p { }</STYLE>c", "a bc"),
        ("a<script>never closed", "a"),
        ("a<!-- b <p> -->c<!-- never closed", "ac"),
        ("<!DOCTYPE html><html><body>a</body></html>", "a"),
        ("<![if !supportLists]>a<![endif]>", "a"),
        ("AT&amp;T &lt;b&gt; &quot;q&quot; &eacute;&#233;&#xE9; &nbsp;x&unknown;", 'AT&T <b> "q" ééé x&unknown;'),
        ("<jats:p>Mice <jats:italic>sleep</jats:italic></jats:p>", "Mice sleep"),
        ("<math><mrow><mi>x</mi><mo>=</mo><mn>1</mn></mrow></math>", "x=1"),
    ],
)
def test_it_reads_html(markup: str, text: str) -> None:
    assert from_html(markup) == text


@pytest.mark.parametrize(
    "text",
    [
        "when $n<k$ holds for all m we prove that a<b and c.",
        "tokens <think>...</think> with $p<q$ and x < y > z",
        "a<b and c>d, i<p and q>r",
        "List<int>, vector<string> & <your name>",
        "ends with <",
        "<![foo[",
        "<a href=",
        "x <- y -> z <= w",
    ],
)
def test_it_keeps_text_that_only_looks_like_html(text: str) -> None:
    assert from_html(text) == text


@given(nasty)
def test_it_reads_any_html_into_clean_text(text: str) -> None:
    assert clean(from_html(text)) == from_html(text)


@given(nasty.filter(lambda text: "<" not in text))
def test_it_loses_nothing_of_a_text_without_tags(text: str) -> None:
    assert from_html(html.escape(text)) == clean(text)


@pytest.mark.parametrize(
    "part", ["<", "<a ", '<a "', "<a x='", "<p  ", "<!--", "<script>", "<script", "</", "&", "&#9"]
)
def test_it_reads_nonsense_of_any_length_in_good_time(part: str) -> None:
    began = time.monotonic()
    from_html(part * 50_000)
    from_html(part + " " * 200_000)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "limit", "teaser"),
    [
        ("Short.", 10, "Short."),
        ("One is. Two is. Three is.", 16, "One is. Two is."),
        ("One is. Two is. Three is.", 15, "One is. Two is."),
        ("One is. Two is. Three is.", 14, "One is."),
        ("Is it? Yes! (It is.) So there.", 22, "Is it? Yes! (It is.)"),
        ("About 3.5 of e.g. this are cut, as is the rest of it", 34, "About 3.5 of e.g. this are cut …"),
        ("I. A sentence that is far too long to be shown whole", 30, "I. A sentence that is far …"),
        ("Unbrokenlongwordthatnevends", 12, "Unbrokenlo …"),
        ("", 10, ""),
    ],
)
def test_it_takes_the_first_sentences(text: str, limit: int, teaser: str) -> None:
    assert first_sentences(text, limit) == teaser


@given(st.text(st.sampled_from("ab .!?A("), max_size=80), st.integers(3, 80))
@settings(max_examples=examples(200))
def test_it_never_takes_more_than_fits(text: str, limit: int) -> None:
    assert len(first_sentences(text, limit)) <= limit


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the answer is empty"),
        (b" \n\x00", "the answer is empty"),
        (b"<html>\n <p>Hello", "it begins “<html> <p>Hello”"),
        (b"\xff\xfeA", "it begins “\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}A”"),
        (b"a" * 500, f"it begins “{'a' * 80}”"),
    ],
)
def test_it_tells_how_an_answer_begins(body: bytes, said: str) -> None:
    assert beginning(body) == said


@pytest.mark.parametrize(
    ("text", "limit", "teaser"),
    [
        ("We prove that the cost is $O(n \\log n)$ for all", 34, "We prove that the cost …"),
        ("We show that the loss is x + y ≤ 2z in all the cases", 33, "We show that the loss …"),
        ("Agents act (and learn while they act) in worlds", 24, "Agents act …"),
        (
            "Methods such as those by Smith et al. Often fail. Ours does not, ever",
            52,
            "Methods such as those by Smith et al. Often fail.",
        ),
        (
            "A method, e.g. The Thing, is better than all other methods known",
            40,
            "A method, e.g. The Thing, is better …",
        ),
        ("x=1 y=2 z=3 a=4", 9, "x=1 y=2 …"),
    ],
)
def test_it_cuts_no_formula_in_two_and_takes_no_abbreviation_for_an_end(text: str, limit: int, teaser: str) -> None:
    assert first_sentences(text, limit) == teaser


@pytest.mark.parametrize("words", [["existing"] * 7, ["models"] * 12, ["words"] * 14])
def test_it_stops_in_a_row_of_long_words_which_spam_filters_take_for_made_up(words: list[str]) -> None:
    rules = [rf"\b(?:[a-z]{{{length},}}[\s.]+){{{times}}}" for length, times in ((8, 6), (6, 9), (5, 10))]
    teaser = first_sentences(f"We see {' '.join(words)} here. More of it.", 300)
    assert not any(re.search(rule, teaser + " ") for rule in rules)
    assert teaser.startswith("We see")


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("https://ada:secret@x.org/a", "https://…@x.org/a"),
        ("https://x.org/a?apikey=secret", "https://x.org/a?apikey=…"),
        ("https://x.org/a?cat=ai&API-Key=se.cret&page=2", "https://x.org/a?cat=ai&API-Key=…&page=2"),
        ("https://x.org/a?access_token=secret#token=secret", "https://x.org/a?access_token=…#token=…"),
        ("https://x.org/a?sig=a%2Fb&amp;userKey=secret", "https://x.org/a?sig=…&amp;userKey=…"),
        ("https://x.org/a?f=0123456789abcdef0123", "https://x.org/a?f=…"),
        ("(see https://x.org/a?key=secret).", "(see https://x.org/a?key=…)."),
        ("https://x.org/a?key=secret: answered 403", "https://x.org/a?key=…: answered 403"),
    ],
)
def test_it_masks_the_keys_in_an_address(address: str, masked: str) -> None:
    assert without_secrets(address) == masked
    assert without_secrets(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "https://x.org/feed?keywords=agents&author=Ada&design=new&inside=1",
        "https://export.arxiv.org/api/query?search_query=cat:cs.CL&start=100&max_results=200",
        "https://export.arxiv.org/api/query?id_list=2608.00001,2608.00002,2608.00003",
        "why? a&b = c; key=value",
        "?key=",
    ],
)
def test_it_leaves_what_is_no_key(text: str) -> None:
    assert without_secrets(text) == text


def test_masking_takes_time_by_the_length() -> None:
    for text in ("?a=" * 50_000, "&" * 100_000, "?" + "a" * 100_000, "?a=" + ":" * 100_000, "://" * 40_000):
        began = time.process_time()
        without_secrets(text)
        assert time.process_time() - began < 0.5
