"""The admin: every page opens, and its actions take the same steps as the readers' own clicks."""

import datetime as dt
import html
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Model, Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from digest.api import tokens
from digest.delivery import planner
from digest.models import (
    Allowance,
    ArchiveWords,
    Assessment,
    DailyTotal,
    Delivery,
    DeliveryEvent,
    Edition,
    FetchRun,
    Heartbeat,
    Incident,
    Installation,
    Job,
    Learnt,
    MetricCounter,
    Opinion,
    OutsidePaper,
    PaperAlias,
    Pause,
    QuietDay,
    RecoveryCode,
    SavedPaper,
    SentBefore,
    Shard,
    Source,
    StaffRole,
    SummaryRequest,
    TextExpansion,
    Thumbnail,
    TopicExample,
    TopicPaper,
    Turn,
    Validator,
    Vector,
    WebhookEndpoint,
    WebhookMessage,
)
from digest.opinions import feedback
from subscriptions import pills
from subscriptions.admin.readers import SubscriberForm
from subscriptions.email_addresses import address_hash
from subscriptions.models import (
    Brand,
    Catalogue,
    Consent,
    ConsentText,
    Device,
    ErasureNotice,
    Farewell,
    FormPost,
    ImportPart,
    Logo,
    Mark,
    ReaderImport,
    Subscriber,
    Suppression,
    Topic,
    TopicFilter,
)
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import SWITCHES, Preferences
from tests.boxes import untouched
from tests.conftest import NOW, TODAY, make_reader
from tests.subscriptions.conftest import stored

# The page for starting papers promises that no one else sees them. The others tell an admin nothing: word counts, who
# had a digest before a restore, counters of /metrics, hashes of codes, and emails to readers who are being erased.
HIDDEN = (
    *(OutsidePaper, ArchiveWords, ImportPart, SentBefore, MetricCounter, RecoveryCode, StaffRole),
    ErasureNotice,
)
MODELS = [
    model
    for app in ("subscriptions", "digest")
    for model in apps.get_app_config(app).get_models()
    if model not in HIDDEN
]


@pytest.fixture
def filled(alice: Subscriber, bob: Subscriber, edition: Edition, hugging_face: Source) -> None:
    """Create a row of each kind."""
    lifecycle.suppress("gone@example.org", "bounced")
    ConsentText.objects.create(version="0123456789abcdef", language="en", text="learning")
    Farewell.objects.create(reason="other", remark="learning", day=TODAY)
    FormPost.objects.create(kind="link", email="learning@example.org", posted_at=NOW)
    Mark.objects.create(key="learning", made_at=NOW)
    FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=NOW, status="ok", message="learning")
    delivery = Delivery.objects.create(edition=edition, subscriber=alice, queued_at=NOW, not_before=NOW)
    DeliveryEvent.objects.create(delivery=delivery, event_key="x:1", event_type="delivered", happened_at=NOW)
    Shard.objects.create(edition=edition, first=1, last=1, size=1, made_at=NOW, not_before=NOW, worker="learning")
    Pause.objects.create(reason="learning", began_at=NOW)
    tokens.make("learning", ["readers:read"], by="ada", now=NOW)
    address = {"url": "https://example.org/", "secret": "whsec_", "created_at": NOW}
    endpoint = WebhookEndpoint.objects.create(name="learning", **address)
    WebhookMessage.objects.create(endpoint=endpoint, event="test", made_at=NOW, reader_uid=alice.uid)
    QuietDay.objects.create(day=TODAY, reason="nothing on learning")
    Device.objects.create(subscriber=alice, token_hash="x", label="learning", signed_in_at=NOW, last_seen_on=TODAY)
    liked = edition.papers.get(key="arxiv:2608.00001")
    SavedPaper.objects.create(subscriber=alice, paper=liked, saved_at=NOW)
    PaperAlias.objects.create(key="doi:10.1234/learning", paper=edition.papers.all()[0])
    Validator.objects.create(source=hugging_face, address="https://example.org/learning")
    Turn.objects.create(name="example.org", free_at=NOW)
    TopicExample.objects.create(topic=Topic.objects.all()[0], paper=liked, is_right=True)
    Catalogue.objects.create(slug="ai", is_on=True)
    Brand.objects.create(name="Learning Papers")
    Installation.objects.update_or_create(pk=1, defaults={"behind_reason": "learning"})
    SummaryRequest.objects.create(paper=edition.papers.all()[0], asked_at=NOW)
    Assessment.objects.create(paper=liked, interest_key="a" * 64, fits=True, asked_at=NOW)
    words = {"words": [["learn", 1.0, "learning"]], "words_mean": 0.1}
    TextExpansion.objects.create(key="a" * 64, made_on=TODAY, used_on=TODAY, **words)
    Logo.objects.create(mark="learning", image=b"", uploaded_at=NOW)
    Vector.objects.create(key="a" * 64, kind="paper", values=b"\0" * 768, used_on=TODAY)
    feedback.rate(alice, edition.papers.all()[0], "like", now=NOW)
    feedback.rate(alice, edition.papers.all()[0], "fewer", "learning", now=NOW)
    Allowance.objects.create(name="smtp", level=1, at=NOW)
    Heartbeat.objects.create(kind="worker", name="learning", started_at=NOW, at=NOW, own_clock=NOW)
    Incident.objects.create(key="learning", heading="learning", began_at=NOW, seen_at=NOW)
    ReaderImport.objects.create(kind="readers", file_name="learning.csv", created_by="ida", created_at=NOW)
    Job.objects.create(kind="learning", created_by="learning", created_at=NOW)
    DailyTotal.objects.create(day=TODAY, kind="event", what="delivered", number=1)
    Thumbnail.objects.create(paper=edition.papers.all()[0], address="https://example.org/learning.png", tried_at=NOW)


