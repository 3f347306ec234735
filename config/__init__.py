"""Settings, middleware and entry points. Only entry points import this package."""

import gc

# Importing modules makes no garbage, and collecting it takes a seventh of the start-up time. `digest.apps` enables it
# again when the apps are ready.
gc.disable()

from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
