"""The brand in the admin: previewed in a sample email, emailed to oneself, and only then saved."""

import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image

from digest.models import Edition
from digest.site import logos
from subscriptions import brand, colors
from subscriptions.models import Brand, Logo, Subscriber, Topic
from tests.conftest import NOW
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
    assert "The edition of 20 Aug 2026 as an email" in page
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
    assert told in page[: page.index('id="sample"')]
    assert told in page[page.index('id="sample"') :]  # where the button leads
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


def test_it_shows_what_the_settings_say_in_empty_boxes_and_no_colons(admin_client: Client, settings: Any) -> None:
    settings.SITE_NAME, settings.DEFAULT_FROM_EMAIL = "Paper Boy", "Paper Boy <news@example.com>"
    settings.POSTAL_ADDRESS = "1 Main Street"
    page = admin_client.get(ADD).content.decode()
    for shown in ("Paper Boy", "news@example.com", "1 Main Street"):
        assert f'placeholder="{shown}"' in page
    assert ":</label>" not in page


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
    assert (look.name, look.postal_address, look.accent) == ("Our Papers", "Our Lab", colors.ACCENT)
    assert look.sender == "Daily Papers <digest@papers.example.org>"


def test_there_is_one_row_at_most() -> None:
    Brand(name="One").save()
    Brand(name="Other").save()
    assert [row.name for row in Brand.objects.all()] == ["Other"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Brand.objects.bulk_create([Brand(pk=2)])


def test_it_asks_the_database_once_for_many_pages(django_assert_num_queries: Any) -> None:
    brand.clear_cache()
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


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 400), mode: str = "RGBA") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, kind)
    return SimpleUploadedFile(f"logo.{kind.lower()}", out.getvalue() + b"hidden in the file")


def test_an_uploaded_logo_is_made_anew_and_small_and_shown_in_emails(
    admin_client: Client, client: Client, edition: Edition, alice: Subscriber
) -> None:
    answer = admin_client.post(ADD, TYPED | {"logo_url": "", "logo_height": "40", "logo_file": picture()})
    assert answer.status_code == 302
    row, logo = Brand.objects.get(), Logo.objects.get()
    assert (row.logo_mark, row.logo_width, row.logo_height) == (logo.mark, 120, 40)
    assert logo.used_at is not None
    address = f"/logos/{logo.mark}.png"
    made = digest_of(edition, alice)
    assert made.all("img")[0]["src"] == f"https://papers.example.org{address}"
    shown = client.get(address)
    assert shown["Content-Type"] == "image/png"
    assert "immutable" in shown["Cache-Control"]
    assert b"hidden" not in shown.content
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (600, 200), "RGBA")
    assert f'src="https://papers.example.org{address}"' in client.get("/").content.decode()


def test_a_previewed_logo_stays_chosen_until_the_form_is_saved(admin_client: Client, edition: Edition) -> None:
    page = admin_client.post(ADD, TYPED | {"logo_file": picture("JPEG", mode="RGB"), "_preview": ""})
    logo = Logo.objects.get()
    assert f"/logos/{logo.mark}.png" in page.context["sample"].mail.html
    form = page.context["adminform"].form
    assert (form["logo_mark"].value(), form["logo_width"].value()) == (logo.mark, "96")
    assert not Brand.objects.exists()
    admin_client.post(ADD, TYPED | {"logo_mark": logo.mark})
    assert Brand.objects.get().logo_mark == logo.mark


def test_an_uploaded_logo_can_be_removed_and_the_address_counts_again(admin_client: Client) -> None:
    admin_client.post(ADD, TYPED | {"logo_file": picture()})
    change = "/admin/subscriptions/brand/1/change/"
    mark = Brand.objects.get().logo_mark
    assert brand.current().logo_url == f"https://papers.example.org/logos/{mark}.png"
    assert "Remove the uploaded logo" in admin_client.get(change).content.decode()
    admin_client.post(change, TYPED | {"logo_mark": mark, "initial-logo_mark": mark, "remove_logo": "on"})
    assert Brand.objects.get().logo_mark == ""
    assert "Remove the uploaded logo" not in admin_client.get(change).content.decode()
    assert brand.current().logo_url == TYPED["logo_url"]
    assert Logo.objects.exists()  # emails that were sent show it


@pytest.mark.parametrize(
    ("body", "problem"),
    [(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image in PNG"), (b"x" * 1_600_000, "larger than 1.5 MB")],
)
def test_a_file_that_is_no_small_picture_is_refused(admin_client: Client, body: bytes, problem: str) -> None:
    page = admin_client.post(ADD, TYPED | {"logo_file": SimpleUploadedFile("logo.svg", body)}).content.decode()
    assert problem in page
    assert not Logo.objects.exists()
    assert not Brand.objects.exists()


def test_a_mark_that_is_not_stored_is_ignored(admin_client: Client, client: Client) -> None:
    admin_client.post(ADD, TYPED | {"logo_mark": "0123456789ab"})
    assert Brand.objects.get().logo_mark == ""
    assert client.get("/logos/0123456789ab.png").status_code == 404


def test_logos_that_were_only_previewed_are_deleted_after_a_day() -> None:
    with time_machine.travel(NOW, tick=False):
        for age, used in ((2, None), (2, NOW), (0, None)):
            day = NOW - dt.timedelta(days=age)
            Logo.objects.create(mark=f"{age}{bool(used)}", image=b"", uploaded_at=day, used_at=used)
        logos.store(picture().read(), now=NOW)
    assert not Logo.objects.filter(mark="2False").exists()
    assert Logo.objects.count() == 3


def test_a_color_can_be_picked(admin_client: Client) -> None:
    page = admin_client.get(ADD).content.decode()
    assert '<input type="color" value="#0f5f63" data-for="id_accent"' in page
    assert "admin-color.js" in page
