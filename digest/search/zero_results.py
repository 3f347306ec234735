"""What would find something, where a search found nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from digest.matching import same_person
from digest.models import Paper
from digest.search import fulltext, paper_search, spelling
from digest.search.fulltext import SearchTerm, search_terms
from digest.search.spelling import KnownWords
from subscriptions.query import grammar
from subscriptions.query.grammar import CATEGORY, Criteria

MOST = 3  # hints of a kind
NEAR = 2  # things named as near
TRIED = 6  # of what may be near
NEWEST = 1_000  # papers, by whose titles words are spelt: reading more takes longer than the search


@dataclass(frozen=True)
class Hint:
    """One of them; the template says it in words."""

    # author, category: what was typed is one; no_phrase, no_author: it is not here, and others are that are near to it;
    # narrowed: what is left out, or has too few votes; no_votes: no paper has so many.
    kind: str
    about: str = ""  # what was typed; the votes asked for
    instead: tuple[str, ...] = ()  # what to search for, as one writes it
    most: int = 0  # votes that a paper has


def hints(text: str) -> tuple[Hint, ...]:
    """What to say of `text`, which was read, and finds nothing; nothing where it is written well."""
    own = grammar.parse(text)
    bare = own._replace(exclusions=(), min_votes=0)
    if own.wants_votes_alone:
        most = _most_votes()
        return (Hint("no_votes", str(own.min_votes), most=most) if most < own.min_votes else Hint("narrowed"),)
    if bare != own and paper_search.finds(bare):
        return (Hint("narrowed"),)
    return tuple(_otherwise(own))


def _most_votes() -> int:
    return Paper.objects.filter(is_hidden=False).order_by("-votes").values_list("votes", flat=True).first() or 0


def _otherwise(own: Criteria) -> Iterator[Hint]:
    """What of `own` would find something if it was written otherwise."""
    newest = _Newest()
    for phrase in (*own.phrases, *own.quoted)[:MOST]:
        if "." in phrase and CATEGORY.fullmatch(phrase) and _holds(search_terms.category(phrase)):
            yield Hint("category", phrase, (grammar.write(Criteria(categories=(phrase,))),))
        elif _is_author(phrase):
            yield Hint("author", phrase, (grammar.write(Criteria(authors=(phrase,))),))
        elif near := newest.near(phrase):
            yield Hint("no_phrase", phrase, tuple(grammar.write(Criteria(phrases=(like,))) for like in near))
    for author in own.authors[:MOST]:
        if names := newest.near_authors(author):
            yield Hint("no_author", author, tuple(grammar.write(Criteria(authors=(name,))) for name in names))


class _Newest:
    """The newest papers, which know how words and names are spelt; read when first asked."""

    @cached_property
    def _vocabulary(self) -> KnownWords:
        return KnownWords(self._each("title"))

    @cached_property
    def _authors(self) -> set[str]:
        return {author for authors in self._each("authors") for author in authors}

    def near(self, phrase: str) -> list[str]:
        """What may be meant by `phrase`, and is in a paper."""
        likely = islice(spelling.near(phrase, [self._vocabulary]), TRIED)
        return list(islice((near for near in likely if _holds(search_terms.phrase(near, "row", "text"))), NEAR))

    def near_authors(self, name: str) -> list[str]:
        return spelling.near_names(name, self._authors, NEAR)

    def _each(self, field: str) -> Iterable[Any]:
        shown = Paper.objects.filter(is_hidden=False).order_by("-pk")
        return shown.values_list(field, flat=True)[:NEWEST]


def _holds(asks: list[SearchTerm]) -> bool:
    return bool(fulltext.find(asks, without=[], limit=1))


def _is_author(name: str) -> bool:
    likely = fulltext.find(search_terms.author(name), without=[], limit=paper_search.TOGETHER)
    written = Paper.objects.filter(pk__in=likely).values_list("authors", flat=True)
    return any(same_person(name, author) for authors in written for author in authors)
