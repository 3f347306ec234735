"""The start of an SMTP connection: connect, greet, encrypt and log in. It blocks, for EMAIL_TIMEOUT per reply."""

import smtplib
import socket
import ssl
from typing import cast

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from digest.delivery.transports.reply_codes import classify_reply

ENCRYPTION_ADVICE = "EMAIL_URL begins with smtp+ssl:// for port 465 and with smtp+tls:// for port 587."
NO_STARTTLS = (
    "The mail server {where} does not offer STARTTLS. Without it neither the password nor an email is sent. "
    f"{ENCRYPTION_ADVICE}"
)
LOGIN_ADVICE = (
    "Some servers offer a login only with encryption. If none is needed, leave user and password out of EMAIL_URL."
)
CERTIFICATE_ADVICE = (
    "EMAIL_URL must use the name in the server's certificate. If your own certificate authority signed it, set "
    "SSL_CERT_FILE to a file with that authority's certificate."
)


class CannotOpenError(Exception):
    """A connection can't be opened. The message gives the operator the reason."""


def open_socket() -> tuple[socket.socket, bool]:
    """Return a non-blocking socket after the handshake, and whether the server supports PIPELINING.

    If encryption is required, nothing else is sent without it. Settings: EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS,
    EMAIL_USE_SSL, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_TIMEOUT (seconds). Raise CannotOpenError.
    """
    smtp = _new_client()
    stage = "greeting"
    try:
        code, reply = smtp.connect(settings.EMAIL_HOST, settings.EMAIL_PORT)
        if code != 220:
            raise smtplib.SMTPConnectError(code, reply)
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
        raise CannotOpenError(_explain(error, stage)) from error
    return _detach_socket(smtp), smtp.has_extn("pipelining")


def _new_client() -> smtplib.SMTP:
    name, timeout = str(DNS_NAME), settings.EMAIL_TIMEOUT
    if settings.EMAIL_USE_SSL:
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=name, timeout=timeout, context=context)
    else:
        smtp = smtplib.SMTP(local_hostname=name, timeout=timeout)
    # The name that the certificate must have. smtplib sets it only if the constructor connects.
    smtp._host = settings.EMAIL_HOST  # type: ignore[attr-defined]
    return smtp


def _explain(error: Exception, stage: str) -> str:
    """Return what went wrong at `stage` (a key of `reply_codes.REFUSALS`), and what the operator can do."""
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    match error:
        case smtplib.SMTPResponseException():
            return classify_reply(stage, error.smtp_code, _text(error.smtp_error)).reason
        case smtplib.SMTPNotSupportedError() if stage == "STARTTLS":
            return NO_STARTTLS.format(where=where)
        case smtplib.SMTPException() if stage == "login" and not isinstance(error, smtplib.SMTPServerDisconnected):
            return f"The mail server {where} accepts none of our login methods ({error}). {LOGIN_ADVICE}"
        case ssl.SSLCertVerificationError():
            problem = error.verify_message
            return f"The certificate of the mail server {where} can't be verified: {problem}. {CERTIFICATE_ADVICE}"
        # This includes a server that waits for TLS while we wait for a greeting: smtplib wraps that timeout.
        case OSError() if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return f"The mail server {where} did not answer in {settings.EMAIL_TIMEOUT} seconds. {ENCRYPTION_ADVICE}"
        case ssl.SSLError():
            return f"No encryption with the mail server {where}: {error.reason or error}. {ENCRYPTION_ADVICE}"
    return f"No connection to the mail server {where}: {error}"


def _detach_socket(smtp: smtplib.SMTP) -> socket.socket:
    """Return the socket of `smtp`, which is no longer needed, as a non-blocking one."""
    if smtp.file is not None:
        smtp.file.close()
    bare = cast(socket.socket, smtp.sock)
    bare.setblocking(False)
    return bare


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
