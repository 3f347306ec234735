"""Evaluation of matching on recorded days: the figures of `manage.py evaluate_matching`. It uses no database."""

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache as cached
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digest.matching import Assessments, Index, Interest, PaperText, scoring_weights
from digest.matching.assembly import assemble_index, center_of, text_of, thesaurus_of
from digest.matching.corpus import NO_EARLIER_PAPERS, EarlierPapers
from digest.matching.expansion import Archive
from digest.matching.text_questions import questions
from digest.matching.thesaurus import Thesaurus
from digest.matching.tokens import key_of
from digest.personalization import embeddings, profiles
from digest.personalization.evaluation.metrics import (
    ConfusionCounts,
    JudgedInterest,
    Ranking,
    add,
    average,
    judge_choice,
    judge_ranking,
    read,
)
from digest.sources import huggingface
from digest.sources.records import PaperRecord, SourceError
from subscriptions.models import Topic
from subscriptions.query.grammar import Criteria
from subscriptions.topics import catalogue
from subscriptions.topics.catalogue import CatalogueError

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

QUERIES = ("name", "sentence", "both", "catalogue")
SELECTED_BY = ("both", "catalogue")  # kinds of query with an evaluation of the papers above the threshold as well
CHUNK = 64  # texts that one thread encodes at a time

Topics = Mapping[str, Interest]  # by slug
# Returns whether a paper fits an interest, or None if that is unknown. The first argument is the kind of query.
Judge = Callable[[str, Interest, PaperText], bool | None]


class EvaluationError(Exception):
    """There is nothing to evaluate; the message says what is missing."""


@dataclass(frozen=True)
class Figures:
    """The figures for one interest, or for all together, by kind of query (see QUERIES)."""

    name: str
    rankings: dict[str, Ranking]
    choices: dict[str, ConfusionCounts]

    def as_json(self) -> dict[str, Any]:
        """Return the figures in the format of the files that versions are compared by."""
        figures: dict[str, Any] = {way: ranking.as_json() for way, ranking in self.rankings.items()}
        figures["choice"] = self.choices["both"].as_json()
        figures["catalogue"]["choice"] = self.choices["catalogue"].as_json()
        return figures


@dataclass(frozen=True)
class Evaluation:
    """The figures of each interest and of all, the number of papers, and True if embeddings were used."""

    papers: int
    by_meaning: bool
    each: list[Figures]
    all: Figures


@dataclass(frozen=True)
class EvaluationSet:
    """An index of recorded papers, and the queries of each judged interest by kind (see QUERIES)."""

    index: Index
    asked: list[tuple[JudgedInterest, dict[str, Interest]]]


def evaluate(
    judgements: Path,
    folder: Path,
    *,
    archive: Path | None = None,
    cache: Path | None = None,
    without_topic: bool = False,
    judge: Judge | None = None,
) -> Evaluation:
    """Rank and select the recorded papers in `folder` for each interest in `judgements`. Raise EvaluationError.

    `archive` holds recorded days that show what is usual, as a site's archive does; papers in `folder` are left out
    of it. `cache` is a file that keeps embeddings between runs, because encoding six hundred papers takes a minute.
    With `without_topic`, the catalogue lacks the topic of each interest. A `judge` is asked about the borderline papers
    of each query, as a language model may be.
    """
    evaluation_set = prepare(judgements, folder, archive=archive, cache=cache)
    each: list[Figures] = []
    for judged, queries in evaluation_set.asked:
        index = evaluation_set.index
        if without_topic:
            index = index_without_topic(index, queries["catalogue"])
        if judge:
            index = index.with_assessments(_ask(judge, index, queries))
        each.append(_figures(index, judged, queries))
    return Evaluation(
        len(evaluation_set.index.papers), evaluation_set.index.corpus.embedding_space is not None, each, _total(each)
    )


def prepare(judgements: Path, folder: Path, *, archive: Path | None = None, cache: Path | None = None) -> EvaluationSet:
    """Return the index and the queries, with all embeddings computed. Raise EvaluationError."""
    judged, only_graded = _read_judgements(judgements)
    catalogue_topics = _catalogue_topics()
    topics = dict(zip((topic.slug for topic in catalogue_topics), profiles.of_topics(catalogue_topics), strict=True))
    _check_topics(judged, topics)
    papers = _papers(folder, {key for one in judged for key in one.grades}, only_graded=only_graded)
    encode = CachedEncoder(cache) if embeddings.is_available() else None
    others = _other_papers(archive, papers) if archive else []
    index = make_index(papers, list(topics.values()), others, encode)
    asked = [(one, _queries(one, _topic(one, topics, index.corpus.thesaurus, encode))) for one in judged]
    if encode:
        every = [way.criteria for _, queries in asked for way in queries.values()]
        encode([one.text for criteria in every for one in questions(index.corpus, criteria, scoring_weights.odds(0))])
        encode.save()
    return EvaluationSet(index, asked)


