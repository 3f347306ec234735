"""Enhanced status codes in the texts of mail servers and providers."""

import pytest

from subscriptions.email.status_codes import StatusCode, find_code, leading_code


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("5.1.1 User unknown", ("5", "1", "1")),
        ("4.2.2", ("4", "2", "2")),
        ("2.0.0 Ok: queued", ("2", "0", "0")),
        ("User unknown (5.1.1)", None),
        ("5.7 Blocked", None),
        ("", None),
    ],
)
def test_it_reads_the_code_that_a_reply_begins_with(reply: str, code: tuple[str, str, str] | None) -> None:
    assert leading_code(reply) == (StatusCode(*code) if code else None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("smtp; 550 5.1.1 User unknown", ("5", "1", "1")),
        ("550-5.7.26 Unauthenticated", ("5", "7", "26")),
        ("2.0.0 Ok, later 4.2.2 over quota", ("4", "2", "2")),
        ("host mx.example.org[192.0.5.1] refused: 5.2.2 full", ("5", "2", "2")),
        ("connect to 5.1.1.8 failed", None),
        ("version 15.1.1", None),
    ],
)
def test_it_finds_a_code_and_no_part_of_an_ip_address(text: str, code: tuple[str, str, str] | None) -> None:
    assert find_code(text) == (StatusCode(*code) if code else None)


def test_it_knows_what_a_code_is_about() -> None:
    assert [code for code in ("5.1.1", "5.1.3", "5.1.6", "5.1.10", "5.2.1") if _code(code).is_unknown_address] == [
        "5.1.1",
        "5.1.3",
        "5.1.10",
    ]
    assert _code("5.1.6").is_moved_mailbox
    assert _code("5.2.2").is_full_mailbox
    assert _code("5.7.1").is_policy


def _code(text: str) -> StatusCode:
    found = leading_code(text)
    assert found
    return found
