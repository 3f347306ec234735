"""What the README says about settings is what the settings read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_it_documents_every_setting() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings))
    rows = re.findall(r"^\| (`[A-Z_]+.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)", row)}
    assert read <= documented
    assert documented - read <= {"ANYMAIL_"}
