"""The brand in the admin: previewed in a sample email, emailed to oneself, and only then saved."""

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from digest.models import Edition
from subscriptions import brand, colours
from subscriptions.models import Brand, Subscriber, Topic
from tests.email.mails import digest_of

pytestmark = pytest.mark.django_db
ADD = "/admin/subscriptions/brand/add/"
TYPED = {
    "name": "Robot Weekly",
    "sender": "robots@lab.example.org",
    "reply_to": "editor@lab.example.org",
    "accent": "#ffcc00",
    "logo_url": "https://lab.example.org/logo.png",
    "logo_width": "48",
    "logo_height": "32",
    "intro": "Good <morning>,\nreaders.",
    "footer": "Made by the lab.",
    "postal_address": "The Lab\n1 Main Street",
}


@pytest.fixture
def before(admin_client: Client) -> str:
    """The brand before a form is submitted."""
    return str(brand.current())


def test_it_shows_a_change_in_a_sample_mail_before_it_counts(
    admin_client: Client, learning: Topic, edition: Edition, before: str
) -> None:
    answer = admin_client.post(ADD, TYPED | {"_preview": "Preview"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The edition of 2026-08-20 as an email" in page
    assert "a made-up reader who follows Learning." in page
    assert "Robot Weekly &lt;robots@lab.example.org&gt;" in page
    assert "Good &amp;lt;morning&amp;gt;,&lt;br&gt;readers." in page  # once for the mail, once for the frame
    assert not Brand.objects.exists()
    assert str(brand.current()) == before


def test_it_shows_nothing_of_a_reader(admin_client: Client, edition: Edition, alice: Subscriber) -> None:
    Subscriber.objects.update(language="de")
    page = admin_client.post(ADD, TYPED | {"_preview": "Preview"}).content.decode()
    assert "alice@example.org" not in page
    assert "Your words" not in page  # alice has some
    assert "Abmelden" not in page
    assert "/unsubscribe/" not in page
    assert "/preferences/" not in page


def test_it_is_mailed_to_who_tries_it(
    admin_client: Client, admin_user: Any, edition: Edition, alice: Subscriber, before: str
) -> None:
    page = admin_client.post(ADD, TYPED | {"_send_test": "", "test-send_to": admin_user.email}).content.decode()
    (sent,) = mail.outbox
    told = f"Sent to {admin_user.email}. Nothing was saved."
    assert told in page[: page.index('id="fitting"')]
    assert told in page[page.index('id="fitting"') :]  # where the button leads
    assert sent.to == [admin_user.email]
    assert sent.from_email == "Robot Weekly <robots@lab.example.org>"
    assert sent.reply_to == ["editor@lab.example.org"]
    assert "Made by the lab." in sent.body
    assert not Brand.objects.exists()
    assert str(brand.current()) == before


def test_it_asks_for_an_address(admin_client: Client, edition: Edition, alice: Subscriber) -> None:
    for typed in ("", "nobody"):
        page = admin_client.post(ADD, TYPED | {"_send_test": "", "test-send_to": typed}).content.decode()
        assert "email address, such as" in page or "That is not an email address" in page
    assert mail.outbox == []


def test_it_says_so_when_there_is_no_mail_to_try_it_on(admin_client: Client) -> None:
    assert "There is no edition yet" in admin_client.post(ADD, TYPED | {"_preview": "Preview"}).content.decode()


def test_it_counts_once_it_is_saved(admin_client: Client, edition: Edition, alice: Subscriber) -> None:
    admin_client.post(ADD, TYPED)
    made = digest_of(edition, alice)
    assert made.message["From"] == "Robot Weekly <robots@lab.example.org>"
    assert made.message["Reply-To"] == "editor@lab.example.org"
    assert made.message["List-Id"] == "Robot Weekly <digest.lab.example.org>"
    assert made.message["Message-ID"].endswith("@lab.example.org>")
    assert "Good <morning>,\nreaders." in made.text
    assert "The Lab<br>1 Main Street" in made.html
    (logo,) = made.all("img")
    assert (logo["alt"], logo["width"], logo["height"]) == ("", "48", "32")  # the name is beside it
    assert brand.current().light.accent in made.html
    assert "Robot Weekly" in Client().get("/").content.decode()


def test_it_leads_to_the_only_row(admin_client: Client) -> None:
    assert admin_client.get("/admin/subscriptions/brand/")["Location"] == ADD
    admin_client.post(ADD, TYPED)
    assert admin_client.get("/admin/subscriptions/brand/")["Location"] == "/admin/subscriptions/brand/1/change/"
    assert admin_client.get(ADD).status_code == 403


def test_it_takes_from_the_settings_what_is_left_empty(settings: Any) -> None:
    Brand().save()
    settings.SITE_NAME, settings.POSTAL_ADDRESS = "Our Papers", "Our Lab"
    look = brand.current()
    assert (look.name, look.postal_address, look.accent) == ("Our Papers", "Our Lab", colours.ACCENT)
    assert look.sender == "Daily Papers <digest@papers.example.org>"


def test_there_is_one_row_at_most() -> None:
    Brand(name="One").save()
    Brand(name="Other").save()
    assert [row.name for row in Brand.objects.all()] == ["Other"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Brand.objects.bulk_create([Brand(pk=2)])


def test_it_asks_the_database_once_for_many_pages(django_assert_num_queries: Any) -> None:
    brand.forget()
    with django_assert_num_queries(1):
        for _ in range(100):
            brand.current()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accent", "red"),
        ("accent", "#12345"),
        ("name", "Two\nlines"),
        ("logo_url", "http://example.org/logo.png"),
        ("logo_url", "data:image/png;base64,AAAA"),
        ("sender", "nobody"),
        ("logo_width", 0),
    ],
)
def test_it_refuses_what_would_break_a_mail(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as told:
        Brand(**{field: value}).full_clean(exclude=["id"])
    assert field in told.value.message_dict
