"""Selection of a reader's papers, explanations, and positions of matches in a text."""

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.matching import Index, Interest, Reason, choose, match, spans
from digest.matching.abbreviations import definitions
from digest.matching.assembly import assemble_index
from digest.matching.bm25 import Bm25Index, WordCounts
from digest.matching.corpus import EarlierPapers
from digest.matching.explanation import explain
from digest.matching.phrase_index import PhraseIndex
from digest.matching.scoring import probabilities
from digest.matching.scoring_weights import THRESHOLDS
from digest.matching.thesaurus import NO_TOPICS, Thesaurus
from subscriptions.query.grammar import Criteria

AGENTS = Interest("Agents", Criteria(quoted=("agents",)))
ROBOTS = Interest("Robots", Criteria(quoted=("robots",)))


def paper(title: str, abstract: str = "", **fields: Any) -> Any:
    values = {"key": title, "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, abstract=abstract, **values)


def titles(index: Index, *interests: Interest, most: int = 10, amount: str = "balanced") -> list[str]:
    return [found.paper.title for found in choose(index, interests, (), amount, most)[0]]


MANY = Index([*(paper(f"Agents {number}") for number in range(20)), paper("x", "It ends with a word on robots.")])


@pytest.mark.parametrize("most", [2, 5, 10, 20])
def test_it_lets_no_topic_take_all_places_when_another_has_something(most: int) -> None:
    chosen = titles(MANY, AGENTS, ROBOTS, most=most)
    assert len(chosen) == most
    assert "x" in chosen


def test_it_takes_the_best_where_only_one_topic_has_any() -> None:
    assert titles(MANY, AGENTS, most=3) == ["Agents 0", "Agents 1", "Agents 2"]


def test_it_counts_what_it_left_out() -> None:
    chosen, of = choose(MANY, (AGENTS, ROBOTS), (), "balanced", 4)
    assert (len(chosen), of) == (4, 21)


@given(st.lists(st.sampled_from(["agents", "robots", "nothing"]), max_size=12), st.integers(1, 8))
def test_it_never_pads_and_never_repeats(words: list[str], most: int) -> None:
    index = Index([paper(f"{word} {number}") for number, word in enumerate(words)])
    chosen = titles(index, AGENTS, ROBOTS, most=most)
    wanted = [word for word in words if word != "nothing"]
    assert len(chosen) == len(set(chosen)) == min(most, len(wanted))


@pytest.mark.parametrize(("amount", "count"), [("fewer", 1), ("balanced", 2), ("more", 2)])
def test_it_gives_as_many_as_the_reader_wants(amount: str, count: int) -> None:
    long = "We say much of other things. " * 40
    index = Index([paper("Agents"), paper("Other", f"{long} agents. {long}")])
    assert len(match(index, [AGENTS], (), amount)) == count


def test_it_asks_for_votes() -> None:
    index = Index([paper("Agents", votes=20), paper("More agents", votes=19)])
    assert titles(index, Interest("it", Criteria(phrases=("agents",), min_votes=20))) == ["Agents"]
    assert titles(index, Interest("it", Criteria(min_votes=19))) == ["Agents", "More agents"]


def test_it_reads_an_abbreviation_as_the_paper_does() -> None:
    index = Index(
        [paper("GRPO at work", "Group Relative Policy Optimization (GRPO) is used."), paper("GRPO", "Other.")]
    )
    long = Interest("it", Criteria(quoted=("group relative policy optimization",)))
    assert titles(index, long) == ["GRPO at work"]
    (finding,) = index.findings(long).values()
    assert finding.reasons[0].where == "title"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We use Retrieval-Augmented Generation (RAG).", [("RAG", "Retrieval-Augmented Generation")]),
        ("Large language models (LLMs) are", [("LLM", "Large language models")]),
        ("nothing (here)", []),
        ("(ABC) first", []),
        ("a b c (XYZ)", []),
    ],
)
def test_it_finds_what_abbreviations_stand_for(text: str, found: list[tuple[str, str]]) -> None:
    assert list(definitions(text)) == found


@given(st.text(max_size=200))
def test_it_survives_any_text_with_brackets(text: str) -> None:
    list(definitions(f"{text} (AB) {text} (XYZ)"))


def reason(found: str, kind: str = "phrase") -> Reason:
    return Reason("it", kind, found, "abstract", 1.0)


