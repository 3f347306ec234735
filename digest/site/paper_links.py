"""Links to other sites about a paper, and links that share it. Addresses follow from its arXiv number. Pure."""

from typing import NamedTuple, Protocol
from urllib.parse import quote, urlencode

from digest.paper_keys import arxiv_number

FIRST_IN_HTML = "2312"  # arXiv makes HTML of the papers since December 2023
MAX_SHARED_LENGTH = 200  # characters of a title in a short post


class PaperLink(NamedTuple):
    label: str
    url: str


class Linkable(Protocol):
    """The parts of a paper that its links need."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...


def elsewhere(paper: Linkable) -> list[PaperLink]:
    """Return links to the paper at other sites, in addition to arXiv's page and the PDF."""
    number = quote(arxiv_number(paper.key))
    if not number:
        return []
    has_html = number[:4].isdecimal() and number[:4] >= FIRST_IN_HTML
    html = [PaperLink("HTML", f"https://arxiv.org/html/{number}")] if has_html else []
    return [
        *html,
        PaperLink("alphaXiv", f"https://www.alphaxiv.org/abs/{number}"),
        PaperLink("Hugging Face", f"https://huggingface.co/papers/{number}"),
        PaperLink("Semantic Scholar", f"https://www.semanticscholar.org/arxiv/{number}"),
    ]


def models(paper: Linkable) -> str:
    """Return the address of the models at Hugging Face that cite the paper, or "" if it is not at arXiv."""
    return _tagged("models", paper)


def datasets(paper: Linkable) -> str:
    """Return the address of the datasets at Hugging Face that cite the paper, or "" if it is not at arXiv."""
    return _tagged("datasets", paper)


def _tagged(kind: str, paper: Linkable) -> str:
    number = arxiv_number(paper.key)
    return f"https://huggingface.co/{kind}?{urlencode({'other': paper.key})}" if number else ""


def sharing(title: str, url: str) -> list[PaperLink]:
    """Return links that open a new post about the page `url`. They need no script of the other site."""
    short = title if len(title) <= MAX_SHARED_LENGTH else title[: MAX_SHARED_LENGTH - 1] + "…"
    return [
        PaperLink("X", f"https://x.com/intent/post?{_query(text=short, url=url)}"),
        PaperLink("Bluesky", f"https://bsky.app/intent/compose?{_query(text=f'{short} {url}')}"),
        PaperLink("LinkedIn", f"https://www.linkedin.com/sharing/share-offsite/?{_query(url=url)}"),
    ]


def email(title: str, url: str) -> str:
    """Return a mailto: address for an email about the page `url`."""
    return f"mailto:?{_query(subject=title, body=url)}"


def _query(**values: str) -> str:
    return urlencode(values, quote_via=quote)  # email programs show a plus sign as it is
