"""Similar papers: those that share a paper's distinctive words, or are close to it in meaning."""

from functools import lru_cache
from heapq import nlargest
from typing import TYPE_CHECKING

from django.db.models import F, Q

from digest.matching.assembly import text_of
from digest.models import Paper
from digest.personalization import embeddings
from digest.personalization.distinctive_features import Rarity, distinctive, similarity
from digest.search import fulltext, index_cache
from digest.search.fulltext import SearchTerm, search_terms

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

MAX_SIMILAR = 6
CANDIDATES = 100
CLOSEST = 20  # further candidates, of the last editions
TELLING = 8  # distinctive words of the title and keywords
LEAST = 0.6  # minimum similarity of the words of two papers
CLOSE = 0.5  # minimum cosine of their embeddings; one paper in 25 has none that is so close among 350
WORDS_WEIGHT = 0.2  # of the similarity of words, up to 1, relative to the cosine


def similar(paper: Paper, most: int = MAX_SIMILAR) -> list[Paper]:
    """Return at most `most` papers similar to `paper`, most similar first, each with the `mark` of its thumbnail."""
    newest = Paper.objects.order_by("-pk").values_list("pk", "first_seen_at").first()
    meaning = embeddings.newest() if embeddings.is_available() else 0
    ids = _similar_ids(paper, f"{paper.title}\n{paper.abstract}", (newest, meaning))
    shown = Paper.objects.filter(pk__in=ids, is_hidden=False).select_related("edition")
    found: dict[int, Paper] = {**shown.annotate(mark=F("thumbnail__mark")).in_bulk()}
    return [found[pk] for pk in ids if pk in found][:most]


@lru_cache(maxsize=2000)
def _similar_ids(paper: Paper, text: str, newest: object) -> tuple[int, ...]:
    """Return the ids of similar papers. `text` and `newest` are only there to be part of the cache key."""
    rarity = index_cache.last().rarity
    weights = distinctive(paper, rarity)
    vector = embeddings.known([text_of(paper)]).get(text_of(paper)) if embeddings.is_available() else None
    sharing_words = fulltext.find(_distinctive_terms(paper, rarity), without=[], limit=CANDIDATES)
    close = _closest_keys(vector) if vector is not None else []
    papers = list(Paper.objects.filter(Q(pk__in=sharing_words) | Q(key__in=close)).exclude(pk=paper.pk))
    cosines = _cosines(vector, papers) if vector is not None else {}
    scores: dict[int, float] = {}
    for other in papers:
        words, cosine = similarity(weights, other), cosines.get(other.pk, 0.0)
        if words >= LEAST or cosine >= CLOSE:
            scores[other.pk] = cosine + WORDS_WEIGHT * min(words, 1.0)
    return tuple(nlargest(2 * MAX_SIMILAR, scores, key=lambda pk: (scores[pk], pk)))


def _closest_keys(vector: "Vectors") -> list[str]:
    """Return the keys of the papers of the last editions that are closest in meaning."""
    found: list[tuple[float, str]] = []
    for index in index_cache.last().indexes:
        if space := index.corpus.embedding_space:
            closeness = zip(space.closeness(vector).tolist(), index.papers, strict=True)
            found += nlargest(CLOSEST, ((close, paper.key) for close, paper in closeness))
    return [key for _close, key in nlargest(CLOSEST, found)]


def _cosines(vector: "Vectors", papers: list[Paper]) -> dict[int, float]:
    known = embeddings.known(map(text_of, papers))
    return {paper.pk: float(vector @ known[text]) for paper in papers if (text := text_of(paper)) in known}


def _distinctive_terms(paper: Paper, rarity: Rarity) -> list[SearchTerm]:
    """Return search terms for any two of the paper's most distinctive words."""
    words = dict.fromkeys(word for text in (paper.title, *paper.keywords) for word in search_terms.words_of(text))
    distinctive = sorted((word for word in words if len(word) > 2), key=lambda word: -rarity(f"word:{word}"))
    return search_terms.pairs(distinctive[:TELLING])
