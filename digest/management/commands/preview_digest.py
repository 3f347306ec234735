import difflib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from digest.editions import candidates, publication
from digest.email import rendering
from digest.management.base import check_database, day
from digest.models import Edition
from digest.personalization import paper_index, profiles
from digest.personalization.digest_selection import QueryProfile, compose
from subscriptions.models import Subscriber, Topic
from subscriptions.query import validation
from subscriptions.query.grammar import FilterError


class Command(BaseCommand):
    help = "Show the digest for a reader, or for given topics and words. Sends nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="a reader's address")
        parser.add_argument("--topic", action="append", default=[], metavar="SLUG", help="a topic; can be repeated")
        parser.add_argument("--words", default="", help='own words: --words="diffusion models, -medical"')
        parser.add_argument("--date", metavar="DAY", help="the edition's day; default: the newest edition")
        parser.add_argument(
            "--html", type=Path, metavar="FILE", help="write the HTML part there instead of printing text"
        )
        parser.add_argument("--json", action="store_true", help="print the email and its papers as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        if bool(options["email"]) == bool(options["topic"] or options["words"]):
            raise CommandError("Give either --email ADDRESS, or --topic SLUG and --words WORDS.")
        edition = self._edition(options["date"])
        reader = self._reader(options["email"], edition) if options["email"] else None
        profile = profiles.profile_of(reader) if reader else self._profile(options["topic"], options["words"])
        papers = candidates.papers(edition, candidates.weekly_cutoff(edition, reader) if reader else None)
        digest = compose(paper_index.build_index(papers), profile, edition.day)
        if not digest.is_worth_sending:
            message = f"No email: none of the {digest.of_how_many} papers of {edition.day} match."
            self.stdout.write(json.dumps({"papers": []}) if options["json"] else message)
            return
        with translation.override(reader.language if reader else settings.LANGUAGE_CODE):
            rendered = rendering.render(
                digest, edition, preferences_url="#preferences", unsubscribe_url="#unsubscribe", subscriber=reader
            )
        if options["html"]:
            self._write(options["html"], rendered.html)
        if options["json"]:
            chosen = [match.paper.key for match in digest.matches]
            self.stdout.write(json.dumps({"subject": rendered.subject, "text": rendered.text, "papers": chosen}))
        elif options["html"]:
            self.stdout.write(f"Wrote {options['html']}: {rendered.subject}")
        else:
            self.stdout.write(f"Subject: {rendered.subject}\n\n{rendered.text}")

    def _write(self, path: Path, html: str) -> None:
        try:
            path.write_text(html)
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}.") from error

    def _edition(self, date: str | None) -> Edition:
        edition = Edition.objects.filter(day=day(date)).first() if date else publication.newest()
        if edition is None:
            raise CommandError(
                f"There is no edition{f' of {date}' if date else ''} yet. Run run_day or publish_edition first."
            )
        return edition

    def _reader(self, email: str, edition: Edition) -> Subscriber:
        reader = Subscriber.objects.by_email(email).first()
        if reader is None:
            raise CommandError(f"No reader has the address {email}.")
        if not reader.confirmed_at:
            self.stderr.write(
                f"{reader.email} has not confirmed and gets no email yet. After that it would be this one."
            )
            reader.confirmed_at = edition.published_at  # the email shows it; not saved
        return reader

    def _profile(self, slugs: list[str], words: str) -> QueryProfile:
        topics = {topic.slug: topic for topic in Topic.objects.all()}
        for slug in slugs:
            if slug not in topics:
                near = difflib.get_close_matches(slug, topics, n=3)
                advice = f"Did you mean {', '.join(near)}?" if near else "The site lists them all at /topics/."
                raise CommandError(f"There is no topic “{slug}”. {advice}")
        try:
            criteria = validation.read(words)
        except FilterError as error:
            raise CommandError(str(error)) from error
        profile = profiles.make_profile([topics[slug] for slug in slugs], [criteria])
        return profile._replace(is_grouped=True)  # as by default
