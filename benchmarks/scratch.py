"""A database and a process of its own for a measurement, so that it touches nothing and nothing kept helps it."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from config import clean_env

ROOT = Path(__file__).resolve().parent.parent


def measure(call: str, database: str = "") -> dict[str, Any]:
    """What `call`, such as "composing.measure(100)" of a module here, returns in a fresh process.

    It finds an empty, migrated database with the catalogue of topics: SQLite, unless `database` is the URL of another.
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
        raise RuntimeError(f"{' '.join(arguments)[:100]} ended with {done.returncode}; what it said stands above.")
    return done.stdout
