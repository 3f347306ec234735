"""An email provider refuses everything: with no other provider, and with a second one that takes over."""

import time

from tests.chaos import ledger
from tests.drills.registry import CLEAN_UP, Context, Outcome, drill
from tests.drills.site import TIMEOUT, Run, Site, wait_until
from tests.esp import Answer, Esp

OPERATOR = "ops@example.org"
REFUSED = Answer(401, {"ErrorCode": 10, "Message": "Bad or missing API token."})


class RefusingEsp(Esp):
    """A provider whose key is wrong while it `refuses`."""

    refuses = True

    def take(self, provider: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        return REFUSED if self.refuses else super().take(provider, path, headers, body)


def _start(context: Context, providers: str) -> tuple[Site, RefusingEsp]:
    esp = RefusingEsp()
    CLEAN_UP.enter_context(esp)
    keys = {f"ANYMAIL_{name}": value for name, value in esp.settings().items() if isinstance(value, str)}
    names = {"EMAIL_PROVIDERS": providers, "OPERATORS": OPERATOR}
    return Site(context.folder, is_short=context.is_short, **keys, **names), esp


def _outcome(site: Site, run: Run, alert: float | None, since: float, esp: Esp, key: str) -> Outcome:
    """Return the outcome. The alert must have come by email as well, though the provider refused."""
    from digest.ops.health import incidents

    def is_over() -> bool:
        return not incidents.open_incidents().filter(key__startswith=key).exists()

    def is_emailed() -> bool:
        """Return whether an alert came by email: by SMTP, or by the provider if it worked again by then."""
        by_smtp = {mail.recipient for mail in ledger.read(site.log.read_text().splitlines())}
        return OPERATOR in by_smtp | {mail.to for mail in esp.taken}

    is_good = run.wait() and wait_until(is_over, TIMEOUT)
    after = time.monotonic() - since if is_good else None
    by_smtp = ledger.read(site.log.read_text().splitlines())
    taken = [*by_smtp, *(ledger.Taken(0, 0, mail.to, mail.to, is_answered=True) for mail in esp.taken)]
    verdict = run.verdict([mail for mail in taken if mail.recipient != OPERATOR])
    failed = "" if wait_until(is_emailed, TIMEOUT) else "no alert came by email"
    return Outcome(alert, after, len(verdict.lost) + len(verdict.unfinished), verdict.repeated, failed=failed)


@drill("the only provider answers 401")
def only_provider(context: Context) -> Outcome:
    site, esp = _start(context, "postmark")
    since = time.monotonic()
    run = site.publish()
    alert = site.webhook.alert_after("paused", since)
    esp.refuses = False
    return _outcome(site, run, alert, time.monotonic(), esp, "paused")


@drill("a provider answers 401, SMTP follows")
def failover(context: Context) -> Outcome:
    site, esp = _start(context, "postmark,smtp")
    since = time.monotonic()
    run = site.publish()
    alert = site.webhook.alert_after("provider", since)
    esp.refuses = False
    return _outcome(site, run, alert, time.monotonic(), esp, "provider")
