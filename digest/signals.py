"""Where django-anymail's webhooks come in."""

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.dispatch import receiver

from digest.events import Told, webhooks


@receiver(tracking)
def handle_tracking(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    webhooks.hear(Told(event, esp_name))
