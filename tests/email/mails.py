"""An email as sent, and as a mail client parses it."""

import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

from digest.email.batch.composer import Composer, DueDelivery
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from tests.conftest import NOW


@dataclass(frozen=True)
class Mail:
    """An email. `wire` is the whole message, with lines that end in CRLF."""

    wire: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(self.wire)

    @cached_property
    def text(self) -> str:
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        return self._part("html")

    @cached_property
    def elements(self) -> list[tuple[str, dict[str, str | None]]]:
        """The name and attributes of each element of the HTML part, in order."""
        found: list[tuple[str, dict[str, str | None]]] = []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))  # type: ignore[method-assign]
        parser.feed(self.html)
        return found

    @property
    def links(self) -> set[str]:
        return {attrs["href"] or "" for tag, attrs in self.elements if tag == "a"}

    @property
    def links_for_text(self) -> set[str]:
        """The links that the text part needs: it has one for all ratings of a paper, to keep it short."""
        return {link.partition("?opinion=")[0] for link in self.links}

    @property
    def text_links(self) -> set[str]:
        return set(re.findall(r": (https?://\S+)$", self.text, re.MULTILINE))

    @property
    def defects(self) -> list[Any]:
        """The defects that the parser found in the email, its parts and its headers."""
        found: list[Any] = []
        for part in self.message.walk():
            found += part.defects
            found += [defect for header in part.values() for defect in header.defects]
        return found

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    def _part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


def digest_of(edition: Edition, reader: Subscriber) -> Mail:
    """Compose the reader's digest, as a worker does."""
    made = digests_of(edition, [reader])
    assert made, "nothing in the edition for this reader"
    return made[0]


def digests_of(edition: Edition, readers: list[Subscriber]) -> list[Mail]:
    """Compose the digests of the readers that get one."""
    rows = []
    for reader in readers:
        row, _ = Delivery.objects.get_or_create(
            edition=edition, subscriber=reader, defaults={"queued_at": NOW, "not_before": NOW}
        )
        rows.append(DueDelivery(row.pk, edition.pk, reader.pk))
    made = list(Composer().compose(rows))
    assert [composed.problem for composed in made if composed.problem] == []
    return [Mail(composed.message) for composed in made if composed.message]