def admin_url(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def act(client: Client, action: str, *rows: Subscriber | Suppression) -> Any:
    form = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(admin_url(type(rows[0]), "changelist"), form, follow=True)


@pytest.mark.usefixtures("filled")
def test_it_lists_and_finds_rows(admin_client: Client) -> None:
    pages = [{}, {"q": "learning", "o": "1"}, {"q": "a" * 300, "o": "-2.1"}, {"q": "\x00%_'\"\\"}]
    for model in MODELS:
        assert model._default_manager.exists(), model
        for query in pages:
            # If there is only one row, the list redirects to it.
            found = admin_client.get(admin_url(model, "changelist"), query, follow=True)
            assert found.status_code == 200, (model, query)


@pytest.mark.usefixtures("filled")
def test_it_opens_every_row(admin_client: Client) -> None:
    for model in MODELS:
        for row in model._default_manager.all():
            assert admin_client.get(admin_url(model, "change", row.pk)).status_code == 200, (model, row.pk)
        assert admin_client.get(admin_url(model, "change", 10**9)).status_code == 302, model


def test_it_is_closed_to_visitors(client: Client, db: None) -> None:
    for model in MODELS:
        assert "/login/" in client.get(admin_url(model, "changelist"))["Location"], model


@pytest.mark.usefixtures("alice", "bob")
@pytest.mark.parametrize(
    ("sought", "found"),
    [("alice", 1), ("EXAMPLE.ORG", 2), ("Lovelace", 1), ("nobody", 0), ("a_ice", 0)],
)
def test_it_finds_readers_by_address_and_words(admin_client: Client, sought: str, found: int) -> None:
    response = admin_client.get(admin_url(Subscriber, "changelist"), {"q": sought})
    assert len(response.context["cl"].queryset) == found


def test_it_finds_a_reader_by_the_uid_of_the_logs(admin_client: Client, alice: Subscriber, bob: Subscriber) -> None:
    response = admin_client.get(admin_url(Subscriber, "changelist"), {"q": str(alice.uid)})
    assert list(response.context["cl"].queryset) == [alice]


def test_it_finds_topics_by_their_phrases(admin_client: Client, learning: Topic, vision: Topic) -> None:
    response = admin_client.get(admin_url(Topic, "changelist"), {"q": "image generation"})
    assert list(response.context["cl"].queryset) == [vision]


def test_it_has_no_page_to_add_a_reader(admin_client: Client) -> None:
    add = admin_url(Subscriber, "add")
    for answer in (admin_client.get(add), admin_client.post(add, {})):
        assert answer.status_code == 403


def test_it_counts_the_readers_of_a_topic(
    admin_client: Client, alice: Subscriber, charlie: Subscriber, learning: Topic
) -> None:
    response = admin_client.get(admin_url(Topic, "changelist"))  # Charlie has unsubscribed
    address = re.search(r'<a href="([^"]*)">1</a>', response.content.decode())
    assert address
    readers = admin_client.get(address[1].replace("&amp;", "&"))
    assert list(readers.context["cl"].queryset) == [alice]


@pytest.fixture
def wide(learning: Topic, vision: Topic) -> Topic:
    made = Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["vision", "learning"])
    make_reader("wide@example.org", topics=[made])
    make_reader("both@example.org", topics=[made, vision])
    return made


