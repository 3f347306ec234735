"""The match of a reader's filters with a single paper, whatever its day."""

from digest.matching import Finding, match
from digest.models import Paper
from digest.personalization import paper_index, profiles
from subscriptions.models import Subscriber


def findings_in(paper: Paper, reader: Subscriber) -> tuple[Finding, ...]:
    """Return what the reader's filters find in `paper`; nothing if it matches none or an exclusion applies."""
    profile = profiles.profile_of(reader)
    index = paper_index.build_index([paper], for_page=True)
    matches = match(index, profile.interests, profile.exclusions, profile.amount)
    return matches[0].findings if matches else ()
