"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os

from celery import Celery

from config.bootstrap import load_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("daily-papers")
app.on_configure.connect(lambda **kwargs: load_settings(), weak=False)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
