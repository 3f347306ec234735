"""The broker: whether it answers, and how many tasks wait in each queue."""

import redis
from django.conf import settings

SECONDS = 3.0


class BrokerError(Exception):
    """The broker does not answer. The message has no address, because a password can be in it."""


def is_in_memory() -> bool:
    return bool(settings.CELERY_BROKER_URL.startswith("memory:"))


def depths() -> dict[str, int]:
    """Return the number of tasks that wait in each queue: none if the broker is in memory. Raise BrokerError."""
    if is_in_memory():
        return {}
    queues = list(settings.CELERY_TASK_QUEUES)
    try:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
        ) as client:
            pipe = client.pipeline(transaction=False)
            for queue in queues:
                pipe.llen(queue)
            return dict(zip(queues, pipe.execute(), strict=True))
    except redis.RedisError as error:
        raise BrokerError(type(error).__name__) from error
