"""Reports of errors: what they say, and what they must not say."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from config import clean_env, error_reports

ROOT = Path(__file__).resolve().parent.parent
# In a process of its own, because Sentry patches Django and Celery for good.
SCRIPT = """
import json, sys
from unittest import mock
from config.bootstrap import load_settings
load_settings()
import django; django.setup()
from django.test import Client
from config import error_reports
assert "sentry_sdk" not in sys.modules, "imported without SENTRY_DSN"
sent = []
error_reports.start("https://key@sentry.example.org/1", environment="staging", version="1.2.3", transport=sent.append)
import config.wsgi
client = Client(raise_request_exception=False)
with mock.patch("digest.views.health.JsonResponse", side_effect=ValueError("ada@example.org said no")):
    client.post("/healthz?token=s3cr3t&email=ada@example.org", {"email": "ada@example.org"},
                headers={"cookie": "sessionid=c00kie", "x-forwarded-for": "203.0.113.9"})
import logging
logging.getLogger("digest").error("%s can't be emailed", "ada@example.org")
import sentry_sdk; sentry_sdk.flush()
print(json.dumps(sent, default=str))
"""


def test_a_report_says_where_it_failed_and_nothing_of_the_visitor(tmp_path: Path) -> None:
    env = clean_env.environment() | {"VAR_DIR": str(tmp_path), "DEBUG": "0", "ALLOWED_HOSTS": "testserver"}
    env.pop("DEVELOPMENT", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=env | {"PYTHONPATH": os.fspath(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    reports = json.loads(done.stdout.splitlines()[-1])
    text = json.dumps(reports, ensure_ascii=False)
    assert "ValueError" in text
    assert "…@example.org said no" in text
    for secret in ("ada", "s3cr3t", "c00kie", "203.0.113.9"):
        assert secret not in text, secret
    for report in reports:
        assert (report["environment"], report["release"]) == ("staging", "daily-papers@1.2.3")
        assert not {"user", "breadcrumbs", "extra"} & report.keys()


def test_paths_tasks_and_variables_are_scrubbed() -> None:
    event: dict[str, Any] = {
        "request": {
            "url": "https://x.org/unsubscribe/AQIDBAUGBwgJCgsMDQ4PEA-rest/",
            "data": "x",
            "cookies": {"a": "b"},
        },
        "contexts": {"celery-job": {"args": ["ada@example.org"]}, "runtime": {"name": "CPython"}},
        "user": {"ip_address": "203.0.113.9"},
    }
    assert error_reports._scrub(event, {}) == {
        "request": {"url": "https://x.org/unsubscribe/…/"},
        "contexts": {"runtime": {"name": "CPython"}},
    }
