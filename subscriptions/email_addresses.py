"""Email addresses: written with a name, recognised without being kept, and searched for a slip of the keyboard."""

import re
from difflib import get_close_matches
from email.utils import quote

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode

_SPECIALS = re.compile(r'[][\\()<>@,:;".]')  # RFC 5322, 3.2.3: a name that has one is quoted


def format_sender(name: str, address: str) -> str:
    """Return `name` and `address` as they belong into From: in Unicode, the name quoted where it has to be.

    The name is not encoded (RFC 2047): the mail backend does that, and providers' interfaces take it as it is.
    """
    if not name:
        return address
    return f'"{quote(name)}" <{address}>' if _SPECIALS.search(name) else f"{name} <{address}>"


def with_ascii_domain(address: str) -> str:
    """Return `address` with its domain in Punycode (RFC 3492), for headers. Raise UnicodeError if it has none."""
    name, at, domain = address.rpartition("@")
    return f"{name}{at}{punycode(domain)}"


def address_hash(email: str) -> str:
    """Keyed with ADDRESS_HASH_KEY, so that the table can't be searched for guessed addresses."""
    return keyed_hash("subscriptions.suppression", email.strip().lower())


def keyed_hash(purpose: str, value: str) -> str:
    """64 hexadecimal digits that name `value` to who has the key, and to nobody else."""
    return salted_hmac(purpose, value, secret=settings.ADDRESS_HASH_KEY, algorithm="sha256").hexdigest()


# Where most readers have theirs, and those that are near to these by chance.
BIG_DOMAINS = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "proton.me",
    "protonmail.com", "gmx.de", "gmx.net", "web.de", "qq.com", "163.com", "126.com", "naver.com",
)  # fmt: skip
REAL_DOMAINS = frozenset({"mail.com", "email.com", "ymail.com", "gmx.com", "gmx.at", "aol.com"})
NEAR = 0.88  # one letter too few, too many or wrong, or two in the wrong order


def suggest_correction(email: str) -> str:
    """The address that may have been meant, where its domain is nearly one of the biggest; else nothing."""
    name, _at, domain = email.rpartition("@")
    domain = domain.lower()
    if domain in REAL_DOMAINS or domain in BIG_DOMAINS:
        return ""
    near = get_close_matches(domain, BIG_DOMAINS, n=1, cutoff=NEAR)
    return f"{name}@{near[0]}" if near else ""


# Second levels under which a country's registry gives out names, as in example.co.uk.
_SHARED_LEVELS = frozenset({
    "ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "info", "ltd", "med", "mil", "ne", "net", "nhs", "nom",
    "or", "org", "plc", "sch",
})  # fmt: skip


def mailbox(email: str) -> str:
    """Return one spelling for all addresses that surely lead to the same mailbox.

    Case and what follows a plus never count, Gmail ignores dots, and googlemail.com is gmail.com. Only limits use
    this: the reader's own spelling is the one that is stored and mailed.
    """
    name, _at, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in ("gmail.com", "googlemail.com"):
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def organization(domain: str) -> str:
    """Return the part of a domain that its owner registered, such as example.co.uk of mail.example.co.uk.

    The last two labels, or three where the second-last is shared by a whole country, such as co.uk. That needs no list
    of public suffixes that grows old. Where the rule is wrong, as with github.io, strangers share a limit, and wait
    longer for a confirmation; but one owner of a wildcard domain never has two limits.
    """
    labels = domain.lower().split(".")
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_LEVELS
    return ".".join(labels[-3 if is_shared else -2 :])


def is_public_domain(domain: str) -> bool:
    """Return False for an IP address in brackets and for localhost: our own mail server would deliver there."""
    return not domain.startswith("[") and domain.lower().rpartition(".")[2] != "localhost"
