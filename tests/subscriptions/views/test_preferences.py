"""The settings page behind the link in every digest."""

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client

from subscriptions.forms import PreferencesForm
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import SWITCHES
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, TODAY, make_reader
from tests.subscriptions.conftest import path_of, stored

pytestmark = pytest.mark.usefixtures("now")

FORM = {
    "topics": ["vision"],
    "words": "quantum",
    "frequency": "weekdays",
    "send_hour": "0",
    "time_zone": "Europe/Berlin",
    "max_papers": "3",
}


def page(visitor: Client, reader: Subscriber) -> str:
    response = visitor.get(path_of(Purpose.PREFERENCES, reader))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def section(shown: str, name: str) -> str:
    return shown.partition(f'<section id="{name}">')[2].partition("</section>")[0]


@pytest.mark.usefixtures("vision")
def test_it_shows_what_is_stored(visitor: Client, learning: Topic) -> None:
    reader = make_reader(
        "ada@example.org", [learning], '"a, b"', send_hour=0, max_papers=3, time_zone="Asia/Tokyo", frequency="weekly"
    )
    shown = page(visitor, reader)
    assert '>"a, b"</textarea>' in shown
    assert 'value="learning" checked' in shown
    assert 'value="vision" checked' not in shown
    for choice in ('value="0" selected', 'value="Asia/Tokyo" selected', 'value="weekly" checked'):
        assert choice in shown
    assert 'name="max_papers" type="number" inputmode="numeric" min="1" max="25" value="3"' in shown


def test_it_changes_nothing_when_it_is_looked_at(visitor: Client, alice: Subscriber) -> None:
    before = stored(alice)
    for method in ["GET", "HEAD"] * 5:
        assert visitor.generic(method, path_of(Purpose.PREFERENCES, alice)).status_code == 200
    assert stored(alice) == before


@pytest.mark.usefixtures("vision")
def test_it_saves(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.PREFERENCES, alice)
    response = visitor.post(path, FORM)
    assert (response.status_code, response["Location"]) == (302, path + "?saved=1")
    assert "Saved" in visitor.get(response["Location"]).content.decode()
    row = stored(alice)
    assert row["follows"] == ["quantum", "vision"]
    assert (row["frequency"], row["send_hour"], row["time_zone"]) == ("weekdays", 0, "Europe/Berlin")
    assert (row["max_papers"], row["mail_quiet_days"], row["status"]) == (3, False, "active")


@pytest.mark.usefixtures("vision")
@pytest.mark.parametrize("name", [switch.name for switch in SWITCHES])
def test_it_saves_each_switch(visitor: Client, alice: Subscriber, name: str) -> None:
    path = path_of(Purpose.PREFERENCES, alice)
    for is_on in (True, False):
        visitor.post(path, FORM | ({name: "on"} if is_on else {}))
        alice.refresh_from_db()
        on = [switch.name for switch in SWITCHES if getattr(alice, switch.name)]
        assert on == [name] * is_on
        assert re.findall(r'<input id="(\w+)"[^>]*type="checkbox" checked', page(visitor, alice)) == on


def test_it_saves_what_it_shows_without_a_change(visitor: Client, alice: Subscriber) -> None:
    before = stored(alice)
    form = {"topics": ["learning"], "words": "diffusion, author:Ada Lovelace, -survey"}
    visitor.post(path_of(Purpose.PREFERENCES, alice), form)
    assert stored(alice) == before


def test_each_of_the_own_words_is_a_chip_before_their_text(visitor: Client, alice: Subscriber) -> None:
    alice.filters.create(words="robots, -survey")
    page = visitor.get(path_of(Purpose.PREFERENCES, alice)).content.decode()
    for term in ("robots", "-survey"):
        assert f'name="kept" value="{term}" autocomplete="off" checked' in page
        assert f'name="shown" value="{term}"' in page
    assert page.index('name="kept"') < page.index("Edit as text") < page.index('id="words"')


