"""The exports of other newsletter products: how to recognize each, and what its columns mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum

from subscriptions.readers.preferences import SWITCHES


class ReaderField(StrEnum):
    """A kind of content of a column. Each switch among the preferences is another kind: see FIELDS."""

    ADDRESS = "address"
    STATUS = "status"
    TOPICS = "topics"
    WORDS = "words"
    LANGUAGE = "language"
    FREQUENCY = "frequency"
    TIME_ZONE = "time-zone"
    SEND_HOUR = "send-hour"
    MAX_PAPERS = "max-papers"
    AMOUNT = "amount"
    FOLLOWS_LIKES = "follows-likes"
    PAUSED_UNTIL = "paused-until"
    SIGNED_UP = "signed-up"
    CONSENT_SOURCE = "consent-source"
    CONSENT_DATE = "consent-date"


SWITCH_FIELDS = tuple(switch.name.replace("_", "-") for switch in SWITCHES)
FIELDS: tuple[str, ...] = (*ReaderField, *SWITCH_FIELDS)


class Status(IntEnum):
    """The state of a reader in another product. If a mailbox has several rows, the greatest counts."""

    ACTIVE = 0
    UNCONFIRMED = 1
    UNSUBSCRIBED = 2
    BOUNCED = 3
    COMPLAINED = 4


class CellTest(Enum):
    """The content of a cell that says that a reader has a status."""

    FILLED = "filled"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True)
class StatusColumn:
    """A column that shows a reader's status."""

    column: str
    test: CellTest
    status: Status

    def applies(self, cell: str) -> bool:
        if self.test is CellTest.FILLED:
            return bool(cell)
        return cell.lower() in (YES if self.test is CellTest.YES else NO)


YES = frozenset({"true", "yes", "1", "t", "y"})
NO = frozenset({"false", "no", "0", "f", "n"})


@dataclass(frozen=True)
class Product:
    """A product that writes exports. Columns are named in the form that `plain` returns."""

    name: str
    identifying_columns: frozenset[str] = frozenset()  # that only its exports have, all of them
    # The first column of a field that exists and is filled counts.
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    status_columns: tuple[StatusColumn, ...] = ()


# Names of columns in files made by hand, and in those of products that are not known.
_USUAL: dict[str, tuple[str, ...]] = {
    ReaderField.ADDRESS: ("email", "email_address", "e_mail", "address", "mail", "e_mail_adresse", "e_mail_address"),
    ReaderField.STATUS: ("status", "state", "subscriber_type"),
    ReaderField.TOPICS: ("topics", "tags", "labels", "interests", "themen"),
    ReaderField.WORDS: ("words", "keywords", "own_words"),
    ReaderField.LANGUAGE: ("language", "locale", "lang", "sprache"),
    ReaderField.FREQUENCY: ("frequency",),
    ReaderField.TIME_ZONE: ("time_zone", "timezone", "tz"),
    # Only our own exports have these.
    ReaderField.SEND_HOUR: ("send_hour",),
    ReaderField.MAX_PAPERS: ("max_papers",),
    ReaderField.AMOUNT: ("amount",),
    **{kind: (kind.replace("-", "_"),) for kind in SWITCH_FIELDS},
    ReaderField.FOLLOWS_LIKES: ("follows_likes",),
    ReaderField.PAUSED_UNTIL: ("paused_until",),
    ReaderField.SIGNED_UP: ("signed_up", "signed_up_at", "created_at", "subscribed_at", "creation_date"),
    ReaderField.CONSENT_SOURCE: ("consent_source", "opt_in_source"),
    ReaderField.CONSENT_DATE: ("consent_date", "consented_at", "consented_on", "confirmed_at"),
}

