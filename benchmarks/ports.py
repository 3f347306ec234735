"""Free ports for servers on loopback, in measurements and tests."""

import random
import socket

# The system gives ports from 32768 up to outgoing connections. One of those could be taken again before a server
# binds it, seconds after it was found free.
PORTS = range(10_000, 32_000)


def free_port() -> int:
    """Return a random port of PORTS that nothing listens on. Raise OSError if 50 in a row are taken."""
    for port in random.sample(PORTS, 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("50 random ports are taken.")
