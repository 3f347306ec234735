"""The lengths of the broker's queues."""

import redis
from django.conf import settings

TIMEOUT = 2.0  # seconds; a broker that is down must not delay the metrics


def queue_sizes() -> dict[str, int] | None:
    """Return how many tasks wait in each queue, {} if the broker does not answer, or None if it is in memory."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        return None
    names = list(settings.CELERY_TASK_QUEUES)
    try:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        ) as client:
            pipeline = client.pipeline(transaction=False)
            for name in names:
                pipeline.llen(name)
            return dict(zip(names, map(int, pipeline.execute()), strict=True))
    except redis.RedisError:
        return {}
