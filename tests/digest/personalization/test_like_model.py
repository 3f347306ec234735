"""The model of what a reader liked."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from digest.personalization.like_model import KEPT_WORDS, Background, LikeModel, PaperFeatures, PaperMatrix, learn
from digest.personalization.word_features import BUCKETS, rarity, words_of

SUBJECTS = (
    "whale song recordings of humpback populations near feeding grounds in arctic waters",
    "memory for language agents that plan long tasks with tools and recall earlier steps",
    "protein folding with equivariant networks for drug discovery and binding sites",
    "monetary policy shocks and inflation expectations of households in panel surveys",
    "galaxy clusters observed by weak lensing and their dark matter halo profiles",
)


def paper(subject: int, number: int, meaning: bool = True) -> PaperFeatures:
    """Return a paper on one of SUBJECTS: some of its words and others, and an embedding near the subject's."""
    words = SUBJECTS[subject].split()
    chance = np.random.default_rng(100 * subject + number)
    said = [*chance.choice(words, 6, replace=False), *(f"w{chance.integers(3_000)}" for _ in range(20))]
    text: Any = SimpleNamespace(title=" ".join(said[:3]), abstract=" ".join(said[3:]))
    vector = np.eye(384, dtype=np.float32)[subject] + chance.normal(size=384).astype(np.float32) / 20 + 0.05
    return PaperFeatures(words_of(text), vector / np.linalg.norm(vector) if meaning else None)


def papers(subject: int, count: int, first: int = 0, meaning: bool = True) -> list[PaperFeatures]:
    return [paper(subject, first + number, meaning) for number in range(count)]


def background(meaning: bool = True) -> Background:
    mixed = [paper(number % 5, 500 + number, meaning) for number in range(200)]
    return Background(mixed[:100], mixed[100:])


@pytest.mark.parametrize("meaning", [True, False])
@pytest.mark.parametrize("likes", [1, 3, 20])
def test_papers_close_to_the_liked_ones_come_first(meaning: bool, likes: int) -> None:
    model = learn(papers(0, likes, meaning=meaning), [], background(meaning))
    day = [paper(number % 5, 50 + number, meaning) for number in range(50)]
    order = np.argsort(-model.closeness(PaperMatrix(day)))
    assert sum(number % 5 == 0 for number in order[:10]) >= (9 if meaning or likes > 1 else 6)


def test_closeness_is_in_standard_deviations() -> None:
    known = background()
    model = learn(papers(0, 3), [], known)
    usual = model.closeness(known.reference)
    assert usual.mean() == pytest.approx(0, abs=0.2)
    assert usual.std() == pytest.approx(1, abs=0.2)


def test_two_subjects_are_both_found() -> None:
    model = learn([*papers(0, 4), *papers(2, 4)], [], background())
    day = PaperMatrix([*papers(0, 5, 50), *papers(2, 5, 50), *papers(1, 20, 50), *papers(3, 20, 50)])
    assert sum(number < 10 for number in np.argsort(-model.closeness(day))[:10]) >= 9


def test_not_for_me_lowers_what_is_like_it_and_nothing_else() -> None:
    known, day = background(), PaperMatrix([*papers(1, 10, 50), *papers(3, 10, 50), *papers(4, 10, 50)])
    before = learn(papers(0, 5), [], known).closeness(day)
    after = learn(papers(0, 5), papers(1, 5), known).closeness(day)
    change = after - before
    assert change[:10].max() < 0 < change[10:].mean() + 0.05
    assert np.corrcoef(before[10:], after[10:])[0, 1] > 0.98  # the others keep their order


def test_dislikes_alone_find_nothing_and_lower_what_is_like_them() -> None:
    model = learn([], papers(1, 3), background())
    assert not model.has_likes
    closeness = model.closeness(PaperMatrix([*papers(1, 10, 50), *papers(3, 10, 50)]))
    assert closeness[:10].max() < closeness[10:].min()


def test_it_learns_on_a_site_without_other_papers() -> None:
    model = learn(papers(0, 1), [], Background([], []))
    closeness = model.closeness(PaperMatrix([*papers(0, 5, 50), *papers(1, 5, 50)]))
    assert closeness[:5].min() > closeness[5:].max()


def test_a_model_stays_small() -> None:
    model = learn(papers(0, 60), [], background())
    assert model.words.buckets.size == KEPT_WORDS
    assert list(model.words.buckets) == sorted(set(model.words.buckets))


def test_a_model_with_meaning_works_on_words_where_the_day_has_no_embeddings() -> None:
    model = learn(papers(0, 5), [], background())
    closeness = model.closeness(PaperMatrix([*papers(0, 5, 50, meaning=False), *papers(1, 5, 50, meaning=False)]))
    assert closeness[:5].mean() > closeness[5:].mean()


def test_a_day_without_papers_or_words_has_no_closeness() -> None:
    model = LikeModel(None, words_of(SimpleNamespace(title="", abstract="")), 0.5)
    assert model.closeness(PaperMatrix([])).tolist() == []
    assert model.closeness(PaperMatrix(papers(0, 2))).tolist() == [0.5, 0.5]


def text(title: str, abstract: str = "") -> Any:
    return SimpleNamespace(title=title, abstract=abstract)


def test_words_and_pairs_of_words_are_counted_and_stop_words_are_not() -> None:
    whales, song = words_of(text("Whales")), words_of(text("The song of whales"))
    assert whales.buckets.size == 1
    assert song.buckets.size == 2  # the two words are not next to each other
    assert words_of(text("Whale song")).buckets.size == 3
    assert set(whales.buckets) <= set(song.buckets)


def test_the_length_of_a_text_makes_no_difference() -> None:
    short, long = words_of(text("", "whale song")), words_of(text("", "whale song. " * 30))
    assert np.linalg.norm(short.weights) == pytest.approx(np.linalg.norm(long.weights), rel=0.15)


def test_words_of_the_title_count_more() -> None:
    found = words_of(text("whales", "galaxies"))
    (whales,) = words_of(text("whales")).buckets
    assert found.weights[list(found.buckets).index(whales)] == found.weights.max() > found.weights.min()


def test_rarity_comes_from_the_papers_and_a_prior() -> None:
    none, some = rarity([]), rarity([words_of(text("whales"))] * 100)
    (whales,) = words_of(text("whales")).buckets
    (model,) = words_of(text("model")).buckets
    assert none.size == some.size == BUCKETS
    assert some[whales] < none[whales]
    assert none[model] < none[whales]  # a common word, even where no paper is known
