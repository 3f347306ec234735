"""Checks of the sending domain: the DNS records and the TLS that mailbox providers require of a sender."""

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

TIMEOUT = 5.0  # seconds for each query


class CheckState(StrEnum):
    """The result of a check."""

    OK = "ok"
    FAILED = "FAILED"
    UNKNOWN = "not checked"


@dataclass(frozen=True)
class CheckResult:
    """One check: its name, its result, and what to do or what was found."""

    name: str
    state: CheckState
    said: str


class NoAnswerError(Exception):
    """The DNS can't be queried. This shows nothing about the domain."""


class Resolver(Protocol):
    def ask(self, name: str, kind: str) -> list[str]:
        """Return the records, an empty list if there are none. Raise NoAnswerError if the DNS can't be queried."""
        ...


class Dns:
    """A resolver that uses this machine's DNS."""

    def ask(self, name: str, kind: str) -> list[str]:
        try:
            answer = dns.resolver.resolve(name, kind, lifetime=TIMEOUT)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswerError(f"The DNS can't be queried: {type(error).__name__}") from error
        return [_text(record) for record in answer]


def check_domain(domain: str, selectors: Iterable[str], by_smtp: bool, resolver: Resolver) -> Iterator[CheckResult]:
    """Check SPF, DKIM, DMARC and MX of `domain`; with `by_smtp` also the name and the TLS of our SMTP server."""
    yield _run("SPF", lambda: _spf(resolver.ask(domain, "TXT"), domain))
    names = list(selectors)
    for selector in names:
        name = f"{selector}._domainkey.{domain}"
        yield _run(f"DKIM {selector}", lambda name=name: _dkim(resolver.ask(name, "TXT"), name))  # type: ignore[misc]
    if not names:
        detail = "Name the selector that your server or provider signs with: --selector s1"
        yield CheckResult("DKIM", CheckState.UNKNOWN, detail)
    yield _run("DMARC", lambda: _dmarc(domain, resolver))
    yield _run("MX", lambda: _mx(resolver.ask(domain, "MX"), domain))
    if by_smtp:
        yield _run("PTR", lambda: _ptr(settings.EMAIL_HOST, resolver))
        yield _run("TLS", lambda: _tls(settings.EMAIL_HOST))
    elif outbox.is_in_use():
        detail = "Emails are files in the outbox, and no server sends any. Set EMAIL_URL, or EMAIL_PROVIDERS."
        yield CheckResult("PTR, TLS", CheckState.UNKNOWN, detail)
    else:
        yield CheckResult(
            "PTR, TLS",
            CheckState.OK,
            "Your provider's servers send the emails, so their names and TLS count. Its API uses https.",
        )


def _run(name: str, ask: Callable[[], tuple[CheckState, str]]) -> CheckResult:
    try:
        return CheckResult(name, *ask())
    except NoAnswerError as error:
        return CheckResult(name, CheckState.UNKNOWN, f"{error}.")


def _spf(records: list[str], domain: str) -> tuple[CheckState, str]:
    spf = [record for record in records if record.lower().startswith("v=spf1")]
    if not spf:
        return (
            CheckState.FAILED,
            f"{domain} has no SPF record. Publish the one that your server or provider gives you.",
        )
    if len(spf) > 1:
        return CheckState.FAILED, f"{domain} has {len(spf)} SPF records, so none of them is valid. Merge them into one."
    if spf[0].split()[-1] in ("+all", "all"):
        return CheckState.FAILED, f"It allows everyone to send as {domain}. End it with ~all or -all. {spf[0]}"
    return CheckState.OK, spf[0]


def _dkim(records: list[str], name: str) -> tuple[CheckState, str]:
    keys = [record for record in records if "p=" in record]
    if not keys:
        return CheckState.FAILED, f"{name} has no key. Publish the record that your server or provider gives you."
    tags = _tags(keys[0])
    if not tags.get("p"):
        return CheckState.FAILED, f"The key at {name} is empty, which means that it was revoked."
    return CheckState.OK, f"A key of {len(tags['p'])} characters. It signs for your own domain, as DMARC requires."


def _dmarc(domain: str, resolver: Resolver) -> tuple[CheckState, str]:
    names = [domain, ".".join(domain.split(".")[-2:])]  # a subdomain without a record uses its parent's
    for name in dict.fromkeys(names):
        dmarc = [r for r in resolver.ask(f"_dmarc.{name}", "TXT") if r.lower().startswith("v=dmarc1")]
        if dmarc:
            policy = _tags(dmarc[0]).get("p", "")
            if policy in ("none", "quarantine", "reject"):
                return CheckState.OK, dmarc[0]
            return CheckState.FAILED, f"Its policy is “{policy}”. Start with p=none. {dmarc[0]}"
    advice = f"Gmail, Yahoo and Outlook require one. Start with this record at _dmarc.{domain}: v=DMARC1; p=none"
    return CheckState.FAILED, f"There is no DMARC record. {advice}"


def _mx(records: list[str], domain: str) -> tuple[CheckState, str]:
    if not records:
        return (
            CheckState.FAILED,
            f"{domain} receives no email, so replies and bounces are lost. Publish an MX record.",
        )
    return CheckState.OK, f"{domain} receives email: {', '.join(sorted(records))}"


def _ptr(host: str, resolver: Resolver) -> tuple[CheckState, str]:
    """Check that each address of `host` has a name that resolves to the address."""
    addresses = [*resolver.ask(host, "A"), *resolver.ask(host, "AAAA")]
    if not addresses:
        return (
            CheckState.UNKNOWN,
            f"{host} is not in the DNS. Check the address that your server sends from.",
        )
    for address in addresses:
        names = resolver.ask(dns.reversename.from_address(address).to_text(), "PTR")
        back = [a for name in names for kind in ("A", "AAAA") for a in resolver.ask(name.rstrip("."), kind)]
        if address not in back:
            problem = f"and its name {', '.join(names)} does not resolve to it" if names else "which has no name"
            advice = "Gmail and Yahoo require a PTR record with a name that resolves to the address."
            return CheckState.FAILED, f"{host} is {address}, {problem}. {advice}"
    return CheckState.OK, f"{host}: {', '.join(addresses)}. Their names resolve to them."


def _tls(host: str) -> tuple[CheckState, str]:
    """Check that our SMTP server encrypts, with a valid certificate."""
    try:
        context = ssl.create_default_context()
        if settings.EMAIL_USE_SSL:
            smtplib.SMTP_SSL(host, settings.EMAIL_PORT, timeout=TIMEOUT, context=context).quit()
        else:
            with smtplib.SMTP(host, settings.EMAIL_PORT, timeout=TIMEOUT) as server:
                server.starttls(context=context)
    except ssl.SSLError as error:
        return CheckState.FAILED, f"{host} has an invalid certificate: {error.reason}"
    except smtplib.SMTPNotSupportedError:
        return CheckState.FAILED, f"{host} does not encrypt. Gmail requires TLS."
    except (OSError, smtplib.SMTPException, socket.gaierror) as error:
        return CheckState.UNKNOWN, f"{host} can't be reached: {error}"
    uses_tls = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if not uses_tls:
        return CheckState.FAILED, f"{host} can encrypt, but EMAIL_URL does not use it. Write smtp+tls://"
    return CheckState.OK, f"{host} encrypts, with a valid certificate."


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _text(record: object) -> str:
    strings = getattr(record, "strings", None)
    return b"".join(strings).decode("utf-8", "replace") if strings else str(record).rstrip(".")
