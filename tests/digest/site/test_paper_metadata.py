"""The metadata of a paper's page, and its links to other sites."""

import json
import re

import pytest
from django.test import Client

from digest.models import Edition, Paper
from digest.site import paper_links, paper_metadata

pytestmark = pytest.mark.django_db
PAGE = "/papers/arxiv:2608.00002/"


def labels(key: str) -> list[str]:
    return [link.label for link in paper_links.elsewhere(Paper(key=key, title="A"))]


def test_it_links_to_other_sites_by_the_arxiv_number() -> None:
    assert labels("arxiv:2608.00002") == ["HTML", "alphaXiv", "Hugging Face", "Semantic Scholar"]
    assert labels("arxiv:2001.00002") == ["alphaXiv", "Hugging Face", "Semantic Scholar"]  # older than arXiv's HTML
    assert labels("arxiv:math/0601001") == ["alphaXiv", "Hugging Face", "Semantic Scholar"]
    assert labels("doi:10.1000/x") == []
    assert paper_links.models(Paper(key="doi:10.1000/x")) == ""
    assert paper_links.datasets(Paper(key="arxiv:2608.00002")).endswith("/datasets?other=arxiv%3A2608.00002")


def test_it_shares_a_title_with_any_signs() -> None:
    x, bluesky, linkedin = paper_links.sharing("A & B: 100% + more?", "https://a.org/papers/x/")
    assert (
        x.url
        == "https://x.com/intent/post?text=A%20%26%20B%3A%20100%25%20%2B%20more%3F&url=https%3A%2F%2Fa.org%2Fpapers%2Fx%2F"
    )
    assert bluesky.url.endswith("more%3F%20https%3A%2F%2Fa.org%2Fpapers%2Fx%2F")
    assert linkedin.url.endswith("?url=https%3A%2F%2Fa.org%2Fpapers%2Fx%2F")
    assert paper_links.email("A & B", "https://a.org/").startswith("mailto:?subject=A%20%26%20B&body=")
    assert len(paper_links.sharing("x" * 1000, "https://a.org/")[0].url) < 300


def test_it_tells_reference_managers_about_a_paper(client: Client, edition: Edition) -> None:
    page = client.get(PAGE).content.decode()
    tags = re.findall(r'<meta name="(citation_\w+)" content="([^"]*)"', page)
    assert ("citation_title", "Faster Diffusion") in tags
    assert [content for name, content in tags if name == "citation_author"] == ["Ada Lovelace", "Alan Turing"]
    assert ("citation_pdf_url", "https://arxiv.org/pdf/2608.00002") in tags
    assert ("citation_arxiv_id", "2608.00002") in tags
    assert all(content for _name, content in tags)


def test_its_json_ld_can_be_read_and_ends_no_script(client: Client, edition: Edition) -> None:
    title = 'A </script><script>alert("1")</script> & <!-- B'
    Paper.objects.filter(key="arxiv:2608.00002").update(title=title)
    page = client.get(PAGE).content.decode()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    article = json.loads(found[1])
    assert (article["@type"], article["headline"]) == ("ScholarlyArticle", title)
    assert [author["name"] for author in article["author"]] == ["Ada Lovelace", "Alan Turing"]
    assert article["url"].endswith(PAGE)


def test_it_leaves_out_what_a_paper_lacks() -> None:
    bare = Paper(key="link:1", title="A", url="https://a.org/1")
    assert paper_metadata.citation_tags(bare, "") == [
        ("citation_title", "A"),
        ("citation_abstract_html_url", "https://a.org/1"),
    ]
    assert "datePublished" not in paper_metadata.json_ld(bare, "https://b.org/")


def test_papers_like_these_lead_to_the_form_with_the_papers_topics(client: Client, edition: Edition) -> None:
    assert 'href="/suggest/?like=arxiv%3A2608.00002"' in client.get(PAGE).content.decode()


def test_it_shares_and_asks_no_other_host(client: Client, edition: Edition) -> None:
    page = client.get(PAGE).content.decode()
    assert "https://bsky.app/intent/compose?text=Faster%20Diffusion" in page
    assert not re.search(r'<(?:script|img|iframe)[^>]* src="https?://', page)
