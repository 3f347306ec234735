"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django.utils.log import configure_logging

from config.bootstrap import load_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("daily-papers", task_cls="digest.ops.health.task_age:AgedTask")
app.on_configure.connect(lambda **kwargs: load_settings(), weak=False)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def set_up_our_log(**kwargs: object) -> None:
    """Use LOG_LEVEL and LOG_FORMAT in worker and beat. If no one connects, Celery applies its own option -l."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
