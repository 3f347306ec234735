"""The forms that readers fill in, and the fields that the admin shares."""

import datetime as dt
from contextlib import suppress
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.encoding import punycode
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from subscriptions import email_addresses, time_zones, typed_words
from subscriptions.models import Farewell, Subscriber, Topic
from subscriptions.models.readers import LONGEST_PAUSE, MAX_PAPERS_PER_EMAIL, MAX_WORDS_LENGTH, time_of
from subscriptions.models.topics import begins, holds, in_both, searchable, words_of
from subscriptions.query import grammar, validation
from subscriptions.readers import liked_papers
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.readers.preferences import SETTINGS, SWITCHES, Preferences
from subscriptions.security import abuse_limits
from subscriptions.topics import catalogues
from subscriptions.topics.areas import Area, by_area, current

MAX_FOUND = 12  # topics that the box shows
MAX_AREAS = 16  # areas; if there are more, the form shows the FIRST_AREAS, and the others on demand
FIRST_AREAS = 10
LONGEST_FIND = 60  # characters in the box that finds topics
LONGEST_CHOICE = 100  # characters in other fields of a draft: slugs, time zones, numbers


class TopicsField(forms.ModelMultipleChoiceField[Topic]):
    """A choice of topics. Retired ones, which a cached page may still offer, become the topics they included."""

    def clean(self, value: Any) -> Any:
        if unknown := [each for each in value or [] if "\x00" in each]:  # PostgreSQL would refuse the query
            raise forms.ValidationError(self.error_messages["invalid_choice"], "invalid_choice", {"value": unknown[0]})
        offered: Any = self.queryset
        known = set(offered.filter(slug__in=value).values_list("slug", flat=True)) if value else set()
        return super().clean(current(value or [], keep=known))


