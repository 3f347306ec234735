"""Tools that check emails: spam filters, validators, and a browser with axe. Each test names the tools that it needs.

They do not use the network. Each program checks many emails and ends with the tests.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import httpx
from playwright.sync_api import Browser

from benchmarks.ports import free_port
from tests.browser import NODE, missing_axe, violations
from tests.email.mails import Mail

# These rules are for whole pages of a site. An email is shown inside one.
NOT_FOR_MAILS = ("landmark-one-main", "region", "page-has-heading-one")
_OFFLINE = {
    **{f"{name}.conf": "enabled = false;" for name in ("fuzzy_check", "rbl", "surbl")},
    "worker-proxy.inc": "enabled = false;",
    "worker-fuzzy.inc": "enabled = false;",
    "options.inc": 'dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 0; }',
    "logging.inc": 'type = "console"; level = "error";',
}


class Verdict(NamedTuple):
    """The result of a spam filter: the total score, and the points for each rule that matched."""

    score: float
    rules: dict[str, float]


class Markup(NamedTuple):
    invalid: list[str]  # by html-validate
    unsupported: list[tuple[str, str]]  # mail client and feature, by caniemail


def missing(*programs: str) -> str:
    """Return why a test can't run here, or an empty string if it can."""
    if absent := [name for name in programs if not (shutil.which(name) or Path("/usr/sbin", name).exists())]:
        return f"{' and '.join(absent)} not installed: CONTRIBUTING.md says how"
    if "node" in programs and missing_axe():
        return "the packages of tests/tools are not installed: make mail-tools"
    return ""


def spamassassin(mails: list[Mail]) -> list[Verdict]:
    """Check all emails in one process, because it takes a second to start."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number:05}.eml") for number in range(len(mails))]
        for path, mail in zip(paths, mails, strict=True):
            path.write_bytes(mail.wire.replace(b"\r\n", b"\n"))
        command = ["spamassassin", "--local", "--test-mode", "--cf=report_safe 0", *map(str, paths)]
        environment = os.environ | {"HOME": folder}  # where it stores what it learns
        run = subprocess.run(command, capture_output=True, env=environment, check=True)
        output = run.stdout.decode("utf-8", "replace")
    reports = re.split(r"^Content analysis details:", output, flags=re.MULTILINE)[1:]
    assert len(reports) == len(mails)
    return [_read_report(report) for report in reports]


def _read_report(report: str) -> Verdict:
    score = re.match(r"\s*\((-?[\d.]+) points", report)
    assert score is not None
    rules = re.findall(r"^ ?(-?\d+\.\d) ([A-Z][A-Z0-9_]+)", report, re.MULTILINE)
    return Verdict(float(score[1]), {name: float(points) for points, name in rules})


class Rspamd:
    """A running rspamd."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=120)

    def judge(self, mail: Mail, sender: str = "digest@papers.example.org") -> Verdict:
        """Check the email as if it came from a host with a valid name, which mail services require."""
        headers = {"IP": "192.0.2.1", "Hostname": "mx.papers.example.org", "Helo": "mx.papers.example.org"}
        headers |= {"From": sender, "Rcpt": str(mail.message["To"])}
        answer = self._http.post("/checkv2", content=mail.wire, headers=headers).raise_for_status().json()
        return Verdict(answer["score"], {name: symbol["score"] for name, symbol in answer["symbols"].items()})


@contextmanager
def rspamd() -> Iterator[Rspamd]:
    port, controller = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "local.d")
        local.mkdir()
        sockets = {
            "worker-normal.inc": f'bind_socket = "127.0.0.1:{port}"; count = 1;',
            "worker-controller.inc": f'bind_socket = "127.0.0.1:{controller}"; count = 1;',
        }
        for name, content in (_OFFLINE | sockets).items():
            (local / name).write_text(content)
        folders = [f"--var={name}={folder}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
        user = ["-u", "_rspamd", "-g", "_rspamd"] if os.getuid() == 0 else []
        if user:
            shutil.chown(folder, "_rspamd")
        process = subprocess.Popen(
            ["rspamd", "-f", *user, *folders], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/ping", process)
            yield Rspamd(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=120)


class Validator:
    """A Node process that runs html-validate and caniemail."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in: IO[str] = process.stdin
        self._out: IO[str] = process.stdout

    def judge(self, html: str) -> Markup:
        self._in.write(json.dumps(html) + "\n")
        self._in.flush()
        answer = json.loads(self._out.readline())
        pairs = (line.split(": ", 1) for line in answer["unsupported"])
        return Markup(answer["invalid"], [(client, feature) for client, feature in pairs])


@contextmanager
def validator() -> Iterator[Validator]:
    command = ["node", str(NODE / "check.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Validator(process)


def axe(browser: Browser, html: str, scheme: Any) -> list[str]:
    """Return what axe finds wrong with the email on a phone, in the `light` or `dark` color scheme."""
    page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme=scheme)
    try:
        page.set_content(html)
        return violations(page, without=NOT_FOR_MAILS)
    finally:
        page.close()


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"Nothing listens on port {port}: {process.args!r}")


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer: {process.args!r}")
