"""Settings and entry points. Nothing here holds logic, and only entry points import it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
