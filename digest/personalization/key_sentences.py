"""The key sentence of an abstract, for papers whose source gives no summary.

The sentence is chosen once, by the sentence model, and stored with the paper: the one that is closest in meaning to the
whole abstract, and that says what the authors did or found.
"""

import datetime as dt
import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from digest.models import Paper
from digest.personalization import embeddings, paper_index
from digest.text.cleanup import sentences, whole

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

CHUNK = 10  # papers that are encoded together
SHORTEST, LONGEST = 40, 280  # characters of a key sentence
MAX_SENTENCES = 12  # of an abstract that are considered
SHORT_SENTENCE = 110  # characters; the next sentence is added to a shorter one if both fit

# Typical words of sentences that say what a paper does, of its results, and of its background.
_WORK = re.compile(
    r"\b(?:we|this (?:paper|work|study|article|survey)) (?:\w+ )?(?:propose|present|introduce|develop|describe|study"
    r"|show|prove|find|release|design|build|investigate|survey|review|analy[sz]e|demonstrate)"
    r"|\bour (?:method|approach|model)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:outperform|achiev|improv|surpass|reduc|state[- ]of[- ]the[- ]art|speed-?up|results? (?:show|suggest))"
    r"|\d ?[%×x]",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(
    r"^(?:however|although|while|despite|existing|recent|current|prior|previous|traditional)\b", re.IGNORECASE
)
_LINK = re.compile(r"https?://|\bcode (?:is|will be)\b|\bavailable at\b", re.IGNORECASE)
# A leading clause that points to the sentences before, which are not shown, such as “To address these challenges,”.
_CONNECTIVE = re.compile(
    r"^(?:To this end|To that end|In addition|As a result|Moreover|Furthermore|Additionally|Therefore|Thus|Hence"
    r"|Accordingly|Consequently|Specifically|In particular|Then|Next|Finally"
    r"|(?:To (?:address|bridge|overcome|achieve|mitigate|fill|tackle|investigate|solve|resolve|close|answer|alleviate)"
    r"|(?:Leveraging|Build(?:ing|t) (?:up)?on|Based on|Motivated by|Guided by|Inspired by|Driven by|In light of))"
    r" (?:this|these|that|those|such)\b[^,.;:]{0,60}), (?=\S)"
)
WORK, RESULT, BACKGROUND, LINK = 0.25, 0.1, -0.15, -0.5  # added to the similarity


def choose_missing(*, now: dt.datetime, seconds: float) -> int:
    """Choose the key sentences of recent papers without a summary. Return how many papers got one.

    Stop after `seconds`, or a little later. The rest is done the next time.
    """
    if not embeddings.is_available():
        return 0
    stop_at, done = time.monotonic() + seconds, 0
    recent = Paper.objects.filter(first_seen_at__gte=now - paper_index.PREPARED_FOR, summary="", take_away_by="")
    pks = list(recent.order_by("-pk").values_list("pk", flat=True))
    for start in range(0, len(pks), CHUNK):
        if time.monotonic() > stop_at:
            break
        done += _choose(Paper.objects.in_bulk(pks[start : start + CHUNK]).values())
    return done


def key_sentence(parts: Sequence[str], vectors: "Sequence[Vectors]") -> str:
    """Return the sentence of `parts` to show, with the next one if both are short, or "" if none can be shown.

    `vectors` are the embeddings of the parts, each of length 1.
    """
    middle = sum(vectors[1:], vectors[0])
    middle = middle / (float((middle**2).sum()) ** 0.5 or 1.0)
    scores = [float(vector @ middle) + _bonus(part) for part, vector in zip(parts, vectors, strict=True)]
    for place in sorted(range(len(parts)), key=lambda place: -scores[place]):
        if len(parts[place]) >= SHORTEST and (shown := whole(parts[place], LONGEST)):
            both = " ".join(parts[place : place + 2])
            fits = len(shown) < SHORT_SENTENCE and whole(both, LONGEST) and not _LINK.search(both)
            return without_connective(both if fits else shown)
    return ""


def without_connective(sentence: str) -> str:
    """Return `sentence` without a leading clause that points to what was said before it."""
    rest = _CONNECTIVE.sub("", sentence)
    is_plain = rest.split(" ", 1)[0].islower()  # not a name such as iGPT
    return rest[0].upper() + rest[1:] if rest != sentence and is_plain else rest


def _bonus(sentence: str) -> float:
    rules = ((_WORK, WORK), (_RESULT, RESULT), (_BACKGROUND, BACKGROUND), (_LINK, LINK))
    return sum(weight for pattern, weight in rules if pattern.search(sentence))


def _choose(papers: Iterable[Paper]) -> int:
    """Store the key sentences of `papers`. A short abstract needs none. Return how many papers got one."""
    parts = {paper: sentences(paper.abstract)[:MAX_SENTENCES] for paper in papers}
    long = {paper: several for paper, several in parts.items() if several and len(paper.abstract) > LONGEST}
    texts = [part for several in long.values() for part in several]
    vectors = embeddings.of_texts(texts, embeddings.Kind.ASKED, keep=False)
    for paper in parts:
        paper.take_away_by = Paper.TakeAwayBy.SENTENCE
    for paper, several in long.items():
        paper.take_away = key_sentence(several, [vectors[part] for part in several])
    Paper.objects.bulk_update(parts, ["take_away", "take_away_by"])
    return sum(bool(paper.take_away) for paper in parts)
