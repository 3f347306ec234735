"""The peaceful part of SMTP: connect, greet, encrypt, log in. It waits, for EMAIL_TIMEOUT at most."""

import smtplib
import socket
import ssl
from typing import cast

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from digest.delivery.transports.reply_codes import classify_reply

WHICH_ENCRYPTION = "EMAIL_URL begins with smtp+ssl:// for port 465 and with smtp+tls:// for port 587."
NO_STARTTLS = (
    "The mail server {where} offers no STARTTLS, and without it neither the password nor a mail is sent. "
    f"{WHICH_ENCRYPTION}"
)
OR_NO_LOGIN = "Some offer one only when encrypted; where none is needed, leave user and password out of EMAIL_URL."
WHOM_TO_TRUST = (
    "EMAIL_URL must name the server as its certificate does; if it is signed by an authority of your own, set "
    "SSL_CERT_FILE to a file with that authority's certificate."
)


class CannotOpenError(Exception):
    """No connection; the message says why, for the operator."""


def open_socket() -> tuple[socket.socket, bool]:
    """A greeted connection that does not block, and whether its server takes several commands at once.

    Where encryption is asked for nothing else is said without it. Settings: EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS,
    EMAIL_USE_SSL, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_TIMEOUT (seconds). Raises CannotOpenError.
    """
    smtp = _unopened()
    stage = "greeting"
    try:
        code, said = smtp.connect(settings.EMAIL_HOST, settings.EMAIL_PORT)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        smtp.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            stage = "STARTTLS"
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        stage = "login"
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except (OSError, smtplib.SMTPException) as error:
        smtp.close()
        raise CannotOpenError(_explained(error, stage)) from error
    return _set_free(smtp), smtp.has_extn("pipelining")


def _unopened() -> smtplib.SMTP:
    name, timeout = str(DNS_NAME), settings.EMAIL_TIMEOUT
    if settings.EMAIL_USE_SSL:
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=name, timeout=timeout, context=context)
    else:
        smtp = smtplib.SMTP(local_hostname=name, timeout=timeout)
    # Whom the certificate must name; smtplib sets it only where it connects as it is made.
    smtp._host = settings.EMAIL_HOST  # type: ignore[attr-defined]
    return smtp


def _explained(error: Exception, stage: str) -> str:
    """What went wrong at `stage`, one of those in `reply_codes.SAID`, and what the operator can do."""
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    match error:
        case smtplib.SMTPResponseException():
            return classify_reply(stage, error.smtp_code, _text(error.smtp_error)).reason
        case smtplib.SMTPNotSupportedError() if stage == "STARTTLS":
            return NO_STARTTLS.format(where=where)
        case smtplib.SMTPException() if stage == "login" and not isinstance(error, smtplib.SMTPServerDisconnected):
            return f"The mail server {where} takes no login as we know them ({error}). {OR_NO_LOGIN}"
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of the mail server {where} does not verify: {error.verify_message}. {WHOM_TO_TRUST}"
            )
        # Also where we wait for a greeting, and the server for encryption. smtplib makes it an error of its own.
        case OSError() if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return f"The mail server {where} did not answer in {settings.EMAIL_TIMEOUT} seconds. {WHICH_ENCRYPTION}"
        case ssl.SSLError():
            return f"No encryption with the mail server {where}: {error.reason or error}. {WHICH_ENCRYPTION}"
    return f"No connection to the mail server {where}: {error}"


def _set_free(smtp: smtplib.SMTP) -> socket.socket:
    """The bare socket: smtplib's part is done."""
    if smtp.file is not None:
        smtp.file.close()
    bare = cast(socket.socket, smtp.sock)
    bare.setblocking(False)
    return bare


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
