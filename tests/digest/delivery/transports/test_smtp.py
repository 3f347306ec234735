"""Emails over SMTP, to a server on loopback that fails as scripted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from digest.delivery.transports import Mail, concurrency, connection
from digest.delivery.transports.outcomes import Outcome, Result
from digest.delivery.transports.smtp import SmtpTransport
from tests.sink import Received, Script, Sink

CONTENT = b"Message-ID: <%d@papers.example.org>\r\n\r\nHello,\r\nyou.\r\n"


@pytest.fixture(autouse=True)
def three_connections(settings: Any) -> None:
    settings.SMTP_CONNECTIONS = 3


@pytest.fixture
def transport() -> Iterator[SmtpTransport]:
    transport = SmtpTransport()
    yield transport
    transport.close()


def mails(*numbers: int) -> list[Mail | None]:
    return [Mail(n, f"reader{n}@example.org", "digest@papers.example.org", CONTENT % n, {"of": n}) for n in numbers]


def send(transport: SmtpTransport, these: Iterable[Mail | None]) -> dict[int, Outcome]:
    outcomes = [outcome for batch in transport.send(these) for outcome in batch]
    assert len({outcome.delivery_id for outcome in outcomes}) == len(outcomes)
    return {outcome.delivery_id: outcome for outcome in outcomes}


def at(stage: str, reply: str, *, first: int = 1_000_000) -> Script:
    """Send `reply` the `first` times that `stage` is reached."""
    times = 0

    def script(reached: str, mail: Received) -> str:
        nonlocal times
        times += reached == stage
        return reply if reached == stage and times <= first else ""

    return script


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_it_hands_over_what_it_was_given(sink: Sink, transport: SmtpTransport, extensions: tuple[str, ...]) -> None:
    sink.extensions = extensions
    outcomes = send(transport, mails(*range(20)))
    assert {outcome.result for outcome in outcomes.values()} == {Result.SENT}
    assert outcomes[7] == Outcome(7, Result.SENT, provider_id="4F2A1B", papers={"of": 7})
    (seventh,) = [mail for mail in sink.mails if mail.recipient == "reader7@example.org"]
    assert (seventh.sender, seventh.content) == ("digest@papers.example.org", CONTENT % 7)
    assert len(sink.mails) == 20


def test_it_keeps_its_connections(sink: Sink, transport: SmtpTransport) -> None:
    send(transport, mails(*range(30)))
    send(transport, mails(*range(30, 60)))
    assert sink.connections == 3


def test_it_opens_a_connection_anew_after_so_many_mails(sink: Sink, settings: Any) -> None:
    settings.SMTP_CONNECTIONS, settings.SMTP_MAILS_PER_CONNECTION = 1, 10
    transport = SmtpTransport()
    send(transport, mails(*range(30)))
    assert Counter(mail.connection for mail in sink.mails).most_common() == [(1, 10), (2, 10), (3, 10)]


def test_it_does_not_trust_a_connection_that_was_idle(
    sink: Sink, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SMTP_CONNECTIONS = 1
    transport = SmtpTransport()
    send(transport, mails(1))
    monkeypatch.setattr(connection, "IDLE", -1)
    send(transport, mails(2))
    assert [mail.connection for mail in sink.mails] == [1, 2]


def test_it_pulls_a_mail_only_when_a_connection_is_free(sink: Sink, transport: SmtpTransport) -> None:
    pulled = 0

    def counted() -> Iterator[Mail | None]:
        nonlocal pulled
        for mail in mails(*range(10)):
            pulled += 1
            yield mail

    ended = 0
    for batch in transport.send(counted()):
        ended += len(batch)
        assert pulled <= ended + 3


def test_it_waits_while_none_may_leave(sink: Sink, transport: SmtpTransport) -> None:
    outcomes = send(transport, [*mails(1), None, *mails(2), None])
    assert {outcome.result for outcome in outcomes.values()} == {Result.SENT}


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "content"])
@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_it_tries_later_what_is_refused_for_now(
    sink: Sink, transport: SmtpTransport, stage: str, extensions: tuple[str, ...]
) -> None:
    sink.extensions, sink.script = extensions, at(stage, "451 4.3.0 Later", first=1)
    outcomes = send(transport, mails(*range(8)))
    results = [outcome.result for outcome in outcomes.values()]
    assert (results.count(Result.RETRY_LATER), results.count(Result.SENT)) == (1, 7)
    assert len(sink.mails) == 7


def test_it_fails_the_reader_whose_address_does_not_exist(sink: Sink, transport: SmtpTransport) -> None:
    sink.script = at("RCPT", "550 5.1.1 No such user", first=1)
    outcomes = send(transport, mails(*range(8)))
    (failed,) = [outcome for outcome in outcomes.values() if outcome.result is Result.FAILED]
    assert (failed.bounce, failed.reason) == ("hard", "The mail server refused the recipient: 550 5.1.1 No such user")


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_it_offers_again_what_broke_off_before_its_end(sink: Sink, transport: SmtpTransport, stage: str) -> None:
    sink.script = at(stage, "drop", first=1)
    results = [outcome.result for outcome in send(transport, mails(*range(8))).values()]
    assert (results.count(Result.REOFFER), results.count(Result.SENT)) == (1, 7)


@pytest.mark.parametrize("reply", ["drop", "swallow"])
def test_a_connection_lost_after_the_final_dot_is_uncertain(sink: Sink, transport: SmtpTransport, reply: str) -> None:
    sink.script = at("content", reply, first=1)
    results = [outcome.result for outcome in send(transport, mails(*range(8))).values()]
    assert (results.count(Result.UNCERTAIN), results.count(Result.SENT)) == (1, 7)


def test_it_waits_for_the_end_of_the_mail_longer_than_for_commands(
    sink: Sink, transport: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_WITHIN", 0.2)
    sink.script = at("content", "stall 1", first=1)
    assert send(transport, mails(1))[1].result is Result.SENT


@pytest.mark.parametrize(("stage", "result"), [("RCPT", Result.REOFFER), ("content", Result.UNCERTAIN)])
def test_it_does_not_wait_for_ever(
    sink: Sink, transport: SmtpTransport, monkeypatch: pytest.MonkeyPatch, stage: str, result: Result
) -> None:
    monkeypatch.setattr(connection, "ANSWER_WITHIN", 0.2)
    monkeypatch.setattr(connection, "ACCEPT_WITHIN", 0.2)
    sink.script = at(stage, "stall 2", first=1)
    assert send(transport, mails(1))[1].result is result


def test_it_yields_while_it_waits(sink: Sink, transport: SmtpTransport) -> None:
    sink.script = at("content", "stall 1.2", first=1)
    assert [len(batch) for batch in transport.send(mails(1))][:2] == [0, 0]


def test_it_slows_down_when_the_server_asks_for_it(sink: Sink, settings: Any) -> None:
    settings.SMTP_CONNECTIONS = 4
    transport = SmtpTransport()
    sink.script = at("RCPT", "421 4.7.0 Too many connections", first=1)
    results = [outcome.result for outcome in send(transport, mails(*range(30))).values()]
    assert (results.count(Result.REOFFER), results.count(Result.SENT)) == (1, 29)
    assert len({mail.connection for mail in sink.mails[-10:]}) <= 2
    transport.close()


def test_it_gets_faster_again_when_all_is_well(settings: Any) -> None:
    settings.SMTP_CONNECTIONS = 4
    learnt = concurrency.ConcurrencyControl()
    for _ in range(3):
        learnt.slow_down()
    assert (learnt.connections, learnt.is_resting) == (1, True)
    for _ in range(concurrency.MORE_AFTER * 5):
        learnt.note_accepted()
    assert learnt.connections == 4


def test_it_stops_where_there_is_no_server(settings: Any, transport: SmtpTransport) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    source = iter(mails(*range(5)))
    outcomes = send(transport, source)
    assert [outcome.result for outcome in outcomes.values()] == [Result.STOPPED]
    assert outcomes[0].reason.startswith("No connection to the mail server 127.0.0.1:9: ")
    assert len(list(source)) == 4


@pytest.mark.parametrize("reply", ["554 5.7.1 Go away", "421 4.7.0 Busy"])
def test_it_stops_where_the_greeting_is_a_refusal(sink: Sink, transport: SmtpTransport, reply: str) -> None:
    sink.script = at("greeting", reply)
    (outcome,) = send(transport, mails(*range(5))).values()
    assert (outcome.result, outcome.reason) == (Result.STOPPED, f"The mail server refused the connection: {reply}")


def test_it_makes_do_with_the_connections_it_gets(sink: Sink, transport: SmtpTransport) -> None:
    greeted = 0

    def script(stage: str, mail: Received) -> str:
        nonlocal greeted
        greeted += stage == "greeting"
        return "421 4.7.0 Too many connections" if stage == "greeting" and greeted > 1 else ""

    sink.script = script
    outcomes = send(transport, mails(*range(50)))
    assert {outcome.result for outcome in outcomes.values()} == {Result.SENT}
    assert sink.connections == 2  # it does not try again for each email


def test_it_stops_when_the_sender_is_refused(sink: Sink, transport: SmtpTransport) -> None:
    sink.script = at("MAIL", "550 5.7.1 Quota exceeded")
    outcomes = send(transport, mails(*range(30)))
    assert {outcome.result for outcome in outcomes.values()} == {Result.STOPPED}
    assert len(outcomes) <= 3


def test_it_lets_go_of_what_it_holds_when_it_is_closed(sink: Sink, transport: SmtpTransport) -> None:
    send(transport, mails(1))
    transport.close()
    assert send(transport, mails(2))[2].result is Result.SENT


def test_it_notices_a_connection_that_the_server_closed_meanwhile(sink: Sink, transport: SmtpTransport) -> None:
    send(transport, mails(1))
    for one in transport._connections:
        one._socket.shutdown(2)
    results = [outcome.result for outcome in send(transport, mails(2, 3)).values()]
    assert set(results) <= {Result.REOFFER, Result.SENT}
    assert Result.UNCERTAIN not in results