@pytest.mark.parametrize(
    ("text", "reasons", "marked"),
    [
        ("On pre-training and Pretraining.", [reason("pretraining")], ["pre-training", "Pretraining"]),
        ("A rag for RAG", [reason("RAG")], ["RAG"]),
        ("agents learn memory", [reason("memory, agent", "words")], ["agents", "memory"]),
        ("reward models model", [reason("reward model"), reason("models")], ["reward models", "model"]),
        ("by Ada", [reason("Ada", "author")], []),
        ("OfficeBench is a bench", [reason("bench")], ["OfficeBench", "bench"]),
        ("HarnessEval-W, mix-harness", [reason("harness")], ["HarnessEval-W", "mix-harness"]),
        ("reinforcement learning-based", [reason("reinforcement learning")], ["reinforcement learning-based"]),
        ("Cafés", [reason("cafe")], ["Cafés"]),
        ("Cafe\u0301 models ™", [reason("model")], ["models"]),  # folding keeps the length but moves letters
        ("", [reason("a")], []),
    ],
)
def test_it_marks_what_was_found(text: str, reasons: list[Reason], marked: list[str]) -> None:
    assert [text[begin:end] for begin, end in spans(text, reasons)] == marked


@given(st.text(max_size=100), st.text(max_size=20))
def test_it_marks_any_text_in_order(text: str, found: str) -> None:
    marked = spans(text, [reason(found), reason(text[:10])])
    assert marked == sorted(marked)
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(marked))


def test_it_covers_rare_words_more_than_common_ones() -> None:
    index = Bm25Index([paper("Protein folding"), paper("Models of data"), paper("Else")])
    covered = index.coverage("models of protein data")
    assert covered[0] > covered[1]
    assert covered[2] == 0


def test_it_knows_a_topic_by_its_name_and_by_its_phrases() -> None:
    topics = [
        Interest("Distillation", Criteria(quoted=("teacher-student",)), "Distillation: small models from large ones"),
        Interest("Robots", Criteria(quoted=("humanoid",)), "Robots: machines that move"),
    ]
    thesaurus = Thesaurus(topics)
    assert thesaurus.topics_in("Teacher student", "Teacher student").weights == ((0, 1.0),)
    text = "a machine that moves like a humanoid"
    assert [number for number, _ in thesaurus.topics_in(text, text).weights] == [1]
    assert thesaurus.topics_in("Else", "Else") == NO_TOPICS
    index = Index([paper("Humanoids walk"), paper("Else")], None, thesaurus)
    asked = Interest("it", Criteria(sentence="machines that move like a humanoid"))
    reasons = index.findings(asked, "more")[0].reasons
    assert ("topic", "Robots") in {(each.kind, each.found) for each in reasons}


@pytest.mark.parametrize(
    ("name", "text", "topic"),
    [
        ("Robots", "Robots", 1),
        ("Humanoid", "Humanoid", 1),
        ("Learning from a teacher", "Learning from a teacher: small networks do what large ones can", 0),
    ],
)
def test_it_knows_what_somebody_would_tick(name: str, text: str, topic: int) -> None:
    topics = [
        Interest("Distillation", Criteria(quoted=("teacher-student",)), "Distillation: small models from large ones"),
        Interest("Robots", Criteria(quoted=("humanoid",)), "Robots: machines that move"),
    ]
    assert Thesaurus(topics).nearest(name, text) == topic


def test_what_a_part_of_a_name_means_depends_on_the_rest() -> None:
    topics = [
        Interest("Image generation", Criteria(quoted=("images from text",)), "Image generation: pictures from words"),
        Interest("Segmentation", Criteria(quoted=("video segmentation",)), "Segmentation: objects in pixels"),
    ]
    thesaurus, name = Thesaurus(topics, np.array([[1, 0], [0, 1]], np.float32)), "Image and video segmentation"
    assert thesaurus.nearest(name, name, np.array([0.2, 0.98], np.float32)) == 1
    assert thesaurus.nearest(name, name, np.array([0.8, 0.6], np.float32)) == 0  # the first of two that are as near


def test_it_knows_by_meaning_what_somebody_would_tick() -> None:
    topics = [Interest("One", Criteria(quoted=("a",)), "One"), Interest("Two", Criteria(quoted=("b",)), "Two")]
    thesaurus = Thesaurus(topics, np.array([[1, 0], [0, 1]], np.float32))
    nearer_to_two = np.array([0.3, 0.7], np.float32)
    assert thesaurus.nearest("x", "x", nearer_to_two) == 1
    assert thesaurus.nearest("One", "One", nearer_to_two) == 0  # a longer name is more specific


