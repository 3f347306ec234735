"""How fast a mail server will have it: learnt from what it says."""

import time

from django.conf import settings

LONGEST_REST = 5.0  # seconds; who is asked to stop must not wait longer
MORE_AFTER = 100  # mails accepted in a row, for one more connection


class ConcurrencyControl:
    """How many connections there may be, and from when on. "421" halves them, and asks for a rest."""

    def __init__(self) -> None:
        self.connections: int = settings.SMTP_CONNECTIONS
        self._accepted = 0
        self._rest = 0.0
        self._rest_until = 0.0

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self._rest_until

    def slow_down(self) -> None:
        self.connections = max(1, self.connections // 2)
        self._accepted = 0
        self._rest = min(max(2 * self._rest, 0.5), LONGEST_REST)
        self._rest_until = time.monotonic() + self._rest

    def limit_to(self, connections: int) -> None:
        """The server opens no more than these. To ask it again for each mail would have all the others wait."""
        self.connections, self._accepted = connections, 0

    def note_accepted(self) -> None:
        self._accepted += 1
        if self._accepted >= MORE_AFTER:
            self._accepted, self._rest = 0, 0.0
            self.connections = min(self.connections + 1, settings.SMTP_CONNECTIONS)
