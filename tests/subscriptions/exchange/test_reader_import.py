"""The import of readers: exports of other products, statuses, consent, and continuing after a kill."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from subscriptions.exchange import reader_import
from subscriptions.exchange.reader_file import ImportSettings, open_readers
from subscriptions.exchange.reader_import import ReaderImporter, StaleImporterError
from subscriptions.exchange.tables import TableError
from subscriptions.models import Consent, FormPost, ImportPart, OwedNotice, ReaderImport, Subscriber, Suppression, Topic
from subscriptions.models.readers import LONGEST_PAUSE
from subscriptions.notices import queue
from subscriptions.readers import address_change, lifecycle, personal_data
from subscriptions.readers.preferences import Preferences
from tests.conftest import NOW, make_reader

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[2] / "data" / "imports"
FORM = ImportSettings(consent_source="sign-up form on example.org", consent_date="2024-01-01")


def import_file(path: Path, settings: ImportSettings = FORM) -> ReaderImport:
    file = open_readers(path, settings, now=NOW)
    importer = ReaderImporter(file, by="ida", now=NOW)
    list(importer.check())
    record = reader_import.begin(file, path, name=path.name, by="ida", now=NOW)
    list(importer.run(record))
    record.refresh_from_db()
    return record


def statuses() -> dict[str, str]:
    return dict(Subscriber.objects.values_list("email", "status"))


@pytest.fixture
def topics() -> Topic:
    return Topic.objects.create(slug="robotics", name="Robotics", group="Robots", phrases=["robot"])


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "readers.csv"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "product", "counts"),
    [
        ("listmonk.csv", "listmonk", {"new": 2, "unsubscribed": 2}),
        ("substack.csv", "Substack", {"new": 2, "unsubscribed": 1}),
        ("ghost.csv", "Ghost", {"new": 2, "unsubscribed": 1}),
        (
            "buttondown.csv",
            "Buttondown",
            {"new": 2, "unconfirmed": 1, "unsubscribed": 1, "bounced": 1, "complained": 1},
        ),
        ("subscribed_email_audience_export_1a2b3c.csv", "Mailchimp", {"new": 2}),
        ("unsubscribed_email_audience_export_1a2b3c.csv", "Mailchimp", {"unsubscribed": 1}),
        ("cleaned_email_audience_export_1a2b3c.csv", "Mailchimp", {"bounced": 1}),
    ],
)
def test_it_reads_the_exports_of_other_products_and_respects_their_statuses(
    topics: Any, name: str, product: str, counts: dict[str, int]
) -> None:
    record = import_file(SAMPLES / name, ImportSettings(consent_source="their form"))
    assert (record.product, record.counts) == (product, counts)
    active = {"ada@example.org": "active", "grace@example.org": "active"} if "new" in counts else {}
    assert statuses() == active


def test_it_keeps_the_sign_up_time_consent_and_tags_of_an_export(topics: Any) -> None:
    record = import_file(SAMPLES / "buttondown.csv", ImportSettings(consent_source="their form"))
    ada = Subscriber.objects.get(email="ada@example.org")
    assert ada.created_at == ada.confirmed_at == dt.datetime(2024, 7, 1, 6, 0, 0, 123456, dt.UTC)
    assert ada.active_since == NOW, "no edition from before the import is sent"
    assert [row.topic.name for row in ada.filters.all() if row.topic] == ["Robotics"]
    consent = Consent.objects.get(reader_uid=ada.uid)
    assert (consent.event, consent.where) == ("imported", "import by ida; their form; consent of 2024-07-01")
    assert record.notes == ["Not known here and left out, topics: Zürich (1)."]


def test_it_reads_the_times_of_listmonk_in_any_zone() -> None:
    import_file(SAMPLES / "listmonk.csv", ImportSettings(consent_source="their form"))
    assert dict(Subscriber.objects.values_list("email", "created_at")) == {
        "ada@example.org": dt.datetime(2024, 2, 3, 9, 15, 22, 113400, dt.UTC),
        "grace@example.org": dt.datetime(2024, 5, 6, 18, 2, 11, 4118, dt.UTC),
    }


def test_the_former_name_of_a_column_of_buttondown_says_who_left(table: Callable[[str], Path]) -> None:
    path = table("email,subscriber_type,creation_date\nada@example.org,churning,\nbob@example.org,unsubscribed,\n")
    assert import_file(path).counts == {"new": 1, "unsubscribed": 1}
    assert statuses() == {"ada@example.org": "active"}


def test_it_reads_the_time_zone_of_a_mailchimp_export() -> None:
    import_file(SAMPLES / "subscribed_email_audience_export_1a2b3c.csv", ImportSettings(consent_source="their form"))
    zones = dict(Subscriber.objects.values_list("email", "time_zone"))
    assert zones == {"ada@example.org": "Europe/London", "grace@example.org": "UTC"}


def test_it_reads_a_whole_mailchimp_audience_and_never_activates_who_left_in_any_of_its_files(tmp_path: Path) -> None:
    path = tmp_path / "audience.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in SAMPLES.glob("*_audience_export_*.csv"):
            archive.write(file, file.name)
        archive.writestr(
            "unsubscribed_email_audience_export_4d5e6f.csv", '"Email Address",LEID,EUID\nA.Da+x@example.org,1,a\n'
        )
        archive.writestr(
            "subscribed_email_audience_export_4d5e6f.csv", '"Email Address",LEID,EUID\na.da@example.org,1,a\n'
        )
    record = import_file(path, FORM)
    assert record.counts == {"new": 2, "unsubscribed": 2, "bounced": 1, "duplicate": 1}
    assert "a.da@example.org" not in statuses()


def test_it_never_reactivates_readers_who_left_or_are_suppressed_here(table: Callable[[str], Path]) -> None:
    lifecycle.unsubscribe(make_reader("left@example.org"), now=NOW)
    lifecycle.suppress("Gone@example.org", Suppression.Reason.BOUNCED)
    record = import_file(table("email\nLEFT@example.org\ngone@example.org\nnew@example.org\n"))
    assert record.counts == {"left": 1, "suppressed": 1, "new": 1}
    assert statuses() == {"left@example.org": "unsubscribed", "new@example.org": "active"}
    rows = list(csv.reader(io.StringIO(b"".join(reader_import.rejects(record)).decode())))
    assert [row[1] for row in rows] == ["row", "2", "3"]
    assert "suppression list" in rows[2][2]


def sign_up_without_confirming(address: str) -> None:
    """Sign an address up, as a stranger may, and let the sign-up expire."""
    lifecycle.sign_up(address, Preferences(), now=NOW)
    lifecycle.delete_unconfirmed(now=NOW + 2 * lifecycle.UNCONFIRMED_LIFETIME)
    assert not Subscriber.objects.filter(email=address).exists()


def test_a_sign_up_that_a_stranger_typed_does_not_hide_that_a_reader_left(table: Callable[[str], Path]) -> None:
    lifecycle.unsubscribe(make_reader("left@example.org"), now=NOW)
    sign_up_without_confirming("left@example.org")
    assert import_file(table("email\nleft@example.org\n")).counts == {"left": 1}


def test_nor_does_it_if_the_reader_had_been_imported(table: Callable[[str], Path]) -> None:
    import_file(table("email\nleft@example.org\n"))
    lifecycle.unsubscribe(Subscriber.objects.get(), now=NOW)
    sign_up_without_confirming("left@example.org")
    assert import_file(table("email\nleft@example.org\n\n")).counts == {"left": 1}


def test_the_former_address_of_a_reader_who_left_or_moved_is_not_imported(table: Callable[[str], Path]) -> None:
    for name in ("erased", "moved"):
        reader = make_reader(f"{name}@example.org")
        address_change.request_change(reader, f"{name}@new.example.org", now=NOW)
        token = address_change.make_url(reader).rstrip("/").rpartition("/")[2]
        assert address_change.confirm(reader, token, now=NOW)
        if name == "erased":
            personal_data.erase(reader)
    record = import_file(table("email\nerased@example.org\nmoved@example.org\n"))
    assert record.counts == {"left": 1, "known": 1}


def test_it_counts_a_mailbox_once_in_any_spelling(table: Callable[[str], Path]) -> None:
    text = "email\nada@gmail.com\nADA@gmail.com\na.da+papers@googlemail.com\nada@example.org\n"
    assert import_file(table(text)).counts == {"new": 2, "duplicate": 2}


def test_it_rejects_bad_rows_with_number_reason_and_their_cells(table: Callable[[str], Path]) -> None:
    text = (
        "email,consent_date,note\n"
        "no address,2024-01-01,=1+1\n"
        "b@example.org,01/02/2024,\n"
        "c@example.org,2999-01-01,\n"
        "d@localhost,,\n"
        "e@example.org,2024-01-01,,extra\n"
        "f@example.org,,\n"
    )
    record = import_file(table(text), ImportSettings(consent_source="form"))
    assert record.counts == {"invalid": 6}
    header, *rows = csv.reader(io.StringIO(b"".join(reader_import.rejects(record)).decode()))
    assert header == ["file", "row", "reason", "email", "consent_date", "note"]
    assert [(row[1], row[2].split(":")[0]) for row in rows] == [
        ("2", "“no address” is not an email address."),
        ("3", "“01/02/2024” is not a date. Write it like 2024-03-01 or 2024-03-01 10"),
        ("4", "The date 2999-01-01 is in the future."),
        ("5", "The domain of the address is not a public one."),
        ("6", "The row has 4 cells, and the header 3."),
        ("7", "There is no date of consent, neither in the row nor for the whole file."),
    ]
    assert rows[0][5] == "'=1+1", "a spreadsheet program must not run it"


def test_it_requires_the_source_and_the_date_of_consent(table: Callable[[str], Path]) -> None:
    path = table("email\nada@example.org\n")
    with pytest.raises(TableError, match="how its readers gave consent"):
        open_readers(path, ImportSettings(consent_date="2024-01-01"), now=NOW)
    with pytest.raises(TableError, match="when its readers gave consent"):
        open_readers(path, ImportSettings(consent_source="form"), now=NOW)


def test_it_changes_existing_readers_only_if_asked(topics: Any, table: Callable[[str], Path]) -> None:
    reader = make_reader("ada@example.org")
    before = list(reader.filters.values_list("topic", "words"))
    path = table("email,language,frequency,time_zone,tags\nADA@example.org,de-AT,weekly,Europe/Vienna,Robotics\n")
    assert import_file(path).counts == {"known": 1}
    reader.refresh_from_db()
    assert (reader.language, reader.frequency) == ("en", "daily")
    settings = ImportSettings(consent_source="form", consent_date="2024-01-01", update=True)
    assert import_file(path, settings).counts == {"updated": 1}
    import_file(path, settings)
    reader.refresh_from_db()
    assert (reader.language, reader.frequency, reader.time_zone) == ("de", "weekly", "Europe/Vienna")
    assert reader.filters.count() == len(before) + 1
    assert Consent.objects.filter(reader_uid=reader.uid, event="changed").exists()


def test_it_reads_preferences_of_our_own_exports_and_reports_those_that_it_can_not_use(
    table: Callable[[str], Path],
) -> None:
    reader = make_reader("old@example.org")
    rows = "email,status,paused_until,send_hour,max_papers,one_list\n" + (
        "old@example.org,active,,21,3,True\n"
        "odd@example.org,active,2000-01-01,24,26,maybe\n"
        f"break@example.org,paused,{NOW.date() + LONGEST_PAUSE},,,\n"
        "long@example.org,paused,2999-01-01,,,\n"
        "gone@example.org,paused,,,,\n"
    )
    settings = ImportSettings(consent_source="form", consent_date="2024-01-01", update=True)
    record = import_file(table(rows), settings)
    assert record.counts == {"updated": 1, "new": 2, "unsubscribed": 1, "invalid": 1}
    assert "A pause lasts a year at most." in b"".join(reader_import.rejects(record)).decode()
    assert statuses() == {"old@example.org": "active", "odd@example.org": "active", "break@example.org": "paused"}
    reader.refresh_from_db()
    assert (reader.send_hour, reader.max_papers, reader.one_list) == (21, 3, True)
    odd = Subscriber.objects.get(email="odd@example.org")
    assert (odd.send_hour, odd.max_papers, odd.one_list, odd.paused_until) == (7, 10, False, None)
    assert [note.rpartition(", ")[2] for note in record.notes] == [
        "send-hour: 24 (1).",
        "max-papers: 26 (1).",
        "one-list: maybe (1).",
    ]


def test_it_can_ask_new_readers_to_confirm_by_the_same_queue_as_the_form(
    topics: Any, table: Callable[[str], Path]
) -> None:
    settings = ImportSettings(consent_source="form", consent_date="2024-01-01", confirm=True)
    rows = "email,tags,max_papers,follows_likes\nada@example.org,Robotics,3,no\n"
    assert import_file(table(rows), settings).counts == {"confirm": 1}
    assert FormPost.objects.get().email == "ada@example.org"
    queue.send_pending(now=NOW)
    reader = Subscriber.objects.get()
    assert (reader.status, reader.filters.count(), reader.max_papers) == ("pending", 1, 3)
    assert not reader.follows_likes
    assert not OwedNotice.objects.exists(), "the confirmation email was sent"


def test_it_refuses_to_queue_more_confirmations_than_its_limits_allow(
    table: Callable[[str], Path], settings: Any
) -> None:
    settings.LIMIT_PER_DOMAIN = [(1, dt.timedelta(days=3))]
    path = table("email\na@example.org\nb@example.org\nc@example.org\n")
    file = open_readers(path, ImportSettings("form", "2024-01-01", confirm=True), now=NOW)
    with pytest.raises(TableError, match=r"2 confirmation emails a week to example\.org, and the file needs 3"):
        list(ReaderImporter(file, by="ida", now=NOW).check())


def test_it_can_suppress_addresses_that_ended_elsewhere_but_not_our_own_readers(table: Callable[[str], Path]) -> None:
    make_reader("mine@example.org")
    text = "email,status\nmine@example.org,unsubscribed\nleft@example.org,unsubscribed\nbad@example.org,bounced\n"
    record = import_file(table(text), ImportSettings("form", "2024-01-01", suppress=True))
    assert record.counts == {"unsubscribed": 2, "bounced": 1}
    assert lifecycle.is_suppressed("left@example.org")
    assert not lifecycle.is_suppressed("mine@example.org")
    assert list(Suppression.objects.order_by("reason").values_list("reason", flat=True)) == ["admin", "bounced"]


def test_a_dry_run_says_what_the_import_does_and_changes_nothing(table: Callable[[str], Path]) -> None:
    make_reader("known@example.org")
    path = table("email\nknown@example.org\nnew@example.org\nbad\n")
    file = open_readers(path, FORM, now=NOW)
    importer = ReaderImporter(file, by="ida", now=NOW)
    list(importer.check())
    *_, trial = importer.try_out()
    assert trial.problems == [("readers.csv", 4, "“bad” is not an email address.")]
    assert not ReaderImport.objects.exists()
    assert list(statuses()) == ["known@example.org"]
    assert trial.counts == import_file(path).counts


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_an_import_that_was_killed_ends_with_the_same_rows(
    table: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, stopped_after: int
) -> None:
    monkeypatch.setattr(reader_import, "BATCH", 3)
    path = table("email\n" + "".join(f"r{i % 9}@example.org\nbad {i}\n" for i in range(6)) + "R1@example.org\n")
    file = open_readers(path, FORM, now=NOW)
    importer = ReaderImporter(file, by="ida", now=NOW)
    list(importer.check())
    begun = reader_import.begin(file, path, name="readers.csv", by="ida", now=NOW)
    steps = importer.run(begun)
    for _ in range(stopped_after):
        next(steps)
    record = import_file(path)
    assert record.pk == begun.pk
    assert record.rows_done == record.rows == 13
    assert record.counts == {"new": 6, "invalid": 6, "duplicate": 1}
    assert Subscriber.objects.count() == Consent.objects.count() == 6
    assert b"".join(reader_import.rejects(record)).count(b"readers.csv") == 6


def test_two_processes_that_run_the_same_import_store_each_row_once(
    table: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_import, "BATCH", 1)
    path = table("email\na@example.org\nb@example.org\nA@example.org\nbad\n")
    files = [open_readers(path, FORM, now=NOW) for _ in range(2)]
    record = reader_import.begin(files[0], path, name="readers.csv", by="ida", now=NOW)
    runs = [ReaderImporter(file, by="ida", now=NOW).run(record) for file in files]
    assert [next(runs[place]) for place in (0, 1, 1, 0)] == [1, 2, 3, 4]
    assert [list(run) for run in runs] == [[], []]
    record.refresh_from_db()
    assert record.counts == {"new": 2, "duplicate": 1, "invalid": 1}


def test_an_importer_whose_batch_was_rolled_back_does_not_skip_it(table: Callable[[str], Path]) -> None:
    path = table("email\na@example.org\n")
    file = open_readers(path, FORM, now=NOW)
    record = reader_import.begin(file, path, name="readers.csv", by="ida", now=NOW)
    importer = ReaderImporter(file, by="ida", now=NOW)
    with transaction.atomic():
        importer.store_next(record.pk)
        transaction.set_rollback(True)
    with pytest.raises(StaleImporterError):
        importer.store_next(record.pk)
    assert import_file(path).counts == {"new": 1}


def test_words_topics_for_the_whole_file_and_chosen_columns(topics: Any, table: Callable[[str], Path]) -> None:
    text = "Kontakt;Stichworte\nada@example.org;diffusion policies\ngrace@example.org;\nbad@example.org;cat:\n"
    columns = {"address": "kontakt", "words": "Stichworte"}
    record = import_file(table(text), ImportSettings("form", "2024-01-01", columns=columns, topics=("robotics",)))
    assert record.counts == {"new": 2, "invalid": 1}
    follows = {reader.email: [str(row) for row in reader.filters.all()] for reader in Subscriber.objects.all()}
    assert follows == {"ada@example.org": ["diffusion policies"], "grace@example.org": ["Robotics"]}


def test_it_names_the_columns_if_the_address_or_a_chosen_one_is_missing(table: Callable[[str], Path]) -> None:
    path = table("name,city\nAda,London\n")
    with pytest.raises(TableError, match=r"Say which it is\. It has name, city"):
        open_readers(path, FORM, now=NOW)
    with pytest.raises(TableError, match=r"has no column “mail”\. It has name, city"):
        open_readers(path, ImportSettings("form", "2024-01-01", columns={"address": "mail"}), now=NOW)


def test_rejected_rows_are_deleted_after_a_week(table: Callable[[str], Path]) -> None:
    import_file(table("email\nbad\n"))
    reader_import.delete_old(now=NOW + dt.timedelta(days=6))
    assert ImportPart.objects.exists()
    reader_import.delete_old(now=NOW + dt.timedelta(days=8))
    assert not ImportPart.objects.exists()


def test_tags_that_are_nested_too_deep_are_tags_that_are_not_known(table: Callable[[str], Path]) -> None:
    record = import_file(table(f"email,tags\nada@example.org,{'[' * 100_000}\n"))
    assert record.counts == {"new": 1}
