"""What a mail server's answer means for the mail in hand, and for the run. Pure.

After RFC 5321, 4.2.1 (4yz passes, 5yz stays) and RFC 3463 (what it is about: x.1 the address, x.2 the mailbox,
x.3 and x.4 systems, x.7 policy). The reader is at fault only where the address itself does not exist.
"""

import re
from dataclasses import dataclass

from digest.delivery.transports.outcomes import Result
from subscriptions.email import send_errors

SAID = {
    "greeting": "The mail server does not let us in",
    "STARTTLS": "The mail server refused to encrypt",
    "login": "The mail server refused our login",
    "MAIL": "The mail server refused the sender",
    "RCPT": "The mail server refused the recipient",
    "DATA": "The mail server refused to take the mail",
    "content": "The mail server refused the mail",
}
GOING_DOWN = 421  # the server closes the connection: it is busy, or we are too fast

_ENHANCED = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})\b")
_MAY_PASS = ("2", "3", "4", "7")  # mailboxes fill and empty, systems come back, and policy is about us
_NO_SUCH_ADDRESS = {("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10")}
_NO_SUCH_MAILBOX = re.compile(
    r"user unknown|unknown user|no such user|does not exist|mailbox unavailable", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ReplyMeaning:
    """An answer's meaning. `bounce` is as in `Outcome`; `slower` asks for fewer connections and a rest."""

    result: Result
    reason: str  # for the operator, without an address
    bounce: str = ""
    slower: bool = False


def classify_reply(stage: str, code: int, text: str) -> ReplyMeaning:
    """The refusal `code text` at `stage`, one of those in SAID."""
    reason = f"{SAID[stage]}: {code} {send_errors.without_addresses(text)}".strip()
    if stage in ("greeting", "STARTTLS", "login") or (stage == "MAIL" and code >= 500):
        return ReplyMeaning(Result.STOPPED, reason)  # the next reader's mail would fare alike
    if code == GOING_DOWN:
        return ReplyMeaning(Result.AGAIN, reason, slower=True)
    subject, detail = _enhanced(text)
    if code < 500 or subject in _MAY_PASS:
        return ReplyMeaning(Result.LATER, reason, "soft" if stage == "RCPT" and subject == "2" else "")
    is_gone = (subject, detail) in _NO_SUCH_ADDRESS or (not subject and _NO_SUCH_MAILBOX.search(text))
    return ReplyMeaning(Result.FAILED, reason, "hard" if stage == "RCPT" and is_gone else "")


def _enhanced(text: str) -> tuple[str, str]:
    """Subject and detail of the enhanced status code, or two empty strings."""
    found = _ENHANCED.match(text)
    return (found[1], found[2]) if found else ("", "")
