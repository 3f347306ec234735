"""Phrases for a topic, proposed from its example papers and the papers closest to these. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from digest.matching import PaperText
from digest.matching.tokens import COMMON_FAMILIES, family
from digest.search.keyphrases import key_of, phrases_in, without_overlaps

Share = Callable[[str], float]  # the share of papers in general that contain a phrase, 0…1

MAX_PHRASES = 25
PRIOR_PAPERS = 100  # smooths the share of papers that contain a phrase, because a site may have few
MAX_CANDIDATES = 200
EXAMPLE = 2.0  # papers that an example counts as; one that is only close counts as 1
LEAST = 2.5  # papers that must contain a phrase, unless there is only one example
MIN_LIFT = 1.0  # logarithm of how much more often the papers contain a phrase than papers in general
OF_SEVERAL_WORDS = 1.5  # such a phrase says more than a word


def propose(
    examples: Sequence[PaperText],
    close: Sequence[PaperText],
    wrong: Sequence[PaperText],
    share: Share,
    most: int = MAX_PHRASES,
) -> list[str]:
    """Return the phrases that `examples` and papers `close` to them contain, and other papers rarely, best first.

    Phrases that more `wrong` papers than examples contain are left out, and those that no title or keyword contains:
    they are mostly set phrases, such as “extensive experiments”.
    """
    papers: dict[str, float] = defaultdict(float)
    in_titles: dict[str, float] = defaultdict(float)
    written: dict[str, str] = {}
    for weight, group in ((1.0, close), (EXAMPLE, examples)):
        for paper in group:
            for key, (phrase, is_title) in _phrases_by_key(paper).items():
                papers[key] += weight
                in_titles[key] += weight * is_title
                written.setdefault(key, phrase)
    total = len(close) + EXAMPLE * len(examples)
    misleading = _misleading(examples, wrong)
    values = {
        key: number * (1 + in_titles[key] / number) * _lift(number / total, share(written[key])) * _length_factor(key)
        for key, number in _most_frequent(papers, min(LEAST, EXAMPLE * len(examples)))
        if in_titles[key] and key not in misleading and not _is_common(key)
    }
    best = sorted((key for key in values if values[key] > 0), key=lambda key: (-values[key], key))
    return [written[key] for key in islice(without_overlaps(best[:MAX_CANDIDATES]), most)]


def bad_phrases(phrases: Iterable[str], right: Sequence[PaperText], wrong: Sequence[PaperText]) -> list[str]:
    """Return those of `phrases` that more wrong papers contain than right ones."""
    misleading = _misleading(right, wrong)
    return [phrase for phrase in phrases if key_of(phrase) in misleading]


def _misleading(right: Sequence[PaperText], wrong: Sequence[PaperText]) -> set[str]:
    good = Counter(key for paper in right for key in _phrases_by_key(paper))
    bad = Counter(key for paper in wrong for key in _phrases_by_key(paper))
    return {key for key, number in bad.items() if number > good[key]}


def _phrases_by_key(paper: PaperText) -> dict[str, tuple[str, bool]]:
    """Return each phrase of the paper as written, and True if the title or a keyword contains it."""
    found: dict[str, tuple[str, bool]] = {}
    for phrase, key, is_title in phrases_in(paper):
        known = found.get(key)
        found[key] = (known[0], known[1] or is_title) if known else (phrase, is_title)
    return found


def _most_frequent(papers: dict[str, float], least: float) -> list[tuple[str, float]]:
    """Return up to twice MAX_CANDIDATES phrases that at least `least` papers contain, the most frequent first."""
    enough = [(key, number) for key, number in papers.items() if number >= least]
    return sorted(enough, key=lambda pair: (-pair[1], pair[0]))[: 2 * MAX_CANDIDATES]


def _lift(share_here: float, share_elsewhere: float) -> float:
    lift = math.log(share_here / max(share_elsewhere, 1e-4))
    return lift if lift >= MIN_LIFT else 0.0


def _length_factor(key: str) -> float:
    return OF_SEVERAL_WORDS if " " in key else 1.0


def _is_common(key: str) -> bool:
    return all(family(word) in COMMON_FAMILIES or word.isdigit() for word in key.split())
