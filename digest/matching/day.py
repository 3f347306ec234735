"""A day's papers, ready to be searched by phrase, word, author, category and meaning. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from digest.matching.authors import Categories, People
from digest.matching.coverage import Coverage
from digest.matching.findings import PaperText, Reason
from digest.matching.keeping import MOST, Kept
from digest.matching.meaning import Meaning
from digest.matching.texts import Hit, Texts
from digest.matching.thesaurus import Thesaurus

if TYPE_CHECKING:
    from digest.matching.meaning import Vectors

MOST_ODDS = 200_000
_NOWHERE: dict[int, list[Hit]] = {}


class Day:
    """The papers; `meaning` and `thesaurus` where vectors and the catalogue are at hand."""

    def __init__(
        self, papers: Iterable[PaperText], meaning: Meaning | None = None, thesaurus: Thesaurus | None = None
    ) -> None:
        self.papers: list[PaperText] = list(papers)
        self.meaning = meaning
        self.thesaurus = thesaurus
        self.texts = Texts(self.papers)
        self.on_topic: dict[int, dict[int, float]] = {}  # for topics of the thesaurus, how likely papers are about them
        # Why phrases and names found a paper: the same, however many readers ask for them beside others.
        self.reasons: Kept[tuple[object, ...], tuple[Reason, ...]] = Kept(4 * MOST)
        self.row_odds: Kept[str, dict[int, float]] = Kept()  # what a phrase in a row says for papers, where it is alone
        self._hits: Kept[str, dict[int, list[Hit]]] = Kept()
        # What names and sentences say for papers: for all of them, so that of a long day fewer can be kept.
        self.text_odds: Kept[tuple[str, str, float], dict[int, float]] = Kept(
            min(MOST, MOST_ODDS // (len(self.papers) + 1))
        )

    @cached_property
    def coverage(self) -> Coverage:
        return Coverage(self.papers)

    @cached_property
    def people(self) -> People:
        return People(self.papers)

    @cached_property
    def categories(self) -> Categories:
        return Categories(self.papers)

    def hits(self, phrase: str) -> dict[int, list[Hit]]:
        """Where `phrase` stands: for each paper (by its place in `papers`), each time."""
        found = self._hits.get(phrase)
        if found is None:
            found = self._find(phrase)
            if found:  # what stands nowhere is looked up as fast as it would be remembered
                self._hits.keep(phrase, found)
        return found

    def closeness(self, text: str) -> "Vectors | None":
        """For each paper how close in meaning it is to `text`; None where the vectors are not at hand."""
        return self.meaning.closeness(text) if self.meaning else None

    def _find(self, phrase: str) -> dict[int, list[Hit]]:
        hits = self.texts.find(phrase)
        found: dict[int, list[Hit]] = defaultdict(list) if hits else _NOWHERE
        for hit in hits:
            found[hit.field.paper].append(hit)
        return found
