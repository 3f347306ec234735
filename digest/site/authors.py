"""The papers of an author. Names are compared as they are written, in any order of given and last name.

Papers carry no identifiers of authors, so two people of one name share a page, and one person with two spellings has
two.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from digest.models import Paper
from digest.search import fulltext
from digest.search.fulltext import SearchTerm, search_terms
from digest.text.author_names import given_names_first
from digest.text.cleanup import clean

MAX_CANDIDATES = 1_000  # papers
MAX_NAMES = 100_000  # of all authors of the candidates; a paper of a collaboration has thousands
CHUNK = 50  # papers read at once
MAX_COAUTHORS = 8
MAX_KEY_LENGTH = 200  # characters


@lru_cache(20_000)  # pages and searches ask for the same names again and again
def key_of(name: str) -> str:
    """Return the part of an address that names an author: yann-lecun for Yann LeCun and for “LeCun, Yann”."""
    return "-".join(search_terms.words_of(given_names_first(name)))[:MAX_KEY_LENGTH].rstrip("-")


def papers_by(key: str) -> list[tuple[int, list[str]]]:
    """Return the id and the authors of each paper by the author with this key, newest first.

    Older papers are left out once MAX_NAMES names have been read.
    """
    words = tuple(key.split("-"))
    # “LeCun, Yann” has the words in another order. Neighbors of two authors are found, too, and dropped below.
    orders = dict.fromkeys([words, (*words[-1:], *words[:-1])])
    asks = [SearchTerm("row", order, "facets") for order in orders]
    found = fulltext.find(asks, without=[], limit=MAX_CANDIDATES)
    rows = Paper.objects.filter(pk__in=found, is_hidden=False).order_by("-edition__day", "-votes", "-pk")
    papers, names_read = [], 0
    for pk, names in rows.values_list("pk", "authors").iterator(chunk_size=CHUNK):
        if any(key_of(name) == key for name in names):
            papers.append((pk, names))
        names_read += len(names)
        if names_read >= MAX_NAMES:
            break
    return papers


def name_of(key: str, papers: Iterable[tuple[int, list[str]]]) -> str:
    """Return the author's name as most of `papers` write it, with the last name at the end."""
    written = (name for _pk, authors in papers for name in authors if key_of(name) == key)
    names = Counter(clean(given_names_first(name)) for name in written)
    return names.most_common(1)[0][0]


def coauthors(key: str, papers: Iterable[tuple[int, list[str]]]) -> list[str]:
    """Return the names of those who wrote at least two of `papers` with the author, or the only one."""
    lists = [dict.fromkeys(names) for _pk, names in papers]
    counts = Counter(name for names in lists for name in names if key_of(name) != key)
    least = min(2, len(lists))
    return [name for name, count in counts.most_common(MAX_COAUTHORS) if count >= least]
