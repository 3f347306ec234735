"""Adaptive concurrency: the number of connections to a mail server follows from its replies."""

import time

from django.conf import settings

MAX_REST = 5.0  # seconds; a worker that is asked to stop must not wait longer
MORE_AFTER = 100  # emails accepted in a row that allow one more connection


class ConcurrencyControl:
    """The number of connections allowed, and the time until the next may be used. A 421 reply halves the number."""

    def __init__(self) -> None:
        self.connections: int = settings.SMTP_CONNECTIONS
        self._accepted = 0
        self._rest = 0.0
        self._rest_until = 0.0

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._rest_until

    def slow_down(self) -> None:
        """Halve the connections, and rest for twice as long as before."""
        self.connections = max(1, self.connections // 2)
        self._accepted = 0
        self._rest = min(max(2 * self._rest, 0.5), MAX_REST)
        self._rest_until = time.monotonic() + self._rest

    def limit_to(self, connections: int) -> None:
        """Open no more connections than the server accepted. Another try for each email would hold up the others."""
        self.connections, self._accepted = connections, 0

    def note_accepted(self) -> None:
        """Count an accepted email. After enough of them one more connection is allowed."""
        self._accepted += 1
        if self._accepted >= MORE_AFTER:
            self._accepted, self._rest = 0, 0.0
            self.connections = min(self.connections + 1, settings.SMTP_CONNECTIONS)