GENERIC = Product("a table", columns=_USUAL)
PRODUCTS = (
    Product(
        "Mailchimp",
        frozenset({"leid", "euid"}),
        _USUAL
        | {
            ReaderField.SIGNED_UP: ("optin_time", "confirm_time"),
            ReaderField.CONSENT_DATE: ("confirm_time", "optin_time"),
        },
        (
            StatusColumn("unsub_time", CellTest.FILLED, Status.UNSUBSCRIBED),
            StatusColumn("clean_time", CellTest.FILLED, Status.BOUNCED),
        ),
    ),
    Product(
        "listmonk",
        frozenset({"uuid", "attributes", "status", "updated_at"}),
        _USUAL | {ReaderField.CONSENT_DATE: ("created_at",)},
    ),
    Product(
        "Ghost",
        frozenset({"subscribed_to_emails", "complimentary_plan"}),
        _USUAL | {ReaderField.CONSENT_DATE: ("created_at",)},
        (
            StatusColumn("subscribed_to_emails", CellTest.NO, Status.UNSUBSCRIBED),
            StatusColumn("deleted_at", CellTest.FILLED, Status.UNSUBSCRIBED),
        ),
    ),
    Product(
        "Substack",
        frozenset({"active_subscription", "email_disabled"}),
        _USUAL | {ReaderField.CONSENT_DATE: ("created_at",)},
        (StatusColumn("email_disabled", CellTest.YES, Status.UNSUBSCRIBED),),
    ),
    Product(
        "Buttondown",
        frozenset({"email_address", "creation_date"}),
        _USUAL
        | {
            ReaderField.STATUS: ("type", "subscriber_type"),
            ReaderField.CONSENT_DATE: ("creation_date",),
        },
        (
            StatusColumn("unsubscription_date", CellTest.FILLED, Status.UNSUBSCRIBED),
            StatusColumn("undeliverability_date", CellTest.FILLED, Status.BOUNCED),
        ),
    ),
)
# Mailchimp says the status of its rows in the name of the file.
_FILES = (
    ("unsubscribed_", Status.UNSUBSCRIBED),
    ("cleaned_", Status.BOUNCED),
    ("nonsubscribed_", Status.UNCONFIRMED),
)
_STATUSES = {
    Status.ACTIVE: (
        "active enabled subscribed regular confirmed premium gifted trialed churning free paid comped yes true 1"
    ),
    Status.UNCONFIRMED: "unconfirmed unactivated pending nonsubscribed non-subscribed transactional",
    Status.UNSUBSCRIBED: (
        "unsubscribed removed blocklisted blacklisted disabled inactive deleted opted-out opted_out paused churned "
        "archived spammy blocked past_due suppressed no false 0"
    ),
    Status.BOUNCED: "bounced cleaned undeliverable hard_bounced hard-bounced",
    Status.COMPLAINED: "complained complaint spam reported",
}
STATUSES = {word: status for status, words in _STATUSES.items() for word in words.split()}


def names(conjunction: str) -> str:
    """Return the names of all products as a list in words, with `conjunction` before the last."""
    *others, last = [product.name for product in PRODUCTS]
    return f"{', '.join(others)} {conjunction} {last}"


def plain(column: str) -> str:
    """Return the name of a column in lower case, with an underscore for each run of other characters."""
    return re.sub(r"[^\w]+", "_", column.strip().lower()).strip("_")


def recognize(header: Sequence[str]) -> Product:
    """Return the product with such an export, or GENERIC."""
    columns = {plain(column) for column in header}
    return next((product for product in PRODUCTS if product.identifying_columns <= columns), GENERIC)


def status_of_file(name: str) -> Status:
    """Return the status of all rows of a file, by its name."""
    return next((status for beginning, status in _FILES if name.lower().startswith(beginning)), Status.ACTIVE)


def guess_columns(product: Product, header: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of the columns that contain each field, the best first."""
    places: dict[str, int] = {}
    for place, column in enumerate(header):
        places.setdefault(plain(column), place)
    found = {kind: [places[name] for name in names if name in places] for kind, names in product.columns.items()}
    return {kind: columns for kind, columns in found.items() if columns}
