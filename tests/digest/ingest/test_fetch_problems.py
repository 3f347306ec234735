"""Failed fetches in plain words."""

import pytest

from digest.ingest.fetch_problems import explain

FEED = "https://feeds.example.org/rss?key=1"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("can't be reached ([Errno 111] Connection refused), after 3 tries", "can’t be reached"),
        ("the host feeds.example.org can't be found, after 3 tries", "can’t be found"),
        ("no answer in time, after 3 tries", "too slowly"),
        ("not finished after 60 seconds", "too slowly"),
        ("the connection broke (peer closed), after one try", "broke the connection"),
        ("answered 429 Too Many Requests, after 3 tries", "fewer requests"),
        ("answered 503 Service Unavailable, after 3 tries", "a problem of its own"),
        ("answered 403 Forbidden: no robots", "refuses access"),
        ("answered 404 Not Found: gone", "no such page"),
        ("answered 406 Not Acceptable: <html>", "refuses the request with status 406"),
        ("larger than 5 MB", "sends more than 5 MB"),
        ("a redirect leads to another host, https://other.example/rss", "leads on to other.example. If you trust"),
        ("more than 5 redirects", "leads on more than 5 times"),
        ("the compressed answer ends too early", "damaged answer"),
        ("leads to 10.0.0.1, which is not a public address", "is in a private network (10.0.0.1)"),
        ("not a usable address (port out of range)", "can’t be read: not a usable address"),
    ],
)
def test_it_says_what_is_wrong_without_addresses_and_error_codes(what: str, words: str) -> None:
    text = explain(f"{FEED}: {what}")
    assert text.startswith("feeds.example.org ")
    assert words in text
    assert "https:" not in text
    assert "Errno" not in text
    assert "after 3" not in text


def test_it_names_the_port_but_no_password_of_an_address() -> None:
    text = explain("http://reader:secret@127.0.0.1:9000/rss: can't be reached (refused)")
    assert text.startswith("127.0.0.1:9000 can’t")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("not a feed: <!doctype html> Log in", "need a login. It begins: <!doctype html> Log in"),
        ("not a readable feed: no element found", "The feed is damaged: no element found."),
        ("not JSON: <html>", "is not a list of papers"),
    ],
)
def test_it_says_what_to_do_about_an_answer_of_another_kind(message: str, words: str) -> None:
    assert words in explain(message)


@pytest.mark.parametrize("message", ["", "not a feed", "3 items without a title"])
def test_it_leaves_other_messages_as_they_are(message: str) -> None:
    assert explain(message) == message
