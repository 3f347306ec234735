"""Each provider delivers the email that the templates and Django make for its reader, header by header.

The calls go to models of the providers, which fill in what the providers would.
"""

import email.policy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.parser import BytesParser
from html import escape
from itertools import chain
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from digest.delivery import planner
from digest.delivery.providers.api_transport import EMAILS_GROUPED, ApiTransport
from digest.delivery.providers.capabilities import CAPABILITIES, BatchMode, backend_of, capability_of
from digest.delivery.providers.client import ProviderClient, group_into_calls
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome
from digest.email import headers
from digest.email.batch.composer import Composer, DueDelivery
from digest.models import Delivery, Edition
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.email.builder import build_message, one_line
from subscriptions.email_addresses import format_sender
from subscriptions.models import Brand, Topic
from subscriptions.notices import queue
from subscriptions.notices.texts import Note
from tests.conftest import NOW, TODAY, make_reader
from tests.digest.delivery.providers.conftest import as_mail
from tests.digest.email.batch.test_same_email import plain
from tests.esp import PROVIDERS, Esp, Mailbox, Taken, read_header
from tests.examples import examples, slow_after

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database,
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]
MERGING = [provider for provider, capability in CAPABILITIES.items() if capability.mode is BatchMode.MERGED]
WITHOUT_METADATA = {"mailersend", "postal"}
NAMES = {
    "latin with all signs": 'Über’s: „Lab“; "x" @ <home> (a\\b), [1].',
    "ascii with all signs": 'Lab, Papers: "a" <b@c>; (d\\e) [f].',
    "hebrew": 'מאמרי "היום", מדע',
    "japanese": "毎日の論文; “科学”",
    "latin": "Tägliche Papiere",
    "latin with a comma": "Köln, Täglich",
    "cyrillic": "Статьи дня: наука",
    "greek": "Άρθρα; της ημέρας",
    "arabic": "أوراق اليوم، @ العلم",
    "devanagari": "दैनिक पत्र: विज्ञान",
    "thai": "บทความ, ประจำวัน",
    "chinese": "每日論文: 科學",
    "korean": '오늘의 "논문" @ 과학',
    "emoji": "Papers 📄, daily",
}
SIGNS = st.text(st.sampled_from("{}[]<>%-*|#$_.: ax"), max_size=60)
PIECES = st.sampled_from(
    [
        "{{{params.p0x}}}",
        "{{params.dp0x}}",
        "[[[var:dp0x]]]",
        "{{{{dp0x}}}}",
        "{{dp0x}}",
        "-dp0x-",
        "%%recipient.dp0x%%",
        "%recipient%",
        "%unsubscribe_url%",
        "{%% if x %}{% endif %}",
        "{#{#",
        "[Unsubscribe]",
        "*|FNAME|*",
        "{$name}",
        "{{delivery}}",
        "{ {x} }",
        "x{",
        "{",
        "[",
        "%",
        "-",
    ]
)
HOSTILE = st.builds("".join, st.lists(SIGNS | PIECES, max_size=6))


@dataclass(frozen=True)
class Email:
    """An email as its reader sees it. The headers exclude sender, recipient, subject and those of MIME."""

    to: str
    sender: Mailbox
    reply_to: Mailbox | None
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


def seen(text: str) -> str:
    """Return the text without the word joiners that break up placeholders, and with LF at line ends."""
    return text.replace("\u2060", "").replace("\r\n", "\n").strip()


def read(wire: bytes) -> Email:
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(wire)
    written = dict(message.raw_items())
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    theirs = {"from", "to", "reply-to", "subject", "date", "mime-version", "content-type"}
    return Email(
        message["To"].addresses[0].addr_spec,
        _mailbox(written["From"]),
        _mailbox(written["Reply-To"]) if "Reply-To" in written else None,
        seen(message["Subject"]),
        seen(text.get_content()),
        seen(html.get_content()),
        {name.lower(): str(value) for name, value in message.items() if name.lower() not in theirs},
    )


def _mailbox(written: str) -> Mailbox:
    found = read_header(written)
    return Mailbox(seen(found.name), found.address)


def arrived(taken: Taken) -> Email:
    return Email(
        taken.to,
        Mailbox(seen(taken.sender.name), taken.sender.address),
        taken.reply_to,
        seen(taken.subject),
        seen(taken.text),
        seen(taken.html),
        {name.lower(): value for name, value in taken.headers.items()},
    )


def send(provider: str, mails: Iterable[Mail]) -> list[Outcome]:
    transport = ApiTransport(provider)
    try:
        return list(chain.from_iterable(transport.send(mails)))
    finally:
        transport.close()


