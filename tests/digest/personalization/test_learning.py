"""The evaluation of learning from likes on people's libraries."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from digest.personalization.evaluation import baselines, like_evaluation
from digest.personalization.evaluation.baselines import Learner, Task
from digest.personalization.evaluation.like_evaluation import (
    OURS,
    Collection,
    LearningEvaluation,
    LearningEvaluationError,
    Library,
    LibraryPaper,
    Setting,
)
from digest.personalization.like_model import PaperFeatures
from digest.personalization.word_features import words_of
from digest.search import library_files

WORDS = {"Ada": "engine punched cards algebra", "Eve": "whale song sonar ocean", "Bob": "inflation bonds policy money"}


def library(name: str, words: str, papers: int = 40) -> Library:
    chance = random.Random(name)

    def text() -> str:
        return " ".join([*chance.sample(words.split(), 2), *(f"x{chance.randrange(400)}" for _ in range(6))])

    return Library(name, tuple(LibraryPaper(f"{name} {number} {text()}", text()) for number in range(papers)))


def three_people() -> list[Library]:
    return [library(name, words, papers=60) for name, words in WORDS.items()]


def evaluated(people: list[Library]) -> LearningEvaluation:
    collection = Collection(people)
    return like_evaluation.evaluate(collection, features(collection))


def features(collection: Collection) -> list[PaperFeatures]:
    return [PaperFeatures(words_of(paper)) for paper in collection.papers]  # type: ignore[arg-type]


@pytest.fixture
def few_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(like_evaluation, "LIKES", (3,))


@pytest.mark.usefixtures("few_settings")
def test_every_learner_does_better_than_chance() -> None:
    collection = Collection(three_people())
    done = like_evaluation.evaluate(collection, features(collection))
    assert [setting.name for setting in done.quality] == [
        "random, 3 likes",
        "random, 3 likes, 3 dislikes",
        "same subject, 3 likes",
        "same subject, 3 likes, 3 dislikes",
    ]
    assert set(done.people.values()) == {3}
    found = done.quality[Setting(3, False, False)]
    assert all(found[name].auc > 0.7 > found["random"].auc for name in found if name != "random")
    assert found[OURS].ndcg > 0.7
    assert done.as_json()["random, 3 likes"][OURS] == {
        "ndcg@10": round(found[OURS].ndcg, 4),
        "auc": round(found[OURS].auc, 4),
    }


@pytest.mark.usefixtures("few_settings")
def test_it_says_the_same_each_time_and_other_seeds_draw_other_days() -> None:
    collection = Collection(three_people())
    found = [like_evaluation.evaluate(collection, features(collection), seed=seed).quality for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_a_paper_that_two_people_have_is_one_paper_and_no_distractor() -> None:
    shared = LibraryPaper("Attention Is All You Need")
    one, two = (Library(name, (shared, *library(name, WORDS[name], 4).papers)) for name in ("Ada", "Eve"))
    collection = Collection([one, Library("Eve", (LibraryPaper("attention  is all you need"), *two.papers))])
    assert len(collection.papers) == 9
    assert collection.owned[0][0] == collection.owned[1][0] == 0


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ([library("Ada", "a b c d")], "at least two people"),
        ([library("Ada", "a b c d", 5), library("Eve", "e f g h", 300)], "can be evaluated"),
        ([library("Ada", "a b c d", 30), library("Eve", "e f g h", 30)], "only other people have"),
    ],
)
def test_too_few_papers_are_an_error(people: list[Library], message: str) -> None:
    with pytest.raises(LearningEvaluationError, match=message):
        evaluated(people)


def test_too_many_papers_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(like_evaluation, "MAX_PAPERS", 50)
    with pytest.raises(LearningEvaluationError, match="hold 180 papers, and at most 50"):
        Collection(three_people())


# Vectors: liked papers lie to the right, the disliked one above, and others to the left.
VECTORS = np.array([[1, 0.1], [0.9, -0.1], [0, 1], [-1, 0.2], [-0.9, -0.3], [0.95, 0], [-0.8, 0.1], [0.5, 0.8]])
TASK = Task([0, 1], [2], [3, 4], [3, 4], day=[5, 6, 7], wanted=1)


@pytest.mark.parametrize("learner", [baselines.mean, baselines.nearest, baselines.svm, baselines.regression])
def test_baselines_put_the_closest_paper_first(learner: Learner) -> None:
    scores = learner(VECTORS @ VECTORS.T, TASK)
    assert np.argsort(-scores).tolist() == [0, 2, 1]


def test_the_svm_is_at_the_minimum_of_its_loss() -> None:
    examples, targets = VECTORS[:5], np.array([1, 1, -1, -1, -1])
    weights = np.where(targets > 0, 5 / 4, 5 / 6)
    scores = baselines.svm(VECTORS @ VECTORS.T, TASK._replace(day=list(range(5))))

    def loss(scores: Any) -> float:
        design = np.c_[examples, np.ones(5)]
        solved = np.linalg.lstsq(design, scores, rcond=None)[0]
        margins = np.maximum(0, 1 - targets * scores)
        return float(solved[:2] @ solved[:2] / 2 + baselines.SVM_C * (weights * margins**2).sum())

    for column in np.c_[examples, np.ones(5)].T:
        assert loss(scores) <= min(loss(scores + 0.01 * column), loss(scores - 0.01 * column))


# Reading libraries


def test_it_reads_bibtex() -> None:
    text = """@article{a, title={The {GAN} of \\"Oden}, abstract = {We {carefully} test. It works.}}
        @misc{b, title = "Only a title", year = 2020}
        @string{x = "y"}
        @book{c, author={Nobody}}"""
    assert library_files.read("/some/where/ada.bib", text.encode()) == Library(
        "ada", (LibraryPaper("The GAN of Öden", "We carefully test. It works."), LibraryPaper("Only a title"))
    )


def test_it_reads_more_bibtex_than_anyone_would_paste() -> None:
    entry = "@article{k%d, title={Paper number %d of many}, abstract={%s}}\n"
    text = "".join(entry % (number, number, "word " * 300) for number in range(150))
    assert len(library_files.read("ada.bib", text.encode()).papers) == 150


@pytest.mark.parametrize(
    "wrapped", [lambda papers: papers, lambda papers: {"papers": papers}, lambda it: {"items": it}]
)
def test_it_reads_json(wrapped: Any) -> None:
    papers = [{"title": "Whales", "abstract": "They sing."}, {"title": "Bees", "abstract": None}, {"title": ""}]
    found = library_files.read("eve.json", json.dumps(wrapped(papers)).encode())
    assert found == Library("eve", (LibraryPaper("Whales", "They sing."), LibraryPaper("Bees")))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.bib", b"\xff\xfe", "a.bib is not UTF-8 text"),
        ("a.bib", b"nothing at all", "a.bib holds no papers with a title"),
        ("a.json", b"{", "a.json is not JSON"),
        ("a.json", b"[" * 100_000, "a.json is nested too deeply"),
        ("a.json", b'{"titles": []}', "a.json is not a library"),
        ("a.json", b'["Whales"]', "a.json: paper 1 is not an object"),
        ("a.json", b'[{"title": 7}]', "of paper 1 must be texts"),
    ],
)
def test_it_says_what_is_wrong_with_a_library(file: str, content: bytes, message: str) -> None:
    with pytest.raises(LearningEvaluationError, match=message):
        library_files.read(file, content)


# The command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for person in three_people():
        papers = [paper._asdict() for paper in person.papers]
        (tmp_path / f"{person.name}.json").write_text(json.dumps(papers))
    (tmp_path / "notes.txt").write_text("no library")
    return tmp_path


@pytest.mark.usefixtures("few_settings")
def test_the_command_prints_a_table_or_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("evaluate_learning", str(folder))
    printed = capsys.readouterr().out
    assert "180 papers, by words alone" in printed
    assert "random, 3 likes, 3 dislikes" in printed
    call_command("evaluate_learning", str(folder), "--json")
    assert set(json.loads(capsys.readouterr().out)["random, 3 likes"]) == {
        "people", "random", "mean", "3 nearest", "SVM on tf-idf", "regression", OURS,
    }  # fmt: skip


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("evaluate_learning", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="holds no libraries: files that end with"):
        call_command("evaluate_learning", str(tmp_path))
