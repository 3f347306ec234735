"""The version and where it is shown."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from django.test import Client

ROOT = Path(__file__).resolve().parent.parent


def test_the_command_line_shows_our_version_even_if_a_setting_is_invalid() -> None:
    command = [sys.executable, "manage.py", "--version"]
    done = subprocess.run(command, cwd=ROOT, env={"PORT": "none"}, capture_output=True, text=True, check=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert done.stdout.startswith(f"Daily Papers {version} (Django ")


def test_every_page_of_the_admin_shows_it(admin_client: Client, settings: Any) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert re.search(rf'id="footer">.*Daily Papers {re.escape(settings.VERSION)}', page)


def test_the_changelog_has_a_section_for_it(settings: Any) -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert re.fullmatch(r"\d+\.\d+\.\d+", settings.VERSION)
    wanted = settings.VERSION.removesuffix(".0")
    assert any(wanted in heading for heading in headings)
