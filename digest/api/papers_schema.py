"""The search of papers in the OpenAPI document. `digest.views.api` answers it, without loading this package."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router

from digest.api import schemas
from digest.search import paper_search

router = Router(tags=["Papers"])


@router.get(
    "/papers/",
    response={200: schemas.FoundPapers, 400: schemas.QueryProblem},
    operation_id="search_papers",
    summary="Search papers",
)
def search_papers(
    request: HttpRequest,
    q: Annotated[str, Field(pattern=r"\S", description="What to look for, in the query language.")],
    page: Annotated[int, Field(ge=1, le=paper_search.LAST_PAGE)] = 1,
) -> HttpResponse:
    """Return the papers that match, 20 per page, the most likely first.

    It needs no token, is the same for everyone, and may be cached for five minutes. Scripts of any site may read it.
    """
    raise NotImplementedError("digest.views.api answers this address")
