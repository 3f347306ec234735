"""A look, or the notes of an edition, tried on a sample mail before they count. Nothing is stored, no reader shown."""

from dataclasses import dataclass

from django.conf import settings

from digest.editions import publication
from digest.email import rendering
from digest.email.rendering import RenderedEmail
from digest.models import Edition
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import compose
from digest.site import topics
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.colours import Colours
from subscriptions.email import builder
from subscriptions.models import Subscriber, Topic

FOLLOWED = 3  # topics of the sample reader: those that most of the edition's papers are on


class NothingToShowError(Exception):
    """There is no mail to try a look on; the message says why."""


@dataclass(frozen=True)
class ThemePreview:
    """A digest for a sample reader, in the look that is tried on. Links that would be a reader's own lead nowhere."""

    edition: Edition
    topics: list[Topic]  # that the sample reader follows
    mail: RenderedEmail
    look: Look

    @property
    def schemes(self) -> list[tuple[str, Colours, str]]:
        """The mail in both, whichever the browser likes."""
        asked, html = "(prefers-color-scheme: dark)", self.mail.html
        return [
            ("light", self.look.light, html.replace(asked, "not all")),
            ("dark", self.look.dark, html.replace(asked, "all")),
        ]


def preview_theme(look: Look, edition: Edition | None = None) -> ThemePreview:
    """A digest of `edition` as it is in memory, or of the newest. Raises NothingToShowError where there is none."""
    edition = edition or publication.latest()
    if edition is None:
        raise NothingToShowError("There is no edition yet: publish one first.")
    followed = _most_frequent(edition)
    wanted = profiles.make_profile(followed, on_quiet_days=True)
    digest = compose(paper_index.build_index(publication.papers_of(edition), for_page=True), wanted, edition.day)
    nowhere = f"{settings.SITE_URL}/#"
    urls = {f"{name}_url": nowhere + name for name in ("preferences", "unsubscribe")}
    reader = Subscriber(email="reader@example.org", language=settings.LANGUAGE_CODE, confirmed_at=edition.published_at)
    with brand.trying(look):
        return ThemePreview(edition, followed, rendering.render(digest, edition, subscriber=reader, **urls), look)


def send_preview(fitting: ThemePreview, address: str) -> None:
    """Mail it to whoever tries it on, as it would look in their inbox."""
    with brand.trying(fitting.look):
        rendered = fitting.mail
        headers = {"Auto-Submitted": "auto-generated"}
        builder.build_message(address, f"Preview: {rendered.subject}", rendered.text, rendered.html, headers).send()


def _most_frequent(edition: Edition) -> list[Topic]:
    found = topics.most_frequent(topics.offered(), topics.counts([edition]))[:FOLLOWED]
    return list(Topic.objects.filter(slug__in=[label.slug for label, _ in found]))
