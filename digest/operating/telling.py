"""Mails to the operators."""

import logging
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from subscriptions import mail

logger = logging.getLogger(__name__)


def tell(name: str, context: dict[str, Any]) -> bool:
    """Mail the template `name` to each of settings.OPERATORS; whether any of them could be reached."""
    reached = False
    for address in settings.OPERATORS:
        try:
            message = mail.build_message(
                address, *mail.render_email(name, context), {"Auto-Submitted": "auto-generated"}
            )
            message.send()
            reached = True
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            logger.warning("The operators' mail “%s” can't be sent to %s: %s", name, address, error)
    return reached