def test_the_list_of_topics_leaves_out_the_area_that_is_the_group(admin_client: Client, learning: Topic) -> None:
    area = Topic.objects.create(slug="area", name=learning.group, group=learning.group, narrower=["learning"])
    make_reader("area@example.org", topics=[area])
    page = admin_client.get(admin_url(Topic, "changelist")).content.decode()
    assert "<p>Includes Learning.</p>" in page
    assert "Part of" not in page


def test_the_list_of_topics_shows_which_includes_which(admin_client: Client, wide: Topic, vision: Topic) -> None:
    page = admin_client.get(admin_url(Topic, "changelist")).content.decode()
    assert "<p>Includes Vision, Learning.</p>" in page
    assert page.count("<p>Part of Wide (2 readers).</p>") == 2
    for breadth, topics in (
        ("broader", ["wide"]),
        ("narrow", ["learning", "vision"]),
        ("", ["learning", "vision", "wide"]),
    ):
        shown = admin_client.get(admin_url(Topic, "changelist"), {"breadth": breadth} if breadth else {})
        assert sorted(topic.slug for topic in shown.context["cl"].result_list) == topics


def test_topics_can_be_sorted_by_their_readers(admin_client: Client, wide: Topic) -> None:
    for order, slugs in (("-2", ["wide", "vision", "learning"]), ("2", ["learning", "vision", "wide"])):
        shown = admin_client.get(admin_url(Topic, "changelist"), {"o": order}).context["cl"]
        assert [topic.slug for topic in shown.result_list] == slugs


