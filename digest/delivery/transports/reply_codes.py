"""The meaning of an SMTP reply for the email and for the run. Pure.

It follows from the reply code (RFC 5321, 4.2.1: 4yz is transient, 5yz is permanent) and the enhanced status code
(RFC 3463). Only an address that does not exist is a hard bounce.
"""

import re
from dataclasses import dataclass

from digest.delivery.transports.outcomes import Result
from subscriptions.email import send_errors
from subscriptions.email.status_codes import leading_code

REFUSALS = {
    "greeting": "The mail server refused the connection",
    "STARTTLS": "The mail server refused to encrypt",
    "login": "The mail server refused our login",
    "MAIL": "The mail server refused the sender",
    "RCPT": "The mail server refused the recipient",
    "DATA": "The mail server refused to take the email",
    "content": "The mail server refused the email",
}
GOING_DOWN = 421  # the server closes the connection, because it is busy or we are too fast

_TRANSIENT_SUBJECTS = ("2", "3", "4", "7")  # mailboxes are emptied, systems come back, and policy is about us
_NO_SUCH_MAILBOX = re.compile(
    r"user unknown|unknown user|no such user|does not exist|mailbox unavailable", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ReplyMeaning:
    """The meaning of a reply. `bounce` is as in `Outcome`; `slower` asks for fewer connections and a rest."""

    result: Result
    reason: str  # for the operator, without an address
    bounce: str = ""
    slower: bool = False


def classify_reply(stage: str, code: int, text: str) -> ReplyMeaning:
    """Return the meaning of the refusal `code text` at `stage`, a key of REFUSALS."""
    reason = f"{REFUSALS[stage]}: {code} {send_errors.without_addresses(text)}".strip()
    if stage in ("greeting", "STARTTLS", "login") or (stage == "MAIL" and code >= 500):
        return ReplyMeaning(Result.STOPPED, reason)  # every other email would be refused, too
    if code == GOING_DOWN:
        return ReplyMeaning(Result.REOFFER, reason, slower=True)
    enhanced = leading_code(text)
    subject = enhanced.subject if enhanced else ""
    if code < 500 or subject in _TRANSIENT_SUBJECTS:
        return ReplyMeaning(Result.RETRY_LATER, reason, "soft" if stage == "RCPT" and subject == "2" else "")
    if enhanced:
        is_gone = enhanced.is_unknown_address or enhanced.is_moved_mailbox
    else:
        is_gone = _NO_SUCH_MAILBOX.search(text) is not None
    return ReplyMeaning(Result.FAILED, reason, "hard" if stage == "RCPT" and is_gone else "")