def check(provider: str, esp: Esp, mails: Sequence[Mail], expected: Mapping[str, Email]) -> None:
    """Send `mails` by the provider, and compare what arrives with what each reader, by address, should get."""
    esp.taken.clear()
    esp.calls.clear()
    esp.keys.clear()
    outcomes = send(provider, mails)
    assert {(outcome.result, outcome.reason) for outcome in outcomes} == {("sent", "")}, provider
    assert len(esp.taken) == len(mails), provider
    about = {mail.address: mail.about for mail in mails}
    is_merged = capability_of(provider).mode is BatchMode.MERGED and len(esp.calls) < len(mails)
    for taken in esp.taken:
        wanted = expected[taken.to]
        if is_merged:  # the provider sets each Message-ID
            wanted = replace(wanted, headers={k: v for k, v in wanted.headers.items() if k != "message-id"})
        assert arrived(taken) == wanted, provider
        assert taken.about == ({} if provider in WITHOUT_METADATA else about[taken.to]), provider


def compose(edition: Edition) -> tuple[list[Mail], dict[str, Email]]:
    """Return the emails of all readers as the worker makes them, and as the templates and Django make them."""
    planner.plan_everyone(edition, now=NOW)
    deliveries = list(Delivery.objects.select_related("edition", "subscriber").order_by("pk"))
    rows = [DueDelivery(d.pk, d.edition_id, d.subscriber_id) for d in deliveries]
    made = [as_mail(composed) for composed in Composer().compose(rows)]
    expected = {}
    for delivery in deliveries:
        wire, _ = plain(delivery)
        expected[delivery.subscriber.email] = read(cast(bytes, wire))
    return made, expected


def readers(topic: Topic, number: int) -> None:
    for reader in range(number):
        make_reader(f"reader{reader}@example.org", topics=[topic])


def name_it(name: str) -> None:
    Brand.objects.all().delete()
    Brand.objects.create(name=name, sender="papers@lab.example.org", reply_to="editor@lab.example.org")


@pytest.mark.parametrize("number", slow_after(1, [2, 1, 5]))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_delivers_the_email_of_the_templates(
    provider: str, number: int, esp: Esp, edition: Edition, learning: Topic
) -> None:
    name_it(NAMES["latin with all signs"])
    readers(learning, number)
    check(provider, esp, *compose(edition))


