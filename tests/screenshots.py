"""Take screenshots of the sample day: all of them in var/screenshots/, some of them in docs/."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser

from config import clean_env
from tests.browser import chromium

ROOT = Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("SCREENSHOTS_PORT", "8799"))
SITE = f"http://127.0.0.1:{PORT}"
IN_DOCS = ("edition.png", "digest.png", "digest-dark.png", "digest-narrow.png")
PAGES = {"edition": "/", "subscribe": "/subscribe/", "paper": "/papers/sample:borrowed-patience/"}


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as var:
        environment = clean_env.environment() | {"VAR_DIR": var, "PORT": str(PORT), "DEBUG": "1"}
        demo = subprocess.Popen([sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment)
        try:
            wait_for(f"{SITE}/healthz")
            outbox = Path(var) / "outbox"
            digest = f"{SITE}/outbox/{wait_for_mail(outbox, 'ada')}/html/"
            with chromium() as browser:
                for name, path in PAGES.items():
                    shoot(browser, f"{SITE}{path}", folder / name, width=1280)
                shoot(browser, digest, folder / "digest", width=700)
                without_images(browser, digest, folder / "digest-without-images.png")
        finally:
            demo.terminate()
            demo.wait()


def shoot(browser: Browser, url: str, target: Path, width: int) -> None:
    """Take screenshots of the top of the page: light and dark, at `width` and at a phone's width."""
    for scheme in ("light", "dark"):
        for suffix, size in (("", width), ("-narrow", 320)):
            page = browser.new_page(viewport={"width": size, "height": 1000}, color_scheme=scheme)
            page.goto(url)
            page.screenshot(path=f"{target}{'' if scheme == 'light' else '-dark'}{suffix}.png")
            page.close()


def without_images(browser: Browser, url: str, target: Path) -> None:
    """Take a screenshot of an email as most mail clients show it if its sender is unknown."""
    page = browser.new_page(viewport={"width": 700, "height": 1000})
    page.route("**/*", lambda route: route.abort() if route.request.resource_type == "image" else route.continue_())
    page.goto(url)
    page.screenshot(path=target)
    page.close()


def wait_for_mail(outbox: Path, reader: str) -> str:
    """Wait for the reader's digest, and return its name."""
    for _ in range(900):
        for path in outbox.glob(f"*{reader}@*.eml"):
            return path.name
        time.sleep(0.1)
    raise SystemExit(f"No email came to {reader}")


def wait_for(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit(f"{url} did not answer")


if __name__ == "__main__":
    target = ROOT / "var" / "screenshots"
    target.mkdir(parents=True, exist_ok=True)
    main(target)
    for name in IN_DOCS:
        shutil.copy(target / name, ROOT / "docs")
