"""Typed access to the environment, and to the file that ENV_FILE names.

An invalid value raises ImproperlyConfigured with how to write it. An empty value counts as unset, and the default
applies.
"""

import datetime as dt
import json
import logging
import os
import pwd
import re
from collections.abc import Sequence
from email.utils import getaddresses
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env_formats import (
    DATABASE_ENGINES,
    EMAIL_BACKENDS,
    parse_database_url,
    parse_email_url,
    parse_env_line,
)
from digest.delivery.limits.rate_settings import OTHERS, DomainLanes, Rate, RateError, parse_lanes, parse_rates
from digest.delivery.providers.capabilities import KNOWN

logger = logging.getLogger(__name__)

BASE_DIR = Path(__file__).resolve().parent.parent

_YES, _NO = ("true", "yes", "on", "y", "ok", "1"), ("false", "no", "off", "n", "0")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_BROKERS = ("memory", "redis", "rediss")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

# The ends of the names of django-anymail's settings that are not text.
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


def read_file(name: str, default: Path) -> None:
    """Add the variables of a file that are not in the environment. `default` may be missing."""
    path = Path(os.environ.get(name) or default)
    if path == default and not path.exists():
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}: {path} can't be read ({error}).") from error
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if pair := parse_env_line(line):
            variables[pair[0]] = pair[1]
        elif line and not line.startswith("#"):
            logger.warning("%s, line %d is ignored. Write it like NAME=value.", path, number)
    for variable, value in variables.items():
        os.environ.setdefault(variable, value)


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "") or default


def texts(name: str, default: Sequence[str] = ()) -> list[str]:
    """Return the values of a list that is separated by commas."""
    return [value.strip() for value in text(name).split(",") if value.strip()] or list(default)


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
    """Return one of `choices`; the first is the default."""
    value = text(name, choices[0])
    if value not in choices:
        raise _wrong(name, value, f"Write one of {', '.join(choices)}.")
    return value


def some_of(name: str, *choices: str) -> list[str]:
    """Return those of `choices` that a list names; the first is the default."""
    values = texts(name, choices[:1])
    if unknown := [value for value in values if value not in choices]:
        raise _wrong(name, unknown[0], f"Write some of {', '.join(choices)}, separated by commas.")
    return values


def rates(name: str, default: str) -> list[tuple[int, dt.timedelta]]:
    """Return rates such as "5/10m 20/1d" as pairs of a number and its period."""
    value = text(name, default)
    parsed = [re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,3})([mhd])", part) for part in value.split()]
    if not parsed or None in parsed:
        raise _wrong(name, value, "Write rates like 5/10m 20/1d: 5 in 10 minutes, 20 in a day.")
    return [(int(rate[1]), dt.timedelta(**{_UNITS[rate[3]]: int(rate[2])})) for rate in parsed if rate]


def mail_rates(name: str) -> dict[str, Rate]:
    """Return the sending rates by provider."""
    try:
        by_provider = parse_rates(text(name))
    except RateError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    for provider in by_provider.keys() - {OTHERS}:
        _check_provider(name, provider)
    return by_provider


def mail_lanes(name: str) -> DomainLanes:
    """Return the sending rates by the recipients' domain."""
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
    """Return plain text, or the content of the file if the value is a path."""
    value = text(name)
    if not value.startswith(("/", "./", "../")):
        return value
    try:
        return (BASE_DIR / value).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}: {value} can't be read ({error}).") from error


def writable_folder(name: str, default: Path) -> Path:
    """Return a folder, and create it if it is missing. Only our user can read it, because it may hold addresses."""
    folder = Path(text(name, str(default))).resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {folder} can't be written ({error.strerror}).") from error
    if not os.access(folder, os.W_OK):
        raise ImproperlyConfigured(f"{name}: {folder} can't be written by user {os.geteuid()}.")
    owner = folder.stat().st_uid
    if os.geteuid() == 0 and owner != 0:
        raise ImproperlyConfigured(
            f"{name}: {folder} belongs to {_user(owner)}, and this runs as root. {_user(owner)} could not change what "
            f"root writes there. Run it as that user: sudo -u {_user(owner)} …"
        )
    return folder


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"  # as sudo takes a numeric id


def folders(name: str) -> list[Path]:
    """Return a list with the existing folder that the value names, or an empty list."""
    value = text(name)
    if value and not Path(value).is_dir():
        raise ImproperlyConfigured(f"{name} is “{value}”, which is not a folder.")
    return [Path(value).resolve()] if value else []


def addresses(name: str) -> list[str]:
    values = texts(name)
    for value in values:
        if not _ADDRESS.fullmatch(value):
            raise ImproperlyConfigured(f"{name}: “{value}” is not an email address. Separate several with commas.")
    return values


def address(name: str) -> str:
    """Return an email address without the name that may come with it, or ""."""
    value = text(name).strip()
    bare = getaddresses([value])[0][1] if value else ""
    if value and not _ADDRESS.fullmatch(bare):
        raise _wrong(name, value, "Write one email address.")
    return bare


def sender(name: str, default: str) -> str:
    """Return an email address, with or without a name."""
    value = text(name, default)
    pairs = getaddresses([value])
    if len(pairs) != 1 or not _ADDRESS.fullmatch(pairs[0][1]) or "\n" in value:
        raise _wrong(name, value, f"Write it like {default}; put a name with punctuation in quotes.")
    return value


