"""What providers report after the hand-over: bounces, complaints, unsubscriptions. Stored once each, then acted on.

    webhooks (django-anymail checks who it is) → recording → meaning → acting, reconciling

Reports come late, several times and in any order. So whatever is concluded is concluded from all that is stored, and
concluding it twice changes nothing.
"""

from digest.delivery.events.event_store import record, record_all, record_bounces
from digest.delivery.events.normalization import ReportedEvent
from digest.delivery.events.reconciliation import confirm_sent

__all__ = ["ReportedEvent", "confirm_sent", "record", "record_all", "record_bounces"]