def test_the_list_of_topics_asks_as_much_for_many_as_for_few(
    admin_client: Client, wide: Topic, django_assert_max_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as few:
        admin_client.get(admin_url(Topic, "changelist"))
    for number in range(20):
        Topic.objects.create(slug=f"wide-{number}", name=f"Wide {number}", group="Methods", narrower=["vision"])
    with django_assert_max_num_queries(len(few)):
        admin_client.get(admin_url(Topic, "changelist"))


def test_the_page_of_a_topic_says_who_follows_it(admin_client: Client, wide: Topic, vision: Topic) -> None:
    page = admin_client.get(admin_url(Topic, "change", vision.pk)).content.decode()
    assert ">1</a> directly.</li>" in page
    assert re.search(r'>2</a> by <a href="[^"]*">Wide</a>, which includes it\.</li>', page)
    assert re.search(r'type="checkbox" name="narrower" value="learning"[^>]*>\s*Learning', page)
    assert 'name="narrower" value="vision"' not in page  # not itself
    page = admin_client.get(admin_url(Topic, "change", wide.pk)).content.decode()
    assert re.search(r'name="narrower" value="vision"[^>]* checked', page)
    assert "directly" not in page
    assert "None yet." in admin_client.get(admin_url(Topic, "add")).content.decode()


def test_the_page_of_a_broader_topic_begins_with_what_it_includes(
    admin_client: Client, wide: Topic, vision: Topic
) -> None:
    Topic.objects.create(slug="acoustics", name="Acoustics", group="Acoustics", phrases=["sound"])
    page = admin_client.get(admin_url(Topic, "change", wide.pk)).content.decode()
    assert page.index('name="narrower"') < page.index('name="phrases"')
    assert page.index('value="vision"') < page.index('value="acoustics"'), "the group with a tick comes first"
    page = admin_client.get(admin_url(Topic, "change", vision.pk)).content.decode()
    assert page.index('name="phrases"') < page.index('name="narrower"')


@pytest.mark.usefixtures("now")
def test_it_unsubscribes_readers(admin_client: Client, alice: Subscriber, bob: Subscriber, charlie: Subscriber) -> None:
    response = act(admin_client, "unsubscribe", alice, bob)
    assert "2 unsubscribed. They get no more emails." in response.content.decode()
    assert (stored(alice)["status"], stored(alice)["unsubscribed_at"]) == ("unsubscribed", NOW)
    assert (stored(bob)["status"], stored(bob)["owed"]) == ("unsubscribed", [])
    before = stored(charlie)
    act(admin_client, "unsubscribe", charlie)
    assert stored(charlie) == before


def test_it_suppresses_addresses(admin_client: Client, alice: Subscriber, bob: Subscriber) -> None:
    response = act(admin_client, "suppress", alice)
    assert "1 suppressed." in response.content.decode()
    assert (stored(alice)["status"], stored(bob)["status"]) == ("suppressed", "pending")
    assert Suppression.objects.get().reason == "admin"
    assert lifecycle.is_suppressed("ALICE@example.org")


@pytest.mark.parametrize("model", [Suppression, Consent])
def test_it_finds_what_knows_an_address_by_its_hash(
    admin_client: Client, alice: Subscriber, bob: Subscriber, model: type[Model]
) -> None:
    for reader in (alice, bob):
        lifecycle.suppress(reader.email, "bounced")
    found = admin_client.get(admin_url(model, "changelist"), {"q": " Alice@Example.org "}).context["cl"].queryset
    assert {row.address_hash for row in found} == {address_hash(alice.email)}
    for stranger in ("nobody@example.org", "@example.org"):
        assert not admin_client.get(admin_url(model, "changelist"), {"q": stranger}).context["cl"].queryset


def test_it_suppresses_an_address_that_is_typed(admin_client: Client, alice: Subscriber) -> None:
    add = admin_url(Suppression, "add")
    assert 'name="address"' in admin_client.get(add).content.decode()
    for address in ("Alice@Example.org", "stranger@example.org", "stranger@example.org"):
        assert admin_client.post(add, {"address": address}).status_code == 302
    assert stored(alice)["status"] == "suppressed"
    assert lifecycle.is_suppressed("stranger@example.org")
    assert list(Suppression.objects.values_list("reason", flat=True)) == ["admin", "admin"]
    assert not LogEntry.objects.filter(Q(object_repr__contains="@") | Q(change_message__contains="@")).exists()
    assert admin_client.post(add, {"address": "nonsense"}).status_code == 200
    assert Suppression.objects.count() == 2


@pytest.mark.parametrize("where", [Suppression, Subscriber])
def test_it_lifts_a_suppression(admin_client: Client, alice: Subscriber, bob: Subscriber, where: type[Model]) -> None:
    for reader in (alice, bob):
        lifecycle.suppress(reader.email, "complained")
    of_alice = Suppression.objects.get(address_hash=address_hash(alice.email))
    response = act(admin_client, "lift", of_alice if where is Suppression else alice)
    assert "1 unsuppressed. They may sign up again, and get no emails until they do." in response.content.decode()
    assert (stored(alice)["status"], stored(bob)["status"]) == ("unsubscribed", "suppressed")
    assert not lifecycle.is_suppressed(alice.email)
    lifecycle.sign_up(alice.email, Preferences(), now=NOW)
    assert stored(alice)["owed"] == ["confirm"]


def test_it_deletes_no_suppression_without_lifting_it(admin_client: Client, alice: Subscriber) -> None:
    row = lifecycle.suppress(alice.email, "bounced")
    assert admin_client.post(admin_url(Suppression, "delete", row.pk), {"post": "yes"}).status_code == 403
    act(admin_client, "delete_selected", row)
    assert lifecycle.is_suppressed(alice.email)


def test_it_does_nothing_to_readers_for_who_may_only_look(
    client: Client, django_user_model: Any, alice: Subscriber
) -> None:
    user = django_user_model.objects.create_user("looker", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_subscriber", "view_suppression"]))
    client.force_login(user)
    for action in ("unsubscribe", "suppress"):
        act(client, action, alice)
    assert stored(alice)["status"] == "active"
    row = lifecycle.suppress(alice.email, "bounced")
    act(client, "lift", row)
    act(client, "lift", alice)
    assert lifecycle.is_suppressed(alice.email)


@pytest.mark.parametrize("where", [Suppression, Subscriber])
@pytest.mark.parametrize(("right", "lifted"), [("change_subscriber", False), ("delete_suppression", True)])
def test_it_lifts_in_either_place_for_the_same_people(
    client: Client, django_user_model: Any, alice: Subscriber, where: type[Model], right: str, lifted: bool
) -> None:
    user = django_user_model.objects.create_user("clerk", password="x", is_staff=True)
    rights = ["view_subscriber", "view_suppression", right]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    act(client, "suppress", alice)  # neither is enough for this
    assert not lifecycle.is_suppressed(alice.email)
    row = lifecycle.suppress(alice.email, "complained")
    act(client, "lift", row if where is Suppression else alice)
    assert lifecycle.is_suppressed(alice.email) is not lifted


def test_it_changes_no_state_by_hand(admin_client: Client, bob: Subscriber) -> None:
    form = {
        "email": bob.email,
        "status": "active",
        "frequency": "weekly",
        "send_hour": "5",
        "time_zone": "UTC",
        "max_papers": "10",
        "confirmed_at_0": "2026-08-20",
        "confirmed_at_1": "12:00",
        "amount": "balanced",
        "language": "en",
        "filters-TOTAL_FORMS": "0",
        "filters-INITIAL_FORMS": "0",
    }
    assert admin_client.post(admin_url(Subscriber, "change", bob.pk), form).status_code == 302
    row = stored(bob)
    assert (row["frequency"], row["send_hour"]) == ("weekly", 5)
    assert (row["status"], row["confirmed_at"]) == ("pending", None)


def test_it_takes_back_nothing_that_a_reader_chose_while_the_page_was_open(
    admin_client: Client, alice: Subscriber, vision: Topic
) -> None:
    page = admin_url(Subscriber, "change", alice.pk)
    boxes = untouched(admin_client.get(page))
    lifecycle.pause(alice, TODAY + dt.timedelta(days=9))
    Subscriber.objects.update(frequency="weekly", max_papers=3)
    assert admin_client.post(page, boxes | {"send_hour": "5"}).status_code == 302
    row = stored(alice)
    assert (row["status"], row["frequency"], row["max_papers"], row["send_hour"]) == ("paused", "weekly", 3, 5)
    lifecycle.set_preferences(alice, Preferences(topics=[vision]))  # the filters on the page no longer exist
    assert admin_client.post(page, boxes | {"filters-0-words": "bandits"}).status_code == 200
    assert [one.topic for one in alice.filters.all()] == [vision]


@pytest.mark.parametrize("leave", ["complain", "unsubscribe"])
def test_it_emails_no_reader_who_unsubscribes_while_it_saves(
    admin_client: Client, alice: Subscriber, monkeypatch: pytest.MonkeyPatch, leave: str
) -> None:
    def clean(form: SubscriberForm) -> None:
        """Change the row after it is read and before it is saved."""
        if leave == "complain":
            lifecycle.suppress(alice.email, "complained")
        else:
            lifecycle.unsubscribe(alice, now=NOW)

    page = admin_url(Subscriber, "change", alice.pk)
    boxes = untouched(admin_client.get(page))
    monkeypatch.setattr(SubscriberForm, "clean", clean)
    assert admin_client.post(page, boxes | {"send_hour": "5"}).status_code == 302
    row = stored(alice)
    assert (row["status"], row["send_hour"]) == ("suppressed" if leave == "complain" else "unsubscribed", 5)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("time_zone", "Mars", "is not a time zone"),
        ("send_hour", "24", "less than or equal to 23"),
        ("max_papers", "0", "greater than or equal to 1"),
    ],
)
def test_it_says_what_an_admin_got_wrong(
    admin_client: Client, alice: Subscriber, bob: Subscriber, field: str, value: str, message: str
) -> None:
    form = {"email": bob.email, "frequency": "daily", "send_hour": "5", "time_zone": "UTC", "max_papers": "10"}
    form |= {"filters-TOTAL_FORMS": "0", "filters-INITIAL_FORMS": "0", field: value}
    response = admin_client.post(admin_url(Subscriber, "change", bob.pk), form)
    assert response.status_code == 200
    assert message in response.content.decode()


