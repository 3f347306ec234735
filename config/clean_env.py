"""An environment without any settings, for tests and benchmarks, which must not reach real services."""

import os
import re
from pathlib import Path

_SETTINGS = Path(__file__).with_name("settings.py")
_READ = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')


def names() -> set[str]:
    """Return the variables that the settings read, except those of email providers, which begin with ANYMAIL_."""
    return set(_READ.findall(_SETTINGS.read_text(encoding="utf-8")))


def environment() -> dict[str, str]:
    """Return this process's environment without the variables of the settings, and without any `.env`."""
    read = names()
    others = {name: value for name, value in os.environ.items() if name not in read and not name.startswith("ANYMAIL_")}
    return others | {"ENV_FILE": os.devnull}
