import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from digest.delivery.providers import failover
from digest.delivery.providers.capabilities import SMTP
from digest.ops import dns_checks
from digest.ops.dns_checks import CheckState
from subscriptions import brand


class Command(BaseCommand):
    help = "Look whether the world can trust mail from our domain: SPF, DKIM, DMARC, PTR, TLS. Sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--domain", help="default: the sender's")
        parser.add_argument("--selector", action="append", default=[], help="of a DKIM key; more than one may be given")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        domain = options["domain"] or brand.current().sender_domain
        found = list(dns_checks.check_domain(domain, options["selector"], SMTP in failover.names(), dns_checks.Dns()))
        if options["json"]:
            self.stdout.write(json.dumps([vars(finding) for finding in found]))
        else:
            for finding in found:
                self.stdout.write(f"{finding.state:<12} {finding.name:<10} {finding.said}")
        if any(finding.state is CheckState.FAILED for finding in found):
            raise SystemExit(1)
