"""Ways out: each takes mails and tells, for each, what became of it.

A transport pulls the next mail only when it can hand it over at once, since whether its reader still wants it, and
whether a limit lets it pass, is looked at when it is pulled. It raises nothing for what a server says: that is an
outcome. While it waits it yields None now and then, so that its caller can keep the lease and stop in time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.mail import EmailMessage

from digest.delivery.outcomes import Outcome

HEARTBEAT = 0.5  # seconds between two Nones of a transport that waits


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready to be handed over.

    `message` is what the transport takes: bytes (RFC 5322, whole, lines end on CRLF, 7-bit, no line is a lone dot or
    begins with one) where it is `raw`, else a message of Django's.
    """

    delivery_id: int
    address: str
    sender: str  # of the envelope
    message: bytes | EmailMessage
    papers: Any = None  # what it holds, as `Delivery.papers` keeps it


class Transport(Protocol):
    @property
    def name(self) -> str:
        """Of the provider that would take the next mail: limits go by it."""
        ...

    @property
    def raw(self) -> bool:
        """Whether it takes bytes."""
        ...

    def send(self, mails: Iterable[Mail | None]) -> Iterator[Outcome | None]:
        """Hand over each of `mails`; an outcome for each that was pulled, in any order, as soon as it is known.

        A None among the mails means that none may leave just now: what is in hand goes on, and after a moment the
        next is asked for. After an outcome STOPPED no further mail is pulled.
        """
        ...

    def close(self) -> None:
        """Let go of connections. A later `send` opens them anew."""
        ...
