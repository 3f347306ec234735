import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_domain_name

from digest.delivery.providers import failover
from digest.delivery.providers.capabilities import SMTP
from digest.ops import dns_checks
from digest.ops.dns_checks import CheckState
from subscriptions import brand


class Command(BaseCommand):
    help = "Check the DNS records and TLS of the sender's domain: SPF, DKIM, DMARC, PTR. Sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--domain", help="the domain to check; default: the sender's")
        parser.add_argument("--selector", action="append", default=[], help="a DKIM selector; can be repeated")
        parser.add_argument("--json", action="store_true", help="print the results as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["domain"]:
            _check_name(options["domain"])
        domain = options["domain"] or brand.current().sender_domain
        results = list(dns_checks.check_domain(domain, options["selector"], SMTP in failover.names(), dns_checks.Dns()))
        if options["json"]:
            self.stdout.write(json.dumps([vars(result) for result in results]))
        else:
            for result in results:
                self.stdout.write(f"{result.state:<12} {result.name:<10} {result.said}")
        if any(result.state is CheckState.FAILED for result in results):
            raise SystemExit(1)


def _check_name(domain: str) -> None:
    try:
        validate_domain_name(domain)
    except ValidationError as error:
        raise CommandError(f"“{domain}” is not a domain. Write it like example.org.") from error
