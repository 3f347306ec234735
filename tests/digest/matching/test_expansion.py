"""Query expansion by what earlier papers say about a text."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from digest.matching import Index, Interest
from digest.matching.assembly import assemble_index, text_of
from digest.matching.corpus import EarlierPapers
from digest.matching.expansion import Archive, Expansion
from digest.matching.similarity import DIMENSIONS, Vectors, unit
from subscriptions.query.grammar import Criteria

ASKED = "assistants that click through screens"


def paper(title: str, abstract: str) -> Any:
    return SimpleNamespace(key=title, title=title, abstract=abstract, authors=[], categories=[], keywords=[], votes=0)


def earlier_papers() -> list[Any]:
    """Return an archive: papers on screens mention OSWorld, those on chess mention openings."""
    screens = [
        paper(f"Assistants click screens {n}", "Clicking through screens: OSWorld grounding.") for n in range(12)
    ]
    chess = [paper(f"Chess {n}", "An opening and an endgame of chess, with openings.") for n in range(12)]
    return screens + chess + [paper(f"Else {n}", f"Subject {n} of another kind.") for n in range(200)]


def words_of(expansion: Expansion) -> list[str]:
    return [word.word for word in expansion.words]


def test_it_looks_for_words_that_go_with_the_text_and_writes_them_as_papers_do() -> None:
    assert set(words_of(Archive(earlier_papers()).expand(ASKED))) == {"OSWorld", "grounding"}


def test_papers_with_an_ignored_word_teach_nothing() -> None:
    assert words_of(Archive(earlier_papers()).expand(ASKED, ignored=("osworld",))) == []


def test_a_text_that_no_earlier_paper_matches_has_no_words() -> None:
    assert words_of(Archive(earlier_papers()).expand("growing tomatoes on balconies")) == []


def test_its_words_are_in_standard_deviations_of_the_archive() -> None:
    papers = earlier_papers()
    found = Archive(papers).expand(ASKED)
    index = Index(papers).corpus.bm25_index
    sums = index.share_sum({word.family: word.weight for word in found.words}) - found.words_mean
    assert sums.mean() == pytest.approx(0, abs=1e-6)
    assert sums.std() == pytest.approx(1)


def test_a_paper_that_shares_only_those_words_is_found() -> None:
    day = [paper("OSWorld grounding", "Grounding for OSWorld. " * 3), paper("Tomatoes", "On balconies. " * 3)]
    archive = Archive(earlier_papers())
    asked = Interest("it", Criteria(sentence=ASKED))
    assert not Index(day).answer(asked, "more").scores
    known = EarlierPapers(
        archive.word_counts, lambda texts: [archive.expand(text, ignored=words) for text, words in texts]
    )
    assert list(Index(day, earlier=known).answer(asked, "more").scores) == [0]
    struck = Interest("it", Criteria(sentence=ASKED, ignored=("osworld",)))
    assert not Index(day, earlier=known).answer(struck, "more").scores


def test_its_embedding_tells_the_papers_that_match_from_others() -> None:
    papers = earlier_papers()
    chance = np.random.default_rng(7)
    vectors: Vectors = unit(chance.normal(size=(len(papers), DIMENSIONS)).astype(np.float32))
    vectors[:12, 0] += 0.5  # what papers on screens have in common
    vectors, asked = unit(vectors), unit(vectors[:12].mean(axis=0))
    found = Archive(papers, vectors).expand(ASKED, asked)
    assert found.vector is not None
    index = assemble_index(papers, [], {text_of(one): vector for one, vector in zip(papers, vectors, strict=True)})
    assert index.corpus.embedding_space is not None
    closeness = index.corpus.embedding_space.expansion_closeness(found.vector, found.vector_mean)
    assert closeness[:12].min() > closeness[12:].max()
    assert closeness.std() == pytest.approx(1, abs=0.05)


def test_the_expansion_of_a_topic_with_examples_counts() -> None:
    papers = earlier_papers()
    day = [paper("OSWorld grounding", "Grounding for OSWorld. " * 3), paper("Tomatoes", "On balconies. " * 3)]
    chance = np.random.default_rng(7)
    vectors: Vectors = unit(chance.normal(size=(len(papers) + 3, DIMENSIONS)).astype(np.float32))
    archive = Archive(papers, vectors[3:])
    known = EarlierPapers(archive.word_counts, lambda texts: [archive.expand(text, vectors[0]) for text, _ in texts])
    topic = Interest("Screens", Criteria(quoted=("screens",)), ASKED, vector=vectors[0].astype(np.float16).tobytes())
    embedded = {text_of(one): vector for one, vector in zip(day, vectors[1:], strict=False)}
    ratios = []
    for earlier in (EarlierPapers(archive.word_counts), known):
        likely = {number: p for p, number in assemble_index(day, [topic], embedded, earlier=earlier).rank(topic)}
        ratios.append(likely[0] / likely[1])
    assert ratios[1] > 2 * ratios[0]