def test_a_topic_s_name_counts_for_more_than_what_others_are_called_by() -> None:
    topics = [
        Interest("Robots", Criteria(quoted=("robot arm",)), "Robots"),
        Interest("Robot arm", Criteria(quoted=("gripper",)), "Robot arm"),
    ]
    assert Thesaurus(topics).topics_in("robot arms", "robot arms").weights == ((1, 1.0),)


@pytest.mark.parametrize("asked", ["world models", "world-models", "World Model"])
def test_a_topic_helps_whoever_types_its_name_however_hyphenated(asked: str) -> None:
    topic = Interest(
        "World models", Criteria(quoted=("world model", "learned simulator")), "World models: what comes next"
    )
    index = Index(
        [paper("A learned simulator", "This is a learned simulator."), paper("Else")], None, Thesaurus([topic])
    )
    assert list(index.answer(Interest("it", Criteria(phrases=(asked,))), "more").scores) == [0]


WORDS = ["pre", "training", "pretraining", "agents", "a", "RAG", "rag", "½", "straße", "état"]


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_it_finds_the_same_by_reading_as_by_its_index(words: list[str]) -> None:
    texts = PhraseIndex([paper(" ".join(words[:5]), " ".join(words[5:]), keywords=words[:2]), paper("rags", "")])
    phrases = ["pre-training", "agent", "a", "RAG", "1⁄2", "strasse", "training agents", "etat pretraining agents", ""]
    by_reading = [texts.find(phrase) for phrase in phrases]
    for _ in range(400):
        texts.find("nothing")
    assert [texts.find(phrase) for phrase in phrases] == by_reading


def test_days_share_a_thesaurus_while_the_catalogue_is_the_same() -> None:
    first, second = assemble_index([paper("a")], [AGENTS]), assemble_index([paper("b")], [AGENTS])
    assert first.corpus.thesaurus is second.corpus.thesaurus
    assert assemble_index([paper("b")], [AGENTS, ROBOTS]).corpus.thesaurus is not first.corpus.thesaurus


THREE = [paper("Video Diffusion for Everyone", "x"), paper("Agents at Sea", "They watch videos."), paper("Tables", "x")]


@pytest.mark.parametrize("papers", [THREE, THREE[:1], [*THREE, paper("Else", "Nothing of it.")] * 30])
def test_a_topic_made_by_hand_brings_what_holds_its_phrases(papers: list[Any]) -> None:
    video = Interest("Moving pictures", Criteria(quoted=("video",)), "Moving pictures", by_hand=True)
    found = match(assemble_index(papers, [video]), [video])
    assert {each.paper.title for each in found} == {one.title for one in papers if "ideo" in one.title + one.abstract}
    assert all(each.reasons[0].found.startswith(("Video", "video")) for each in found)


def test_a_topic_of_the_catalogue_tells_what_it_is_about_from_what_mentions_it() -> None:
    video = Interest("Moving pictures", Criteria(quoted=("video",)), "Moving pictures")
    papers = [THREE[0], paper("Agents at Sea", f"{'Agents sail, and agents keep a log. ' * 5}They watch videos.")]
    assert titles(assemble_index(papers, [video, AGENTS]), video) == ["Video Diffusion for Everyone"]


def test_a_topic_of_the_catalogue_finds_what_uses_its_words_but_none_of_its_phrases() -> None:
    memory = Interest("Remembering", Criteria(quoted=("agent memory", "memory across sessions")), "Remembering")
    papers = [paper("What an Assistant Has in Memory", "Of a session, and of the sessions before."), paper("Agents")]
    (found,) = match(assemble_index(papers, [memory, AGENTS, ROBOTS]), [memory])
    assert [(reason.kind, reason.found, reason.where) for reason in found.reasons] == [
        ("words", "Memory", "title"),
        ("words", "session", "abstract"),
    ]


def test_a_sentence_of_words_that_tell_little_brings_no_flood() -> None:
    papers = [paper(f"Models of {thing}", f"We model {thing}. " * 5) for thing in ("rivers", "trade", "sleep")]
    vague = Interest("it", Criteria(sentence="when models make things up and whether they know what they do not know"))
    assert not match(assemble_index(papers, [AGENTS]), [vague])
    plain, telling = Interest("it", Criteria(sentence="how rivers carve valleys")), "Rivers carve valleys"
    usual = EarlierPapers(WordCounts(1_000, {"river": 60}))
    papers.append(paper(telling, f"{telling}. " * 3))
    assert titles(assemble_index(papers, [AGENTS], earlier=usual), plain) == [telling]