def test_a_chip_that_is_not_ticked_takes_its_words_out_and_no_others(visitor: Client, alice: Subscriber) -> None:
    form = {"words": "diffusion, author:Ada Lovelace, new", "shown": ["diffusion", "author:Ada Lovelace"]}
    visitor.post(path_of(Purpose.PREFERENCES, alice), form | {"kept": ["author:Ada Lovelace"]})
    assert stored(alice)["follows"] == ["author:Ada Lovelace\nnew"]


def test_words_that_cannot_be_read_are_kept_for_correction(visitor: Client, alice: Subscriber) -> None:
    form = {"words": '"open, robots', "shown": ["robots"]}
    response = visitor.post(path_of(Purpose.PREFERENCES, alice), form)
    assert response.status_code == 400
    assert "&#34;open, robots</textarea>" in response.content.decode()


def test_it_saves_that_nothing_is_followed_any_more(visitor: Client, alice: Subscriber) -> None:
    assert visitor.post(path_of(Purpose.PREFERENCES, alice), {}).status_code == 302
    assert stored(alice)["follows"] == []


@pytest.mark.usefixtures("vision")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"topics": ["astrology"]}, "“astrology” is not a topic"),
        ({"words": "cat:?"}, "is not an arXiv category"),
        ({"send_hour": "25"}, "Choose an hour from the list."),
        ({"time_zone": "Moon"}, "“Moon” is not a time zone"),
        ({"max_papers": "1000"}, "Write a number from 1 to 25."),
        ({"frequency": "\x00"}, "Choose one of the options."),
        ({"words": "a\x00"}, "Null characters are not allowed"),
    ],
)
def test_it_keeps_the_old_settings_when_something_is_wrong(
    visitor: Client, alice: Subscriber, wrong: dict[str, Any], message: str
) -> None:
    before = stored(alice)
    response = visitor.post(path_of(Purpose.PREFERENCES, alice), FORM | wrong)
    assert response.status_code == 400
    assert message in html.unescape(response.content.decode())
    assert stored(alice) == before


def test_it_changes_no_address_and_no_other_reader(visitor: Client, alice: Subscriber, bob: Subscriber) -> None:
    before = stored(bob)
    visitor.post(path_of(Purpose.PREFERENCES, alice), FORM | {"email": bob.email, "uid": bob.uid, "status": "x"})
    assert stored(alice)["email"] == "alice@example.org"
    assert stored(bob) == before


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "suppressed"])
def test_it_reactivates_no_reader_by_saving(visitor: Client, alice: Subscriber, vision: Topic, state: str) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(status=state)
    assert visitor.post(path_of(Purpose.PREFERENCES, alice), FORM).status_code == 302
    assert (stored(alice)["status"], stored(alice)["follows"]) == (state, ["quantum", "vision"])
    assert page(visitor, alice)


def test_it_says_what_comes_to_who_follows_nothing(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.PREFERENCES, alice)
    said = "You don’t follow any topics yet, so you get the top-voted papers."
    assert said not in visitor.post(path, {"topics": ["learning"]}, follow=True).content.decode()
    assert said in visitor.post(path, {}, follow=True).content.decode()


def test_it_pauses_and_resumes(visitor: Client, alice: Subscriber) -> None:
    path = path_of(Purpose.PREFERENCES, alice)
    response = visitor.post(path + "pause/", {"weeks": "4"})
    assert (response.status_code, response["Location"]) == (302, path)
    assert (stored(alice)["status"], stored(alice)["paused_until"]) == ("paused", TODAY + dt.timedelta(weeks=4))
    shown = page(visitor, alice)
    assert path + "resume/#pause" in section(shown, "pause")
    assert "Paused: no digests until Thursday, 17 September 2026." in section(shown, "pause")
    assert shown.count("Paused:") == 2  # also at the top

    response = visitor.post(path + "resume/")
    assert (response.status_code, response["Location"]) == (302, path + "?resumed=1")
    done = "your digests have resumed."
    assert done in section(visitor.get(path + "?resumed=1").content.decode(), "pause")
    assert done not in page(visitor, alice)
    row = stored(alice)
    assert (row["status"], row["paused_until"], row["active_since"]) == ("active", None, NOW)


