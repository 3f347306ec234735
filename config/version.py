"""The version of this software. Its only home is pyproject.toml."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def read() -> str:
    """Return the version, such as 1.4.0."""
    version: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return version


def describe() -> str:
    """Return the version together with those of Django and Python, for error reports."""
    import platform

    import django

    return f"Daily Papers {read()} (Django {django.get_version()}, Python {platform.python_version()})"