def test_the_page_of_a_reader_has_the_names_that_readers_see(admin_client: Client, bob: Subscriber) -> None:
    page = html.unescape(admin_client.get(admin_url(Subscriber, "change", bob.pk)).content.decode())
    labels = re.findall(r"<label[^>]*>\s*([^<]+?):?\s*</label>", page)
    switches = [switch.label for switch in SWITCHES]
    for label in ("How often", "Delivery time", "How strict?", "Email language", *switches):
        assert label in labels
    assert re.search(r'<select name="send_hour".*?<option value="7"[^>]*>07:00</option>', page, re.DOTALL)
    assert '"addText": "Add another Topic or words"' in page
    assert page.index("filters-TOTAL_FORMS") < page.index("field-created_at"), "the dates come last"


def test_a_new_topic_is_the_last_and_its_group_is_chosen_or_new(admin_client: Client, learning: Topic) -> None:
    Topic.objects.filter(pk=learning.pk).update(group="Learning & more", position=6)
    address = reverse("admin:subscriptions_topic_add")
    shown = admin_client.get(address).content.decode()
    assert '<option value="Learning &amp; more">Learning &amp; more</option>' in shown
    assert re.search(r'<select name="group"', shown)
    assert re.search(r'<input[^>]* name="position" value="7"', shown)
    form = {"slug": "bandits", "name": "Bandits", "group": "Learning & more", "phrases": "bandits", "position": "7"}
    admin_client.post(address, form)
    assert Topic.objects.get(slug="bandits").group == "Learning & more"
    admin_client.post(address, form | {"slug": "quanta", "name": "Quanta", "group_new": " Physics "})
    assert Topic.objects.get(slug="quanta").group == "Physics"
    again = admin_client.post(address, form | {"name": "", "group_new": "Art"}).content.decode()  # with an error
    assert re.search(
        r'<input[^>]* name="group_new"[^>]* value="Art"|<input[^>]* value="Art"[^>]* name="group_new"', again
    )