class PreferencesForm(forms.Form):
    """Topics, own words and delivery: the fields that sign-up and preferences share."""

    topics = TopicsField(
        Topic.objects.none(),
        to_field_name="slug",
        required=False,
        error_messages={"invalid_choice": _("“%(value)s” is not a topic. Choose one from the list.")},
    )
    words = forms.CharField(
        required=False,
        max_length=MAX_WORDS_LENGTH,
        error_messages={
            "max_length": format_lazy(_("That is too long: use at most {most} characters."), most=MAX_WORDS_LENGTH)
        },
    )
    frequency = forms.ChoiceField(
        choices=Subscriber.Frequency.choices,
        initial=Preferences.frequency,
        required=False,
        error_messages={"invalid_choice": _("Choose one of the options.")},
    )
    send_hour = forms.TypedChoiceField(
        choices=[(hour, time_of(hour)) for hour in range(24)],
        coerce=int,
        initial=Preferences.send_hour,
        required=False,
        empty_value=None,
        error_messages={"invalid_choice": _("Choose an hour from the list.")},
    )
    time_zone = forms.CharField(required=False, initial="UTC", validators=[time_zones.validate_time_zone])
    max_papers = forms.IntegerField(
        required=False,
        initial=Preferences.max_papers,
        min_value=1,
        max_value=MAX_PAPERS_PER_EMAIL,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            format_lazy(_("Write a number from 1 to {most}."), most=MAX_PAPERS_PER_EMAIL),
        ),
    )
    amount = forms.ChoiceField(
        choices=Subscriber.Amount.choices,
        initial=Preferences.amount,
        required=False,
        error_messages={"invalid_choice": _("Choose one of the options.")},
    )
    language = forms.ChoiceField(
        choices=settings.LANGUAGES,
        initial=get_language,
        required=False,
        error_messages={"invalid_choice": _("Choose a language from the list.")},
    )
    find = forms.CharField(required=False, max_length=LONGEST_FIND)  # finds topics; it is not a preference

    def __init__(self, *args: Any, reader: Subscriber | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reader = reader
        for switch in SWITCHES:
            self.fields[switch.name] = forms.BooleanField(
                required=False, label=switch.label, help_text=switch.otherwise
            )
        # A topic that is no longer offered stays available to its followers.
        followed = reader.filters.values("topic") if reader else []
        self._topics = Topic.objects.filter(Q(is_offered=True) | Q(pk__in=followed))
        self.fields["topics"].queryset = self._topics  # type: ignore[attr-defined]

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        try:
            validation.read_again(words, initial_preferences(self._reader)["words"] if self._reader else "")
        except grammar.FilterError as error:
            raise forms.ValidationError([*error.args]) from error
        return words

    def term_chips(self) -> list[str]:
        """Return the terms of a reader's own words, for chips. A sign-up has none."""
        return typed_words.terms_of(self["words"].value() or "") if self._reader else []

    def switches(self) -> list[forms.BoundField]:
        return [self[switch.name] for switch in SWITCHES]

    def preferences(self) -> Preferences:
        """Return the preferences of a valid form. Missing fields get their defaults."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        names = ("topics", "words", "likes", *SETTINGS)
        given.setdefault("language", get_language())
        return Preferences(**{name: given[name] for name in names if name in given})

    @cached_property
    def _by_slug(self) -> dict[str, Topic]:
        return {topic.slug: topic for topic in self._topics}

    def areas(self) -> list[Area]:
        """Return the topics by area, in the order of the catalogues. If there are many areas, return the first ones."""
        return self._areas[:FIRST_AREAS] if self.more_areas() else self._areas

    def more_areas(self) -> list[Area]:
        """Return the areas that are shown on demand, because there are many."""
        return self._areas[FIRST_AREAS:] if len(self._areas) > MAX_AREAS else []

    @cached_property
    def _areas(self) -> list[Area]:
        return by_area(self._by_slug.values())

    def popular(self) -> list[Topic]:
        """Return the popular topics, without ticked and found ones, which the form shows elsewhere."""
        shown = {*self.ticked(), *(topic.slug for topic in self.found())}
        return [topic for topic in catalogues.popular(self._by_slug.values()) if topic.slug not in shown]

    @property
    def sought(self) -> str:
        """The text in the box that finds topics, cut to its length, because it may be unvalidated."""
        return str(self["find"].value() or "")[:LONGEST_FIND]

    def found(self) -> list[Topic]:
        """Return the topics that match the box: first the area it names, then by name, group and phrases."""
        return self._found

    @cached_property
    def _found(self) -> list[Topic]:
        words = words_of(self.sought)
        if not words:
            return []
        ranks = {topic: self._rank(topic, words) for topic in self._by_slug.values()}
        return sorted((topic for topic in ranks if ranks[topic]), key=lambda topic: ranks[topic])[:MAX_FOUND]

    def _rank(self, topic: Topic, words: list[str]) -> int:
        """Return 1 for the best match, or 0 if the topic does not match."""
        names = searchable(*in_both(topic.name))
        ways = (
            topic.is_area and any(searchable(name).startswith(searchable(self.sought)) for name in in_both(topic.name)),
            begins(names, words) and not topic.is_area,
            begins(names, words),
            begins(topic.called, words),
            begins(searchable(*in_both(topic.group)), words),
            holds(topic.called + self.hinted(topic), words),
        )
        return next((rank for rank, matches in enumerate(ways, 1) if matches), 0)

    def about(self, topic: Topic) -> str:
        """Return what a found topic is about, with its area."""
        area = gettext(topic.group)
        if topic.is_area:
            n = len(self.included_topics(topic))
            return ngettext("Includes %(n)s topic", "Includes %(n)s topics", n) % {"n": n}
        return f"{area}: {gettext(topic.description)}" if topic.description else area

    def included_topics(self, topic: Topic) -> list[Topic]:
        """Return the topics that a broader topic includes and that can be ticked."""
        return [self._by_slug[slug] for slug in topic.narrower if slug in self._by_slug]

    def hinted(self, topic: Topic) -> str:
        """Return the searchable text of a topic besides its name; a broader topic adds the names that it includes."""
        names = (name for other in self.included_topics(topic) for name in (gettext(other.name), other.name))
        return topic.hinted + searchable(*names)

    def time_zone_choices(self) -> dict[str, tuple[str, ...]]:
        return time_zones.offered()

    def ticked(self) -> set[str]:
        """Return the slugs of the ticked topics, whether they come from a post, the database or the defaults."""
        value: Any = self["topics"].value() or []
        slugs = {getattr(topic, "slug", topic) for topic in value}
        return slugs if slugs <= self._by_slug.keys() else set(current(slugs))


class AddressField(forms.EmailField):
    """An address in plain ASCII, with its domain in Punycode.

    Quotes, look-alike and invisible characters would turn one mailbox into several readers that get emails and escape
    the suppression list.
    """

    def __init__(self) -> None:
        messages = {
            "required": _("Enter your email address, such as ada@example.org."),
            "invalid": _("That is not an email address. Write it like ada@example.org."),
            "max_length": _("That address is too long: mail servers accept at most 254 characters."),
        }
        super().__init__(max_length=254, error_messages=messages)

    def clean(self, value: Any) -> str:
        local, _at, domain = super().clean(value).rpartition("@")
        with suppress(UnicodeError):
            address = f"{local}@{punycode(domain)}"
            if address.isascii() and '"' not in address:
                self.run_validators(address)
                return address
        raise forms.ValidationError(self.error_messages["invalid"], code="invalid")


class NewAddressField(AddressField):
    """An address that we may email for the first time: its domain must be a public one."""

    def clean(self, value: Any) -> str:
        address = super().clean(value)
        if not email_addresses.is_public_domain(address.rpartition("@")[2]):
            raise forms.ValidationError(
                _("We can’t send email to that domain. Write a full domain name, as in ada@example.org."), code="domain"
            )
        return address


class AddressForm(forms.Form):
    """An address on a public form that leads to an email."""

    email = NewAddressField()
    # People never see this field; bots fill it in.
    website = forms.CharField(required=False)

    def is_by_a_robot(self) -> bool:
        return bool(self.cleaned_data.get("website"))


class SignUpForm(PreferencesForm, AddressForm):
    field_order = ["email"]

    # The papers that the visitor started from, as `liked_papers.pack` writes them.
    likes = forms.CharField(required=False, max_length=liked_papers.MAX_PACKED_LENGTH)

    def clean_likes(self) -> tuple[LikedPaper, ...]:
        try:
            return liked_papers.unpack(self.cleaned_data["likes"])
        except liked_papers.DamagedListError as error:
            raise forms.ValidationError(
                _("We can’t read the papers that you started from. Start from them once more, or leave them out.")
            ) from error

    def liked_papers(self) -> tuple[LikedPaper, ...]:
        """Return the papers that the visitor started from, whether the form was sent or is shown for the first time."""
        with suppress(liked_papers.DamagedListError):
            return liked_papers.unpack(str(self["likes"].value() or ""))
        return ()


class LinesField(forms.CharField):
    """A list of texts, one per line; empty lines are ignored."""

    widget = forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list, not a text
        lines = value if isinstance(value, list) else (value or "").splitlines()
        return [line.strip() for line in lines if str(line).strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class PauseForm(forms.Form):
    """The end of a pause: a number of weeks, by a button, or a date."""

    WEEKS = (1, 2, 4, 8)
    weeks = forms.TypedChoiceField(choices=[(number, number) for number in WEEKS], coerce=int, required=False)
    until = forms.DateField(
        required=False, error_messages={"invalid": _("Write the date like 2026-12-31, or pick it from the calendar.")}
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first, self.last = today + dt.timedelta(days=1), today + LONGEST_PAUSE
        self._today = today

    def clean_until(self) -> dt.date | None:
        until: dt.date | None = self.cleaned_data["until"]
        if until and not self.first <= until <= self.last:
            text = _("Choose a day from tomorrow to %(last)s.")
            raise forms.ValidationError(text, params={"last": date_format(self.last)})
        return until

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("weeks"):
            data["until"] = self._today + dt.timedelta(weeks=data["weeks"])
        elif not self.errors and not data.get("until"):
            raise forms.ValidationError(_("Choose for how long, or until which day."))
        return data


class KnownAddressForm(forms.Form):
    """The reader's address, typed by a visitor of the settings page to prove that they are the reader.

    A forwarded digest contains the link to the page. So wrong addresses are counted, and above the limit even the
    right one is refused.
    """

    present = AddressField()

    def __init__(self, *args: Any, reader: Subscriber, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reader = reader

    def clean_present(self) -> str:
        present: str = self.cleaned_data["present"]
        guesses = abuse_limits.guess_limit(self._reader.uid)
        # Count before comparing, because many guesses may arrive at the same time.
        if abuse_limits.refused_by(guesses, now=timezone.now()):
            raise forms.ValidationError(_("Too many wrong addresses. Please try again in an hour."))
        if email_addresses.address_hash(present) != email_addresses.address_hash(self._reader.email):
            raise forms.ValidationError(_("These settings belong to another address."))
        abuse_limits.reset(guesses)
        return present


class MoveForm(KnownAddressForm):
    email = NewAddressField()

    def clean_email(self) -> str:
        new: str = self.cleaned_data["email"]
        if email_addresses.address_hash(new) == email_addresses.address_hash(self._reader.email):
            raise forms.ValidationError(_("That is your current address."))
        return new


class FarewellForm(forms.Form):
    reason = forms.ChoiceField(
        choices=Farewell.Reason.choices, error_messages={"required": _("Choose the closest reason.")}
    )
    remark = forms.CharField(required=False, max_length=500)


def is_draft(given: QueryDict) -> bool:
    """Return whether the form was sent to find topics, by the button or by Enter in the box, and not to be saved."""
    return "show" in given or (bool(given.get("find")) and "go" not in given)


def draft(given: QueryDict) -> dict[str, Any]:
    """Return the fields filled in so far, as `initial` values for a form that shows them again unvalidated.

    Each field is cut to its length, because drafts are not validated.
    """
    filled = {name: given[name][: _longest(field)] for name, field in SignUpForm().fields.items() if name in given}
    return {**filled, "topics": [slug[:LONGEST_CHOICE] for slug in given.getlist("topics")]}


def _longest(field: forms.Field) -> int:
    return getattr(field, "max_length", None) or LONGEST_CHOICE


def initial_preferences(subscriber: Subscriber) -> dict[str, Any]:
    """Return the reader's current preferences as initial values for the form."""
    current = Preferences.of(subscriber)
    return {name: getattr(current, name) for name in ("topics", "words", *SETTINGS)}
