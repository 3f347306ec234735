"""Chromium for browser tests and screenshots, and axe for accessibility checks."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
NODE = Path(__file__).resolve().parent / "tools"
AXE = NODE / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


def missing_axe() -> str:
    """Return why axe can't run here, or an empty string if it can."""
    return "" if AXE.exists() else "axe is not installed: make mail-tools"


def violations(page: Page, without: Iterable[str] = ()) -> list[str]:
    """Return what axe finds wrong with the page in its current state, except by the rules `without`."""
    page.evaluate(AXE.read_text())  # a script element would be blocked by the Content-Security-Policy
    options = {
        "runOnly": {"type": "tag", "values": list(STANDARDS)},
        "rules": {rule: {"enabled": False} for rule in without},
    }
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