def _ask(judge: Judge, index: Index, queries: Mapping[str, Interest]) -> Assessments:
    """Return the judge's answers about the borderline papers of each query."""
    answers: dict[str, dict[str, bool]] = {}
    for way, query in queries.items():
        for interest in query.narrower or (query,):
            for number in index.borderline(interest):
                answer = judge(way, interest, index.papers[number])
                if answer is not None:
                    answers.setdefault(interest.assessment_key, {})[index.papers[number].key] = answer
    return answers


def _catalogue_topics() -> list[Topic]:
    try:
        return [topic for topic in catalogue.topics() if not topic.is_area]
    except CatalogueError as error:
        raise EvaluationError(str(error)) from error


def make_index(
    papers: Sequence[PaperRecord],
    topics: Sequence[Interest],
    others: Sequence[PaperRecord],
    encode: "CachedEncoder | None",
) -> Index:
    earlier = _earlier(others, topics, encode)
    if encode is None:
        return assemble_index(papers, topics, earlier=earlier)
    texts = [*map(text_of, papers), *(topic.profile for topic in topics)]
    background = _stack(encode(list(map(text_of, others)))) if others else None

    def look_up(texts: Sequence[str]) -> "list[Vectors]":
        known = encode(texts)
        return [known[text] for text in texts]

    return assemble_index(papers, topics, encode(texts), background, look_up, None, earlier)


def _earlier(
    others: Sequence[PaperRecord], topics: Sequence[Interest], encode: "CachedEncoder | None"
) -> EarlierPapers:
    """Return what `others` say about words and texts, as the archive of a site does."""
    if not others:
        return NO_EARLIER_PAPERS
    if encode is None:
        archive = Archive(others)
        expand = cached(lambda text, ignored: archive.expand(text, None, ignored))
        return EarlierPapers(archive.word_counts, lambda texts: [*starmap(expand, texts)])
    vectors, profiles = _stack(encode(list(map(text_of, others)))), _stack(encode([one.profile for one in topics]))
    archive = Archive(others, vectors, center_of(profiles))

    expand = cached(lambda text, ignored: archive.expand(text, encode([text])[text], ignored))
    return EarlierPapers(archive.word_counts, lambda texts: [*starmap(expand, texts)])


def _stack(vectors: "dict[str, Vectors]") -> "Vectors":
    return np.array([*vectors.values()], np.float32)


def index_without_topic(index: Index, topic: Interest) -> Index:
    """Return an index of the same papers, with a catalogue without `topic`, its narrower and its broader topics."""
    corpus = index.corpus
    every = corpus.thesaurus.topics if corpus.thesaurus else []
    gone = {topic, *topic.narrower}
    topics = [other for other in every if other not in gone and gone.isdisjoint(other.narrower)]
    vectors = {other.profile: vector for other in topics if (vector := corpus.vector(other.profile)) is not None}
    return index.with_thesaurus(thesaurus_of(topics, vectors))


def _figures(index: Index, judged: JudgedInterest, queries: dict[str, Interest]) -> Figures:
    rankings = {way: judge_ranking(_keys(index, index.rank(asked)), judged.grades) for way, asked in queries.items()}
    chosen = {way: {index.papers[number].key for number in index.answer(queries[way]).scores} for way in SELECTED_BY}
    return Figures(judged.name, rankings, {way: judge_choice(keys, judged.grades) for way, keys in chosen.items()})


def _queries(judged: JudgedInterest, topic: Interest) -> dict[str, Interest]:
    """Return the queries that a reader might use: the name, the sentence, both, or the topic to tick."""
    typed = (
        Criteria(phrases=(judged.name,)),
        Criteria(sentence=judged.sentence),
        Criteria(phrases=(judged.name,), sentence=judged.sentence),
    )
    asked = [Interest(judged.name, criteria, is_assessed=True) for criteria in typed]
    return dict(zip(QUERIES, [*asked, topic], strict=True))


def _keys(index: Index, ranked: Iterable[tuple[float, int]]) -> list[str]:
    return [index.papers[number].key for _, number in ranked]


def _topic(
    judged: JudgedInterest, topics: Topics, thesaurus: Thesaurus | None, encode: "CachedEncoder | None"
) -> Interest:
    """Return the topic that the judgements name, or else the one that a reader with this interest would tick."""
    asked = judged.topic or judged.name
    if topic := _topic_named(asked, topics):
        return topic
    if thesaurus is None:
        raise EvaluationError("The catalogue holds no topics.")
    says = f"{asked}. {judged.sentence}"
    return thesaurus.topics[thesaurus.nearest(asked, says, encode([says])[says] if encode else None)]


