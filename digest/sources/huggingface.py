"""Hugging Face Daily Papers, read from its JSON API. A list is fetched by date, and grows until its day ends."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from digest.paper_keys import arxiv_key
from digest.sources.http import Http, StatusError
from digest.sources.records import ARXIV_ID, Batch, PaperRecord, SourceError, read_all, web_link
from digest.text.cleanup import beginning, clean
from digest.text.latex import from_tex

PAGE_SIZE = 100
BY_DAY = True
PAUSE = 0
SITE = "https://huggingface.co"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
MAX_COUNT = 2**31 - 1  # the largest that the database stores


def problem_with_key(key: str) -> str:
    return "Leave this empty: Hugging Face has one list." if key else ""


def fetch(http: Http, key: str, day: dt.date, page: int = 0) -> bytes:
    """Fetch a page of the day's list; `page` counts from 0. Raise SourceError."""
    try:
        return http.get(
            f"{settings.HUGGINGFACE_URL}/api/daily_papers", {"date": str(day), "limit": PAGE_SIZE, "p": page}
        )
    except StatusError as error:
        if error.status == 400 and "future" in str(error):
            return b"[]"  # the day has not begun by the server's clock, so nothing is listed yet
        raise


def parse(body: bytes, day: dt.date) -> Batch:
    """Return the papers in the API's array. Raise SourceError if the body is not one."""
    try:
        items = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"not JSON: {beginning(body)}") from error
    if not isinstance(items, list):
        raise SourceError(f"not a list of papers: {beginning(body)}")
    return read_all(items, lambda item: _read(item, day))


def _read(item: dict[str, Any], day: dt.date) -> PaperRecord | None:
    """Return the paper of an item. Only id, title and abstract are required: all else has changed its form before."""
    paper = item["paper"]
    arxiv_id = paper["id"]
    if not ARXIV_ID.fullmatch(arxiv_id):
        raise ValueError(f"{arxiv_id!r} is not an arXiv id")
    title, abstract = from_tex(paper["title"]), from_tex(paper["summary"])
    if not title:
        raise ValueError("no title")
    if paper.get("withdrawnAt"):
        return None
    return PaperRecord(
        key=arxiv_key(arxiv_id),
        title=title,
        abstract=abstract,
        authors=_authors(paper.get("authors")),
        keywords=tuple(filter(None, map(_text, _list(paper.get("ai_keywords"))))),
        url=f"https://arxiv.org/abs/{arxiv_id}",
        published_on=_date(paper.get("publishedAt")),
        day=day,  # neither of the item's two times is the day of the list
        thumbnail_url=_absolute(item.get("thumbnail")),
        figure_url=_figure(_list(item.get("mediaUrls")) or _list(paper.get("mediaUrls"))),
        github_url=web_link(paper.get("githubRepo")),
        github_stars=_count(paper["githubStars"]) if paper.get("githubStars") is not None else None,
        project_url=web_link(paper.get("projectPage")),
        organization=_name(item.get("organization") or item.get("submitterOrganization")),
        summary=from_tex(_text(paper.get("ai_summary"))),
        votes=_count(paper.get("upvotes")),
        comments=_count(item.get("numComments")),
        submitter=_name(item.get("submittedBy")),
    )


def _authors(value: Any) -> tuple[str, ...]:
    shown = (author for author in _list(value) if isinstance(author, dict) and not author.get("hidden"))
    return tuple(filter(None, (from_tex(_text(author.get("name"))) for author in shown)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _name(value: Any) -> str:
    """Return the name of a user or an organization."""
    return (_text(value.get("fullname")) or _text(value.get("name")))[:200] if isinstance(value, dict) else ""


def _count(value: Any) -> int:
    try:
        return min(max(0, int(value)), MAX_COUNT)
    except (TypeError, ValueError, OverflowError):
        return 0


def _date(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _figure(media: list[Any]) -> str:
    """Return the first picture that the submitter posted. Videos are left out: the API gives no still image of them."""
    return next((link for link in map(web_link, media) if urlsplit(link).path.lower().endswith(PICTURES)), "")


def _absolute(value: Any) -> str:
    return web_link(SITE + value if isinstance(value, str) and value.startswith("/") else value)