def test_it_says_where_the_error_is(visitor: Client, alice: Subscriber) -> None:
    shown = page(visitor, alice)
    links = re.findall(r'<a href="#([a-z]+)">', shown)
    assert links == ["topics", "arrival", "pause", "move", "likes", "data", "devices", "leave"]
    assert [shown.count(f'id="{link}"') for link in links] == [1] * 8


def test_it_offers_no_subscription_to_who_has_one(visitor: Client, alice: Subscriber) -> None:
    assert 'href="/subscribe/"' not in page(visitor, alice)


def test_it_pauses_again_from_today(visitor: Client, alice: Subscriber) -> None:
    lifecycle.pause(alice, TODAY + dt.timedelta(weeks=8))
    visitor.post(path_of(Purpose.PREFERENCES, alice) + "pause/", {"weeks": "1"})
    assert stored(alice)["paused_until"] == TODAY + dt.timedelta(weeks=1)


@pytest.mark.parametrize("weeks", [None, "", "0", "-1", "3", "1.5", "forever", "9" * 5000, "\x00", "１"])
def test_it_pauses_for_no_other_time(visitor: Client, alice: Subscriber, weeks: str | None) -> None:
    before = stored(alice)
    form = {} if weeks is None else {"weeks": weeks}
    assert visitor.post(path_of(Purpose.PREFERENCES, alice) + "pause/", form).status_code == 400
    assert stored(alice) == before


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "suppressed"])
@pytest.mark.parametrize("step", ["pause/", "resume/"])
def test_it_neither_pauses_nor_resumes_who_gets_no_digests(
    visitor: Client, alice: Subscriber, state: str, step: str
) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(status=state)
    before = stored(alice)
    assert visitor.post(path_of(Purpose.PREFERENCES, alice) + step, {"weeks": "1"}).status_code == 302
    assert stored(alice) == before


@pytest.mark.parametrize("step", ["pause/", "resume/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_does_nothing_for_who_only_looks(visitor: Client, alice: Subscriber, step: str, method: str) -> None:
    before = stored(alice)
    assert visitor.generic(method, path_of(Purpose.PREFERENCES, alice) + step).status_code == 405
    assert stored(alice) == before


@pytest.mark.parametrize("step", ["", "pause/", "resume/"])
@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.CONFIRM])
def test_it_opens_with_its_own_link_only(visitor: Client, alice: Subscriber, step: str, purpose: Purpose) -> None:
    """The link to unsubscribe is in a header that mail servers see, so it must not open the settings."""
    path = path_of(purpose, alice).replace(f"/{purpose}/", "/preferences/") + step
    before = stored(alice)
    assert visitor.post(path, FORM | {"weeks": "1"}).status_code == 404
    assert stored(alice) == before


def test_it_leads_to_the_way_out(visitor: Client, alice: Subscriber) -> None:
    way_out = path_of(Purpose.UNSUBSCRIBE, alice)
    assert way_out in page(visitor, alice)
    visitor.post(way_out)
    assert stored(alice)["status"] == "unsubscribed"


def test_it_does_not_show_the_whole_address(visitor: Client, alice: Subscriber) -> None:
    """Forwarded digests contain all links."""
    assert alice.email not in page(visitor, alice)


def test_it_keeps_a_topic_that_is_offered_no_more(visitor: Client, alice: Subscriber, learning: Topic) -> None:
    Topic.objects.update(is_offered=False)
    path = path_of(Purpose.PREFERENCES, alice)
    assert 'value="learning" checked' in visitor.get(path).content.decode()
    assert visitor.post(path, {"topics": ["learning"]}).status_code == 302
    assert [row.topic for row in alice.filters.all()] == [learning]
    assert 'value="learning"' not in visitor.get("/subscribe/").content.decode()


@pytest.mark.parametrize("days", [1, 10, 366])
def test_it_pauses_until_any_day(visitor: Client, alice: Subscriber, days: int) -> None:
    until = TODAY + dt.timedelta(days=days)
    response = visitor.post(path_of(Purpose.PREFERENCES, alice) + "pause/", {"until": str(until)})
    assert response.status_code == 302
    assert (stored(alice)["status"], stored(alice)["paused_until"]) == ("paused", until)


