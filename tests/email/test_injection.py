"""L7: no text of a source, form or admin can add a header, element or line to an email."""

import email.policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from django.core.mail.message import BadHeaderError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.email import rendering
from digest.matching import Finding, Match, Reason
from digest.models import Delivery, Edition, Paper
from digest.personalization.digest_selection import Digest
from subscriptions import brand, email_addresses
from subscriptions.brand import Look
from subscriptions.email import builder
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY
from tests.email.mails import Mail
from tests.examples import examples

NASTY = (
    "\r\nBcc: victim@example.org\r\n\r\n<b>",
    "\nX-Injected: 1",
    "\r\n\r\nbody",
    "\u2028Bcc: a@b.c",
    "\x85Bcc: a@b.c",
    "\x0b\x0c\x1c\x1d\x00Bcc: a@b.c",
    "=?utf-8?q?=0d=0aBcc=3a?=",
    '"><script>alert(1)</script>',
    "</style></td></table>",
    "{{ site.name }}{% raw %}",
    "%(line)s %s %",
    "<!--[if mso]>",
    "\r\n.\r\n",
    "\u202e\u2066",
    "\udc80",
)
ANY = (
    st.sampled_from(NASTY) | st.text(max_size=40) | st.builds(str.__add__, st.text(max_size=9), st.sampled_from(NASTY))
)
FEW = settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "p", "h1", "h2", "a"}
ELEMENTS |= {"b", "br", "h3", "img", "span"}


def without_surrogates(text: str) -> str:
    """Return the text without the characters that a database column cannot hold."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


def make_mail(texts: dict[str, str], look: Look) -> Mail:
    paper = Paper(
        pk=1,
        key="arxiv:1",
        title=texts["title"],
        abstract=texts["abstract"],
        summary=texts["summary"],
        authors=[texts["author"]] * 9,
        organization=texts["organization"],
        url=f"https://example.org/{texts['url']}",
        github_url=f"https://example.org/{texts['url']}",
        votes=3,
        is_pinned=True,
    )
    finding = Finding(texts["interest"], 1, (Reason(texts["interest"], "phrase", texts["found"], "title", 1),))
    digest = Digest(TODAY, (Match(paper, 1, (finding,)),), (Match(paper, 1, ()),), 3, 9)
    edition = Edition(pk=1, day=TODAY, published_at=NOW, note_before=texts["note"], note_after=texts["note"])
    reader = Subscriber(pk=1, email="reader@example.org", confirmed_at=NOW)
    row = Delivery(pk=1, edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW)
    with brand.trying(look):
        return Mail(rendering.build_digest_message(digest, row).message().as_bytes(linesep="\r\n"))


TEXTS = ("title", "abstract", "summary", "author", "organization", "url", "interest", "found", "note")
LOOK = Look("Daily Papers", "https://papers.example.org", "Daily Papers <digest@papers.example.org>")
HEADERS = sorted(make_mail(dict.fromkeys(TEXTS, "text"), LOOK).message.keys())


@FEW
@given(st.fixed_dictionaries({name: ANY.map(without_surrogates) for name in TEXTS}))
def test_l7_no_text_of_a_paper_filter_or_note_escapes_its_element(texts: dict[str, str]) -> None:
    made = make_mail(texts, LOOK)
    assert sorted(made.message.keys()) == HEADERS
    assert made.defects == []
    assert {name for name, _ in made.elements} <= ELEMENTS
    assert not [name for _, attrs in made.elements for name in attrs if name.startswith("on")]
    assert max(map(len, made.wire.split(b"\r\n"))) <= 998


@FEW
@given(st.fixed_dictionaries({name: ANY.map(without_surrogates) for name in ("name", "intro", "footer", "address")}))
def test_l7_no_text_of_the_brand_escapes_its_element(texts: dict[str, str]) -> None:
    look = Look(
        texts["name"],
        LOOK.url,
        email_addresses.format_sender(builder.one_line(texts["name"]), "digest@papers.example.org"),
        intro=texts["intro"],
        footer=texts["footer"],
        postal_address=texts["address"],
    )
    made = make_mail(dict.fromkeys(TEXTS, "text"), look)
    assert sorted(made.message.keys()) == HEADERS
    assert made.defects == []
    assert {name for name, _ in made.elements} <= ELEMENTS
    assert made.message["From"].addresses[0].addr_spec == "digest@papers.example.org"


@FEW
@given(ANY)
def test_l7_no_header_value_adds_another_header(text: str) -> None:
    """The text may be a subject from an operator's own template."""
    with brand.trying(LOOK):
        message = builder.build_message(
            "reader@example.org", text, "text", "<p>html</p>", {"X-Any": builder.one_line(text)}
        )
    try:
        wire = message.message().as_bytes()
    except BadHeaderError:
        return  # refused: nothing is sent
    parsed = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(wire)
    expected = {"content-type", "mime-version", "subject", "from", "to", "date", "message-id", "x-any"}
    assert {name.lower() for name, _ in parsed.items()} == expected


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nBcc: b@example.org", "a@example.org\nX: y", "a@example.org, b@x.y"]
)
def test_l7_no_address_in_a_form_adds_a_second_recipient(client: Any, db: None, address: str) -> None:
    assert client.post("/subscribe/", {"email": address}).status_code == 400
    assert not Subscriber.objects.exists()
