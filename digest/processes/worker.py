"""Celery's consumer, changed so that a worker survives losing its broker at any moment."""

import logging

from celery.worker import consumer

logger = logging.getLogger(__name__)


class Consumer(consumer.Consumer):
    """A consumer that reconnects even if the connection that is lost can't be closed cleanly.

    If tasks are waiting to be acknowledged when Redis stops, kombu's `close` tries to give them back over the
    connection that it has just forgotten, and raises AttributeError. The worker then stops halfway: it neither works
    nor ends.
    """

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        try:
            super().on_connection_error_after_connected(exc)
        except Exception as error:
            logger.warning("The lost connection to the broker could not be closed: %r", error)
