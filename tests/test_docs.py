"""What the README says about settings is what the settings read."""

import re
from pathlib import Path

from config import bare

ROOT = Path(__file__).resolve().parent.parent


def test_it_documents_every_setting() -> None:
    rows = re.findall(r"^\| (`[A-Z_]+.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)", row)}
    assert bare.names() <= documented
    assert documented - bare.names() <= {"ANYMAIL_"}
