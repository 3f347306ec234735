"""The cost of sending in batches to a provider on loopback: shared digests, and a different digest for each reader.

The measurement includes grouping the emails into calls, the HTTP requests, and reading the responses. Emails have a
typical size: 20 KB of HTML and 6 KB of text.
"""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

from django.test.utils import override_settings

from benchmarks import scratch
from digest.delivery.limits.rate_limiter import RateLimiter
from digest.delivery.limits.rate_settings import parse_lanes, parse_rates
from digest.delivery.providers.api_transport import ApiTransport
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Result
from digest.email.quoted_printable import encode
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

ROOT = Path(__file__).resolve().parent.parent
READERS = 20_000
Figures = dict[str, float]


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return CPU time in µs for each recipient: if 500 share a call (mean over providers), if fewer do, and if none do.

    Include the time of one request to the rate limiter.
    """
    return scratch.measure(f"batches.measure({max(int(READERS * scale), 1000)})")


def measure(readers: int) -> Figures:
    together, in_hundreds = list(_mails(readers, 1)), list(_mails(readers, 5))
    own = list(_mails(readers // 5, readers))
    each = {f"{name}_cpu_us": _measure(name, together) for name in ("brevo", "mailgun", "sendgrid", "sparkpost")}
    figures = {"cpu_us_per_recipient": round(fmean(each.values()), 1)} | each
    figures |= {f"{name}_100_a_call_cpu_us": _measure(name, in_hundreds) for name in ("brevo", "sendgrid")}
    figures |= {f"{name}_own_mails_cpu_us": _measure(name, own) for name in ("postmark", "resend")}
    return figures | {"gate_cpu_us": _gate(readers)}


def _measure(provider: str, mails: list[Mail]) -> float:
    with _provider() as url, override_settings(ANYMAIL=_keys(url), API_CONNECTIONS=2):
        transport = ApiTransport(provider)
        began = time.process_time()
        results = [outcome.result for told in transport.send(mails) for outcome in told]
        spent = time.process_time() - began
        transport.close()
    if results.count(Result.SENT) != len(mails):
        raise RuntimeError(f"{provider} took {results.count(Result.SENT)} of {len(mails)} emails.")
    return round(spent / len(mails) * 1e6, 1)


def _gate(asked: int) -> float:
    fast = {"SEND_RATE": parse_rates("1000000/s"), "DOMAIN_RATES": parse_lanes("example.org=1000000/s")}
    with override_settings(**fast, CELERY_BROKER_URL="memory://"):
        gate = RateLimiter("smtp")
        began = time.process_time()
        for _ in range(asked):
            gate.ask("reader@example.org")
        return round((time.process_time() - began) / asked * 1e6, 2)


def _mails(readers: int, contents: int) -> Iterator[Mail]:
    """Yield emails as the composer makes them, each with three personal links."""
    for number in range(readers):
        yield Mail(number, f"reader{number}@example.org", "papers@example.org", _message(number, number % contents))


def _message(number: int, content: int) -> bytes:
    uid = uuid.UUID(int=0x5EED_0000_0000_0000_0000_0000_0000_0000 + number * 0x1_0000_0001).bytes
    tokens = {
        purpose: link_tokens.sign(purpose, uid)
        for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.DIGEST)
    }
    paper = f"Paper {content} on learning to summarise – with “quotes” & more, in a sentence of a usual length.\n"
    head = (
        f"From: Daily Papers <papers@example.org>\r\nTo: reader{number}@example.org\r\nSubject: Paper {content} + 9\r\n"
        f"Message-ID: <digest-{number}@example.org>\r\n"
        f"List-Unsubscribe: <https://papers.example.org/unsubscribe/{tokens[Purpose.UNSUBSCRIBE]}/>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: Daily Papers <digest.example.org>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="=_parts"\r\n\r\n'
    )
    # Encode a token separately, as the composer does.
    footer = b"".join(
        encode(f"https://papers.example.org/{purpose}/") + f"{token}=\r\n".encode() + encode("/\n")
        for purpose, token in tokens.items()
    )
    text = _part("plain", encode(paper * 60) + footer)
    html = _part("html", encode(f"<p class='paper'>{paper}</p>\n" * 170) + footer)
    return head.encode() + text + html + b"--=_parts--\r\n"


def _part(kind: str, body: bytes) -> bytes:
    head = (
        f"--=_parts\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + body + b"\r\n"


@contextmanager
def _provider() -> Iterator[str]:
    """Run the provider in a separate process, so that its CPU time is not counted, and yield its URL."""
    command = [sys.executable, "-m", "benchmarks.provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def _keys(url: str) -> dict[str, str]:
    names = ("BREVO_API", "MAILGUN_API", "SENDGRID_API", "SPARKPOST_API", "RESEND_API")
    urls = {f"{name.partition('_')[0]}_API_URL": f"{url}/{name.partition('_')[0].lower()}/" for name in names}
    keys = {f"{name}_KEY": "key" for name in names} | {"POSTMARK_SERVER_TOKEN": "key"}
    return urls | keys | {"POSTMARK_API_URL": f"{url}/postmark/", "MAILGUN_SENDER_DOMAIN": "example.org"}
