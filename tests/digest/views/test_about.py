"""The pages about the site, and those for search engines and feed readers."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from digest.models import Edition, Paper
from digest.site import sitemaps
from subscriptions.models import Topic

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
pytestmark = pytest.mark.django_db


def test_it_says_what_is_kept_about_readers(client: Client) -> None:
    page = client.get("/privacy/").content.decode()
    assert "sets no cookie" in page
    assert "your email address" in page
    assert "deleted after 30 days" in page
    assert 'href="/privacy/"' in client.get("/topics/").content.decode()


@pytest.mark.parametrize("records", [True, False])
def test_it_speaks_of_networks_and_browsers_as_they_are_kept(client: Client, settings: Any, records: bool) -> None:
    settings.RECORD_IP_ADDRESSES = records
    page = client.get("/privacy/").content.decode()
    assert ("the IP address and browser you signed up and confirmed with" in page) == records
    assert "a fingerprint of your network and one of the address for 30 days" in page


def test_it_shows_the_operators_own_text(client: Client, settings: Any) -> None:
    settings.PRIVACY_TEXT = settings.IMPRINT_TEXT = "We are <b>nice</b>.\n\nWrite to https://example.org/us"
    for path in ("/privacy/", "/imprint/"):
        page = client.get(path).content.decode()
        assert '<p class="multiline">We are &lt;b&gt;nice&lt;/b&gt;.</p>' in page
        assert '<a href="https://example.org/us"' in page
        assert "sets no cookie" not in page


@pytest.mark.parametrize(("text", "status"), [("", 404), ("Our Lab", 200)])
def test_it_has_an_imprint_only_where_one_is_written(client: Client, settings: Any, text: str, status: int) -> None:
    settings.IMPRINT_TEXT = text
    assert client.get("/imprint/").status_code == status
    assert ('href="/imprint/"' in client.get("/privacy/").content.decode()) == bool(text)


def test_it_gives_an_accent_color_a_style_for_light_and_dark(client: Client) -> None:
    response = client.get("/accents/aa3366.css")
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in response["Cache-Control"]
    schemes = re.search(r"--accent: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", response.content.decode())
    assert schemes
    assert schemes[1] != schemes[2]
    for nonsense in ("red", "aa33", "aa3366;}", "AA3366"):
        assert client.get(f"/accents/{nonsense}.css").status_code == 404


def test_it_can_be_installed_as_an_app(client: Client, settings: Any) -> None:
    page = client.get("/privacy/").content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    described = client.get("/manifest.webmanifest")
    assert described["Content-Type"] == "application/manifest+json"
    assert (described.json()["name"], described.json()["start_url"]) == ("Daily Papers", "/")
    assert client.get("/de/manifest.webmanifest").json()["start_url"] == "/de/"
    icons = described.json()["icons"]
    assert {icon["sizes"] for icon in icons} == {"192x192", "512x512", "any"}
    named = re.search(r'rel="apple-touch-icon" href="([^"]+)"', page)
    assert named
    assert client.get("/apple-touch-icon.png")["Location"] == named[1]
    for address in (named[1], *(icon["src"] for icon in icons)):
        assert finders.find(re.sub(r"\.[0-9a-f]{12}\.", ".", address.removeprefix("/static/"))), address


def test_it_tells_robots_where_to_look_and_where_not(client: Client) -> None:
    said = client.get("/robots.txt").content.decode()
    assert "Disallow: /preferences/" in said
    assert "Sitemap: https://papers.example.org/sitemap.xml" in said


@pytest.mark.usefixtures("edition", "learning")
def test_it_lists_every_page_for_search_engines_in_files_of_a_bounded_size(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "PAPERS_A_FILE", 2)
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    Paper.objects.create(key="arxiv:2608.00009", title="In no edition", url="https://example.org")
    listed: list[str] = []
    for part in locations(client, "https://papers.example.org/sitemap.xml"):
        listed += locations(client, part)
    papers = [f"https://papers.example.org/papers/arxiv:2608.0000{number}/" for number in (1, 3)]
    paths = ("", "topics/", "topics/learning/", "2026-08-20/", "suggest/", "subscribe/")
    pages = [f"https://papers.example.org/{path}" for path in paths]
    assert set(listed) == {*papers, *pages}
    for path in listed:
        assert client.get(path.removeprefix("https://papers.example.org")).status_code == 200
    assert client.get("/sitemaps/papers-99999.xml").status_code == 404
    assert client.get("/sitemaps/nonsense.xml").status_code == 404


def locations(client: Client, address: str) -> list[str]:
    page = client.get(address.removeprefix("https://papers.example.org"))
    return [found.text or "" for found in ET.fromstring(page.content).iter(f"{SITEMAP}loc")]


@pytest.mark.parametrize(
    "path", ["/", "/2026-08-20/", "/papers/arxiv:2608.00001/", "/topics/learning/", "/suggest/", "/subscribe/"]
)
def test_it_names_and_describes_each_page(client: Client, edition: Edition, learning: Topic, path: str) -> None:
    page = client.get(path).content.decode()
    assert f'<link rel="canonical" href="https://papers.example.org{path}">' in page
    for name in ("og:title", "og:description", "og:url", "og:image", "og:site_name", "og:locale"):
        assert re.search(f'<meta property="{name}" content="[^"]+">', page), name
    description = re.search('<meta name="description" content="([^"]+)">', page)
    assert description
    assert 20 < len(description[1]) <= 320
    assert len(re.findall("<h1", page)) == 1
    assert "noindex" not in page


@pytest.mark.parametrize("path", ["/nowhere/", "/confirm/forged/"])
def test_it_keeps_search_engines_off_what_is_no_page_of_papers(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    assert page.count('<meta name="robots" content="noindex">') == 1
    assert "canonical" not in page
