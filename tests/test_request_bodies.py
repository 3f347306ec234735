"""Limits on the size of requests, and on the cost of anonymous forms."""

import time
from typing import Any
from unittest.mock import Mock, patch

import pytest
from django.http import QueryDict
from django.test import Client

from subscriptions import forms
from subscriptions.models import Subscriber, topics
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from subscriptions.topics import catalogue

pytestmark = pytest.mark.django_db

KB = 1024
FORM = "application/x-www-form-urlencoded"
FORMS = ["/sign-in/", "/preferences/", "/de/preferences/", "/unsubscribe/token/", "/nowhere/"]


def post(client: Client, path: str, size: int) -> Any:
    return client.post(path, "words=".ljust(size, "x"), content_type=FORM)


@pytest.mark.parametrize("path", FORMS)
def test_it_refuses_a_form_larger_than_any_real_one(client: Client, path: str) -> None:
    assert post(client, path, 64 * KB).status_code != 413
    response = post(client, path, 64 * KB + 1)
    assert response.status_code == 413
    assert "64 KB" in response.content.decode()


def test_it_says_in_the_language_of_the_page_that_a_form_is_too_large(client: Client) -> None:
    page = post(client, "/de/preferences/", 65 * KB).content.decode()
    assert '<html lang="de"' in page
    assert "höchstens 64 KB" in page


def test_it_does_not_read_a_body_that_is_too_large(client: Client) -> None:
    with (
        patch("django.http.HttpRequest.body", side_effect=AssertionError),
        patch("django.core.handlers.wsgi.WSGIRequest._get_post", side_effect=AssertionError),
    ):
        assert post(client, "/preferences/", 65 * KB).status_code == 413


@pytest.mark.parametrize("path", ["/nowhere/", "/anymail/postmark/tracking/"])
def test_it_does_not_read_a_form_to_an_unknown_url(client: Client, path: str) -> None:
    with patch("django.core.handlers.wsgi.WSGIRequest._load_post_and_files") as read:
        assert post(client, path, 1_000).status_code == 404
    assert not read.called


def test_it_refuses_a_large_file_in_a_form(client: Client) -> None:
    """Uploaded files count, although Django does not count them as part of the form."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 100 * KB + b"\r\n--b--\r\n"
    )
    assert client.post("/preferences/", body, content_type="multipart/form-data; boundary=b").status_code == 413


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/subscribe/", 512 * KB),  # with the papers that the visitor started from
        ("/subscribe/preview/", 512 * KB),
        ("/suggest/", 1280 * KB),
        ("/de/suggest/", 1280 * KB),
        ("/admin/login/", 64 * KB),
        ("/admin/digest/source/import-opml/", 1280 * KB),
        ("/anymail/mandrill/", 1280 * KB),
    ],
)
def test_it_accepts_larger_bodies_where_needed(client: Client, path: str, largest: int) -> None:
    assert post(client, path, largest).status_code != 413
    assert post(client, path, largest + 1).status_code == 413


def test_it_accepts_more_json_than_forms_from_providers(client: Client) -> None:
    """A percent-encoded form is parsed before its signature can be checked."""
    path = "/anymail/postmark/tracking/"
    for length, is_refused in ((10240 * KB, False), (10240 * KB + 1, True)):
        response = client.post(path, b" " * length, content_type="application/json")
        assert (response.status_code == 413) == is_refused


def test_it_takes_the_largest_settings_that_a_reader_can_save(client: Client, alice: Subscriber) -> None:
    catalogue.load()
    token = link_tokens.make_token(Purpose.PREFERENCES, alice)
    words = ", ".join(["𝖆𝖇𝖈𝖉 𝖆𝖇𝖈𝖉" * 5 + str(number) for number in range(30)])[:2000]
    form = {"words": words, "topics": [topic.slug for topic in topics.Topic.objects.all()], "frequency": "daily"}
    assert client.post(f"/preferences/{token}/", form).status_code == 302
    alice.refresh_from_db()
    assert alice.filters.filter(topic=None).exists()


def test_a_declared_length_that_is_no_number_is_an_empty_body(client: Client) -> None:
    assert client.post("/subscribe/", b"", content_type=FORM, CONTENT_LENGTH="many").status_code in (200, 400)


def test_a_body_that_breaks_off_is_a_bad_request(client: Client, db: None) -> None:
    body = Mock(read=Mock(side_effect=OSError("The client has disconnected.")))
    sent: dict[str, Any] = {
        "wsgi.input": body,
        "CONTENT_LENGTH": "100",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }
    assert client.post("/suggest/", **sent).status_code == 400


@pytest.mark.parametrize("given", [{"show": "topics"}, {"go": "1"}])
def test_a_long_word_to_find_topics_by_is_cut_and_split_once(client: Client, given: dict[str, str]) -> None:
    catalogue.load()
    with patch.object(forms, "words_of", side_effect=topics.words_of) as words_of:
        page = client.post("/subscribe/", given | {"find": "agents " * 9_000}).content.decode()
    (sought,) = (call.args[0] for call in words_of.call_args_list)
    assert sought == ("agents " * 9)[: forms.LONGEST_FIND]
    assert "agents " * 9 not in page


def test_a_draft_is_cut_to_the_lengths_of_its_fields() -> None:
    names = ("email", "words", "find", "time_zone", "max_papers", "unknown")
    given = QueryDict(mutable=True)
    given.update(dict.fromkeys(names, "x" * 10_000))
    given.setlist("topics", ["y" * 10_000, "agents"])
    draft = forms.draft(given)
    assert [len(slug) for slug in draft.pop("topics")] == [100, 6]
    assert {name: len(value) for name, value in draft.items()} == {
        "email": 254, "words": 2000, "find": 60, "time_zone": 100, "max_papers": 100,
    }  # fmt: skip


def test_the_largest_draft_costs_little_more_than_an_empty_one(client: Client) -> None:
    catalogue.load()
    empty = min(_cost(client, "") for _ in range(3))
    assert min(_cost(client, "a " * 32_000) for _ in range(3)) < 3 * empty


def _cost(client: Client, find: str) -> float:
    start = time.process_time()
    assert client.post("/subscribe/", {"show": "1", "find": find}).status_code == 200
    return time.process_time() - start
