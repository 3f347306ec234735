"""A fresh database and process for each measurement, so that it changes no data and starts without warm caches."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from config import clean_env

ROOT = Path(__file__).resolve().parent.parent


def measure(call: str, database: str = "") -> dict[str, Any]:
    """Return the result of `call`, such as "compose.measure(100)" for a module in this package, in a fresh process.

    The process has a migrated database with only the catalogue's topics: SQLite, or the one at the URL `database`.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = clean_env.environment() | {
            "VAR_DIR": folder,
            "DATABASE_URL": database or f"sqlite:///{folder}/db.sqlite3",
            "CELERY_BROKER_URL": "memory://",
            "EMAIL_URL": "dummymail://",
            "EMAIL_BACKEND": "",
            "SITE_URL": "https://papers.example.org",
            "FROM_EMAIL": "Daily Papers <digest@papers.example.org>",
            "POSTAL_ADDRESS": "Example Street 1, 12345 Example",
            "DEBUG": "0",
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        for command in (["migrate", "-v0"], ["load_topics"]):
            _run(["manage.py", *command], environment)
        module = call.partition(".")[0]
        code = f"import django, json; django.setup(); from benchmarks import {module}; print(json.dumps({call}))"
        figures: dict[str, Any] = json.loads(_run(["-c", code], environment).splitlines()[-1])
        return figures


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:100]} ended with code {done.returncode}. Its output is above.")
    return done.stdout
