"""The mail server of the chaos test. It fails at random by a seed, and logs each email before it answers.

    python -m tests.chaos.server PORT LOG SEED [calm]

A line of the log holds: when the email began (seconds), when it was accepted, its Message-ID, its recipient, and
whether the answer was swallowed. While the file LOG.off exists, the server refuses every email. A calm server has no
other faults.
"""

import os
import random
import sys
import time
from pathlib import Path

from tests.sink import Received, Sink

FAULTS = {
    "greeting": (("421 4.7.0 Too many connections", 0.02), ("drop", 0.01)),
    "MAIL": (("451 4.3.0 Later", 0.001), ("421 4.7.0 Too fast", 0.001), ("drop", 0.002)),
    "RCPT": (("450 4.2.0 Greylisted", 0.003), ("550 5.1.1 No such user", 0.001), ("drop", 0.002), ("stall 1", 0.001)),
    "DATA": (("451 4.3.0 Later", 0.001), ("drop", 0.002)),
    "content": (
        ("451 4.3.0 Later", 0.002),
        ("554 5.6.0 I can't read this", 0.001),
        ("421 4.3.2 Going down", 0.001),
        ("swallow", 0.001),
        ("stall 1", 0.001),
    ),
}


def main() -> None:
    port, log, seed = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    off = log.with_suffix(".off")
    faults = {} if "calm" in sys.argv[4:] else FAULTS
    swallowed: set[int] = set()

    def script(stage: str, mail: Received) -> str:
        if stage == "MAIL" and off.exists():
            return "550 5.7.1 Quota exceeded"
        for fault, share in faults.get(stage, ()):
            if chance.random() < share:
                if fault == "swallow":
                    swallowed.add(id(mail))
                return fault
        return ""

    def keep(mail: Received) -> None:
        how = "swallowed" if id(mail) in swallowed else "answered"
        swallowed.discard(id(mail))
        line = f"{mail.began_at:.6f} {time.time():.6f} {mail.message_id} {mail.recipient} {how}\n"
        os.write(file, line.encode())

    with Sink(script=script, keep=keep, port=port, remembers=False):
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