@pytest.mark.parametrize("until", ["", "soon", "2026-02-30", "0000-00-00", "\x00", "9" * 5000, "TODAY", "YEARS"])
def test_it_pauses_until_no_other_day(visitor: Client, alice: Subscriber, until: str) -> None:
    wrong = {"TODAY": str(TODAY), "YEARS": str(TODAY + dt.timedelta(days=367))}.get(until, until)
    before = stored(alice)
    response = visitor.post(path_of(Purpose.PREFERENCES, alice) + "pause/", {"until": wrong})
    assert response.status_code == 400
    assert 'class="error" role="alert"' in response.content.decode()
    assert stored(alice) == before


def test_it_counts_days_where_the_reader_is(visitor: Client, alice: Subscriber) -> None:
    """At noon in London it is already tomorrow in Kiritimati."""
    Subscriber.objects.update(time_zone="Pacific/Kiritimati")
    tomorrow = TODAY + dt.timedelta(days=1)
    path = path_of(Purpose.PREFERENCES, alice) + "pause/"
    assert visitor.post(path, {"until": str(tomorrow)}).status_code == 400
    assert visitor.post(path, {"until": str(tomorrow + dt.timedelta(days=1))}).status_code == 302


def test_it_shows_topics_by_a_word_without_script_and_saves_nothing(
    visitor: Client, alice: Subscriber, vision: Topic
) -> None:
    before = stored(alice)
    form = FORM | {"find": "IMAGE generation", "show": "topics"}
    shown = visitor.post(path_of(Purpose.PREFERENCES, alice), form).content.decode()
    found = shown[shown.index('id="found"') : shown.index('class="areas"')]
    assert re.findall(r'name="topics" value="(\w+)"( checked)?', found) == [("vision", " checked")]
    assert 'value="vision"' not in shown[shown.index('class="areas"') :], "else it could not be unticked"
    assert ">quantum</textarea>" in shown
    assert stored(alice) == before


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("vision", ["Vision", "Agents"]),  # Agents only has it as a phrase
        ("eye", ["Sight", "Vision"]),  # Sight has it in its description
        ("clip", ["Agents", "Eclipses"]),  # no name has a word that begins so, so parts of words match
        ("perception", ["Agents", "Vision"]),
        ("meth", ["Learning", "Vision"]),
        ("eclipse", ["Eclipses"]),
        ("submarine", []),
    ],
)
def test_it_finds_topics_by_name_before_those_that_have_to_do_with_it(
    learning: Topic, vision: Topic, sought: str, found: list[str]
) -> None:
    Topic.objects.filter(pk=vision.pk).update(phrases=["eye", "perception"])
    Topic.objects.create(slug="agents", name="Agents", group="A", phrases=["vision", "perception", "CLIP"])
    Topic.objects.create(slug="sight", name="Sight", group="A", description="What an eye sees", phrases=["sight"])
    Topic.objects.create(slug="eclipses", name="Eclipses", group="A", phrases=["moon"])
    assert [topic.name for topic in PreferencesForm({"find": sought}).found()] == found


def test_it_saves_by_its_button_with_any_text_in_the_box(visitor: Client, alice: Subscriber, vision: Topic) -> None:
    visitor.post(path_of(Purpose.PREFERENCES, alice), FORM | {"find": "video", "go": "1"})
    assert stored(alice)["follows"] == ["quantum", "vision"]


def test_it_speaks_the_readers_language(visitor: Client, alice: Subscriber) -> None:
    Subscriber.objects.update(language="de")
    assert visitor.get(path_of(Purpose.PREFERENCES, alice)).status_code == 200


def test_it_leads_to_what_the_reader_likes(visitor: Client, alice: Subscriber) -> None:
    path, shown = path_of(Purpose.PREFERENCES, alice), page(visitor, alice)
    for room in ("reading-list/", "learnt/", "erase/"):
        assert f'href="{path}{room}"' in shown
        assert visitor.get(path + room).status_code == 200


def test_it_opens_for_a_reader_in_a_zone_unknown_to_this_machine(visitor: Client, alice: Subscriber) -> None:
    Subscriber.objects.update(time_zone="Mars/Olympus_Mons")
    assert "Pause" in page(visitor, alice)
