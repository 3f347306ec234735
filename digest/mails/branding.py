"""A look, tried on a real reader's mail before it counts. Nothing is stored."""

from dataclasses import dataclass

from django.conf import settings

from digest import editions, indexing, interests, reading
from digest.composing import compose
from digest.mails import rendering
from digest.mails.rendering import Rendered
from digest.models import Delivery
from subscriptions import brand, mail
from subscriptions.brand import Look
from subscriptions.colours import Colours
from subscriptions.models import Subscriber


class NothingToShowError(Exception):
    """There is no mail to try a look on; the message says why."""


@dataclass(frozen=True)
class Fitting:
    """One reader's newest digest, in the look that is tried on. Links that are the reader's own lead nowhere."""

    reader: Subscriber
    mail: Rendered
    look: Look

    @property
    def schemes(self) -> list[tuple[str, Colours, str]]:
        """The mail in both, whichever the browser likes."""
        asked, html = "(prefers-color-scheme: dark)", self.mail.html
        return [
            ("light", self.look.light, html.replace(asked, "not all")),
            ("dark", self.look.dark, html.replace(asked, "all")),
        ]


def try_on(look: Look) -> Fitting:
    """The digest of the reader who had the last one. Raises NothingToShowError."""
    edition = editions.latest()
    if edition is None:
        raise NothingToShowError("There is no edition yet: publish one first.")
    for reader in _readers():
        index = indexing.index_of(reading.papers(edition, reading.since(edition, reader)), for_page=True)
        digest = compose(index, interests.wanted_by(reader), edition.day)
        if digest.is_worth_sending:
            nowhere = f"{settings.SITE_URL}/#"  # whoever sees this is not the reader
            urls = {f"{name}_url": nowhere + name for name in ("preferences", "unsubscribe")}
            with brand.trying(look):
                return Fitting(reader, rendering.render(digest, edition, subscriber=reader, **urls), look)
    raise NothingToShowError("The newest edition holds nothing for any of the first readers.")


def send(fitting: Fitting, address: str) -> None:
    """Mail it to whoever tries it on, as it would look in their inbox."""
    with brand.trying(fitting.look):
        rendered = fitting.mail
        headers = {"Auto-Submitted": "auto-generated"}
        mail.build_message(address, f"Preview: {rendered.subject}", rendered.text, rendered.html, headers).send()


def _readers() -> list[Subscriber]:
    had = Delivery.objects.filter(status=Delivery.Status.SENT).order_by("-sent_at").values_list("subscriber", flat=True)
    last = Subscriber.objects.active().filter(pk__in=list(had[:5]))
    return [*last, *Subscriber.objects.active()[:20]]
