"""The meaning of SMTP replies."""

import pytest

from digest.delivery.transports.outcomes import Result
from digest.delivery.transports.reply_codes import classify_reply


@pytest.mark.parametrize(
    ("stage", "code", "text", "result", "bounce"),
    [
        ("RCPT", 550, "5.1.1 User unknown", Result.FAILED, "hard"),
        ("RCPT", 550, "No such user here", Result.FAILED, "hard"),
        ("RCPT", 553, "5.1.3 Bad address", Result.FAILED, "hard"),
        ("RCPT", 554, "Transaction failed", Result.FAILED, ""),
        ("RCPT", 552, "5.2.2 Mailbox full", Result.RETRY_LATER, "soft"),
        ("RCPT", 452, "4.2.2 Over quota", Result.RETRY_LATER, "soft"),
        ("RCPT", 450, "4.2.0 Greylisted, come back", Result.RETRY_LATER, "soft"),
        ("RCPT", 451, "4.3.0 Try later", Result.RETRY_LATER, ""),
        ("RCPT", 550, "5.7.1 Our policy forbids it", Result.RETRY_LATER, ""),
        ("DATA", 451, "Try later", Result.RETRY_LATER, ""),
        ("content", 550, "5.7.1 This looks like spam", Result.RETRY_LATER, ""),
        ("content", 552, "5.3.4 Too big", Result.RETRY_LATER, ""),
        ("content", 554, "5.6.0 I can't read this", Result.FAILED, ""),
        ("content", 550, "5.1.1 No such user", Result.FAILED, ""),
        ("MAIL", 451, "4.3.0 Later", Result.RETRY_LATER, ""),
        ("MAIL", 550, "5.7.1 Not from you", Result.STOPPED, ""),
        ("MAIL", 552, "5.2.3 Quota exceeded", Result.STOPPED, ""),
        ("login", 535, "5.7.8 Wrong password", Result.STOPPED, ""),
        ("greeting", 554, "Go away", Result.STOPPED, ""),
        ("RCPT", 421, "4.7.0 Too fast", Result.REOFFER, ""),
        ("content", 421, "Going down", Result.REOFFER, ""),
    ],
)
def test_it_knows_whether_the_server_the_sender_or_the_address_is_at_fault(
    stage: str, code: int, text: str, result: Result, bounce: str
) -> None:
    verdict = classify_reply(stage, code, text)
    assert (verdict.result, verdict.bounce) == (result, bounce)


def test_it_asks_for_a_rest_when_the_server_is_busy() -> None:
    assert classify_reply("RCPT", 421, "4.7.0 Too fast").slower
    assert not classify_reply("RCPT", 450, "4.2.0 Later").slower


def test_it_keeps_addresses_out_of_reasons() -> None:
    reason = classify_reply("RCPT", 550, "5.1.1 <alice@example.org>: no such user").reason
    assert reason == "The mail server refused the recipient: 550 5.1.1 <<address>>: no such user"
