"""A process of its own for each measurement, with a database of its own, whose papers are made up."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def measure(statement: str, folder: str, database: str = "") -> dict[str, Any]:
    """The JSON that `statement` prints, run where Django is set up and the topics are loaded."""
    environment = os.environ | {
        "VAR_DIR": folder, "DATABASE_URL": database or f"sqlite:///{folder}/db.sqlite3",
        "CELERY_BROKER_URL": "memory://", "DEBUG": "0", "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    for command in (["migrate", "-v0"], ["load_topics"]):
        _python(["manage.py", *command], environment)
    figures: dict[str, Any] = json.loads(_python(["-c", f"import django; django.setup(); {statement}"], environment))
    return figures


def milliseconds(taken: list[float], name: str) -> dict[str, float]:
    """Median, 95th percentile and most of `taken` (seconds)."""
    ordered = sorted(taken)
    at = {"p50": len(ordered) // 2, "p95": int(len(ordered) * 0.95), "most": len(ordered) - 1}
    return {f"{which}_ms_{name}": round(ordered[place] * 1000, 1) for which, place in at.items()}


def _python(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
