"""The editions and their papers."""

from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router

from digest.api import schemas
from digest.api.access import TokenAuth
from digest.api.fields import Day, PageIn
from digest.api.pagination import page
from digest.api.problems import ProblemError
from digest.editions import publication
from digest.models import Edition, Paper
from digest.models.api_tokens import ApiScope

router = Router(tags=["Editions"])
READ = TokenAuth(ApiScope.EDITIONS_READ)


@router.get("/editions", auth=READ, response=schemas.Editions, operation_id="list_editions", summary="List editions")
def list_editions(request: HttpRequest, given: Query[PageIn]) -> dict[str, Any]:
    """Return editions, the last that was made first."""
    found, following = page(Edition.objects.all(), given.cursor, given.limit)
    papers = Paper.objects.filter(edition__in=found, is_hidden=False).order_by()
    counted = dict(papers.values_list("edition").annotate(Count("pk")))
    return {"editions": [_shown(edition, counted.get(edition.pk, 0)) for edition in found], "next": following}


@router.get(
    "/editions/{day}", auth=READ, response=schemas.OneEdition, operation_id="get_edition", summary="Read one edition"
)
def get_edition(request: HttpRequest, day: Day) -> dict[str, Any]:
    """Return the edition of a day, with its papers."""
    edition = Edition.objects.filter(day=day).first()
    if edition is None:
        raise ProblemError(404, f"There is no edition of {day}.")
    papers = [_paper(paper) for paper in publication.papers_as_emailed(edition)]
    return _shown(edition, len(papers)) | {"listed": papers}


def _shown(edition: Edition, papers: int) -> dict[str, Any]:
    return {
        "day": edition.day,
        "published_at": edition.published_at,
        "closed_at": edition.closed_at,
        "mail_from": edition.send_after,
        "papers": papers,
        "page": _url("digest:edition", edition.day),
    }


def _paper(paper: Paper) -> dict[str, Any]:
    page_url = _url("digest:paper", paper.key)
    return {"id": paper.key, "title": paper.title, "url": paper.url, "page": page_url, "votes": paper.votes}


def _url(name: str, *args: object) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"
