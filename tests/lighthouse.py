"""Run Lighthouse on the main pages of the sample day, served as in production. Not part of the tests.

python -m tests.lighthouse [a page's name …]
"""

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config import clean_env
from tests.browser import CHROMIUM, NODE, OPTIONS
from tests.screenshots import wait_for

ROOT = Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("LIGHTHOUSE_PORT", "8798"))
SITE = f"http://127.0.0.1:{PORT}"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = 99


def main(names: list[str]) -> int:
    """Print each page's scores and failed audits. Return 1 if any score is below LEAST."""
    pages = {
        "home": "/",
        "edition": f"/{dt.datetime.now(dt.UTC).date()}/",
        "paper": "/papers/sample:borrowed-patience/",
        "sign-up": "/subscribe/",
    }
    with tempfile.TemporaryDirectory() as var:
        environment = clean_env.environment() | {"VAR_DIR": var, "PORT": str(PORT), "DEBUG": "0", "SITE_URL": SITE}
        environment |= {"DATABASE_URL": f"sqlite:///{var}/demo.sqlite3", "EMAIL_URL": "outbox://"}
        manage = [sys.executable, "manage.py"]
        subprocess.run([*manage, "collectstatic", "--noinput", "-v0"], cwd=ROOT, env=environment, check=True)
        demo = subprocess.Popen([*manage, "demo"], cwd=ROOT, env=environment)
        try:
            wait_for(f"{SITE}/healthz")
            marks = [
                _judge(name, path, form, Path(var) / "report.json")
                for name, path in pages.items()
                if not names or name in names
                for form in ("mobile", "desktop")
            ]
        finally:
            demo.terminate()
            demo.wait()
    return int(min(marks) < LEAST)


def _judge(name: str, path: str, form: str, report: Path) -> int:
    """Print the page's scores, and return the lowest one."""
    command = [str(NODE / "node_modules/.bin/lighthouse"), f"{SITE}{path}", "--quiet", "--output=json"]
    command += [f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}"]
    command += [
        f"--chrome-flags=--headless=new {' '.join(OPTIONS)}",
        *(["--preset=desktop"] if form == "desktop" else []),
    ]
    environment = os.environ | {"CHROME_PATH": str(CHROMIUM)}
    if subprocess.run(command, env=environment, timeout=300, check=False).returncode:
        subprocess.run(command, env=environment, timeout=300, check=True)  # the browser sometimes fails to start
    results = json.loads(report.read_text())
    marks = {category: round(100 * (results["categories"][category]["score"] or 0)) for category in CATEGORIES}
    print(f"{name:8} {form:8}", "  ".join(f"{category} {mark}" for category, mark in marks.items()), flush=True)
    for category in CATEGORIES:
        for part in results["categories"][category]["auditRefs"]:
            audit = results["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(f"    {category}: {audit['title']} {audit.get('displayValue', '')}")
    return min(marks.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
