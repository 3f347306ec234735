"""The secret key of a site without SECRET_KEY, made at its first start and kept in a file."""

import os
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key


def read_or_make(path: Path) -> str:
    """Return the key in the file. The first start makes it, so that links in emails stay valid."""
    if not path.exists():
        draft = path.with_name(f".secret_key-{os.getpid()}")
        try:
            draft.touch(mode=0o600)
            draft.write_text(get_random_secret_key())
            # If two processes start together, one links its complete draft first, and both read that.
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        except OSError as error:
            raise ImproperlyConfigured(f"{path} can't be written ({error.strerror}).") from error
        finally:
            draft.unlink(missing_ok=True)
    try:
        key = path.read_text().strip()
    except PermissionError as error:
        raise ImproperlyConfigured(f"{path} can't be read by user {os.geteuid()}.") from error
    if not key:
        raise ImproperlyConfigured(f"{path} is empty. Delete it, or set SECRET_KEY.")
    return key