def test_the_group_of_a_topic_is_chosen_on_its_page(admin_client: Client, learning: Topic) -> None:
    page = admin_client.get(reverse("admin:subscriptions_topic_change", args=[learning.pk])).content.decode()
    assert f'<option value="{learning.group}" selected>{learning.group}</option>' in page


@pytest.mark.parametrize(
    ("phrases", "kept"),
    [("bandits\r\n multi-armed \r\n\r\n", ["bandits", "multi-armed"]), ("", None), (" \r\n ", None)],
)
def test_it_takes_topics_with_phrases_one_a_line(admin_client: Client, phrases: str, kept: list[str] | None) -> None:
    form = {"slug": "bandits", "name": "Bandits", "group": "Methods", "phrases": phrases, "exclusions": ""}
    response = admin_client.post(admin_url(Topic, "add"), form | {"position": "0", "is_offered": "on"})
    assert response.status_code == (302 if kept else 200)
    assert [(topic.phrases, topic.exclusions) for topic in Topic.objects.all()] == ([(kept, [])] if kept else [])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"narrower": ["learning", "vision"]}, ""),
        ({"narrower": ["learning"], "phrases": "methods"}, ""),
        ({}, "Write at least one phrase or category, or choose topics that this one includes."),
        ({"narrower": ["nonsense"]}, "nonsense is not one of the available choices"),
        ({"narrower": ["wide"]}, "wide is not one of the available choices"),
    ],
)
def test_it_takes_topics_that_include_others(
    admin_client: Client, learning: Topic, vision: Topic, fields: dict[str, Any], said: str
) -> None:
    Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["vision"])
    form = {"slug": "all", "name": "All", "group": "Methods", "position": "0", "is_offered": "on"}
    page = admin_client.post(admin_url(Topic, "add"), form | fields).content.decode()
    assert said in page
    made = Topic.objects.filter(slug="all").first()
    assert (made.narrower if made else None) == (None if said else fields["narrower"])


