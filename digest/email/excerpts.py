"""The text of a paper that an email shows below its title: a summary, or else the abstract's first sentences. Pure."""

from functools import lru_cache
from typing import NamedTuple, Protocol

from digest.text.cleanup import first_sentences, whole

LONGEST_SUMMARY, LONGEST_ABSTRACT = 400, 280  # characters


class Summarized(Protocol):
    @property
    def summary(self) -> str: ...
    @property
    def abstract(self) -> str: ...


class Excerpt(NamedTuple):
    """The text, and who wrote it: "ai", or "" for the authors."""

    text: str
    by: str


def excerpt(paper: Summarized) -> Excerpt:
    """Return what an email shows of the paper.

    Leave out a long summary, or one with many long words in a row, because spam filters take it for generated.
    """
    return _excerpt(paper.summary, paper.abstract)


@lru_cache(maxsize=1000)
def _excerpt(summary: str, abstract: str) -> Excerpt:
    if shown := whole(summary, LONGEST_SUMMARY):
        return Excerpt(shown, "ai")
    return Excerpt(first_sentences(abstract, LONGEST_ABSTRACT), "")


FILTERS = {"excerpt": excerpt}
