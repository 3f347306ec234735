"""Sending by the API of each provider."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from email.header import decode_header, make_header
from itertools import chain
from typing import Any

import pytest

from digest.delivery.providers import client
from digest.delivery.providers.api_transport import ApiTransport
from digest.delivery.providers.capabilities import CAPABILITIES, BatchMode
from digest.delivery.providers.idempotency import idempotency_key, knows
from digest.delivery.providers.parsed_email import parse_message
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome
from tests.conftest import NOW
from tests.digest.delivery.providers.conftest import copies
from tests.esp import PROVIDERS, Answer, Esp

pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
# These return the delivery's id in other ways, or not at all.
WITHOUT_METADATA = {"mailersend", "postal"}
BATCHING = {
    provider: capability for provider, capability in CAPABILITIES.items() if capability.mode is not BatchMode.SINGLE
}


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that fills with the seconds that calls would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(client.ProviderClient.__init__, "__kwdefaults__", {"sleep": waited.append})
    return waited


def send(provider: str, mails: Iterable[Mail | None]) -> list[Outcome]:
    transport = ApiTransport(provider)
    try:
        return sorted(chain.from_iterable(transport.send(mails)), key=lambda outcome: outcome.delivery_id)
    finally:
        transport.close()


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


def seen(text: str) -> str:
    """Return the text as a reader sees it: without word joiners, and with LF at line ends."""
    return text.replace("\u2060", "").replace("\r\n", "\n").strip()


def check_arrived(provider: str, esp: Esp, mails: list[Mail]) -> None:
    """Fail unless each of `mails` has arrived once and unchanged."""
    arrived = {mail.to: mail for mail in esp.taken}
    assert len(esp.taken) == len(arrived) == len(mails)
    for mail in mails:
        assert isinstance(mail.message, bytes)
        parsed, took = parse_message(mail.message), arrived[mail.address]
        assert seen(took.html) == seen(parsed.html)
        assert seen(took.text) == seen(parsed.text)
        assert seen(took.subject) == str(make_header(decode_header(parsed.headers["Subject"])))
        headers = {name.lower(): value for name, value in took.headers.items()}
        assert headers["list-unsubscribe"] == parsed.headers["List-Unsubscribe"]
        assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        assert provider in WITHOUT_METADATA or took.delivery == str(mail.delivery_id)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_reader_gets_their_own_mail(provider: str, esp: Esp, mails: list[Mail]) -> None:
    assert results(send(provider, mails)) == ["sent"] * 5
    check_arrived(provider, esp, mails)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_reader_alone_in_a_call_gets_their_own_email(provider: str, esp: Esp, mails: list[Mail]) -> None:
    assert results(send(provider, mails[:1])) == ["sent"]
    check_arrived(provider, esp, mails[:1])


@pytest.mark.parametrize(("provider", "capability"), BATCHING.items())
def test_readers_with_the_same_papers_share_a_call(provider: str, capability: Any, esp: Esp, mails: list[Mail]) -> None:
    send(provider, mails)
    assert len(esp.calls) == (2 if capability.mode is BatchMode.MERGED else 1)


@pytest.mark.parametrize("provider", BATCHING)
def test_calls_are_split_at_the_providers_cap(
    provider: str, esp: Esp, mails: list[Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CAPABILITIES, provider, replace(CAPABILITIES[provider], max_emails=4))
    assert results(send(provider, copies(mails[0], 10))) == ["sent"] * 10
    assert len(esp.calls) == 3
    assert sorted(mail.to for mail in esp.taken) == sorted(f"reader{n}@example.org" for n in range(1, 11))


def test_it_keeps_what_the_mail_held_and_the_providers_id(esp: Esp, mails: list[Mail]) -> None:
    outcome = send("postmark", mails[:1])[0]
    assert (outcome.provider_id, outcome.papers) == ("pm-ada@example.org", {"made": "ada@example.org"})


@pytest.mark.parametrize("provider", ["mandrill", "mailtrap", "postmark", "resend", "unisender_go"])
def test_a_success_that_hides_a_refusal_is_read(provider: str, esp: Esp, mails: list[Mail]) -> None:
    esp.refused = {"bea@example.org"}
    outcomes = send(provider, mails)
    assert results(outcomes) == ["sent", "failed", "sent", "sent", "sent"]
    assert "@" not in outcomes[1].reason


def test_mailjets_refusals_are_tried_again(esp: Esp, mails: list[Mail]) -> None:
    esp.refused = {"bea@example.org"}
    assert results(send("mailjet", mails)) == ["sent", "later", "sent", "sent", "sent"]


def test_what_sparkpost_only_counts_is_left_to_its_reports(esp: Esp, mails: list[Mail]) -> None:
    esp.refused = {"bea@example.org"}
    assert results(send("sparkpost", mails)) == ["sent"] * 5


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_provider_that_rejects_our_account_stops_the_run(
    status: int, provider: str, esp: Esp, mails: list[Mail]
) -> None:
    esp.answers = [Answer(status, {"message": "who are you?"})] * 20
    outcomes = send(provider, mails)
    assert set(results(outcomes)) == {"stopped"}
    assert esp.taken == []


@pytest.mark.parametrize("provider", ["brevo", "postmark", "sendgrid", "mandrill"])
def test_no_more_is_pulled_after_a_stop(provider: str, esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [Answer(401)] * 2000
    left = iter(copies(mails[0], 2000))
    send(provider, left)
    assert len(list(left)) >= 1000


def test_a_bad_address_costs_only_its_own_reader_the_call(esp: Esp, mails: list[Mail]) -> None:
    wrong = Answer(400, {"message": "to parameter is not a valid address"})
    esp.answers = [wrong, wrong, wrong]  # all five, then two of them, then one
    outcomes = send("mailgun", copies(mails[0], 5))
    assert sorted(results(outcomes)) == ["failed", *["sent"] * 4]
    assert len(esp.taken) == 4


def test_what_is_wrong_with_everything_fails_no_reader(esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [Answer(422, {"message": "the From domain is not verified"})] * 2000
    outcomes = send("brevo", copies(mails[0], 300))
    assert results(outcomes).count("failed") < 20
    assert results(outcomes).count("stopped") > 280
    assert len(esp.calls) < 100


def test_it_waits_as_long_as_a_provider_asks(esp: Esp, mails: list[Mail], without_waiting: list[float]) -> None:
    esp.answers = [Answer(429, {"message": "slower"}, {"Retry-After": "7"})]
    assert results(send("brevo", mails[:3])) == ["sent"] * 3
    assert without_waiting == [7.0]


@pytest.mark.parametrize("status", [408, 425, 503])
def test_a_provider_that_took_nothing_yet_fails_no_reader(status: int, esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [Answer(status, {"message": "not now"})]
    assert results(send("mandrill", mails[:1])) == ["sent"]


def test_it_stops_where_a_provider_asks_for_long(esp: Esp, mails: list[Mail], without_waiting: list[float]) -> None:
    esp.answers = [Answer(429, {"message": "tomorrow"}, {"Retry-After": "3600"})]
    assert results(send("brevo", mails[:3])) == ["stopped"] * 3
    assert without_waiting == []


@pytest.mark.parametrize("answer", [Answer(drops=True, taken=True), Answer(502, taken=True)])
def test_a_call_without_an_answer_is_uncertain(answer: Answer, esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [answer]
    assert results(send("postmark", mails)) == ["uncertain"] * 5


@pytest.mark.parametrize("provider", ["brevo", "resend"])
@pytest.mark.parametrize("answer", [Answer(drops=True, taken=True), Answer(502, taken=True)])
def test_a_repeated_call_with_a_key_is_certain(provider: str, answer: Answer, esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [answer]
    assert results(send(provider, mails)) == ["sent"] * 5
    assert len(esp.taken) == 5


@pytest.mark.parametrize("then", [Answer(503), Answer(429, {"message": "slower"}), Answer(401, {"message": "who?"})])
def test_an_uncertain_call_stays_uncertain_when_its_repeat_is_refused(
    then: Answer, esp: Esp, mails: list[Mail]
) -> None:
    esp.answers = [Answer(502, taken=True), then, then]
    outcomes = send("brevo", mails[:3])
    assert results(outcomes) == ["uncertain"] * 3
    assert {outcome.call for outcome in outcomes} == {idempotency_key("brevo", mails[:3])}


def test_a_known_key_means_that_the_call_was_accepted(esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [Answer(409, {"name": "invalid_idempotent_request", "message": "another payload"})]
    assert results(send("resend", mails)) == ["sent"] * 5


def test_keys_are_the_same_at_every_try_and_differ_between_calls(mails: list[Mail]) -> None:
    assert idempotency_key("brevo", mails) == idempotency_key("brevo", list(mails))
    assert idempotency_key("brevo", mails) != idempotency_key("brevo", mails[1:])
    assert uuid.UUID(idempotency_key("brevo", mails)).version == 5


def test_a_key_changes_when_its_emails_are_queued_again(mails: list[Mail]) -> None:
    """Otherwise the provider would recognize the former call, and send nothing."""
    assert idempotency_key("brevo", [replace(mails[0], queued_at=NOW)]) != idempotency_key("brevo", mails[:1])


def test_a_key_shows_its_provider(mails: list[Mail]) -> None:
    key = idempotency_key("brevo", mails)
    assert [name for name in PROVIDERS if knows(name, key)] == ["brevo"]


def test_a_repeated_email_is_in_the_same_call(mails: list[Mail]) -> None:
    def numbers(first: int, last: int) -> list[list[int]]:
        group = copies(mails[0], last)[first:]
        return [[mail.delivery_id for mail in call.mails] for call in client.group_into_calls("resend", group)]

    assert numbers(20, 250)[1:] == numbers(99, 250) == [list(range(100, 200)), list(range(200, 251))]


def keys(provider: str, mails: list[Mail]) -> list[tuple[str, list[int]]]:
    found = client.group_into_calls(provider, mails)
    return [(call.key, [mail.delivery_id for mail in call.mails]) for call in found]


def test_a_call_that_may_have_been_made_keeps_its_key_when_readers_leave(mails: list[Mail]) -> None:
    (first,) = keys("brevo", mails[:3])
    left = [replace(mail, call=first[0]) for mail in mails[:2]]
    assert keys("brevo", [*left, mails[2]]) == [(first[0], [1, 2]), (idempotency_key("brevo", mails[2:3]), [3])]


def test_a_call_that_cannot_be_made_as_it_was_is_another(mails: list[Mail]) -> None:
    """Otherwise the provider would take the second call for the first, and its readers would get nothing."""
    apart = [replace(mail, call="a-key") for mail in mails]
    assert [key for key, _ in keys("brevo", apart)] == [
        idempotency_key("brevo", mails[:3]),
        idempotency_key("brevo", mails[3:]),
    ]


def test_only_providers_that_support_keys_get_them(mails: list[Mail]) -> None:
    assert {key for key, _ in keys("mailgun", [replace(mail, call="a-key") for mail in mails])} == {""}


def test_a_provider_that_cannot_be_reached_stops_the_run(esp: Esp, mails: list[Mail], settings: Any) -> None:
    settings.ANYMAIL |= {"POSTMARK_API_URL": "http://127.0.0.1:1/"}
    assert results(send("postmark", mails)) == ["stopped"] * 5


def test_an_unreadable_answer_is_uncertain(esp: Esp, mails: list[Mail]) -> None:
    esp.answers = [Answer(200, {"what": "is this"}, taken=True)]
    assert results(send("mailgun", mails[:3])) == ["uncertain"] * 3


def test_it_yields_nothing_while_a_limit_holds_all_back(esp: Esp, mails: list[Mail]) -> None:
    transport = ApiTransport("postmark")
    batches = list(transport.send(iter([None, mails[0], None, mails[1]])))
    transport.close()
    assert batches[0] == ()
    assert results(list(chain.from_iterable(batches))) == ["sent", "sent"]


@pytest.mark.parametrize("provider", ["mailgun", "mailjet", "mandrill", "postmark", "sendgrid", "sparkpost"])
def test_it_asks_for_no_tracking_where_it_can(provider: str, esp: Esp, mails: list[Mail], settings: Any) -> None:
    from config import settings as ours

    settings.ANYMAIL |= {name: value for name, value in ours.ANYMAIL.items() if name.endswith("_SEND_DEFAULTS")}
    send(provider, mails[:1])
    call = str(esp.calls[0][2]).lower()
    assert re.search(r"track\w*.{1,60}(false|'no'|'none'|'disabled')", call)
