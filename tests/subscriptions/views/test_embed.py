"""The form that other sites show in a frame, and forms that come from other sites."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from config import env
from subscriptions.models import Consent, ConsentText, FormPost, Subscriber, Topic
from subscriptions.readers import consents
from subscriptions.security.link_tokens import Purpose
from tests.subscriptions.conftest import path_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_only_the_sites_of_the_setting_may_frame_it(visitor: Client, settings: Any) -> None:
    assert "frame-ancestors 'none'" in visitor.get("/embed/").headers["Content-Security-Policy"]
    settings.EMBED_ALLOWED_SITES = ["https://blog.example.org"]
    answer = visitor.get("/embed/")
    assert "frame-ancestors 'self' https://blog.example.org" in answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    other = visitor.get("/subscribe/")
    assert other.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]


def test_it_sets_no_cookie_and_takes_topics_theme_and_language(visitor: Client, learning: Topic) -> None:
    answer = visitor.get("/de/embed/?topics=learning,nothing&theme=dark")
    page = answer.content.decode()
    assert not answer.cookies
    assert 'lang="de"' in page
    assert 'data-theme="dark"' in page
    assert re.findall('name="topics" value="([^"]+)"', page) == ["learning"]
    assert "data-theme" not in visitor.get('/embed/?theme="><script>').content.decode()


def test_one_press_in_the_frame_signs_up_with_the_wording_it_showed(visitor: Client) -> None:
    page = visitor.get("/embed/").content.decode()
    fields = dict(re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    given = fields | {"email": "new@example.org", "go": "1"}
    answer = visitor.post("/subscribe/", given, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 202
    assert FormPost.objects.get().trace["text"] == consents.version_of(consents.text())


def test_a_form_on_another_site_needs_one_more_press(visitor: Client) -> None:
    given = {"email": "new@example.org", "go": "1"}
    answer = visitor.post("/subscribe/", given, headers={"Sec-Fetch-Site": "cross-site"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Please press the button again." in page
    assert 'value="new@example.org"' in page
    assert not FormPost.objects.exists()


def test_the_confirmation_shows_and_records_the_wording_whatever_the_form_was(visitor: Client, bob: Subscriber) -> None:
    path = path_of(Purpose.CONFIRM, bob)
    page = visitor.get(path).content.decode()
    assert consents.text() in html.unescape(page)
    (version,) = re.findall('name="consent" value="([^"]+)"', page)
    visitor.post(path, {"consent": version})
    confirmed = Consent.objects.get(event="confirmed")
    assert ConsentText.objects.get(version=confirmed.text_version).text == consents.text()


def test_the_page_of_the_api_shows_the_snippets_with_this_site_s_address(visitor: Client, settings: Any) -> None:
    shown = visitor.get("/api/docs/").content.decode()
    assert "<iframe" not in shown  # as text, and not as a frame
    page = html.unescape(shown)
    assert f'action="{settings.SITE_URL}/subscribe/"' in page
    assert f'src="{settings.SITE_URL}/embed/"' in page


@pytest.mark.parametrize("value", ["blog.example.org", "https://blog.example.org/path", "https://a b", "*"])
def test_a_site_that_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("EMBED_ALLOWED_SITES", value)
    with pytest.raises(Exception, match="EMBED_ALLOWED_SITES"):
        env.origins("EMBED_ALLOWED_SITES")
