"""Pictures of the sample day, all of them below var/screenshots/ and those that the README shows in docs/."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser

from tests.browser import chromium

ROOT = Path(__file__).resolve().parent.parent
PORT = 8799
SITE = f"http://127.0.0.1:{PORT}"
IN_README = ("edition.png", "digest.png")
PAGES = {"edition": "/", "subscribe": "/subscribe/", "paper": "/papers/sample:borrowed-patience/"}


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as var:
        environment = os.environ | {"VAR_DIR": var, "PORT": str(PORT), "DEBUG": "1"}
        demo = subprocess.Popen([sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment)
        try:
            wait_for(f"{SITE}/healthz")
            digest = next((Path(var) / "outbox").glob("*ada@*.eml"))
            with chromium() as browser:
                for name, path in PAGES.items():
                    shoot(browser, f"{SITE}{path}", folder / name, width=1280)
                shoot(browser, f"{SITE}/outbox/{digest.name}/html/", folder / "digest", width=700)
        finally:
            demo.terminate()
            demo.wait()


def shoot(browser: Browser, url: str, target: Path, width: int) -> None:
    """The top of the page, light and dark, wide and as narrow as a telephone."""
    for scheme in ("light", "dark"):
        for suffix, size in (("", width), ("-narrow", 320)):
            page = browser.new_page(viewport={"width": size, "height": 1000}, color_scheme=scheme)
            page.goto(url)
            page.screenshot(path=f"{target}{'' if scheme == 'light' else '-dark'}{suffix}.png")
            page.close()


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
    for name in IN_README:
        shutil.copy(target / name, ROOT / "docs")
