"""Following one topic, author or phrase by a button, and undoing it."""

from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _

from subscriptions.models import Consent, Subscriber, Topic, TopicFilter
from subscriptions.models.readers import MAX_WORDS_LENGTH
from subscriptions.query import grammar, validation
from subscriptions.query.grammar import Criteria, FilterError
from subscriptions.readers import consents
from subscriptions.readers.consents import Trace
from subscriptions.readers.row_lock import on_the_current_row


class FollowKind(StrEnum):
    TOPIC = "topic"
    AUTHOR = "author"
    PHRASE = "phrase"


def as_words(kind: str, value: str) -> str:
    """Return an author or a phrase in the query language."""
    return grammar.write(Criteria(authors=(value,)) if kind == FollowKind.AUTHOR else Criteria(phrases=(value,)))


def single(criteria: Criteria) -> tuple[str, str] | None:
    """Return the kind and the value of the only phrase or author in the criteria, or None if there is more or less."""
    found = [(kind, value) for kind in (FollowKind.AUTHOR, FollowKind.PHRASE) for value in _values(criteria, kind)]
    has_more = criteria._replace(authors=(), phrases=(), quoted=()) != Criteria()
    return found[0] if len(found) == 1 and not has_more else None


def key(kind: str, value: str) -> tuple[str, str]:
    """Return what identifies a topic, an author or a phrase among what a reader follows.

    The query language drops quotes and extra spaces, so a name may differ from what is stored of it.
    """
    if kind == FollowKind.TOPIC:
        return kind, value.casefold()
    try:
        criteria = grammar.parse(as_words(kind, value))
    except FilterError:  # no one can follow it
        return kind, value.casefold()
    return kind, _values(criteria, kind)[0].casefold()


def followed(reader: Subscriber) -> frozenset[tuple[str, str]]:
    """Return the keys of what the reader follows (see `key`). A topic's value is its slug."""
    found = set[tuple[str, str]]()
    for row in reader.filters.select_related("topic"):
        if row.topic:
            found.add((FollowKind.TOPIC, row.topic.slug.casefold()))
        else:
            found |= {
                (kind, name.casefold())
                for kind in (FollowKind.AUTHOR, FollowKind.PHRASE)
                for name in _values(row.criteria, kind)
            }
    return frozenset(found)


@on_the_current_row
def follow(reader: Subscriber, kind: str, value: str, *, trace: Trace | None = None) -> bool:
    """Add a topic (by slug), an author or a phrase to what the reader follows. Return False if it was there.

    Raise FilterError, with the reason for the reader, if it can't be followed.
    """
    if key(kind, value) in followed(reader):
        return False
    if kind == FollowKind.TOPIC:
        topic = Topic.objects.filter(slug=value, is_offered=True).first()
        if topic is None:
            raise FilterError(_("This topic is not offered anymore."))
        TopicFilter.objects.create(subscriber=reader, topic=topic)
    else:
        words = as_words(kind, value)
        _check(reader, words)
        TopicFilter.objects.create(subscriber=reader, words=words)
    consents.record(reader, Consent.Event.CHANGED, trace)
    return True


@on_the_current_row
def unfollow(reader: Subscriber, kind: str, value: str, *, trace: Trace | None = None) -> bool:
    """Remove one topic, author or phrase, and nothing else. Return False if the reader does not follow it."""
    if kind == FollowKind.TOPIC:
        is_removed = bool(reader.filters.filter(topic__slug=value).delete()[0])
    else:
        wanted = key(kind, value)
        removed = [_remove_term(row, *wanted) for row in reader.filters.filter(topic=None)]
        is_removed = any(removed)
    if is_removed:
        consents.record(reader, Consent.Event.CHANGED, trace)
    return is_removed


def _check(reader: Subscriber, words: str) -> None:
    """Raise FilterError if the reader can't add `words` to their own, by the rules of the form."""
    present = list(reader.filters.filter(topic=None).values_list("words", flat=True))
    together = "\n".join([*present, words])
    if len(together) > MAX_WORDS_LENGTH:
        raise FilterError(_("You follow too many words. Remove some in your settings first."))
    grammar.check_count([term for row in (*present, words) for term in grammar.split(grammar.normalize_signs(row))])
    validation.read(words)


def _remove_term(row: TopicFilter, kind: str, value: str) -> bool:
    """Remove a term, given by its key, from the reader's own words. Delete the row if no other term is left."""
    terms = grammar.split(grammar.normalize_signs(row.words))
    kept = [term for term in terms if not _is_term(term, kind, value)]
    if len(kept) == len(terms):
        return False
    with transaction.atomic():
        if kept:
            row.words = "\n".join(kept)  # a line for each, because a sentence ends with its line
            row.save()
        else:
            row.delete()
    return True


def _is_term(term: str, kind: str, value: str) -> bool:
    return value in {found.casefold() for found in _values(grammar.parse(term), kind)}


def _values(criteria: Criteria, kind: str) -> tuple[str, ...]:
    """Return the authors or the phrases of the criteria."""
    return criteria.authors if kind == FollowKind.AUTHOR else (*criteria.phrases, *criteria.quoted)
