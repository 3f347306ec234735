"""The classification of errors when sending an email."""

import smtplib

import pytest
from anymail.exceptions import AnymailAPIError, AnymailInvalidAddress, AnymailRecipientsRefused

from subscriptions.email.send_errors import RefusedError, classify


def api_error(status: int | None) -> AnymailAPIError:
    error = AnymailAPIError("no")
    error.status_code = status
    return error


@pytest.mark.parametrize(
    ("error", "again", "says"),
    [
        (smtplib.SMTPRecipientsRefused({"a@example.org": (450, b"greylisted")}), True, "450 greylisted"),
        (
            smtplib.SMTPRecipientsRefused({"a@example.org": (550, b"<a@example.org> unknown")}),
            False,
            "550 <<address>> unknown",
        ),
        (smtplib.SMTPSenderRefused(503, b"nested MAIL command", "x"), True, "503"),
        (smtplib.SMTPConnectError(554, b"no service"), True, "554"),
        (smtplib.SMTPHeloError(550, b"who are you"), True, "550"),
        (smtplib.SMTPRecipientsRefused({"a@x.org": (550, b"5.7.1 policy")}), True, "5.7.1 policy"),
        (smtplib.SMTPDataError(554, b"5.7.1 reputation"), True, "5.7.1"),
        (api_error(401), True, "401"),
        (api_error(402), True, "402"),
        (smtplib.SMTPDataError(451, b"try later"), True, "451"),
        (smtplib.SMTPDataError(554, b"spam"), False, "554"),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), True, "refused us"),
        (smtplib.SMTPServerDisconnected("please run connect() first"), True, "connection"),
        (ConnectionRefusedError("refused"), True, "connection"),
        (TimeoutError(), True, "TimeoutError"),
        (RefusedError(), False, "refused the recipient"),
        (AnymailRecipientsRefused(), False, "refused the recipient"),
        (AnymailInvalidAddress("no"), False, "refused the recipient"),
        (api_error(429), True, "429"),
        (api_error(503), True, "503"),
        (api_error(422), False, "422"),
        (api_error(None), True, "nothing"),
        (ValueError("a bug"), True, "ValueError: a bug"),
    ],
)
def test_it_tries_again_what_may_pass_and_gives_up_on_the_rest(error: Exception, again: bool, says: str) -> None:
    verdict = classify(error)
    assert verdict.again is again
    assert says in verdict.reason
    assert "@" not in verdict.reason
