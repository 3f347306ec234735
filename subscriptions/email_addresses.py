"""Email addresses: format them, hash them, correct typos, and find the mailbox and organization they belong to."""

import hashlib
import hmac
import re
from difflib import get_close_matches
from email.utils import quote
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

_SPECIALS = re.compile(r'[][\\()<>@,:;".]')  # RFC 5322, 3.2.3: a name with one of these is quoted


def format_sender(name: str, address: str) -> str:
    """Return `name` and `address` for From, in Unicode, with the name in quotes if necessary.

    The name is not encoded (RFC 2047): the email backend does that, and provider APIs expect Unicode.
    """
    if not name:
        return address
    return f'"{quote(name)}" <{address}>' if _SPECIALS.search(name) else f"{name} <{address}>"


def with_ascii_domain(address: str) -> str:
    """Return `address` with its domain in Punycode (RFC 3492), for headers. Raise UnicodeError if that fails."""
    name, at, domain = address.rpartition("@")
    return f"{name}{at}{punycode(domain)}"


def address_hash(email: str) -> str:
    """Return the hash that replaces an address in tables. It is keyed, so that guessed addresses can't be looked up."""
    return keyed_hash("subscriptions.suppression", email.strip().lower())


def keyed_hash(purpose: str, value: str) -> str:
    """Return 64 hexadecimal digits. Only with ADDRESS_HASH_KEY can `value` be compared with them."""
    return hmac.digest(_derived_key(purpose, settings.ADDRESS_HASH_KEY), value.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def _derived_key(purpose: str, secret: str) -> bytes:
    """Return the key that Django's `salted_hmac` derives at each call, which takes most of its time."""
    return hashlib.sha256(f"{purpose}{secret}".encode()).digest()


# The domains of most readers, and real domains that look like typos of them.
BIG_DOMAINS = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "proton.me",
    "protonmail.com", "gmx.de", "gmx.net", "web.de", "qq.com", "163.com", "126.com", "naver.com",
)  # fmt: skip
REAL_DOMAINS = frozenset({"mail.com", "email.com", "ymail.com", "gmx.com", "gmx.at", "aol.com"})
MIN_SIMILARITY = 0.88  # similarity of a domain with one letter missing, added or wrong, or two swapped


def suggest_correction(email: str) -> str:
    """Return the address with its domain corrected if it is nearly one of BIG_DOMAINS; else ""."""
    name, _at, domain = email.rpartition("@")
    domain = domain.lower()
    if domain in REAL_DOMAINS or domain in BIG_DOMAINS:
        return ""
    near = get_close_matches(domain, BIG_DOMAINS, n=1, cutoff=MIN_SIMILARITY)
    return f"{name}@{near[0]}" if near else ""


# Second levels below which a country's registry registers names, as in example.co.uk.
_SHARED_LEVELS = frozenset({
    "ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "info", "ltd", "med", "mil", "ne", "net", "nhs", "nom",
    "or", "org", "plc", "sch",
})  # fmt: skip


def mailbox(email: str) -> str:
    """Return one spelling for all addresses that certainly lead to the same mailbox.

    Case and anything after a plus are ignored, dots too at Gmail, and googlemail.com is gmail.com. Only limits use
    this: the reader's own spelling is stored and emailed.
    """
    name, _at, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in ("gmail.com", "googlemail.com"):
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def organization(domain: str) -> str:
    """Return the registered part of a domain, such as example.co.uk of mail.example.co.uk.

    These are the last two labels, or three below a shared second level such as co.uk. The rule needs no list of public
    suffixes, which would become outdated. If it is wrong, as for github.io, strangers share a limit and wait longer
    for a confirmation, but an owner of a wildcard domain never gets two limits.
    """
    labels = domain.lower().split(".")
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_LEVELS
    return ".".join(labels[-3 if is_shared else -2 :])


_PLAIN = re.compile(
    r"[a-zA-Z0-9_+-]+(?:\.[a-zA-Z0-9_+-]+)*@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}"
)
MAX_LENGTH = 254  # characters that mail servers accept


def read_address(text: str) -> str:
    """Return the address in `text` in plain ASCII, with its domain in Punycode. Raise ValueError if it is none.

    The rules are those of the sign-up form: see `subscriptions.forms.NewAddressField`.
    """
    address = text.strip()
    if len(address) > MAX_LENGTH:
        raise ValueError(f"The address is longer than {MAX_LENGTH} characters.")
    if _PLAIN.fullmatch(address):  # nearly all; the validator takes ten times as long
        if address.lower().endswith(".localhost"):
            raise ValueError("The domain of the address is not a public one.")
        return address
    if not address:
        raise ValueError("There is no address.")
    try:
        validate_email(address)
        address = with_ascii_domain(address)
        validate_email(address)
    except (ValidationError, UnicodeError) as error:
        raise ValueError(f"“{text.strip()[:100]}” is not an email address.") from error
    if not address.isascii() or '"' in address or len(address) > MAX_LENGTH:
        raise ValueError(f"“{text.strip()[:100]}” is not an email address in plain letters.")
    if not is_public_domain(address.rpartition("@")[2]):
        raise ValueError("The domain of the address is not a public one.")
    return address


def is_public_domain(domain: str) -> bool:
    """Return False for an IP address in brackets and for localhost: our mail server would deliver to itself."""
    return not domain.startswith("[") and domain.lower().rpartition(".")[2] != "localhost"
