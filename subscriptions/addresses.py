"""How an address is recognised without being kept, and a slip of the keyboard in one."""

from difflib import get_close_matches

from django.conf import settings
from django.utils.crypto import salted_hmac


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


def meant(email: str) -> str:
    """The address that may have been meant, where its domain is nearly one of the biggest; else nothing."""
    name, _at, domain = email.rpartition("@")
    domain = domain.lower()
    if domain in REAL_DOMAINS or domain in BIG_DOMAINS:
        return ""
    near = get_close_matches(domain, BIG_DOMAINS, n=1, cutoff=NEAR)
    return f"{name}@{near[0]}" if near else ""


def is_public_domain(domain: str) -> bool:
    """Return False for an IP address in brackets and for localhost: our own mail server would deliver there."""
    return not domain.startswith("[") and domain.lower().rpartition(".")[2] != "localhost"
