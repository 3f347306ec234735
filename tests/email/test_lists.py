"""Requirements L1 to L7: the headers of a mailing list."""

import re
from email.utils import parsedate_to_datetime

from digest.models import Edition
from subscriptions.models import Subscriber
from tests.email import cast
from tests.email.mails import Mail, digests_of


def test_l1_the_list_id_is_the_same_in_every_email(mails: list[Mail]) -> None:
    (list_id,) = {mail.message["List-Id"] for mail in mails}
    assert re.fullmatch(r"Daily Papers <digest\.papers\.example\.org>", list_id)
    assert len(list_id) <= 255


def test_l2_help_archive_and_owner_are_addresses_in_brackets(mails: list[Mail]) -> None:
    for mail in mails:
        for name in ("List-Help", "List-Archive", "List-Owner"):
            assert re.fullmatch(r"<(https://|mailto:)[^<>\s]+>", mail.message[name])
            assert re.search(rb"^%s: <[^\r]+>\r$" % name.encode(), mail.wire, re.MULTILINE)  # not folded
        assert mail.message["List-Post"] == "NO"


def test_l3_no_machine_answers(mails: list[Mail]) -> None:
    for mail in mails:
        assert (mail.message["Auto-Submitted"], mail.message["Precedence"]) == ("auto-generated", "list")


def test_l4_the_message_id_is_the_same_on_every_attempt_and_unique(sample: Edition, readers: list[Subscriber]) -> None:
    first, again = ([mail.message["Message-ID"] for mail in digests_of(sample, readers)] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)
    assert all(re.fullmatch(r"<[^<>@\s]+@papers\.example\.org>", made) for made in first)


def test_l5_date_one_from_and_no_line_is_too_long(mails: list[Mail], readers: list[Subscriber]) -> None:
    for mail in mails + digests_of(cast.hostile_day(), readers):
        assert parsedate_to_datetime(mail.message["Date"]).year >= 2026
        assert len(mail.message.get_all("From") or []) == 1
        assert max(map(len, mail.wire.split(b"\r\n"))) <= 998
        assert b"\n" not in mail.wire.replace(b"\r\n", b"")
        assert mail.defects == []


def test_l6_the_feedback_id_names_campaign_stream_and_sender_and_no_reader(mails: list[Mail]) -> None:
    kinds = set()
    for mail in mails:
        fields = mail.message["Feedback-ID"].split(":")
        assert len(fields) == len(set(fields)) == 4
        assert re.fullmatch(r"[a-z0-9]{5,15}", fields[3])
        kinds.add(mail.message["Feedback-ID"])
    assert len(kinds) == 2  # daily and weekly, however many readers


def test_l7_hostile_papers_add_no_header(sample: Edition, readers: list[Subscriber]) -> None:
    """For texts of admins and visitors, see test_injection."""
    friendly = {tuple(sorted(mail.message.keys())) for mail in digests_of(sample, readers)}
    hostile = {tuple(sorted(mail.message.keys())) for mail in digests_of(cast.hostile_day(), readers)}
    assert len(friendly) == 1
    assert hostile == friendly
