"""The checks of the sending domain."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from digest.ops import dns_checks
from digest.ops.dns_checks import CheckResult, CheckState, NoAnswerError
from tests.sink import Sink

GOOD = {
    ("papers.org", "TXT"): ["v=spf1 include:mail.example ~all", "something else"],
    ("s1._domainkey.papers.org", "TXT"): ["v=DKIM1; k=rsa; p=MIIB"],
    ("_dmarc.papers.org", "TXT"): ["v=DMARC1; p=none"],
    ("papers.org", "MX"): ["10 mail.papers.org"],
    ("mail.papers.org", "A"): ["192.0.2.7"],
    ("7.2.0.192.in-addr.arpa.", "PTR"): ["mail.papers.org"],
}


class Zone:
    """A DNS with these records. With None it can't be queried."""

    def __init__(self, records: dict[tuple[str, str], list[str]] | None) -> None:
        self.records = records

    def ask(self, name: str, kind: str) -> list[str]:
        if self.records is None:
            raise NoAnswerError("The DNS can't be asked: Timeout")
        return self.records.get((name, kind), [])


def findings(
    records: dict[Any, Any] | None, domain: str = "papers.org", by_smtp: bool = False
) -> dict[str, CheckResult]:
    return {found.name: found for found in dns_checks.check_domain(domain, ["s1"], by_smtp, Zone(records))}


@pytest.fixture(autouse=True)
def server(settings: Any) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.papers.org", 25


def test_a_good_domain_passes_all_checks() -> None:
    assert {found.state for found in findings(GOOD).values()} == {CheckState.OK}


def test_the_outbox_has_no_server_to_check(settings: Any) -> None:
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"
    found = findings(GOOD)["PTR, TLS"]
    assert found.state is CheckState.UNKNOWN
    assert "no server sends any" in found.said


@pytest.mark.parametrize(
    ("name", "kind", "records", "check", "said"),
    [
        ("papers.org", "TXT", [], "SPF", "has no SPF record"),
        ("papers.org", "TXT", ["v=spf1 -all", "v=spf1 ~all"], "SPF", "Merge them into one"),
        ("papers.org", "TXT", ["v=spf1 +all"], "SPF", "allows everyone to send"),
        ("s1._domainkey.papers.org", "TXT", [], "DKIM s1", "has no key"),
        ("s1._domainkey.papers.org", "TXT", ["v=DKIM1; p="], "DKIM s1", "was revoked"),
        ("_dmarc.papers.org", "TXT", [], "DMARC", "There is no DMARC record"),
        ("_dmarc.papers.org", "TXT", ["v=DMARC1; p=nun"], "DMARC", "Start with p=none"),
        ("papers.org", "MX", [], "MX", "receives no email"),
    ],
)
def test_it_reports_what_is_missing(name: str, kind: str, records: list[str], check: str, said: str) -> None:
    found = findings(GOOD | {(name, kind): records})[check]
    assert found.state is CheckState.FAILED
    assert said in found.said


def test_a_subdomain_uses_the_dmarc_record_of_its_parent() -> None:
    assert findings(GOOD, domain="news.papers.org")["DMARC"].state is CheckState.OK


@pytest.mark.parametrize(
    ("records", "state"),
    [
        (GOOD, CheckState.OK),
        (GOOD | {("7.2.0.192.in-addr.arpa.", "PTR"): []}, CheckState.FAILED),
        (GOOD | {("mail.papers.org", "A"): []}, CheckState.UNKNOWN),
        (GOOD | {("7.2.0.192.in-addr.arpa.", "PTR"): ["elsewhere.org"]}, CheckState.FAILED),
    ],
)
def test_the_servers_name_must_resolve_to_its_address(
    records: Any, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_checks, "_tls", lambda host: (CheckState.OK, ""))
    assert findings(records, by_smtp=True)["PTR"].state == state


def test_a_server_without_encryption_fails(settings: Any) -> None:
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        assert findings(GOOD, by_smtp=True)["TLS"].state is CheckState.FAILED
    assert findings(GOOD, by_smtp=True)["TLS"].state is CheckState.UNKNOWN  # it is gone by now


def test_without_a_network_no_check_passes() -> None:
    states = {name: found.state for name, found in findings(None).items()}
    assert {states[name] for name in ("SPF", "DKIM s1", "DMARC", "MX")} == {CheckState.UNKNOWN}


@pytest.mark.django_db
def test_the_command_fails_if_something_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(dns_checks, "Dns", lambda: Zone({}))
    with pytest.raises(SystemExit):
        call_command("check_sending", domain="papers.org")
    assert "FAILED       SPF        papers.org has no SPF record." in capsys.readouterr().out
    monkeypatch.setattr(dns_checks, "Dns", lambda: Zone(GOOD))
    call_command("check_sending", "--json", "--domain", "papers.org", "--selector", "s1")
    assert {found["state"] for found in json.loads(capsys.readouterr().out)} == {"ok"}


@pytest.mark.parametrize("domain", ["..", "no such domain", "a" * 300, "localhost"])
def test_the_command_refuses_what_is_not_a_domain(domain: str) -> None:
    with pytest.raises(CommandError, match="is not a domain"):
        call_command("check_sending", domain=domain)
