import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from digest.language_models import judge
from digest.language_models.chat import AnswerError, ServerError
from digest.matching import Interest, PaperText
from digest.personalization.evaluation import evaluator
from digest.personalization.evaluation.evaluator import QUERIES, SELECTED_BY, Evaluation, EvaluationError, Figures
from digest.personalization.evaluation.metrics import ConfusionCounts, Ranking

TOLERANCE = 0.02


class Command(BaseCommand):
    help = "Rank recorded papers for graded interests, and print the quality of the ranking. Needs no database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("judgements", type=Path, metavar="JUDGEMENTS", help="a file of graded interests, as JSON")
        parser.add_argument("--papers", type=Path, required=True, metavar="DIR", help="recorded days, YYYY-MM-DD.json")
        parser.add_argument("--archive", type=Path, metavar="DIR", help="other recorded days, which show what is usual")
        parser.add_argument(
            "--without-topic",
            action="store_true",
            help="remove each interest's own topic from the catalogue, to measure a reader's words alone",
        )
        parser.add_argument(
            "--judge",
            action="store_true",
            help="ask the language model at JUDGE_API_URL about borderline papers. Each costs a request",
        )
        parser.add_argument("--json", action="store_true", help="print the figures of all interests as JSON")
        parser.add_argument(
            "--against",
            type=Path,
            metavar="FILE",
            help=f"fail if a figure is more than {TOLERANCE} below the one in this file",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before = _read_figures(options["against"]) if options["against"] else {}
        try:
            cache = settings.VAR_DIR / "evaluation.npz"
            asked = _Judge() if options["judge"] else None
            done = evaluator.evaluate(
                options["judgements"],
                options["papers"],
                archive=options["archive"],
                cache=cache,
                without_topic=options["without_topic"],
                judge=asked,
            )
        except (EvaluationError, ServerError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(done.all.as_json()))
        else:
            self._print(done)
            if asked:
                self.stdout.write(f"\n{asked.summary(len(done.each))}")
        if options["against"]:
            self._compare(done.all.as_json(), before)

    def _print(self, done: Evaluation) -> None:
        by = (
            "words and meaning"
            if done.by_meaning
            else "words alone: the packages for embeddings are missing or switched off"
        )
        self.stdout.write(f"{len(done.each)} interests, {done.papers} papers, by {by}.\n\n")
        self.stdout.write(
            f"{'':44}" + "".join(f"{way:^22}" for way in QUERIES) + f"{'choice by both':^18}{'by topic':^18}"
        )
        self.stdout.write(f"{'':44}" + f"{'nDCG  P@5  R@20':^22}" * len(QUERIES) + f"{'P    R    F1':^18}" * 2)
        for figures in [*done.each, done.all]:
            self.stdout.write(_line(figures))

    def _compare(self, now: dict[str, Any], before: dict[str, Any]) -> None:
        worse = [
            f"{name} is {_get(now, name):.3f}, and was {value:.3f}"
            for name, value in _flat(before)
            if _get(now, name) < value - TOLERANCE
        ]
        if worse:
            raise CommandError("Matching got worse: " + "; ".join(worse) + ".")


class _Judge:
    """The language model at JUDGE_API_URL, and the number of requests for each kind of query."""

    def __init__(self) -> None:
        if not settings.JUDGE_API_URL:
            raise CommandError("JUDGE_API_URL is not set. Name a server with OpenAI's API for chats there.")
        self._requests: Counter[str] = Counter()
        self._problems = 0

    def __call__(self, way: str, interest: Interest, paper: PaperText) -> bool | None:
        self._requests[way] += 1
        try:
            return judge.ask(interest, paper)
        except AnswerError:
            self._problems += 1
            return None

    def summary(self, interests: int) -> str:
        counts = ", ".join(f"{self._requests[way] / interests:.1f} by {way}" for way in QUERIES)
        return f"Requests for each interest: {counts}. Answers of no use: {self._problems}.\n"


def _line(figures: Figures) -> str:
    rankings = [figures.rankings[way] for way in QUERIES]
    choices = [figures.choices[way] for way in ("both", "catalogue")]
    return (
        f"{figures.name[:42]:44}"
        + "".join(f"{f'{each.ndcg:.2f}  {each.precision:.2f}  {each.recall:.2f}':^22}" for each in rankings)
        + "".join(f"{f'{each.precision:.2f} {each.recall:.2f} {each.f1:.2f}':^18}" for each in choices)
    )


def _read_figures(path: Path) -> dict[str, Any]:
    """Return the figures that an earlier run printed with --json. Raise CommandError."""
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        flat = _flat(figures) if isinstance(figures, dict) else []
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} can't be read: {error}") from error
    except RecursionError as error:
        raise CommandError(f"{path} is nested too deeply to be the output of --json.") from error
    if not _are_figures(flat):
        raise CommandError(f"{path} is not the output of --json.")
    return dict(figures)


def _are_figures(flat: list[tuple[str, Any]]) -> bool:
    """Return whether `flat` holds figures, all with names and values such as --json prints."""
    nothing = Figures(
        "", dict.fromkeys(QUERIES, Ranking(0, 0, 0)), dict.fromkeys(SELECTED_BY, ConfusionCounts(0, 0, 0))
    )
    names = dict(_flat(nothing.as_json()))
    return bool(flat) and all(name in names and type(value) in (int, float) and 0 <= value <= 1 for name, value in flat)


def _flat(figures: dict[str, Any], before: str = "") -> list[tuple[str, float]]:
    flat: list[tuple[str, float]] = []
    for name, value in figures.items():
        flat += _flat(value, f"{before}{name} ") if isinstance(value, dict) else [(f"{before}{name}", value)]
    return flat


def _get(figures: dict[str, Any], name: str) -> float:
    return dict(_flat(figures))[name]
