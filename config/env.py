"""What the environment says, or the file that ENV_FILE names: each value as settings need it.

What can't be read raises ImproperlyConfigured, which says how to write it. What is empty is not set: `default` holds.
"""

import datetime as dt
import json
import os
import re
from collections.abc import Sequence
from email.utils import getaddresses
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from digest.delivery.limits.rate_settings import OTHERS, DomainLanes, Rate, RateError, parse_lanes, parse_rates
from digest.delivery.providers.capabilities import KNOWN

BASE_DIR = Path(__file__).resolve().parent.parent

_YES, _NO = ("true", "yes", "on", "y", "ok", "1"), ("false", "no", "off", "n", "0")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_DATABASES = ("sqlite", "postgresql", "postgres", "psql", "pgsql")
_BROKERS = ("memory", "redis", "rediss")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

# The ends of names of django-anymail's settings that are no text.
_ANYMAIL_SWITCHES = (
    "AUTO_CONFIRM_SNS_SUBSCRIPTIONS",
    "DEBUG_API_REQUESTS",
    "GENERATE_MESSAGE_ID",
    "IGNORE_RECIPIENT_STATUS",
    "IGNORE_UNSUPPORTED_FEATURES",
    "PREVENT_HEADER_ENCODING_BUGS",
    "TRACK_INITIAL_OPEN_AS_OPENED",
    "USE_BULK_API",
    "VERIFY_ATTACHMENT_EXTENSIONS",
    "WORKAROUND_DISPLAY_NAME_BUGS",
)
_ANYMAIL_NUMBERS = ("REQUESTS_TIMEOUT", "DOWNLOAD_CHUNK_SIZE")
_ANYMAIL_OBJECTS = ("SEND_DEFAULTS", "CLIENT_PARAMS", "SESSION_PARAMS")

environ.Env.EMAIL_SCHEMES["outbox"] = "subscriptions.outbox.EmailBackend"
_env = environ.Env()


def read_file(name: str, default: Path) -> None:
    """Take over what a file says, where the environment says nothing; `default` need not be there."""
    path = Path(os.environ.get(name) or default)
    if path == default and not path.exists():
        return
    try:
        with path.open(encoding="utf-8") as file:
            _env.read_env(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}: {path} can't be read ({error}).") from error


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "") or default  # as it stands there: django-environ would look up what follows a `$`


def texts(name: str, default: Sequence[str] = ()) -> list[str]:
    """Several, separated by commas."""
    return [one.strip() for one in text(name).split(",") if one.strip()] or list(default)


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default))
    if value.lower() not in _YES + _NO:
        raise _wrong(name, value, "Write true or false.")
    return value.lower() in _YES


def whole_number(name: str, default: int, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise _wrong(name, value, f"Write a whole number from {least} to {most}.")
    return int(value)


def percent(name: str, default: str) -> float:
    value = text(name, default)
    if not re.fullmatch(r"\d{1,2}(\.\d{1,4})?|100", value):
        raise _wrong(name, value, "Write percent, such as 0.3.")
    return float(value)


def one_of(name: str, *choices: str) -> str:
    """By default the first choice."""
    value = text(name, choices[0])
    if value not in choices:
        raise _wrong(name, value, f"Write one of {', '.join(choices)}.")
    return value


def rates(name: str, default: str) -> list[tuple[int, dt.timedelta]]:
    """Such as "5/10m 20/1d": so many within so long."""
    value = text(name, default)
    found = [re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,3})([mhd])", part) for part in value.split()]
    if not found or None in found:
        raise _wrong(name, value, "Write rates like 5/10m 20/1d: 5 in 10 minutes, 20 in a day.")
    return [(int(rate[1]), dt.timedelta(**{_UNITS[rate[3]]: int(rate[2])})) for rate in found if rate]


def mail_rates(name: str) -> dict[str, Rate]:
    """How fast mail may leave, by provider."""
    try:
        found = parse_rates(text(name))
    except RateError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    for provider in found.keys() - {OTHERS}:
        _must_be_known(name, provider)
    return found


def mail_lanes(name: str) -> DomainLanes:
    """How fast mail may leave, by the domain it goes to."""
    try:
        return parse_lanes(text(name))
    except RateError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def day(name: str) -> dt.date | None:
    value = text(name)
    try:
        return dt.date.fromisoformat(value) if value else None
    except ValueError as error:
        raise _wrong(name, value, "Write a day like 2026-09-01.") from error


def prose(name: str) -> str:
    """Plain text, or what a file holds whose path stands there."""
    value = text(name)
    if not value.startswith(("/", "./", "../")):
        return value
    try:
        return (BASE_DIR / value).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}: {value} can't be read ({error}).") from error


def writable_folder(name: str, default: Path) -> Path:
    """It is made where it is not there, for nobody else to read: readers' addresses may be in it."""
    folder = Path(text(name, str(default))).resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {folder} can't be written ({error.strerror}).") from error
    if not os.access(folder, os.W_OK):
        raise ImproperlyConfigured(f"{name}: {folder} can't be written by user {os.geteuid()}.")
    return folder


def folders(name: str) -> list[Path]:
    """One that is there, or none."""
    value = text(name)
    if value and not Path(value).is_dir():
        raise ImproperlyConfigured(f"{name} is “{value}”, which is no folder.")
    return [Path(value).resolve()] if value else []


