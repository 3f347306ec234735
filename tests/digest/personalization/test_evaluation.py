"""Evaluation of matching against graded judgements."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from digest.matching.thesaurus import Thesaurus
from digest.personalization import profiles
from digest.personalization.evaluation import evaluator
from digest.personalization.evaluation.metrics import ConfusionCounts, add, judge_choice, judge_ranking, read
from subscriptions.topics import catalogue
from tests.conftest import RECORDED

GRADES = {"a": 2, "b": 1, "c": 0, "d": 2}
NAMES = Path(__file__).resolve().parent.parent.parent.parent / "benchmarks" / "judgements" / "names.json"
FIGURES = ("ndcg@10", "p@5", "recall@20")


def test_it_gives_full_marks_to_the_best_order_only() -> None:
    best = judge_ranking(["a", "d", "b", "c"], GRADES)
    assert (best.ndcg, best.precision, best.recall) == (1, 1, 1)
    assert judge_ranking(["c", "b", "d", "a"], GRADES).ndcg < 1


def test_it_counts_what_comes_late_as_missed() -> None:
    order = [*(f"other {number}" for number in range(19)), "a", "d"]
    judged = judge_ranking(order, GRADES)
    assert (judged.ndcg, judged.precision, judged.recall) == (0, 0, 0.5)


def test_it_judges_a_choice_by_anything_that_was_wanted() -> None:
    choice = judge_choice({"a", "b", "c"}, GRADES)
    assert choice == ConfusionCounts(right=2, wrong=1, missed=1)
    assert (choice.precision, choice.recall, choice.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_it_adds_choices_up_before_it_divides() -> None:
    assert add([ConfusionCounts(9, 1, 0), ConfusionCounts(0, 1, 10)]).precision == 9 / 11


def test_it_survives_choosing_nothing() -> None:
    nothing = judge_choice(set(), {})
    assert (nothing.precision, nothing.recall, nothing.f1) == (0, 0, 0)


JUDGED: dict[str, Any] = {"id": "a", "name": "World models", "description": "a", "grades": {}}
NO_GRADES: list[Any] = [3, -1, 1.0, float("inf"), "2", None, []]
HERE = r"^interest 2 \(“World models”\): "


@pytest.mark.parametrize("document", [[], {}, None, 7, {"interests": None}, {"interests": {"id": "a"}}])
def test_it_says_what_judgements_look_like(document: Any) -> None:
    with pytest.raises(ValueError, match="not judgements of the form"):
        read(document)


def lacking(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in JUDGED.items() if key not in keys}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ([], r"^interest 2: \[\] is no interest\. Write {"),
        (lacking("id", "name"), r"^interest 2: it has no id and no name\. Write {"),
        (lacking("description"), HERE + r"it has no description\. Write {"),
        (lacking("id", "grades"), HERE + r"it has no id and no grades\. Write {"),
        (JUDGED | {"name": 5}, r"^interest 2: 5 is no name\. Write a text in quotes"),
        (JUDGED | {"name": " "}, r"^interest 2: its name is empty"),
        (JUDGED | {"id": ""}, HERE + "its id is empty"),
        (JUDGED | {"description": None}, HERE + "null is no description"),
        (JUDGED | {"topic": 7}, HERE + "7 is no topic"),
        (JUDGED | {"grades": None}, HERE + "null is not grades. Write them by paper"),
        (JUDGED | {"grades": []}, HERE + r"\[\] is not grades. Write them by paper"),
        (JUDGED | {"grades": {"1": True}}, HERE + r"true is not a grade of paper 1\. Write 0, 1 or 2"),
        *((JUDGED | {"grades": {"1": grade}}, HERE + ".* is not a grade") for grade in NO_GRADES),
        (JUDGED | {"grades": {"1": 2, "arxiv:1": 0}}, HERE + "paper arxiv:1 has two grades"),
        (JUDGED | {"id": "first"}, HERE + "it has the id “first” of interest 1"),
    ],
)
def test_it_says_where_judgements_are_wrong_and_what_to_write(entry: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read({"interests": [JUDGED | {"id": "first"}, entry]})


@pytest.mark.parametrize("path", sorted(NAMES.parent.glob("*.json")), ids=lambda path: path.stem)
def test_it_reads_the_judgements_that_are_kept(path: Path) -> None:
    document = json.loads(path.read_text())
    if "interests" in document:
        assert len(read(document)) == len(document["interests"]) > 0


def evaluate(judgements: Path, *arguments: str) -> None:
    call_command("evaluate_matching", str(judgements), *arguments)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read"),
        ("{", r"judgements\.json is not JSON: Expecting .*\."),
        ("[" * 200_000, "nested too deeply"),
        ('{"interests": []}', "holds no interests"),
        ("[]", "not judgements"),
    ],
)
def test_it_says_what_is_wrong_with_a_file(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "judgements.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=message):
        evaluate(file, "--papers", str(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read"),
        ("{", "can't be read"),
        ("[]", "not the output of --json"),
        ("{}", "not the output of --json"),
        ('{"speed": 1}', "not the output of --json"),
        ('{"name": 3}', "not the output of --json"),
        ('{"name": ' * 200_000, "nested too deeply"),
        ('{"name": {"speed": 1}}', "not the output of --json"),
        ('{"name": {"ndcg@10": "x"}}', "not the output of --json"),
        ('{"name": {"ndcg@10": NaN}}', "not the output of --json"),
    ],
)
def test_it_says_what_is_wrong_with_earlier_figures(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "figures.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=message):
        evaluate(tmp_path / "nothing.json", "--papers", str(tmp_path), "--against", str(file))


def test_it_names_a_topic_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "judgements.json"
    known, unknown = JUDGED | {"topic": "agent-memory"}, JUDGED | {"id": "b", "topic": "no-such"}
    file.write_text(json.dumps({"interests": [known, unknown]}))
    with pytest.raises(CommandError, match=r"has no topic no-such\."):
        evaluate(file, "--papers", str(tmp_path))


def test_it_says_that_a_folder_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "judgements.json"
    file.write_text(json.dumps({"interests": [JUDGED]}))
    with pytest.raises(CommandError, match=r"There is no folder .*nodir\."):
        evaluate(file, "--papers", str(tmp_path / "nodir"))


def test_it_says_where_there_are_no_papers(tmp_path: Path) -> None:
    file = tmp_path / "judgements.json"
    file.write_text(json.dumps({"interests": [{"id": "a", "name": "a", "description": "b", "grades": {"1": 2}}]}))
    with pytest.raises(CommandError, match=r"None of the graded papers is in .*YYYY-MM-DD\.json"):
        evaluate(file, "--papers", str(tmp_path))


@pytest.mark.slow
def test_it_judges_recorded_days_by_words_alone(
    recorded: Callable[[str], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded("hf/2026-08-20.json")
    judgements = RECORDED / "judgements" / "dev.json"
    evaluate(judgements, "--papers", str(RECORDED / "hf"), "--json")
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"name", "sentence", "both", "catalogue", "choice"}
    for way in ("name", "sentence", "both", "catalogue"):
        assert set(FIGURES) <= set(figures[way])
    assert set(figures["choice"]) == set(figures["catalogue"]["choice"]) == {"precision", "recall", "f1"}
    assert figures["name"]["ndcg@10"] >= 0.78
    assert figures["catalogue"]["ndcg@10"] >= 0.86

    evaluate(judgements, "--papers", str(RECORDED / "hf"), "--json", "--without-topic")
    without = json.loads(capsys.readouterr().out)
    assert 0.45 < without["choice"]["f1"] < figures["choice"]["f1"]
    assert without["catalogue"]["choice"]["f1"] > 0.7  # a reader who ticks the topic still gets it

    better = tmp_path / "better.json"
    better.write_text(json.dumps({"name": {"ndcg@10": figures["name"]["ndcg@10"] + 0.03}}))
    with pytest.raises(CommandError, match=r"Matching got worse: name ndcg@10 is"):
        evaluate(judgements, "--papers", str(RECORDED / "hf"), "--against", str(better))
    assert "598 papers, by words alone" in capsys.readouterr().out


@pytest.mark.parametrize(("only_graded", "papers"), [(True, 2), (False, 15)])
def test_it_ranks_papers_without_a_grade_unless_no_one_read_them(
    recorded: Callable[[str], bytes], tmp_path: Path, only_graded: bool, papers: int
) -> None:
    day = json.loads(recorded("hf/2026-08-20.json"))
    grades = {entry["paper"]["id"]: 2 for entry in day[:2]}
    judgements = tmp_path / "judgements.json"
    judgements.write_text(json.dumps({"interests": [JUDGED | {"grades": grades}], "only_graded": only_graded}))
    (tmp_path / "2026-08-20.json").write_bytes(recorded("hf/2026-08-20.json"))
    assert len(evaluator.prepare(judgements, tmp_path).index.papers) == papers


def test_it_finds_the_topic_of_names_in_other_words() -> None:
    names = json.loads(NAMES.read_text())["names"]
    topics = catalogue.topics()
    thesaurus = Thesaurus(profiles.of_topics(topics))
    found = [thesaurus.nearest(one["name"], f"{one['name']}. {one['description']}") for one in names]
    right = sum(topics[number].slug in one["topics"] for number, one in zip(found, names, strict=True))
    assert right / len(names) > 0.93
