"""Parsed emails, and the content that several of them share."""

from digest.delivery.providers.capabilities import CAPABILITIES
from digest.delivery.providers.merge_variables import extract_variables, fill_in, group_by_content
from digest.delivery.providers.parsed_email import ParsedEmail, _parse_any, _parse_own, parse_message
from digest.delivery.transports import Mail


def parsed(token: str = "") -> ParsedEmail:
    """Return an email with the links of the reader with this beginning of a token."""
    links = f"https://a.org/unsubscribe/{token}UNSUB/ https://a.org/preferences/{token}PREF/"
    headers = {"Subject": "Hi", "Message-ID": f"<{token}>", "List-Unsubscribe": f"<https://a.org/u/{token}UNSUB/>"}
    return ParsedEmail(headers, f"Text {links}", f"<p>{links}</p>")


def unified(part: str) -> str:
    return part.replace("\r\n", "\n").strip()


def test_both_parsers_read_our_emails_alike(mails: list[Mail]) -> None:
    for mail in mails:
        assert isinstance(mail.message, bytes)
        quick, slow = _parse_own(mail.message), _parse_any(mail.message)
        assert quick
        assert (unified(quick.text), unified(quick.html)) == (unified(slow.text), unified(slow.html))
        assert quick.own_headers == slow.own_headers
        assert {"List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID"} <= set(quick.own_headers)


def test_it_parses_other_emails_with_the_standard_library() -> None:
    opened = parse_message(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain\r\n\r\nJust text.\r\n")
    assert (unified(opened.text), opened.html) == ("Just text.", "")


def test_readers_whose_emails_differ_only_in_links_share_a_call() -> None:
    ada, bea = extract_variables(parsed("A" * 21)), extract_variables(parsed("B" * 21))
    assert ada[0] == bea[0]
    assert ada[1] == ["A" * 21 + "UNSUB", "A" * 21 + "PREF"]


def test_filled_blanks_give_the_original_email() -> None:
    shared, values = extract_variables(parsed("A" * 21))
    assert fill_in(shared.html, values) == parsed("A" * 21).html
    assert fill_in(dict(shared.headers)["List-Unsubscribe"], values) == parsed("A" * 21).headers["List-Unsubscribe"]


def test_an_email_without_personal_links_stays_unchanged() -> None:
    plain = ParsedEmail({"Subject": "Hi"}, "Text", "<p>HTML</p>")
    assert extract_variables(plain) == ((tuple(plain.headers.items()), "Text", "<p>HTML</p>"), [])


def test_it_groups_readers_with_the_same_content(mails: list[Mail]) -> None:
    found = group_by_content(mails)
    assert [[mail.address[:3] for mail in group.mails] for group in found] == [["ada", "bea", "cem"], ["dan", "eva"]]
    assert all(len(values) >= 2 for group in found for values in group.values)


def test_it_leaves_nothing_that_a_provider_would_read_as_a_placeholder() -> None:
    for capability in CAPABILITIES.values():
        text = capability.guarded("{{{a}}} [[[var:b]]] %%recipient.c% {%% d %}")
        assert capability.placeholders is None or not capability.placeholders.search(text.replace("\u2060", "|"))
