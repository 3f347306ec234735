"""An index out of papers, topics and whatever gives vectors. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from digest.matching.findings import Interest, PaperText
from digest.matching.index import Index
from digest.matching.meaning import Meaning
from digest.matching.thesaurus import Thesaurus

if TYPE_CHECKING:
    from digest.matching.meaning import LookUp, Vectors

# Texts to vectors, one row each; for papers, topics, and what is asked.
Encode = Callable[[Sequence[str]], "Vectors"]


def assemble(
    papers: Iterable[PaperText],
    topics: Sequence[Interest],
    encode: Encode | None = None,
    background: "Vectors | None" = None,
    look_up: "LookUp | None" = None,
) -> Index:
    """The index of `papers`; by words alone where nothing encodes.

    `background`: the vectors of papers in general; `look_up` gives the vectors of what is asked.
    """
    papers = list(papers)
    if encode is None:
        return Index(papers, None, Thesaurus(topics))
    profiles = [topic.profile for topic in topics]
    of_papers, of_topics = encode([text_of(paper) for paper in papers]), encode(profiles)
    by_profile = dict(zip(profiles, of_topics, strict=True))

    def known(text: str) -> "Vectors | None":
        vector = by_profile.get(text)
        return look_up(text) if vector is None and look_up else vector

    usual = of_papers[:0] if background is None else background
    return Index(papers, Meaning(of_papers, usual, known), Thesaurus(topics, of_topics))


def text_of(paper: PaperText) -> str:
    """What is encoded of a paper."""
    return f"{paper.title}. {paper.abstract}"