def test_what_no_topic_stands_for_is_found_by_its_own_words() -> None:
    criteria = Criteria(phrases=("Bird song",), sentence="telling the birds of a forest apart by their song")
    papers = [
        paper("Who Sings?", "We hear birds in forest recordings, and their song. " * 2),
        paper("Robots", "Arms. " * 9),
    ]
    assert titles(assemble_index(papers, [AGENTS, ROBOTS]), Interest("it", criteria)) == ["Who Sings?"]


def test_a_sentence_without_a_topic_is_found_by_words_alone() -> None:
    sentence = "telling the birds of a forest apart by their song"
    papers = [
        paper("Forest Birds and Their Song", "We tell birds in forest recordings apart. " * 3),
        *(paper(f"Robots {number}", "Arms. " * 9) for number in range(9)),
    ]
    index = assemble_index(papers, [AGENTS, ROBOTS])
    assert titles(index, Interest("it", Criteria(sentence=sentence))) == ["Forest Birds and Their Song"]


def test_a_word_that_is_rare_in_the_archive_counts_on_a_day_full_of_it() -> None:
    papers = [paper(f"Folding proteins {number}", "We fold proteins. " * 3) for number in range(30)]
    asked = Interest("it", Criteria(sentence="how proteins fold"))
    usual = EarlierPapers(WordCounts(1_000, {"protein": 5, "fold": 10}))
    assert not titles(Index(papers), asked, most=30)
    assert len(titles(Index(papers, earlier=usual), asked, most=30)) == 30


ASKED = "how rivers carve valleys"


def test_a_sentence_is_weighed_as_one_though_a_name_reads_the_same() -> None:
    papers = [paper("Valleys", "Rivers carve them. " * 3), paper("Agents", "They plan. " * 9)]
    index = Index(papers)
    index.rank(Interest("it", Criteria(phrases=(ASKED,))))
    sentence = Interest("it", Criteria(sentence=ASKED))
    assert index.rank(sentence) == Index(papers).rank(sentence)


def test_a_sentence_is_a_reason_where_the_paper_says_it_word_for_word() -> None:
    papers = [paper("x", f"We ask {ASKED}. " * 4)]
    (found,) = match(Index(papers), [Interest("it", Criteria(sentence=ASKED))], amount="more")
    assert [(reason.kind, reason.found) for reason in found.reasons] == [("words", "rivers, carve, valleys")]


def test_words_that_tell_little_are_a_reason_where_there_is_no_other() -> None:
    asked = Interest("it", Criteria(phrases=("model",), sentence="better models of language"))
    (found,) = explain(Index([paper("x", "In language it is better.")]).corpus, asked, 0, THRESHOLDS["more"])
    assert (found.kind, found.found) == ("words", "language, better")


WITH_COMMON = Index([paper(f"Agents {n}", "They plan well with tools. " * (n % 3)) for n in range(20)])


@pytest.mark.parametrize("phrases", [("agents",), ("agents", "plan"), ("plan", "Agent"), ("agents", "nowhere")])
def test_it_says_the_same_of_a_phrase_that_was_asked_for_before(phrases: tuple[str, ...]) -> None:
    interest = Interest("it", Criteria(phrases=phrases))
    anew = Index(WITH_COMMON.papers)
    for phrase in phrases:
        anew.rank(Interest("other", Criteria(phrases=(phrase,))))
    assert anew.rank(interest) == Index(WITH_COMMON.papers).rank(interest)


PHRASES = ["agents", "plan", "tools well", "nowhere", "RAG", "robot arms", "no such thing", "teacher student"]


@given(st.lists(st.sampled_from(PHRASES), max_size=4), st.lists(st.sampled_from(PHRASES), max_size=2))
def test_phrases_that_find_nothing_change_nothing(phrases: list[str], quoted: list[str]) -> None:
    topics = [Interest("Distillation", Criteria(quoted=("teacher-student",)), "Distillation: small from large")]
    index = assemble_index([*WITH_COMMON.papers, paper("A student of a teacher"), paper("Robots with arms")], topics)
    for _ in range(400):
        index.corpus.phrase_match("nothing")  # build the index, as for a whole day of emails
    asked = Interest("it", Criteria(phrases=tuple(phrases), quoted=tuple(quoted)))
    for amount, threshold in THRESHOLDS.items():
        assert index.answer(asked, amount).scores == probabilities(index.corpus, asked, threshold)