@pytest.mark.parametrize(
    ("slug", "change", "said"),
    [
        ("wide", {"narrower": ["learning", "wide"]}, "can’t include itself"),
        ("learning", {"narrower": ["wide"]}, "“Wide” includes others"),
        ("vision", {"narrower": ["learning"]}, "“Wide” includes this topic, so this one can’t include others"),
        ("vision", {"slug": "sight"}, "“Wide” includes this topic by its slug"),
        ("learning", {"slug": "lessons"}, None),
        ("vision", {"name": "Sight"}, None),
    ],
)
def test_a_broader_topic_is_not_included_in_another(
    learning: Topic, vision: Topic, slug: str, change: dict[str, Any], said: str | None
) -> None:
    Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["vision"])
    topic = Topic.objects.get(slug=slug)
    for name, value in change.items():
        setattr(topic, name, value)
    with pytest.raises(ValidationError, match=said) if said else nullcontext():
        topic.full_clean()


def test_it_shows_phrases_as_they_are_typed(admin_client: Client, vision: Topic) -> None:
    page = admin_client.get(admin_url(Topic, "change", vision.pk)).content.decode()
    assert "image generation\nvideo</textarea>" in page


def test_the_page_of_a_reader_leads_to_all_that_is_known_of_them(
    admin_client: Client, alice: Subscriber, edition: Edition
) -> None:
    planner.plan_everyone(edition, now=NOW)
    feedback.rate(alice, edition.papers.all()[0], "fewer", "learning", now=NOW)
    page = admin_client.get(admin_url(Subscriber, "change", alice.pk)).content.decode()
    for rows in (Delivery, Opinion, Learnt, Consent):
        address = re.search(rf'<li><a href="({admin_url(rows, "changelist")}\?[^"]+)">', page)
        assert address, rows
        found = admin_client.get(address[1]).context["cl"].result_list
        assert found, rows
        assert {getattr(row, "subscriber_id", alice.pk) for row in found} == {alice.pk}


def test_a_new_address_is_shown_while_it_waits_for_its_confirmation(admin_client: Client, alice: Subscriber) -> None:
    address = admin_url(Subscriber, "change", alice.pk)
    assert "New email address" not in admin_client.get(address).content.decode()
    Subscriber.objects.filter(pk=alice.pk).update(new_email="new@example.org")
    assert "new@example.org" in admin_client.get(address).content.decode()


def test_the_list_of_readers_capitalizes_their_frequency(admin_client: Client, alice: Subscriber) -> None:
    page = admin_client.get(admin_url(Subscriber, "changelist")).content.decode()
    assert '<td class="field-how_often">Daily<p' in page


def test_a_pill_writes_ok_in_capitals() -> None:
    assert pills.pill("ok") == '<span class="pill is-good">OK</span>'


def test_one_click_beside_what_a_reader_follows_changes_no_topic(admin_client: Client, alice: Subscriber) -> None:
    page = admin_client.get(admin_url(Subscriber, "change", alice.pk)).content.decode()
    assert "view_id_filters-0-topic" in page
    for click in ("add", "change", "delete"):
        assert f"{click}_id_filters-0-topic" not in page
    page = admin_client.get(admin_url(TopicFilter, "change", alice.filters.all()[0].pk)).content.decode()
    assert "delete_id_subscriber" not in page


def test_opinions_say_in_words_what_found_a_paper(admin_client: Client, alice: Subscriber, edition: Edition) -> None:
    came_by = ["evaluating-agents", ":words", ":votes"]
    one = Opinion.objects.create(
        subscriber=alice, paper=edition.papers.all()[0], verdict="like", came_by=came_by, said_at=NOW
    )
    for address in (admin_url(Opinion, "changelist"), admin_url(Opinion, "change", one.pk)):
        page = admin_client.get(address).content.decode()
        assert "evaluating-agents, own words, most votes" in page
        assert "filter key" not in page.lower()


def test_it_offers_time_zones_and_languages(admin_client: Client, alice: Subscriber) -> None:
    page = admin_client.get(admin_url(Subscriber, "change", alice.pk)).content.decode()
    assert '<option value="Europe/Berlin">' in page
    assert '<option value="de">Deutsch</option>' in page


