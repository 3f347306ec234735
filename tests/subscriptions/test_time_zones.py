"""The time zones that a reader can choose."""

from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from subscriptions.models import Subscriber
from subscriptions.security.link_tokens import Purpose
from subscriptions.time_zones import offered, time_in, time_zones, validate_time_zone
from tests.subscriptions.conftest import path_of


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "America/New_York", "America/Argentina/Ushuaia", "Asia/Kolkata", "Asia/Calcutta"]
)
def test_it_offers_the_zones_that_browsers_name(name: str) -> None:
    assert name in time_zones()
    validate_time_zone(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [("UTC", "UTC"), ("Europe/London", "London time"), ("America/Argentina/Buenos_Aires", "Buenos Aires time")],
)
def test_staff_read_the_city_of_a_zone(name: str, words: str) -> None:
    assert time_in(name) == words


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


@pytest.mark.parametrize(
    ("name", "other"),
    [
        *(("Europe/Kyiv", "Europe/Kiev"), ("Asia/Kolkata", "Asia/Calcutta"), ("Asia/Ho_Chi_Minh", "Asia/Saigon")),
        *(("Australia/Sydney", "Australia/ACT"), ("Australia/Lord_Howe", "Australia/LHI")),
        *(("Australia/Darwin", "Australia/North"), ("America/Argentina/Buenos_Aires", "America/Buenos_Aires")),
    ],
)
def test_a_form_lists_each_zone_by_its_name_of_today(name: str, other: str) -> None:
    assert other in offered()[name]
    assert other not in offered()
    validate_time_zone(other)


def test_a_form_knows_every_valid_name_once_and_keeps_a_zone_for_each_country() -> None:
    names = [name for zone, others in offered().items() for name in (zone, *others)]
    assert sorted(names) == sorted(time_zones())
    assert {"UTC", "Europe/Oslo", "Europe/Berlin", "Africa/Asmara"} <= offered().keys()
    assert [*offered()] == [name for name in time_zones() if name in offered()]


def test_settings_show_the_zone_that_was_saved_by_an_old_name(client: Client, alice: Subscriber) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(time_zone="Asia/Calcutta")
    page = client.get(path_of(Purpose.PREFERENCES, alice)).content.decode()
    assert '<option value="Asia/Kolkata" selected>Kolkata</option>' in page
    assert "Calcutta" not in page
