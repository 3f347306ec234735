"""The peaceful part of SMTP: connect, greet, encrypt, log in. It waits, for EMAIL_TIMEOUT at most."""

import smtplib
import socket
import ssl
from typing import cast

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from digest.delivery.replies import judge


class CannotOpenError(Exception):
    """No connection; the message says why, for the operator."""


def open_socket() -> tuple[socket.socket, bool]:
    """A greeted connection that does not block, and whether its server takes several commands at once.

    Settings: EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD,
    EMAIL_TIMEOUT (seconds). Raises CannotOpenError.
    """
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    smtp = _with_ssl() if settings.EMAIL_USE_SSL else _plain()
    stage = "greeting"
    try:
        code, said = smtp.connect(settings.EMAIL_HOST, settings.EMAIL_PORT)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        smtp.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        stage = "login"
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except smtplib.SMTPResponseException as error:
        smtp.close()
        raise CannotOpenError(judge(stage, error.smtp_code, _text(error.smtp_error)).reason) from error
    except (OSError, smtplib.SMTPException) as error:
        smtp.close()
        raise CannotOpenError(f"No connection to the mail server {where}: {error}") from error
    return _set_free(smtp), smtp.has_extn("pipelining")


def _plain() -> smtplib.SMTP:
    return smtplib.SMTP(local_hostname=str(DNS_NAME), timeout=settings.EMAIL_TIMEOUT)


def _with_ssl() -> smtplib.SMTP:
    context = ssl.create_default_context()
    smtp = smtplib.SMTP_SSL(local_hostname=str(DNS_NAME), timeout=settings.EMAIL_TIMEOUT, context=context)
    smtp._host = settings.EMAIL_HOST  # type: ignore[attr-defined]  # whom the certificate must name
    return smtp


def _set_free(smtp: smtplib.SMTP) -> socket.socket:
    """The bare socket: smtplib's part is done."""
    if smtp.file is not None:
        smtp.file.close()
    bare = cast(socket.socket, smtp.sock)
    bare.setblocking(False)
    return bare


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
