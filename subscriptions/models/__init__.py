"""Readers, topics, consents, imports, and the queues of form posts and notices."""

from subscriptions.models.brands import Brand, Logo
from subscriptions.models.consents import Consent, ConsentText, Farewell
from subscriptions.models.devices import Device
from subscriptions.models.imports import ImportPart, ReaderImport
from subscriptions.models.notices import ErasureNotice, OwedNotice
from subscriptions.models.posts import FormPost, Mark
from subscriptions.models.readers import (
    Subscriber,
    SubscriberQuerySet,
    TopicFilter,
    _validate_language,
    _validate_time_zone,
    _validate_words,
)
from subscriptions.models.suppressions import Suppression
from subscriptions.models.topics import Catalogue, Topic

__all__ = [
    "Brand",
    "Catalogue",
    "Consent",
    "ConsentText",
    "Device",
    "ErasureNotice",
    "Farewell",
    "FormPost",
    "ImportPart",
    "Logo",
    "Mark",
    "OwedNotice",
    "ReaderImport",
    "Subscriber",
    "SubscriberQuerySet",
    "Suppression",
    "Topic",
    "TopicFilter",
    "_validate_language",  # migrations name these three by this path
    "_validate_time_zone",
    "_validate_words",
]
