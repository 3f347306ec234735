"""First digests of readers in other fields than AI, from recorded feeds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from digest import papers
from digest.editions import publication
from digest.models import Edition, Source
from digest.search import reader_digest
from digest.sources import arxiv_api, feed, huggingface
from subscriptions.models import Topic
from subscriptions.topics import catalogues
from tests.conftest import NOW, TODAY, make_reader

pytestmark = pytest.mark.django_db

# The recorded papers that readers of these topics want: those of the topics' categories.
BIOLOGY = {
    "Microscale Collagen and Fibroblast Interactions Enhance Primary Human Hepatocyte Functions in 3-Dimensional Models"
}
PHYSICS = ("quant-ph", "physics.flu-dyn", "cond-mat.mes-hall")


@pytest.fixture
def site(recorded: Callable[[str], bytes]) -> Edition:
    """A site with a day of bioRxiv, arXiv and Hugging Face. Most papers are about AI."""
    catalogues.load([*catalogues.SHIPPED])
    biorxiv = Source.objects.create(kind=Source.Kind.FEED, key="https://connect.biorxiv.org/feed", name="bioRxiv")
    arxiv = Source.objects.create(kind=Source.Kind.ARXIV, key="quant-ph", name="arXiv")
    ai = Source.objects.get(kind=Source.Kind.HUGGINGFACE)
    lists = {
        biorxiv: feed.parse(recorded("other/biorxiv_rdf_bioengineering_2019.xml"), TODAY),
        arxiv: arxiv_api.parse(recorded("arxiv/api_query_2026-07-13_csAI_OR_csLG_50.xml")),
        ai: huggingface.parse(recorded("hf/2026-08-18.json"), TODAY),
    }
    for source, batch in lists.items():
        papers.ingest(source, [replace(record, day=TODAY) for record in batch], TODAY)
    published = publication.publish(TODAY, now=NOW).edition
    assert published is not None
    return published


def titles(edition: Edition, *slugs: str) -> list[str]:
    """Return the titles of the first digest of a reader who follows the topics."""
    topics = list(Topic.objects.filter(slug__in=slugs))
    assert len(topics) == len(slugs)
    digest = reader_digest.of_edition(make_reader("ada@example.org", topics=topics), edition)
    return [match.paper.title for match in digest.for_you]


def test_a_biologist_gets_the_papers_of_biorxiv_and_not_those_on_ai(site: Edition) -> None:
    found = titles(site, "biorxiv-bioengineering", "biorxiv-cancer-biology", "biorxiv-genomics")
    assert {*found} == BIOLOGY


def test_a_physicist_gets_the_papers_of_their_categories_and_few_others(site: Edition) -> None:
    wanted = {paper.title for paper in site.papers.all() if {*PHYSICS} & {*paper.categories}}
    found = titles(site, "quant-ph", "physics-flu-dyn", "cond-mat-mes-hall")
    assert len(wanted) == 3
    assert wanted <= {*found}
    assert len(wanted) / len(found) >= 0.75
    assert found[0] in wanted
