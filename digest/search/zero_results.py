"""Hints for a search that found nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from digest.matching import same_person
from digest.models import Paper
from digest.search import fulltext, paper_search, spell_checker
from digest.search.fulltext import SearchTerm, search_terms
from digest.search.spell_checker import KnownWords
from subscriptions.query import grammar
from subscriptions.query.grammar import CATEGORY, Criteria

MAX_HINTS = 3  # hints of one kind
MAX_SIMILAR = 2  # similar phrases or names in a hint
TRIED = 6  # spelling suggestions that are tried
VOCABULARY_PAPERS = 1_000  # papers that supply the vocabulary; reading more takes longer than the search


@dataclass(frozen=True)
class SearchHint:
    """A hint for a search that found nothing. The template puts it into words."""

    # author, category: the phrase is the name of an author, or a category.
    # no_phrase, no_author: no paper has it, but papers have similar ones.
    # narrowed: exclusions or the minimum of votes remove every paper. no_votes: no paper has that many votes.
    kind: str
    about: str = ""  # the phrase or name that was typed, or the minimum of votes
    instead: tuple[str, ...] = ()  # other searches, in the query language
    most: int = 0  # the highest number of votes of a paper


def hints(text: str) -> tuple[SearchHint, ...]:
    """Return hints for `text`, a valid search without results. There may be none."""
    own = grammar.parse(text)
    without_limits = own._replace(exclusions=(), min_votes=0)
    if own.wants_votes_alone:
        most = _most_votes()
        is_too_many = most < own.min_votes
        return (SearchHint("no_votes", str(own.min_votes), most=most) if is_too_many else SearchHint("narrowed"),)
    if without_limits != own and paper_search.finds(without_limits):
        return (SearchHint("narrowed"),)
    return tuple(_alternatives(own))


def _most_votes() -> int:
    return Paper.objects.filter(is_hidden=False).order_by("-votes").values_list("votes", flat=True).first() or 0


def _alternatives(own: Criteria) -> Iterator[SearchHint]:
    """Yield hints for parts of `own` that would find something if they were written differently."""
    newest = _NewestPapers()
    for phrase in (*own.phrases, *own.quoted)[:MAX_HINTS]:
        if "." in phrase and CATEGORY.fullmatch(phrase) and _occurs(search_terms.category(phrase)):
            yield SearchHint("category", phrase, (grammar.write(Criteria(categories=(phrase,))),))
        elif _is_author(phrase):
            yield SearchHint("author", phrase, (grammar.write(Criteria(authors=(phrase,))),))
        elif near := newest.near(phrase):
            yield SearchHint("no_phrase", phrase, tuple(grammar.write(Criteria(phrases=(like,))) for like in near))
    for author in own.authors[:MAX_HINTS]:
        names = newest.near_authors(author)
        yield SearchHint("no_author", author, tuple(grammar.write(Criteria(authors=(name,))) for name in names))


class _NewestPapers:
    """The vocabulary and the authors of the newest papers, read on first use."""

    @cached_property
    def _vocabulary(self) -> KnownWords:
        return KnownWords(self._each("title"))

    @cached_property
    def _authors(self) -> set[str]:
        return {author for authors in self._each("authors") for author in authors}

    def near(self, phrase: str) -> list[str]:
        """Return phrases similar to `phrase` that occur in a paper."""
        likely = islice(spell_checker.near(phrase, [self._vocabulary]), TRIED)
        return list(islice((near for near in likely if _occurs(search_terms.phrase(near, "row", "text"))), MAX_SIMILAR))

    def near_authors(self, name: str) -> list[str]:
        return spell_checker.near_names(name, self._authors, MAX_SIMILAR)

    def _each(self, field: str) -> Iterable[Any]:
        shown = Paper.objects.filter(is_hidden=False).order_by("-pk")
        return shown.values_list(field, flat=True)[:VOCABULARY_PAPERS]


def _occurs(asks: list[SearchTerm]) -> bool:
    return bool(fulltext.find(asks, without=[], limit=1))


def _is_author(name: str) -> bool:
    likely = fulltext.find(search_terms.author(name), without=[], limit=paper_search.TOGETHER)
    written = Paper.objects.filter(pk__in=likely).values_list("authors", flat=True)
    return any(same_person(name, author) for authors in written for author in authors)