def web_address(name: str, default: str) -> str:
    """Return a web address without a slash at its end."""
    value = text(name, default).rstrip("/")
    if not value.startswith(("https://", "http://")) or not (_parts(value) or urlsplit("")).hostname:
        raise _wrong(name, value, f"Write a web address, such as {default}.")
    return value


def secret_address(name: str, example: str) -> str:
    """Return a web address that is a secret, or "". So the message does not repeat it."""
    value = text(name).rstrip("/")
    if value and not (value.startswith(("https://", "http://")) and (_parts(value) or urlsplit("")).hostname):
        raise ImproperlyConfigured(f"{name} can't be read. Write a web address, such as {example}.")
    return value


def alert_address(name: str) -> str:
    """Return the address of a webhook for alerts, with the form of its messages before a plus sign; or ""."""
    value = text(name)
    form, _, address = value.partition("+")
    parts = _parts(address)
    # digest.ops.health.channels writes these forms.
    is_known = form in ("ntfy", "slack", "json") and parts is not None and parts.scheme in ("https", "http")
    if value and not (is_known and parts and parts.hostname):  # the message does not repeat it: keys can be in it
        how = "Write it like ntfy+https://ntfy.sh/your-topic, slack+https://hooks.slack.com/… or json+https://…"
        raise ImproperlyConfigured(f"{name} can't be read. {how}")
    return value


def origin(name: str, default: str) -> str:
    """Return a web address that consists of scheme, host and port only."""
    value = web_address(name, default)
    if value != "{0.scheme}://{0.netloc}".format(urlsplit(value)):
        raise _wrong(name, value, "Write it without a path: the site needs its own host name or port.")
    return value


def origins(name: str) -> list[str]:
    """Return web addresses that consist of scheme, host and port only."""
    values = texts(name)
    for value in values:
        parts = _parts(value)
        if parts is None or parts.scheme not in ("http", "https") or value != f"{parts.scheme}://{parts.netloc}":
            raise _wrong(name, value, "Write addresses like https://www.example.org, separated by commas.")
        if not re.fullmatch(r"[\w.:\[\]*-]+", parts.netloc, re.ASCII):  # it becomes part of a header
            raise _wrong(name, value, "Write addresses like https://www.example.org, separated by commas.")
    return values


def hosts(name: str, default: Sequence[str]) -> list[str]:
    values = texts(name, default)
    for value in values:
        if "/" in value:
            raise ImproperlyConfigured(f"{name}: “{value}” is not a host name. Write it without https:// and path.")
    return values


def in_address(host: str) -> str:
    """Return `host` as written in a web address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def database(name: str, default: str) -> dict[str, Any]:
    value = text(name, default)
    parts = _parts(value.replace(":memory:", ""))
    has_host = parts is not None and parts.scheme == "sqlite" and parts.netloc  # such as sqlite://db.sqlite3
    if parts is None or parts.scheme not in DATABASE_ENGINES or has_host:  # the message does not repeat the password
        how = "Write it like postgresql://user:password@host/name or sqlite:////path/of/db.sqlite3."
        raise ImproperlyConfigured(f"{name} can't be read. {how}")
    return parse_database_url(value)


def broker(name: str, default: str) -> str:
    value = text(name, default)
    parts = _parts(value)
    if parts is None or parts.scheme not in _BROKERS or (parts.scheme != "memory" and not parts.hostname):
        how = f"Write it like redis://host:6379/0; a single process needs only {default}."
        raise ImproperlyConfigured(f"{name} can't be read. {how}")
    return value


def mail_server(name: str, default: str) -> dict[str, Any]:
    """Return Django's settings of the mail server by their names."""
    value = text(name, default)
    parts = _parts(value)
    is_smtp = parts is not None and parts.scheme.startswith("smtp")
    if parts is None or parts.scheme not in EMAIL_BACKENDS or (is_smtp and not parts.hostname):
        raise ImproperlyConfigured(f"{name} can't be read. Write it like smtp+tls://user:password@host:587.")
    return parse_email_url(value)


def mail_backend(name: str, default: str) -> str:
    """Return the path of a class in an installed module, without importing it: the module may need the settings."""
    value = text(name, default)
    try:
        is_installed = find_spec(value.rpartition(".")[0]) is not None
    except (ImportError, ValueError):
        is_installed = False
    if not is_installed:
        raise _wrong(name, value, "Write an installed email backend, such as anymail.backends.postmark.EmailBackend.")
    return value


def providers(name: str) -> list[str]:
    """Return the names of email providers, in order of preference."""
    names = [provider.lower() for provider in texts(name)]
    for provider in names:
        _check_provider(name, provider)
    return names


def anymail() -> dict[str, Any]:
    """Return the settings of django-anymail without the prefix ANYMAIL_, in the types that it expects."""
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


def _check_provider(name: str, provider: str) -> None:
    if provider not in KNOWN:
        raise ImproperlyConfigured(f"{name}: “{provider}” is not a provider. Write {', '.join(sorted(KNOWN))}.")


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None if it is not one or has an invalid port."""
    try:
        parts = urlsplit(url)
        return parts if "://" in url and parts.port != 0 else None
    except ValueError:
        return None


def _wrong(name: str, value: str, how: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is “{value}”. {how}")
