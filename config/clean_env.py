"""An environment that tells settings nothing: for tests and measurements, which must reach nothing that is real."""

import os
import re
from pathlib import Path

_SETTINGS = Path(__file__).with_name("settings.py")
_READ = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')


def names() -> set[str]:
    """Every variable that settings read, but for those of mail providers, which begin with ANYMAIL_."""
    return set(_READ.findall(_SETTINGS.read_text(encoding="utf-8")))


def environment() -> dict[str, str]:
    """This process' variables without those, and without what stands in a `.env`."""
    read = names()
    kept = {name: value for name, value in os.environ.items() if name not in read and not name.startswith("ANYMAIL_")}
    return kept | {"ENV_FILE": os.devnull}
