"""The page “Saved”: the reading list of the signed-in reader, and its export."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from digest.editions import publication
from digest.models import Paper, SavedPaper
from digest.models.papers import CARD_FIELDS
from digest.opinions import reading_list
from digest.site import citations, spreadsheets, thumbnails, topics
from digest.site.spreadsheets import ListedPaper
from digest.views.page_cache import paginate
from subscriptions.models import Subscriber
from subscriptions.views.common import back_to, for_signed_in, primary_key

PAPERS_A_PAGE = 50
MAX_SUGGESTED = 4  # papers, shown while the list is empty
MAX_SEARCH_LENGTH = 200  # characters
# The columns that files need. A list may hold thousands of papers, and their other texts are long.
EXPORTED = (
    "saved_at", "tags", "note", "paper__key", "paper__title", "paper__abstract", "paper__authors", "paper__categories",
    "paper__keywords", "paper__url", "paper__doi", "paper__published_on",
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def saved(request: HttpRequest, reader: Subscriber) -> HttpResponse:
    """Show the list; POST sets the tags and the note of one paper."""
    if request.method == "POST":
        paper = get_object_or_404(Paper, pk=primary_key(request.POST.get("paper", "")))
        given = request.POST
        if not reading_list.annotate(reader, paper, given.get("tags", ""), given.get("note", "")):
            raise Http404("The paper is not on the list.")
        return redirect(back_to(request, "digest:saved"))
    chosen = _chosen(request)
    rows, pages = paginate(reading_list.find(reader, **chosen), request.GET.get("page"), PAPERS_A_PAGE)
    context: dict[str, Any] = {"rows": rows, "pages": pages, "tags": reading_list.tags_of(reader), "chosen": chosen}
    context["pictures"] = thumbnails.of_papers(reading_list.papers(rows))
    if not rows and not chosen["words"] and not chosen["tag"]:
        context |= _suggested()
    limits = {"longest_note": reading_list.MAX_NOTE_LENGTH, "longest_tags": reading_list.MAX_TAGS_LENGTH}
    return render(request, "web/saved.html", context | limits | {"orders": list(reading_list.ORDERS)})


@require_safe
@for_signed_in
def export(request: HttpRequest, reader: Subscriber, suffix: str) -> HttpResponse:
    """Return the papers of the list that are shown, as BibTeX, RIS or CSV."""
    return export_of(reading_list.find(reader, **_chosen(request)), suffix)


def export_of(rows: Any, suffix: str) -> HttpResponse:
    """Return saved papers as a file for other software."""
    rows = rows.select_related(None).select_related("paper").only(*EXPORTED)
    papers = reading_list.papers(rows)
    match suffix:
        case "bib":
            text, content_type = citations.bibtex(papers), citations.BIBTEX_TYPE
        case "ris":
            text, content_type = citations.ris(papers), citations.RIS_TYPE
        case _:
            text, content_type = spreadsheets.as_csv(map(_listed, rows)), spreadsheets.CSV_TYPE
    headers = {"Content-Disposition": f'attachment; filename="reading-list.{suffix}"', "X-Robots-Tag": "noindex"}
    return HttpResponse(text, content_type, headers=headers)


def _suggested() -> dict[str, Any]:
    """Return the top-voted papers of the newest edition, for readers who have saved none."""
    newest = publication.newest()
    ranked = publication.papers_as_shown(newest) if newest else Paper.objects.none()
    papers = list(ranked.select_related("edition").only(*CARD_FIELDS, "edition__day")[:MAX_SUGGESTED])
    return {
        "suggested": papers,
        "topics_of": topics.of_papers(papers, topics.offered()),
        "pictures": thumbnails.of_papers(papers),
    }


def _listed(row: SavedPaper) -> ListedPaper:
    return ListedPaper(row.paper, row.saved_at, row.tags, row.note)


def _chosen(request: HttpRequest) -> dict[str, str]:
    """Return what the list is narrowed to, and its order. Unprintable characters can't be searched."""
    given = {name: request.GET.get(name, "")[:MAX_SEARCH_LENGTH].strip() for name in ("q", "tag", "order")}
    words = "".join(letter if letter.isprintable() else " " for letter in given["q"])
    order = given["order"] if given["order"] in reading_list.ORDERS else "newest"
    return {"words": words, "tag": given["tag"], "order": order}
