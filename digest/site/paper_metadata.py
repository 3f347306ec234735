"""A paper's metadata in its page, for reference managers and search engines. Pure.

Zotero and Google Scholar read the `citation_*` tags of Highwire Press, and search engines JSON-LD.
"""

import json
from collections.abc import Iterator
from typing import Any

from digest.paper_keys import arxiv_number
from digest.site.citations import Citable
from digest.text.cleanup import clean

MAX_AUTHORS = 200


def citation_tags(paper: Citable, pdf_url: str) -> list[tuple[str, str]]:
    """Return the names and contents of the `meta` elements."""
    return [(name, clean(content)) for name, content in _tags(paper, pdf_url) if content]


def _tags(paper: Citable, pdf_url: str) -> Iterator[tuple[str, str]]:
    number = arxiv_number(paper.key)
    yield "citation_title", paper.title
    yield from (("citation_author", name) for name in paper.authors[:MAX_AUTHORS])
    if paper.published_on:
        yield "citation_publication_date", f"{paper.published_on:%Y/%m/%d}"
    yield "citation_doi", paper.doi
    yield "citation_arxiv_id", number
    yield "citation_publisher", "arXiv" if number else ""
    yield "citation_pdf_url", pdf_url
    yield "citation_abstract_html_url", _web_address(paper.url)
    yield "citation_keywords", "; ".join(paper.keywords)


def json_ld(paper: Citable, page: str) -> str:
    """Return the ScholarlyArticle of schema.org as JSON that is safe within a script element."""
    number = arxiv_number(paper.key)
    values: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": paper.title,
        "name": paper.title,
        "author": [{"@type": "Person", "name": name} for name in paper.authors[:MAX_AUTHORS]],
        "datePublished": paper.published_on.isoformat() if paper.published_on else "",
        "abstract": paper.abstract,
        "keywords": list(paper.keywords),
        "identifier": [text for text in (paper.doi and f"doi:{paper.doi}", number and f"arXiv:{number}") if text],
        "sameAs": [url for url in (_web_address(paper.url), paper.doi and f"https://doi.org/{paper.doi}") if url],
        "url": page,
    }
    text = json.dumps({name: value for name, value in values.items() if value}, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _web_address(url: str) -> str:
    """Return `url`, or "" if it is not a web address, because sources may send anything."""
    return url if url.startswith(("https://", "http://")) else ""
