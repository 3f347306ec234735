"""Settings and entry points. Nothing here holds logic, and only entry points import it."""

import gc

# Loading modules makes no garbage, and looking for it takes a seventh of the time of a start. On again once the apps
# are ready, see `digest.apps`.
gc.disable()

from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