def _topic_named(name: str, topics: Topics) -> Interest | None:
    key = key_of(name)
    # A slug comes first: “reinforcement-learning” is one topic's slug, and as a phrase another topic's name.
    return topics.get(name) or next((topic for topic in topics.values() if key == key_of(topic.label)), None)


def _check_topics(judged: Sequence[JudgedInterest], topics: Topics) -> None:
    """Raise EvaluationError if the judgements name topics that the catalogue does not have."""
    asked = dict.fromkeys(one.topic for one in judged if one.topic)
    if unknown := [name for name in asked if not _topic_named(name, topics)]:
        raise EvaluationError(f"The catalogue has no topic {', '.join(unknown)}.")


def _total(each: Sequence[Figures]) -> Figures:
    return Figures(
        "all",
        {way: average([one.rankings[way] for one in each]) for way in QUERIES},
        {way: add([one.choices[way] for one in each]) for way in SELECTED_BY},
    )


def _read_judgements(path: Path) -> tuple[list[JudgedInterest], bool]:
    """Return the judged interests, and whether the graders read only the papers that have a grade."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}.") from error
    except RecursionError as error:
        raise EvaluationError(f"{path} is nested too deeply to be judgements.") from error
    except ValueError as error:
        raise EvaluationError(f"{path} is not JSON: {error}.") from error
    try:
        judged = read(document)
    except ValueError as error:
        raise EvaluationError(f"{path}: {error}.") from error
    if not judged:
        raise EvaluationError(f"{path} holds no interests.")
    return judged, document.get("only_graded") is True


def _papers(folder: Path, graded: set[str], *, only_graded: bool) -> list[PaperRecord]:
    """Return the papers of the recorded days from the first to the last day with a graded paper.

    The graders did not look at any other days. With `only_graded`, they read no other papers of these days either.
    """
    days = recorded_days(folder)
    dated = [day for day, records in days.items() if any(record.key in graded for record in records)]
    if not dated:
        raise EvaluationError(
            f"None of the graded papers is in {folder}. It needs recorded days of Hugging Face, YYYY-MM-DD.json."
        )
    first, last = min(dated), max(dated)
    unique: dict[str, PaperRecord] = {}
    for day, records in sorted(days.items()):
        if first <= day <= last:
            for record in records:
                if record.key in graded or not only_graded:
                    unique.setdefault(record.key, record)
    return list(unique.values())


def _other_papers(archive: Path, papers: Sequence[PaperRecord]) -> list[PaperRecord]:
    """Return the papers in `archive` that are not among the judged `papers`."""
    judged = {paper.key for paper in papers}
    days = sorted(recorded_days(archive).items())
    unique = {record.key: record for _, records in days for record in records if record.key not in judged}
    return list(unique.values())


def recorded_days(folder: Path) -> dict[dt.date, list[PaperRecord]]:
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {folder}.")
    files = [*folder.glob("????-??-??.json"), *folder.glob("*/????-??-??.json")]
    try:
        days = {dt.date.fromisoformat(file.stem): file for file in files}
        return {day: huggingface.parse(file.read_bytes(), day).records for day, file in days.items()}
    except (OSError, ValueError, SourceError) as error:
        raise EvaluationError(f"{folder} can't be read: {error}") from error


class CachedEncoder:
    """An encoder that keeps embeddings in a file between runs."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Vectors] = {}
        if path and path.exists():
            with np.load(path) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["values"], strict=True))

    def __call__(self, texts: Sequence[str]) -> "dict[str, Vectors]":
        from digest.matching import encoder

        missing = [text for text in dict.fromkeys(texts) if embeddings.key_of(text) not in self._known]
        if missing:
            chunks = [missing[start : start + CHUNK] for start in range(0, len(missing), CHUNK)]
            with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets threads run side by side
                found = np.concatenate(list(pool.map(encoder.load().encode, chunks)))
            # Round the embeddings as the database does.
            for text, vector in zip(missing, found.astype(np.float16), strict=True):
                self._known[embeddings.key_of(text)] = vector
        return {text: self._known[embeddings.key_of(text)].astype(np.float32) for text in texts}

    def save(self) -> None:
        if self._path:
            draft = self._path.with_suffix(f".{os.getpid()}.npz")  # two evaluations may save at the same time
            np.savez(draft, keys=np.array(list(self._known)), values=np.array(list(self._known.values())))
            draft.replace(self._path)