@pytest.fixture(params=["page", "list"])
def delete(admin_client: Client, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return the page that lists what a deletion of topics would remove; if `sure`, delete them."""

    def ask(*topics: Topic, sure: bool = False) -> str:
        post = {"post": "yes"} if sure else {}
        if request.param == "page":
            (topic,) = topics
            address = admin_url(Topic, "delete", topic.pk)
            answer = admin_client.post(address, post) if sure else admin_client.get(address)
        else:
            chosen = {"action": "delete_selected", "_selected_action": [topic.pk for topic in topics]}
            answer = admin_client.post(admin_url(Topic, "changelist"), chosen | post)
        return answer.content.decode()

    return ask


def test_a_topic_goes_with_the_papers_found_on_it(
    delete: Callable[..., str], learning: Topic, edition: Edition
) -> None:
    assert TopicPaper.objects.filter(topic=learning).count() == 2
    page = delete(learning)
    assert '<th scope="row">Topic papers</th><td>2</td>' in page
    assert "have permission" not in page
    assert "Reinforcement Learning at Scale" not in page
    delete(learning, sure=True)
    assert not Topic.objects.exists()
    assert not TopicPaper.objects.exists()
    assert edition.papers.count() == 3


def test_a_topic_with_followers_stays(delete: Callable[..., str], alice: Subscriber, learning: Topic) -> None:
    page = delete(learning, sure=True)
    assert f'?filters__topic__id__exact={learning.pk}">one reader</a>' in page
    assert "Untick “offered to readers” on its page instead" in page
    assert Topic.objects.filter(pk=learning.pk).exists()
    assert alice.filters.filter(topic=learning).exists()


def test_a_topic_that_the_catalogue_would_bring_back_stays(delete: Callable[..., str], db: None) -> None:
    listed = Topic.objects.create(slug="agent-memory", name="Memory", group="Agents", phrases=["memory"])
    page = delete(listed, sure=True)
    assert f">{listed}</a> is in the catalogue, and the next load would add it again. Untick" in page
    assert Topic.objects.filter(pk=listed.pk).exists()


def test_a_topic_that_another_includes_stays(delete: Callable[..., str], vision: Topic) -> None:
    Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["vision"])
    page = delete(vision, sure=True)
    assert re.search(r">Wide</a> includes <a [^>]*>Vision</a>\. Remove it there first\.", page)
    assert Topic.objects.filter(pk=vision.pk).exists()


@pytest.mark.parametrize("delete", ["list"], indirect=True)
def test_a_topic_goes_together_with_its_broader_one(delete: Callable[..., str], vision: Topic) -> None:
    delete(vision, Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["vision"]), sure=True)
    assert not Topic.objects.exists()


@pytest.mark.usefixtures("filled")
def test_it_deletes_a_reader_with_all_that_is_known_about_them(admin_client: Client, alice: Subscriber) -> None:
    admin_client.post(admin_url(Subscriber, "delete", alice.pk), {"post": "yes"})
    assert not Subscriber.objects.filter(pk=alice.pk).exists()
    assert not TopicFilter.objects.filter(subscriber_id=alice.pk).exists()
    assert not Delivery.objects.filter(subscriber_id=alice.pk).exists()


def test_it_reads_words_as_strictly_as_the_form_and_leaves_those_that_were_saved(
    admin_client: Client, bob: Subscriber
) -> None:
    saved = TopicFilter.objects.create(subscriber=bob, words="agents OR memory")
    page = admin_url(TopicFilter, "change", saved.pk)
    assert "without a star" in admin_client.post(page, {"subscriber": bob.pk, "words": "diffus*"}).content.decode()
    assert admin_client.post(page, {"subscriber": bob.pk, "words": "agents OR memory"}).status_code == 302
    inline = admin_client.get(admin_url(Subscriber, "change", bob.pk)).context["inline_admin_formsets"][0].formset
    form = type(inline.forms[0])({"words": "diffus*"}, instance=saved)
    assert "without a star" in str(form.errors["words"])


def test_it_refuses_words_that_can_not_be_read(admin_client: Client, bob: Subscriber) -> None:
    response = admin_client.post(admin_url(TopicFilter, "add"), {"subscriber": bob.pk, "words": "cat:?"})
    assert response.status_code == 200
    assert "is not an arXiv category" in response.content.decode()
    long_ago = NOW - dt.timedelta(days=400)
    Subscriber.objects.filter(pk=bob.pk).update(created_at=long_ago)
    assert not bob.filters.exclude(words="").exists()
