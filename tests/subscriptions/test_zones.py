"""The time zones that a reader can choose."""

from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from subscriptions.models import Subscriber
from subscriptions.zones import time_zones, validate_time_zone


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "America/New_York", "America/Argentina/Ushuaia", "Asia/Kolkata", "Asia/Calcutta"]
)
def test_it_offers_the_zones_that_browsers_name(name: str) -> None:
    assert name in time_zones()
    validate_time_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "Berlin", "europe/berlin", "Europe/Berlin ", "Europe/Berlin\n", "EST", "Etc/GMT+5", "US/Eastern"),
        *("Canada/Pacific", "posix/Asia/Tokyo", "../../etc/passwd", "/etc/localtime", "a\x00b"),
    ],
)
def test_it_refuses_aliases_offsets_and_other_text(name: str) -> None:
    assert name not in time_zones()
    with pytest.raises(ValidationError, match="is not a time zone"):
        validate_time_zone(name)


def test_it_offers_only_zones_that_can_be_loaded_and_stored() -> None:
    longest = Subscriber._meta.get_field("time_zone").max_length or 0
    for name in time_zones():
        assert ZoneInfo(name).key == name
        assert len(name) <= longest


def test_it_offers_each_once_and_places_in_order() -> None:
    first, *places = time_zones()
    assert first == "UTC"
    assert places == sorted(set(places))
    assert len(places) > 300
