"""The child process. It sets its own limits, reads the input and writes the function's result."""

import resource
import sys
from contextlib import suppress
from importlib import import_module

from digest.isolation import FAILED, MEMORY, OUT_OF_MEMORY

MAX_MESSAGE_LENGTH = 1_000  # characters


def _limit(seconds: int) -> None:
    limits = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_AS: (MEMORY, MEMORY),
    }
    for name, limit in limits.items():
        with suppress(OSError, ValueError):  # macOS has no memory limit, and a service may already have lower limits
            resource.setrlimit(name, limit)


def _main(name: str, seconds: str) -> None:
    _limit(int(seconds))
    module, _, function = name.partition(":")
    try:
        result = getattr(import_module(module), function)(sys.stdin.buffer.read())
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except Exception as error:
        message = str(error) or type(error).__name__
        sys.stderr.buffer.write(message[:MAX_MESSAGE_LENGTH].encode(errors="replace"))
        sys.exit(FAILED)
    sys.stdout.buffer.write(result)


if __name__ == "__main__":
    _main(*sys.argv[1:])
