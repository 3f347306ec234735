"""Parse untrusted input in a child process with limits on CPU, memory and time.

Some libraries take quadratic time for malicious input, and hold the interpreter lock meanwhile. A thread can't stop
them, and Celery's workers may not start multiprocessing children. A child process for one input costs less than a
tenth of a second of CPU, can always be killed, and has none of our settings in its environment.

The child is `python -m digest.isolation MODULE:FUNCTION SECONDS` (see __main__.py).
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, SIGXCPU

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 5  # of CPU for any input
SECONDS_A_MEGABYTE = 3  # of CPU in addition; honest feeds take 0.3 on our machines
MAX_WALL_SECONDS = 100  # seconds of wall-clock time, because the machine may be busy with other things
MEMORY = 2**30  # bytes
FAILED, OUT_OF_MEMORY = 3, 4  # exit statuses
# The variables that Python needs to find its libraries.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")


class IsolationError(Exception):
    """The function raised an error, or reached a limit. The message says which."""


def run(function: Callable[[bytes], bytes], body: bytes) -> bytes:
    """Run `function` on `body` in a child process and return its result. Raise IsolationError.

    `function` must be defined at the top level of its module.
    """
    seconds = SECONDS + SECONDS_A_MEGABYTE * len(body) // 10**6
    name = f"{function.__module__}:{function.__qualname__}"
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    command = [sys.executable, "-m", "digest.isolation", name, str(seconds)]
    try:
        done = subprocess.run(  # noqa: S603 (no argument comes from outside)
            command, input=body, capture_output=True, cwd=ROOT, env=environment, timeout=MAX_WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise IsolationError(f"stopped after {MAX_WALL_SECONDS} seconds") from error
    if done.returncode:
        raise IsolationError(_reason(done.returncode, done.stderr.decode(errors="replace"), seconds))
    return done.stdout


def _reason(status: int, output: str, seconds: int) -> str:
    if status == FAILED:
        return output
    if status == OUT_OF_MEMORY:
        return f"stopped: it needs more than {MEMORY // 2**20} MB of memory"
    if status in (-SIGXCPU, -SIGKILL):
        return f"stopped after {seconds} seconds of CPU time"
    return f"the parser crashed with status {status}: {output[-200:].strip()}"
