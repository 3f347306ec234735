"""Preview a theme, or the notes of an edition, on a sample email. Nothing is stored, and no reader is shown."""

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

FOLLOWED = 3  # topics of the sample reader, the most frequent ones of the edition


class NothingToShowError(Exception):
    """There is no edition to preview. The message says what to do."""


@dataclass(frozen=True)
class ThemePreview:
    """A sample reader's digest in the previewed theme. Its personal links lead nowhere."""

    edition: Edition
    topics: list[Topic]  # followed by the sample reader
    mail: RenderedEmail
    look: Look

    @property
    def schemes(self) -> list[tuple[str, Colours, str]]:
        """Return the email in light and in dark colours, regardless of the browser's preference."""
        dark_scheme, html = "(prefers-color-scheme: dark)", self.mail.html
        return [
            ("light", self.look.light, html.replace(dark_scheme, "not all")),
            ("dark", self.look.dark, html.replace(dark_scheme, "all")),
        ]


def preview_theme(look: Look, edition: Edition | None = None) -> ThemePreview:
    """Return a digest of `edition` as it is in memory, or of the newest edition.

    Raise NothingToShowError if there is none.
    """
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


def send_preview(preview: ThemePreview, address: str) -> None:
    """Send the preview to `address`."""
    with brand.trying(preview.look):
        rendered = preview.mail
        headers = {"Auto-Submitted": "auto-generated"}
        builder.build_message(address, f"Preview: {rendered.subject}", rendered.text, rendered.html, headers).send()


def _most_frequent(edition: Edition) -> list[Topic]:
    found = topics.most_frequent(topics.offered(), topics.counts([edition]))[:FOLLOWED]
    return list(Topic.objects.filter(slug__in=[label.slug for label, _ in found]))