def addresses(name: str) -> list[str]:
    found = texts(name)
    for value in found:
        if not _ADDRESS.fullmatch(value):
            raise ImproperlyConfigured(f"{name}: “{value}” is no e-mail address. Separate several with commas.")
    return found


def address(name: str) -> str:
    """One, without the name that may stand with it; or none."""
    said = text(name).strip()
    value = getaddresses([said])[0][1] if said else ""
    if said and not _ADDRESS.fullmatch(value):
        raise _wrong(name, said, "Write one e-mail address.")
    return value


def sender(name: str, default: str) -> str:
    """An address, with or without a name."""
    value = text(name, default)
    found = getaddresses([value])
    if len(found) != 1 or not _ADDRESS.fullmatch(found[0][1]) or "\n" in value:
        raise _wrong(name, value, f"Write it like {default}; a name with signs in it in quotes.")
    return value


def web_address(name: str, default: str) -> str:
    """Without a slash at its end."""
    value = text(name, default).rstrip("/")
    if not value.startswith(("https://", "http://")) or not (_parts(value) or urlsplit("")).hostname:
        raise _wrong(name, value, f"Write a web address, such as {default}.")
    return value


def origin(name: str, default: str) -> str:
    """A web address of nothing but scheme, host and port."""
    value = web_address(name, default)
    if value != "{0.scheme}://{0.netloc}".format(urlsplit(value)):
        raise _wrong(name, value, "Write it without a path: the site needs a host name, or a port, of its own.")
    return value


def hosts(name: str, default: Sequence[str]) -> list[str]:
    found = texts(name, default)
    for value in found:
        if "/" in value:
            raise ImproperlyConfigured(f"{name}: “{value}” is no host name. Write it without https:// and path.")
    return found


def in_address(host: str) -> str:
    """As it stands in a web address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def database(name: str, default: str) -> dict[str, Any]:
    value = text(name, default)
    parts = _parts(value.replace(":memory:", ""))
    if parts is None or parts.scheme not in _DATABASES:  # what stands there may hold a password: it is not repeated
        how = "Write it like postgresql://user:password@host/name or sqlite:////path/of/db.sqlite3."
        raise ImproperlyConfigured(f"{name} can't be read. {how}")
    return dict(_env.db_url_config(value))


def broker(name: str, default: str) -> str:
    value = text(name, default)
    parts = _parts(value)
    if parts is None or parts.scheme not in _BROKERS or (parts.scheme != "memory" and not parts.hostname):
        how = f"Write it like redis://host:6379/0; in one process {default} will do."
        raise ImproperlyConfigured(f"{name} can't be read. {how}")
    return value


def mail_server(name: str, default: str) -> dict[str, Any]:
    """Django's settings for it, by their names."""
    value = text(name, default)
    parts = _parts(value)
    is_smtp = parts is not None and parts.scheme.startswith("smtp")
    if parts is None or parts.scheme not in environ.Env.EMAIL_SCHEMES or (is_smtp and not parts.hostname):
        raise ImproperlyConfigured(f"{name} can't be read. Write it like smtp+tls://user:password@host:587.")
    return dict(_env.email_url_config(value))


def mail_backend(name: str, default: str) -> str:
    """A class whose module is there. It is not imported: what it is made of may want the settings."""
    value = text(name, default)
    try:
        is_there = find_spec(value.rpartition(".")[0]) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise _wrong(name, value, "Write a mail backend that is installed, as anymail.backends.postmark.EmailBackend.")
    return value


def providers(name: str) -> list[str]:
    """Who hands mail over, in order."""
    found = [provider.lower() for provider in texts(name)]
    for provider in found:
        _must_be_known(name, provider)
    return found


def anymail() -> dict[str, Any]:
    """Return what is set for django-anymail, without the prefix ANYMAIL_, in the types that it expects."""
    names = [name for name, value in os.environ.items() if name.startswith("ANYMAIL_") and value]
    return {name.removeprefix("ANYMAIL_"): _anymail_setting(name) for name in names}


def _anymail_setting(name: str) -> Any:
    if name.endswith(_ANYMAIL_SWITCHES):
        return flag(name, False)
    if name.endswith(_ANYMAIL_NUMBERS):
        return whole_number(name, 1, 1, 10**9)
    return _json_object(name) if name.endswith(_ANYMAIL_OBJECTS) else text(name)


def _json_object(name: str) -> dict[str, Any]:
    """Return a JSON object. The message does not repeat the value, because keys can be in it."""
    try:
        value = json.loads(text(name))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(
            f'{name} can\'t be read. Write a JSON object, such as {{"region_name": "eu-west-1"}}.'
        )
    return value


def _must_be_known(name: str, provider: str) -> None:
    if provider not in KNOWN:
        raise ImproperlyConfigured(f"{name}: “{provider}” is no provider. Write {', '.join(sorted(KNOWN))}.")


def _parts(url: str) -> SplitResult | None:
    """None where it is no address at all, or names a port that can't be."""
    try:
        parts = urlsplit(url)
        return parts if "://" in url and parts.port != 0 else None
    except ValueError:
        return None


def _wrong(name: str, value: str, how: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is “{value}”. {how}")
