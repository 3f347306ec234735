"""The text of a paper that an email shows below its title. Pure.

It is the source's summary, or the take-away (by AI, or the abstract's key sentence), or else the abstract's beginning.
"""

from typing import NamedTuple, Protocol

from digest.text.cleanup import first_sentences, whole

LONGEST_SUMMARY, LONGEST_ABSTRACT = 400, 280  # characters


class Summarized(Protocol):
    @property
    def summary(self) -> str: ...
    @property
    def take_away(self) -> str: ...
    @property
    def take_away_by(self) -> str: ...
    @property
    def abstract(self) -> str: ...


class Excerpt(NamedTuple):
    """The text, and what it is: "ai" for a summary by AI, "sentence" for a key sentence, "" for the abstract."""

    text: str
    by: str


def excerpt(paper: Summarized) -> Excerpt:
    """Return what an email shows of the paper.

    Leave out a long summary, or one with many long words in a row, because spam filters take it for generated.
    """
    if shown := whole(paper.summary, LONGEST_SUMMARY):
        return Excerpt(shown, "ai")
    if shown := whole(paper.take_away, LONGEST_SUMMARY):
        return Excerpt(shown, paper.take_away_by)
    return Excerpt(first_sentences(paper.abstract, LONGEST_ABSTRACT), "")


FILTERS = {"excerpt": excerpt}
