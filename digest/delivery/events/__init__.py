"""Handle the events that providers report later: bounces, complaints, unsubscriptions. Store each once, then act.

    webhooks, signatures (is the sender genuine?) → report_parser → normalization, lookup → event_store
    → classification, soft_bounces → actions, reconciliation

Events come late, more than once and out of order. So each conclusion follows from all stored events, and drawing it
twice changes nothing.
"""

from digest.delivery.events.event_store import record, record_all, record_bounces
from digest.delivery.events.normalization import AnymailEvent
from digest.delivery.events.reconciliation import TAKEN, confirm_sent

__all__ = ["TAKEN", "AnymailEvent", "confirm_sent", "record", "record_all", "record_bounces"]