def test_a_call_of_as_many_as_a_provider_takes_is_the_same(esp: Esp, edition: Edition, learning: Topic) -> None:
    readers(learning, 1)
    (one,), expected = compose(edition)
    wanted = expected[one.address]
    token = wanted.headers["list-unsubscribe"].rstrip("/>").rpartition("/")[2][:21]  # all tokens of a reader begin so
    for provider, capability in CAPABILITIES.items():
        if capability.mode is not BatchMode.SINGLE:
            many = [_sent_to(number, token, one) for number in range(capability.max_emails, 2 * capability.max_emails)]
            check(provider, esp, many, {m.address: _expected_by(m.delivery_id, token, wanted) for m in many})
            assert len(esp.calls) == -(-capability.max_emails // EMAILS_GROUPED), provider


def _expected_by(number: int, token: str, wanted: Email) -> Email:
    """Return the same email for reader `number`, with links of their own."""
    own = f"{number:021}"
    text, html = wanted.text.replace(token, own), wanted.html.replace(token, own)
    headers = {name: value.replace(token, own) for name, value in wanted.headers.items()}
    return replace(wanted, to=f"reader{number}@example.org", text=text, html=html, headers=headers)


def _sent_to(number: int, token: str, mail: Mail) -> Mail:
    address = f"reader{number}@example.org"
    message = cast(bytes, mail.message).replace(token.encode(), f"{number:021}".encode())
    message = message.replace(f"To: {mail.address}".encode(), f"To: {address}".encode())
    return replace(mail, delivery_id=number, address=address, message=message)


@pytest.mark.parametrize("name", slow_after(4, NAMES.values()), ids=NAMES)
def test_names_of_all_scripts_leave_as_they_are(name: str, esp: Esp, edition: Edition, learning: Topic) -> None:
    name_it(name)
    readers(learning, 2)
    mails, expected = compose(edition)
    sender, reply_to = Mailbox(name, "papers@lab.example.org"), Mailbox("", "editor@lab.example.org")
    assert {(one.sender, one.reply_to) for one in expected.values()} == {(sender, reply_to)}
    list_ids = {one.headers["list-id"].rpartition(" ")[2] for one in expected.values()}
    assert list_ids == {"<digest.lab.example.org>"}
    for provider in PROVIDERS:
        check(provider, esp, mails, expected)
        check(provider, esp, mails[:1], expected)


@pytest.mark.parametrize("name", slow_after(4, NAMES.values()), ids=NAMES)
def test_small_emails_leave_with_names_of_all_scripts(name: str, esp: Esp, settings: Any) -> None:
    name_it(name)
    for provider in PROVIDERS:
        settings.EMAIL_BACKEND = backend_of(provider)
        esp.taken.clear()
        queue.send(Note("ada@example.org", "Hi", (f"Please confirm {name}.",)))
        (taken,) = esp.taken
        assert taken.sender == Mailbox(name, "papers@lab.example.org"), provider
        assert taken.reply_to == Mailbox("", "editor@lab.example.org"), provider
        assert f"Please confirm {name}." in " ".join(taken.text.split())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_name_becomes_a_placeholder_in_a_small_email(provider: str, esp: Esp, settings: Any) -> None:
    name = "{{x}} {% y %} {$z} %recipient.a% [[b]] *|c|* <%d%> -e-"  # a brand has 60 characters at most
    name_it(name)
    settings.EMAIL_BACKEND = backend_of(provider)
    queue.send(Note("ada@example.org", f"Confirm {name}", (f"Please confirm {name}.",)))
    (taken,) = esp.taken
    found = arrived(taken)
    assert (found.sender.name, found.subject) == (name, f"Confirm {name}")
    assert f"Please confirm {name}." in " ".join(found.text.split())
    assert f"Please confirm {escape(name)}." in " ".join(found.html.split())


def test_a_sender_at_a_domain_beyond_ascii_is_written_in_ascii(edition: Edition, learning: Topic) -> None:
    Brand.objects.create(name="Bücher", sender="post@bücher.example", reply_to="antwort@bücher.example")
    readers(learning, 1)
    (mail,), expected = compose(edition)
    (wanted,) = expected.values()
    assert wanted.sender == Mailbox("Bücher", "post@xn--bcher-kva.example")
    assert wanted.headers["list-owner"] == "<mailto:antwort@xn--bcher-kva.example>"
    assert wanted.headers["list-id"] == "<digest.xn--bcher-kva.example>"
    assert mail.sender == "post@xn--bcher-kva.example"


def written(name: str, text: str) -> list[Mail]:
    """Return the emails of three readers, with `text` in all places for text, from a newsletter of this name."""
    look = Look(
        f"Lab {name}", "https://papers.example.org", format_sender(one_line(f"Lab {name}"), "papers@lab.example.org")
    )
    made = []
    for number in range(1, 4):
        link = f"https://papers.example.org/unsubscribe/{number:021}AA/"
        html = f"<p title='{escape(text)}'>{escape(text)}</p><a href='{link}'>Unsubscribe</a>"
        with brand.trying(look):
            own = {"List-Unsubscribe": f"<{link}>", "Message-ID": f"<{number}@lab.example.org>"}
            shared = headers.shared(TODAY, "daily")
            message = build_message(f"r{number}@example.org", f"On {text}", f"{text}\n\n{link}", html, own | shared)
        wire = message.message().as_bytes(linesep="\r\n")
        made.append(Mail(number, message.to[0], "papers@lab.example.org", wire, reader=f"{number:032}"))
    return made


def check_texts(
    provider: str, client: ProviderClient, esp: Esp, mails: list[Mail], expected: Mapping[str, Email]
) -> None:
    """Send `mails` by the client, and compare the texts that arrive with what each reader, by address, should get."""
    esp.taken.clear()
    esp.keys.clear()
    outcomes = [outcome for call in group_into_calls(provider, mails) for outcome in client.send(call)]
    assert [(one.result, one.reason) for one in outcomes] == [("sent", "")] * len(mails), provider
    for taken in esp.taken:
        found, wanted = arrived(taken), expected[taken.to]
        assert replace(found, headers={}) == replace(wanted, headers={}), provider
        assert found.headers.items() <= wanted.headers.items(), provider
        assert found.headers["list-unsubscribe"] == wanted.headers["list-unsubscribe"], provider


def test_no_text_becomes_a_placeholder(esp: Esp, db: None) -> None:
    clients = {provider: ProviderClient(provider) for provider in PROVIDERS}

    @hypothesis(max_examples=examples(60), deadline=None)
    @given(HOSTILE, HOSTILE)
    def check_all(name: str, text: str) -> None:
        mails = written(name, text)
        expected = {mail.address: read(cast(bytes, mail.message)) for mail in mails}
        for provider, client in clients.items():
            check_texts(provider, client, esp, mails[:2], expected)
            check_texts(provider, client, esp, mails[2:], expected)

    check_all()
    for client in clients.values():
        client.close()
