"""What readers fill in."""

from contextlib import suppress
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.encoding import punycode

from subscriptions import filters, subscribers, zones
from subscriptions.models import Subscriber, Topic


class WishesForm(forms.Form):
    """Topics, own words, and how the digest arrives: the part that sign-up and preferences share."""

    topics = forms.ModelMultipleChoiceField(
        Topic.objects.none(),
        to_field_name="slug",
        required=False,
        error_messages={"invalid_choice": "“%(value)s” is not a topic we know. Choose from the list."},
    )
    words = forms.CharField(
        required=False,
        max_length=2000,
        error_messages={"max_length": "That is too long: 2000 characters are the most."},
    )
    frequency = forms.ChoiceField(
        choices=Subscriber.Frequency.choices,
        initial=Subscriber.Frequency.DAILY,
        required=False,
        error_messages={"invalid_choice": "Choose one of the three."},
    )
    send_hour = forms.TypedChoiceField(
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        coerce=int,
        initial=7,
        required=False,
        empty_value=None,
        error_messages={"invalid_choice": "Choose an hour from the list."},
    )
    time_zone = forms.CharField(required=False, initial="UTC", validators=[zones.validate_time_zone])
    max_papers = forms.IntegerField(
        required=False,
        initial=10,
        min_value=1,
        max_value=25,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), "Write a number from 1 to 25."),
    )
    mail_quiet_days = forms.BooleanField(required=False)

    def __init__(self, *args: Any, reader: Subscriber | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A topic that is offered no more stays with those who follow it.
        followed = reader.filters.values("topic") if reader else []
        self._topics = Topic.objects.filter(Q(is_offered=True) | Q(pk__in=followed))
        self.fields["topics"].queryset = self._topics  # type: ignore[attr-defined]

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        try:
            filters.parse(words)
        except filters.FilterError as error:
            raise forms.ValidationError(str(error)) from error
        return words

    def wishes(self) -> subscribers.Wishes:
        """What the valid form asks for. A field that was left out takes its default."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        names = ("topics", "words", *subscribers.SETTINGS)
        return subscribers.Wishes(**{name: given[name] for name in names if name in given})

    def topic_groups(self) -> list[tuple[str, list[Topic]]]:
        """The catalogue in its groups, for the template."""
        groups: dict[str, list[Topic]] = {}
        for topic in self._topics:
            groups.setdefault(topic.group, []).append(topic)
        return list(groups.items())

    def time_zone_choices(self) -> tuple[str, ...]:
        return zones.time_zones()

    def ticked(self) -> set[str]:
        """The slugs of the topics that stand ticked, whether typed, loaded or by default."""
        value: Any = self["topics"].value() or []
        return {getattr(topic, "slug", topic) for topic in value}


class SignUpForm(WishesForm):
    email = forms.EmailField(
        max_length=254,
        error_messages={
            "required": "Write your e-mail address, such as ada@example.org.",
            "invalid": "That is not an e-mail address. Write it like ada@example.org.",
            "max_length": "That address is too long: no mail server takes more than 254 characters.",
        },
    )
    # A person never sees this field; a robot that fills in every field gives itself away.
    website = forms.CharField(required=False)

    def clean_email(self) -> str:
        """One mailbox, one spelling. Quotes, look-alikes and invisible characters would make it many readers, of whom
        each gets mails, and none is found among the suppressed."""
        field = self.fields["email"]
        local, _, domain = self.cleaned_data["email"].rpartition("@")
        with suppress(UnicodeError):
            address = f"{local}@{punycode(domain)}"
            if address.isascii() and '"' not in address:
                field.run_validators(address)
                return address
        raise forms.ValidationError(field.error_messages["invalid"], code="invalid")

    def is_by_a_robot(self) -> bool:
        return bool(self.cleaned_data.get("website"))


class PauseForm(forms.Form):
    weeks = forms.TypedChoiceField(
        choices=[(1, "1 week"), (2, "2 weeks"), (4, "4 weeks"), (8, "8 weeks")], coerce=int, initial=2
    )


def initial_wishes(subscriber: Subscriber) -> dict[str, Any]:
    """What the preferences form shows first: the reader's wishes as they are."""
    follows = list(subscriber.filters.select_related("topic"))
    return {
        "topics": [f.topic for f in follows if f.topic],
        "words": "\n".join(f.words for f in follows if not f.topic),
        **{name: getattr(subscriber, name) for name in subscribers.SETTINGS},
    }
