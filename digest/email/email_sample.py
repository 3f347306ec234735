"""Preview a theme, the notes of an edition, or the digest of one reader. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from digest.editions import candidates, publication
from digest.email import rendering
from digest.email.rendering import RenderedEmail
from digest.models import Edition
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import Digest, compose
from digest.search import reader_digest
from digest.site import topics as topic_counts
from subscriptions import brand
from subscriptions.brand import Look
from subscriptions.colors import Colors
from subscriptions.email import builder
from subscriptions.models import Subscriber, Topic

FOLLOWED = 3  # topics of the sample reader, the most frequent ones of the edition


class NothingToShowError(Exception):
    """There is no edition to preview, or no email for this reader. The message says what to do."""


@dataclass(frozen=True)
class EmailPreview:
    """A digest in the previewed theme, of a sample reader or of a real one. Its personal links lead nowhere."""

    edition: Edition
    topics: Sequence[Topic]  # followed by the sample reader
    reader: Subscriber | None  # None: a sample reader
    digest: Digest
    mail: RenderedEmail
    look: Look

    @property
    def schemes(self) -> list[tuple[str, Colors, str]]:
        """Return the email in light and in dark colors, regardless of the browser's preference."""
        dark_scheme, html = "(prefers-color-scheme: dark)", self.mail.html
        return [
            ("light", self.look.light, html.replace(dark_scheme, "not all")),
            ("dark", self.look.dark, html.replace(dark_scheme, "all")),
        ]


def preview_email(
    look: Look, edition: Edition | None = None, *, reader: Subscriber | None = None, topics: Sequence[Topic] = ()
) -> EmailPreview:
    """Return a digest of `edition` as it is in memory, or of the newest edition.

    It is the digest of `reader`, or of a sample reader who follows `topics`, or else the most frequent topics.
    Raise NothingToShowError if there is no edition, or if the reader gets no email.
    """
    edition = edition or publication.newest()
    if edition is None:
        raise NothingToShowError("There is no edition yet: publish one first.")
    if reader is None:
        topics = topics or _most_frequent(edition)
        digest = _digest_of_topics(topics, edition)
    else:
        topics, digest = (), reader_digest.with_whole_papers(reader_digest.of_edition(reader, edition))
    if not digest.is_worth_sending:
        raise NothingToShowError(f"Nothing in the edition of {edition.day} matches what they follow: no email is sent.")
    nowhere = f"{settings.SITE_URL}/#"
    urls = {f"{name}_url": nowhere + name for name in ("preferences", "unsubscribe")}
    with brand.trying(look):
        mail = rendering.render(digest, edition, subscriber=reader or _sample_reader(edition), **urls)
    return EmailPreview(edition, topics, reader, digest, mail, look)


def _digest_of_topics(topics: Sequence[Topic], edition: Edition) -> Digest:
    wanted = profiles.make_profile(topics)._replace(trending_if_none_match=True, is_grouped=True)
    return compose(paper_index.build_index(candidates.papers(edition, None), for_page=True), wanted, edition.day)


def _sample_reader(edition: Edition) -> Subscriber:
    return Subscriber(email="reader@example.org", language=settings.LANGUAGE_CODE, confirmed_at=edition.published_at)


def send_preview(preview: EmailPreview, address: str) -> None:
    """Send the preview to `address`."""
    with brand.trying(preview.look):
        rendered = preview.mail
        headers = {"Auto-Submitted": "auto-generated"}
        builder.build_message(address, f"Preview: {rendered.subject}", rendered.text, rendered.html, headers).send()


def _most_frequent(edition: Edition) -> list[Topic]:
    counted = topic_counts.counts([edition])
    found = topic_counts.most_frequent(topic_counts.offered(), counted)[:FOLLOWED]
    return list(Topic.objects.filter(slug__in=[label.slug for label, _ in found]))
