import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from digest.ops.health import doctor
from digest.ops.health.doctor import State


class Command(BaseCommand):
    help = "Examine what must work: settings, database, broker, beat, workers, disk, keys, sources, email and DNS."
    requires_system_checks = []  # it reports them itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--send-test", metavar="ADDRESS", default="", help="also send a test email to ADDRESS")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["send_test"] or "a@example.org")
        except ValidationError as error:
            raise CommandError(f"“{options['send_test']}” is not an email address.") from error
        findings = doctor.examine(with_dns=True, send_test_to=options["send_test"])
        if options["json"]:
            self.stdout.write(json.dumps([vars(finding) for finding in findings], ensure_ascii=False))
        else:
            for finding in findings:
                self.stdout.write(f"{finding.state:<12} {finding.name:<16} {finding.said}")
        if any(finding.state is State.FAILED for finding in findings):
            raise SystemExit(1)
