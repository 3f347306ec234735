import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.matching.assembly import text_of
from digest.personalization import embeddings
from digest.personalization.evaluation import like_evaluation
from digest.personalization.evaluation.evaluator import CachedEncoder
from digest.personalization.evaluation.like_evaluation import Collection, LearningEvaluation, LearningEvaluationError
from digest.personalization.like_model import PaperFeatures
from digest.personalization.word_features import words_of
from digest.search import library_files


class Command(BaseCommand):
    help = (
        "Compare ways to learn from likes on people's libraries: one file for each person, BibTeX (.bib) or JSON "
        '([{"title": …, "abstract": …}, …], or CSL-JSON). Needs no database.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the libraries, one file for each person")
        parser.add_argument("--seed", type=int, default=1, help="other days, from the same libraries (default: 1)")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            collection = Collection(_read(options["folder"]))
            done = like_evaluation.evaluate(collection, _features(collection), seed=options["seed"])
        except LearningEvaluationError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(done.as_json(), indent=1))
        else:
            self._print(done, len(collection.papers))

    def _print(self, done: LearningEvaluation, papers: int) -> None:
        by = "words and meaning" if embeddings.is_available() else "words alone"
        self.stdout.write(f"{papers} papers, by {by}. nDCG@10 / AUC; higher is better.\n\n")
        names = list(next(iter(done.quality.values())))
        self.stdout.write(f"{'':36}" + "".join(f"{name:>16}" for name in (*names, "people")))
        for setting, found in done.quality.items():
            figures = "".join(f"{f'{found[name].ndcg:.2f} / {found[name].auc:.2f}':>16}" for name in names)
            self.stdout.write(f"{setting.name:36}{figures}{done.people[setting]:>16}")


def _read(folder: Path) -> list[like_evaluation.Library]:
    if not folder.is_dir():
        raise LearningEvaluationError(f"There is no folder {folder}.")
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in library_files.SUFFIXES)
    if not files:
        raise LearningEvaluationError(f"{folder} holds no libraries: files that end with .bib or .json.")
    try:
        return [library_files.read(str(file), file.read_bytes()) for file in files]
    except OSError as error:
        raise LearningEvaluationError(f"{error.filename} can't be read: {error.strerror}.") from error


def _features(collection: Collection) -> list[PaperFeatures]:
    """Return the features of the collection's papers. Embeddings are kept in a file between runs."""
    papers: list[Any] = [SimpleNamespace(title=paper.title, abstract=paper.abstract) for paper in collection.papers]
    words = [words_of(paper) for paper in papers]
    if not embeddings.is_available():
        return [PaperFeatures(each) for each in words]
    encode = CachedEncoder(settings.VAR_DIR / "evaluation.npz")
    meanings = encode([text_of(paper) for paper in papers])
    encode.save()
    return [PaperFeatures(each, meanings[text_of(paper)]) for each, paper in zip(words, papers, strict=True)]
