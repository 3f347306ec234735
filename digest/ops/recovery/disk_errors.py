"""Messages to operators about a folder that is full or can't be written, with what to do."""

import errno
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}


def describe(error: OSError, folder: Path) -> str:
    """Return what is wrong with `folder`, and what to do."""
    if error.errno in FULL:
        return f"The disk of {folder} is full. Free some space, or use another disk."
    return f"{folder} can't be written ({error.strerror or error}). Choose a folder that this user may write to."


def say(error: OSError) -> str:
    """Return what is wrong with the file that the error names, and what to do."""
    where = f"{error.filename}: " if error.filename else ""
    advice = "Free some space, and run the same command again." if error.errno in FULL else "Use another file."
    return f"{where}{error.strerror or error}. {advice}"


def with_advice(message: str) -> str:
    """Return the message of a database or its tool. If a disk is full, add what to do."""
    if "disk is full" not in message and "No space left" not in message:
        return message
    return f"{message.rstrip('.')}. Free some space on its disk, and run the same command again."
