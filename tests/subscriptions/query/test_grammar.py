"""The grammar: queries are parsed, refused with a reason, and written back."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from subscriptions.query.grammar import (
    CATEGORY,
    MAX_SENTENCE_LENGTH,
    MAX_TERM_LENGTH,
    MAX_TERMS,
    MAX_VOTES,
    SIGNS,
    Criteria,
    FilterError,
    parse,
    write,
)

REMEMBER = "how an assistant, say, can remember; earlier"
PUNCTUATION = st.sampled_from(list(" ,;:-\"\n\r\t.*“”«–，：'"))
TYPED = st.text(st.one_of(st.characters(), PUNCTUATION), max_size=60)


def phrases() -> st.SearchStrategy[tuple[str, ...]]:
    """Return phrases as `parse` makes them: without quotes, with single spaces, and with a letter or digit."""
    cleaned = TYPED.map(lambda text: " ".join(text.translate(SIGNS).replace('"', " ").split()))
    return unique(cleaned.filter(lambda text: any(character.isalnum() for character in text)))


def unique(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=5, unique=True).map(tuple)


def is_read_as_a_phrase(text: str) -> bool:
    try:
        return parse(text) == Criteria(phrases=(text,))
    except FilterError:
        return False


CRITERIA = st.builds(
    Criteria,
    phrases=phrases().map(lambda values: tuple(filter(is_read_as_a_phrase, values))),
    quoted=phrases(),
    sentence=st.just("") | phrases().map(lambda values: "".join(values[:1])),
    min_votes=st.integers(0, MAX_VOTES),
    authors=phrases(),
    categories=unique(st.from_regex(CATEGORY, fullmatch=True)),
    exclusions=phrases(),
    ignored=phrases(),
)


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("", Criteria()),
        (" ,; \n ,", Criteria()),
        ("diffusion", Criteria(phrases=("diffusion",))),
        ("diffusion models, RLHF", Criteria(phrases=("diffusion models", "RLHF"))),
        ("one; two\nthree\r\nfour", Criteria(phrases=("one", "two", "three", "four"))),
        ("  far \t apart  ", Criteria(phrases=("far apart",))),
        ('"reason, then; act"', Criteria(quoted=("reason, then; act",))),
        ('"over\ntwo lines"', Criteria(quoted=("over two lines",))),
        ('"one" , "two"\n\n"three"', Criteria(quoted=("one", "two", "three"))),
        ('one, "one"', Criteria(phrases=("one",), quoted=("one",))),
        ("about: how an assistant, say, can remember; earlier\nagents", Criteria(("agents",), sentence=REMEMBER)),
        ('ABOUT : "how an assistant, say, can remember; earlier", agents', Criteria(("agents",), sentence=REMEMBER)),
        ("about:what they don't know\r\n", Criteria(sentence="what they don't know")),
        ("agents, votes:20", Criteria(("agents",), min_votes=20)),
        ("Votes: 020", Criteria(min_votes=20)),
        ("twice, twice", Criteria(phrases=("twice",))),
        ("chain-of-thought", Criteria(phrases=("chain-of-thought",))),
        ("LLM: a survey", Criteria(phrases=("LLM: a survey",))),
        ('"author:nobody"', Criteria(quoted=("author:nobody",))),
        ("强化学习, обучение", Criteria(phrases=("强化学习", "обучение"))),
        ("强化学习，扩散模型、智能体；作者", Criteria(phrases=("强化学习", "扩散模型", "智能体", "作者"))),
        (
            "“chain of thought”, „first, second“, «trois»",
            Criteria(quoted=("chain of thought", "first, second", "trois")),
        ),
        (
            "–survey; —“medical imaging”, −x, author：Ada",
            Criteria(authors=("Ada",), exclusions=("survey", "medical imaging", "x")),
        ),
        ("– agents\n– memory", Criteria(phrases=("– agents", "– memory"))),
        ("image–text pairs", Criteria(phrases=("image–text pairs",))),
        ("-survey, - medical imaging", Criteria(exclusions=("survey", "medical imaging"))),
        ('-"first, second"', Criteria(exclusions=("first, second",))),
        ("diffusion -survey", Criteria(("diffusion",), exclusions=("survey",))),
        (
            "diffusion models\t -medical imaging -survey, -x",
            Criteria(("diffusion models",), (), (), ("medical imaging", "survey", "x")),
        ),
        ('author:Ada -survey; "a -b" -c', Criteria((), ("Ada",), (), ("survey", "c"), ("a -b",))),
        ('rag -"first, second"', Criteria(("rag",), exclusions=("first, second",))),
        ("about: agents -survey", Criteria(sentence="agents -survey")),
        ('about:"agents -survey" -x', Criteria(sentence="agents -survey", exclusions=("x",))),
        ("state-of-the-art", Criteria(("state-of-the-art",))),
        ("pre- and post-training", Criteria(("pre- and post-training",))),
        ("models - a survey, GPT -4", Criteria(("models - a survey", "GPT -4"))),
        ("author:Yann LeCun, AUTHOR: Ada", Criteria(authors=("Yann LeCun", "Ada"))),
        ('author:"LeCun, Yann"', Criteria(authors=("LeCun, Yann",))),
        ("cat:cs.CL, Cat:cs.*, cat:hep-th", Criteria(categories=("cs.CL", "cs.*", "hep-th"))),
        ('cat: "cond-mat.str-el"', Criteria(categories=("cond-mat.str-el",))),
        ("a, author:b, cat:c, -d", Criteria(("a",), ("b",), ("c",), ("d",))),
    ],
)
def test_it_reads_what_readers_type(text: str, criteria: Criteria) -> None:
    assert parse(text) == criteria


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"open', "quotes must open and close around a whole phrase"),
        ('a, half "quoted" phrase', "quotes must open and close around a whole phrase"),
        ('-"open', "quotes must open and close around a whole phrase"),
        ("...", "“...” contains no word"),
        ("-", "“-” contains no word"),
        ('""', '“""” contains no word'),
        ("author:", "“author:” contains no word"),
        ("🙂", "“🙂” contains no word"),
        ("x" * (MAX_TERM_LENGTH + 1), "is longer than 100 characters. Separate phrases with commas."),
        ("cat:", "“cat:” is not an arXiv category. Write it like cat:cs.CL, or cat:cs.* for all of cs."),
        ("cat:cs.", "is not an arXiv category"),
        ("cat:c\u017f.CL", "is not an arXiv category"),  # a long s, which becomes an s if case is ignored
        (
            "title:diffusion",
            "“title:” is not known. Write author:Name, cat:cs.CL, votes:20, about: with a sentence, or put",
        ),
        ("about:", "“about:” contains no sentence. Write it like about: how an assistant can remember."),
        ("about: " + "x" * (MAX_SENTENCE_LENGTH + 1), "is longer than 1000 characters"),
        ("about: a\nabout: b", "“about:” can appear once in a filter, but is there 2 times. Keep one of them."),
        ("-about:it", "can't be left out"),
        ("votes:many", "“votes:many” is not a number of votes. Write it like votes:20, from 1 to 100000."),
        ("votes:0", "is not a number of votes"),
        (f"votes:{'9' * 5_000}", "is not a number of votes"),
        ("votes:²", "is not a number of votes"),
        ("votes:2, votes:3", "“votes:” can appear once in a filter"),
        ("-votes:2", "can't be left out"),
        ("https://arxiv.org", "“https:” is not known"),
        ("-author:Ada", "“-author:Ada” can't be left out: a minus works with phrases only"),
        ("- Cat : cs.CV", "can't be left out"),
        (",".join(map(str, range(MAX_TERMS + 1))), "That is 51 terms; a filter can have at most 50."),
    ],
)
def test_it_says_what_it_can_not_read(text: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_it_takes_as_many_and_as_long_terms_as_it_says() -> None:
    assert len(parse(",".join(map(str, range(MAX_TERMS)))).phrases) == MAX_TERMS
    assert parse("x" * MAX_TERM_LENGTH).phrases == ("x" * MAX_TERM_LENGTH,)
    assert parse("about: " + "x" * MAX_SENTENCE_LENGTH).sentence == "x" * MAX_SENTENCE_LENGTH


def test_it_repeats_no_more_than_the_beginning_of_a_long_text() -> None:
    with pytest.raises(FilterError) as caught:
        parse('"' + "x" * 2000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    [
        "a," + " " * 1990 + '"x',
        " " * 1999 + '"',
        " \n" * 1000 + '"',
        "a, -" + " " * 1990 + 'b"',
        "a:" * 999 + '"',
        "author:" + " " * 1990 + '"',
        " -a" * 660 + '"',
    ],
)
def test_it_reads_awkward_text_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(FilterError):
        parse(text)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("criteria", "text"),
    [
        (Criteria(), ""),
        (Criteria(("a b",), ("Ada",), ("cs.*",), ("c",)), "a b, author:Ada, cat:cs.*, -c"),
        (Criteria(("a, b", "-c", "d:e", "f: g")), '"a, b", "-c", "d:e", f: g'),
        (Criteria(("A “b” c",), ("–d",), quoted=("e，f",)), 'A b c, "e,f", author:"–d"'),
        (Criteria(("a",), ("b -c",), exclusions=("d", "e -f")), 'a, author:"b -c", -d, -"e -f"'),
        (Criteria(quoted=("a",), sentence="b, c", min_votes=3), '"a", votes:3, about:"b, c"'),
        (Criteria(("a",), ignored=("b", "c -d")), 'a, ignore:b, ignore:"c -d"'),
    ],
)
def test_it_writes_quotes_only_where_they_are_needed(criteria: Criteria, text: str) -> None:
    assert write(criteria) == text


@given(CRITERIA)
@example(Criteria(("z:",), ("-a", "b, c"), ("cs.*",), ("author:d", "-e"), ("author:x", "-y", "about: z"), "-f", 1))
def test_it_reads_what_it_writes(criteria: Criteria) -> None:
    assert parse(write(criteria)) == criteria


@given(TYPED)
@example('""""')
@example("-,-,-")
@example('rag: "LeCun, Yann"')
@example("\x00")
def test_it_refuses_text_in_one_way_only(text: str) -> None:
    try:
        criteria = parse(text)
    except FilterError:
        return
    assert parse(write(criteria)) == criteria


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("", False),
        ("-survey", False),
        ("a", True),
        ("author:a", True),
        ("cat:cs.*", True),
        ("votes:1", True),
        ("about: a", True),
        ('"a"', True),
    ],
)
def test_it_knows_whether_anything_is_wanted(text: str, wants: bool) -> None:
    assert parse(text).wants_something is wants


@given(st.text(alphabet='ab é-½,; \n\t\r\x1c"!', max_size=30))
@example("pre-training, b")
@example("a, -b")
@example("a -b")
@example("a,, a ;b")
@example("a, !")
def test_it_reads_plain_phrases_as_it_reads_them_term_by_term(text: str) -> None:
    def read(text: str) -> Criteria | None:
        try:
            return parse(text)
        except FilterError:
            return None

    by_terms = read(f"{text}\n cat:x")  # a field forces the slow path
    alone = read(text)
    assert (alone and alone._replace(categories=("x",))) == by_terms


def test_it_names_all_terms_that_cannot_be_read() -> None:
    with pytest.raises(FilterError) as caught:
        parse("agents, author:, cat:?, votes:many")
    said = str(caught.value)
    assert all(f"“{term}”" in said for term in ("author:", "cat:?", "votes:many"))
    assert "agents" not in said
    with pytest.raises(FilterError) as caught:
        parse(", ".join(f"cat:?{number}" for number in range(40)))
    assert str(caught.value).count("is not an arXiv category") == 5
