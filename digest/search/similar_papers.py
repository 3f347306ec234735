"""Similar papers: those that share a paper's distinctive words."""

from functools import lru_cache
from heapq import nlargest

from digest.models import Paper
from digest.personalization.feedback_model import FilterModel, Rarity, features, learn
from digest.search import fulltext, index_cache
from digest.search.fulltext import SearchTerm, search_terms

MOST = 5
CANDIDATES = 100
TELLING = 8  # distinctive words of the title and keywords
LEAST = 0.6  # minimum similarity of two papers


def similar(paper: Paper, most: int = MOST) -> list[Paper]:
    """Return at most `most` papers similar to `paper`, most similar first. The list is empty if none is similar."""
    newest = Paper.objects.order_by("-pk").values_list("pk", "first_seen_at").first()
    ids = _similar_ids(paper, f"{paper.title}\n{paper.abstract}", newest)
    found = Paper.objects.filter(pk__in=ids, is_hidden=False).select_related("edition").in_bulk()
    return [found[pk] for pk in ids if pk in found][:most]


@lru_cache(maxsize=2000)
def _similar_ids(paper: Paper, text: str, newest: object) -> tuple[int, ...]:
    """Return the ids of similar papers. `text` and `newest` are only there to be part of the cache key."""
    rarity = index_cache.last().rarity
    model = FilterModel(learn([paper], [], rarity))
    ids = [
        found
        for found in fulltext.find(_distinctive_terms(paper, rarity), without=[], limit=CANDIDATES)
        if found != paper.pk
    ]
    similarities = {found.pk: _similarity(model, found) for found in Paper.objects.filter(pk__in=ids)}
    near = [found for found in similarities if similarities[found] >= LEAST]
    return tuple(nlargest(2 * MOST, near, key=lambda found: (similarities[found], found)))


def _distinctive_terms(paper: Paper, rarity: Rarity) -> list[SearchTerm]:
    """Return search terms for any two of the paper's most distinctive words."""
    words = dict.fromkeys(word for text in (paper.title, *paper.keywords) for word in search_terms.words_of(text))
    distinctive = sorted((word for word in words if len(word) > 2), key=lambda word: -rarity(f"word:{word}"))
    return search_terms.pairs(distinctive[:TELLING])


def _similarity(model: FilterModel, paper: Paper) -> float:
    found = features(paper)
    return sum(weight * found.get(feature, 0.0) for feature, weight in model.weights.items())
