"""What the world can see of the domain that we send from: what mailbox providers ask for before they take mail."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import dns.exception
import dns.resolver
import dns.reversename
from django.conf import settings

from subscriptions import outbox

TIMEOUT = 5.0  # seconds for each question


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "FAILED"
    UNKNOWN = "not checked"


@dataclass(frozen=True)
class CheckResult:
    """One check: what was looked at, how it ended, and what to do or what was seen."""

    name: str
    state: CheckState
    said: str


class NoAnswerError(Exception):
    """The DNS can't be asked: that says nothing about the domain."""


class Resolver(Protocol):
    def ask(self, name: str, kind: str) -> list[str]:
        """The records; none where there are none. Raises NoAnswerError."""
        ...


class Dns:
    """The DNS as this machine sees it."""

    def ask(self, name: str, kind: str) -> list[str]:
        try:
            answer = dns.resolver.resolve(name, kind, lifetime=TIMEOUT)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswerError(f"The DNS can't be asked: {type(error).__name__}") from error
        return [_text(record) for record in answer]


def check_domain(domain: str, selectors: Iterable[str], by_smtp: bool, resolver: Resolver) -> Iterator[CheckResult]:
    """SPF, DKIM and DMARC of `domain`; and of our SMTP server, if mail goes by one, its name and its TLS."""
    yield _asked("SPF", lambda: _spf(resolver.ask(domain, "TXT"), domain))
    names = list(selectors)
    for selector in names:
        name = f"{selector}._domainkey.{domain}"
        yield _asked(f"DKIM {selector}", lambda name=name: _dkim(resolver.ask(name, "TXT"), name))  # type: ignore[misc]
    if not names:
        said = "Name the selector that your server or provider signs with: --selector s1"
        yield CheckResult("DKIM", CheckState.UNKNOWN, said)
    yield _asked("DMARC", lambda: _dmarc(domain, resolver))
    yield _asked("Answers", lambda: _mx(resolver.ask(domain, "MX"), domain))
    if by_smtp:
        yield _asked("PTR", lambda: _ptr(settings.EMAIL_HOST, resolver))
        yield _asked("TLS", lambda: _tls(settings.EMAIL_HOST))
    elif outbox.is_in_use():
        said = "Mails are files in the outbox: no server sends any. Set EMAIL_URL, or EMAIL_PROVIDERS."
        yield CheckResult("PTR, TLS", CheckState.UNKNOWN, said)
    else:
        yield CheckResult(
            "PTR, TLS",
            CheckState.OK,
            "Your provider's servers send the mail: theirs count, and its interface is https.",
        )


def _asked(name: str, ask: Callable[[], tuple[CheckState, str]]) -> CheckResult:
    try:
        return CheckResult(name, *ask())
    except NoAnswerError as error:
        return CheckResult(name, CheckState.UNKNOWN, f"{error}.")


def _spf(records: list[str], domain: str) -> tuple[CheckState, str]:
    found = [record for record in records if record.lower().startswith("v=spf1")]
    if not found:
        return (
            CheckState.FAILED,
            f"{domain} has no SPF record. Publish the one that your server or provider gives you.",
        )
    if len(found) > 1:
        return CheckState.FAILED, f"{domain} has {len(found)} SPF records, so that none counts. Join them into one."
    if found[0].split()[-1] in ("+all", "all"):
        return CheckState.FAILED, f"It lets everybody send as {domain}: end it with ~all or -all. {found[0]}"
    return CheckState.OK, found[0]


def _dkim(records: list[str], name: str) -> tuple[CheckState, str]:
    found = [record for record in records if "p=" in record]
    if not found:
        return CheckState.FAILED, f"{name} has no key. Publish the record that your server or provider gives you."
    tags = _tags(found[0])
    if not tags.get("p"):
        return CheckState.FAILED, f"The key at {name} was revoked: it is empty."
    return CheckState.OK, f"A key of {len(tags['p'])} characters. It signs as your own domain, which DMARC asks for."


def _dmarc(domain: str, resolver: Resolver) -> tuple[CheckState, str]:
    names = [domain, ".".join(domain.split(".")[-2:])]  # else the one of the whole organisation counts
    for name in dict.fromkeys(names):
        found = [r for r in resolver.ask(f"_dmarc.{name}", "TXT") if r.lower().startswith("v=dmarc1")]
        if found:
            policy = _tags(found[0]).get("p", "")
            if policy in ("none", "quarantine", "reject"):
                return CheckState.OK, found[0]
            return CheckState.FAILED, f"Its policy is “{policy}”. Write p=none, to begin with. {found[0]}"
    said = f"Gmail, Yahoo and Outlook ask for one. Publish at _dmarc.{domain} to begin with: v=DMARC1; p=none"
    return CheckState.FAILED, f"There is no DMARC record. {said}"


def _mx(records: list[str], domain: str) -> tuple[CheckState, str]:
    if not records:
        return (
            CheckState.FAILED,
            f"{domain} takes no mail: answers and bounces to it go nowhere. Publish an MX.",
        )
    return CheckState.OK, f"{domain} takes mail: {', '.join(sorted(records))}"


def _ptr(host: str, resolver: Resolver) -> tuple[CheckState, str]:
    """The address' name, and back."""
    addresses = [*resolver.ask(host, "A"), *resolver.ask(host, "AAAA")]
    if not addresses:
        return (
            CheckState.UNKNOWN,
            f"{host} is not in the DNS. What counts is the address that your server sends from.",
        )
    for address in addresses:
        names = resolver.ask(dns.reversename.from_address(address).to_text(), "PTR")
        back = [a for name in names for kind in ("A", "AAAA") for a in resolver.ask(name.rstrip("."), kind)]
        if address not in back:
            told = f"called {', '.join(names)}, which is not {address}" if names else "without a name"
            return CheckState.FAILED, f"{host} is {address}, {told}. Gmail and Yahoo ask for a name that leads back."
    return CheckState.OK, f"{host}: {', '.join(addresses)}, with names that lead back"


def _tls(host: str) -> tuple[CheckState, str]:
    """Whether the server that we hand mail to encrypts, with a certificate that holds."""
    try:
        context = ssl.create_default_context()
        if settings.EMAIL_USE_SSL:
            smtplib.SMTP_SSL(host, settings.EMAIL_PORT, timeout=TIMEOUT, context=context).quit()
        else:
            with smtplib.SMTP(host, settings.EMAIL_PORT, timeout=TIMEOUT) as server:
                server.starttls(context=context)
    except ssl.SSLError as error:
        return CheckState.FAILED, f"{host} shows a certificate that does not hold: {error.reason}"
    except smtplib.SMTPNotSupportedError:
        return CheckState.FAILED, f"{host} does not encrypt. Gmail asks for TLS on the whole way."
    except (OSError, smtplib.SMTPException, socket.gaierror) as error:
        return CheckState.UNKNOWN, f"{host} can't be reached: {error}"
    is_asked = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if not is_asked:
        return CheckState.FAILED, f"{host} can encrypt, and EMAIL_URL does not ask for it: write smtp+tls://"
    return CheckState.OK, f"{host} encrypts, with a certificate that holds"


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _text(record: object) -> str:
    strings = getattr(record, "strings", None)
    return b"".join(strings).decode("utf-8", "replace") if strings else str(record).rstrip(".")