def test_it_ranks_all_that_hold_a_word_though_few_of_them_were_chosen_before() -> None:
    papers = [
        paper("Robots fold soft laundry"),
        paper("Robots walk"),
        *(paper(f"Else {number}") for number in range(9)),
    ]
    asked = Interest("it", Criteria(phrases=("robots folding laundry",)))
    usual = EarlierPapers(WordCounts(1_000, {"robot": 80}))
    chosen_before = Index(papers, earlier=usual)
    assert len(chosen_before.answer(asked, "fewer").scores) < 2
    assert chosen_before.rank(asked) == Index(papers, earlier=usual).rank(asked)


def test_a_name_and_a_sentence_of_something_else_are_asked_for_each_by_itself() -> None:
    topics = [
        Interest("Speech", Criteria(quoted=("speech recognition",)), "Speech: machines that understand speech"),
        Interest("Robots", Criteria(quoted=("robot arm",)), "Robots: machines that grasp objects"),
    ]
    papers = [paper("Speech recognition for all"), paper("A robot arm that grasps objects", "Robots grasp objects.")]
    index = Index(papers, None, Thesaurus(topics))
    sentence = "robots that grasp objects"

    def found(*phrases: str, about: str = "") -> set[int]:
        return set(index.answer(Interest("it", Criteria(phrases=phrases, sentence=about)), "more").scores)

    assert found("speech recognition", about=sentence) == found("speech recognition") | found(about=sentence) == {0, 1}
    assert Thesaurus(topics).is_one_subject("Robots", sentence)
    assert not Thesaurus(topics).is_one_subject("speech recognition", sentence)
    assert not Thesaurus(topics).is_one_subject("Zettelkasten", sentence)
    assert found("grasping of objects", about=sentence) == {1}


def test_votes_leave_a_broader_topic_what_it_is_about() -> None:
    narrow = Interest("Robots", Criteria(quoted=("robot arm",)), "Robots")
    broad = Interest("Machines", Criteria(min_votes=5), "Machines: all of them", narrower=(narrow,))
    papers = [paper("A robot arm", votes=9), paper("A robot arm, again", votes=1), paper("Else", votes=50)]
    assert set(Index(papers, None, Thesaurus([narrow])).answer(broad).scores) == {0}


def test_words_that_stand_in_a_phrase_are_told_once() -> None:
    asked = Interest("it", Criteria(phrases=("robot arm",), sentence="what a robot arm can hold"))
    index = Index([paper("A robot arm", "It can hold a cup.")], None, None)
    kinds = [(reason.kind, reason.found) for reason in index.findings(asked, "more")[0].reasons]
    assert ("phrase", "robot arm") in kinds
    assert not any("arm" in found for kind, found in kinds if kind == "words")


QUANTUM = Interest("Quantum physics", Criteria(categories=("quant-ph",)), "Quantum physics")


def test_a_topic_with_categories_finds_all_their_papers_whatever_the_words() -> None:
    papers = [
        paper("On a Theorem", categories=["quant-ph", "math.FA"]),
        paper("On another Theorem", categories=["math.FA", "quant-ph"]),
        paper("On a third Theorem", categories=["math.FA"]),
    ]
    found = match(Index(papers), [QUANTUM])
    assert [each.paper.title for each in found] == ["On a Theorem", "On another Theorem"]
    assert [reason.found for each in found for reason in each.reasons] == ["quant-ph", "quant-ph"]


def test_words_rank_the_papers_of_a_topics_categories() -> None:
    topic = Interest("Quantum physics", Criteria(quoted=("qubit",), categories=("quant-ph",)), "Quantum physics")
    papers = [paper("On a Theorem", categories=["quant-ph"]), paper("A Qubit for All", categories=["quant-ph"])]
    assert titles(assemble_index(papers, [topic]), topic) == ["A Qubit for All", "On a Theorem"]


def test_without_its_category_a_topic_needs_stronger_words() -> None:
    topic = Interest("Quantum physics", Criteria(quoted=("qubit",)), "Quantum physics")
    taxonomy = Interest("Quantum physics", Criteria(quoted=("qubit",), categories=("quant-ph",)), "Quantum physics")
    index = assemble_index([paper("A Day", "It mentions a qubit.", categories=["cs.AI"])], [topic])
    (plain,), (strict,) = index.rank(topic), index.rank(taxonomy)
    assert strict[0] < plain[0]
