"""Emails of recorded days to readers of each kind: one day in each run, twenty with `make mail-check`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser

from subscriptions.topics import catalogue
from tests.email import allowed, cast, tools
from tests.email.mails import Mail, digests_of
from tests.email.tools import Rspamd, Validator

DAYS = int(os.environ.get("MAIL_CHECK_DAYS", "1"))
pytestmark = pytest.mark.mailtools


@dataclass
class Figures:
    """The results of the tools for all emails."""

    sizes: list[int] = field(default_factory=list)
    spamassassin: list[float] = field(default_factory=list)
    rspamd: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{len(self.sizes)} mails: HTML of {min(self.sizes):,} to {max(self.sizes):,} bytes; "
            f"SpamAssassin {min(self.spamassassin)} to {max(self.spamassassin)} points; "
            f"rspamd {min(self.rspamd):.2f} to {max(self.rspamd):.2f} points"
        )


@pytest.fixture(scope="module")
def figures() -> Iterator[Figures]:
    found = Figures()
    yield found
    if DAYS > 1 and found.sizes:
        print(f"\n{found}")


@pytest.fixture
def mails(db: None, request: pytest.FixtureRequest) -> list[Mail]:
    days = cast.recorded_days()
    if not days:
        pytest.skip("recorded answers of the real services are not part of this repository")
    catalogue.load()
    at = days.index(request.param)
    week = [cast.recorded_day(day) for day in days[max(0, at - 4) : at + 1]]
    return digests_of(week[-1], cast.make_readers())


@pytest.mark.parametrize("mails", cast.recorded_days()[-DAYS:] or ["none"], indirect=True)
def test_no_tool_finds_anything_wrong_with_the_emails_of_a_recorded_day(
    mails: list[Mail], rspamd: Rspamd, validator: Validator, browser: Browser, figures: Figures
) -> None:
    if why := tools.missing("spamassassin"):
        pytest.skip(why)
    assert len(mails) >= len(cast.KINDS) - 3  # a day may have no papers for some of them
    verdicts = tools.spamassassin(mails)
    for mail, spamassassin in zip(mails, verdicts, strict=True):
        second_opinion = rspamd.judge(mail)
        markup = validator.judge(mail.html)
        figures.sizes.append(len(mail.html.encode()))
        figures.spamassassin.append(spamassassin.score)
        figures.rspamd.append(second_opinion.score)
        assert mail.defects == []
        assert max(map(len, mail.wire.split(b"\r\n"))) <= 998
        assert mail.text_links == mail.links_for_text
        assert len(mail.html.encode()) <= 80_000
        assert allowed.by_spamassassin(spamassassin) == []
        assert allowed.by_rspamd(second_opinion) == []
        assert markup.invalid == []
        assert allowed.by_caniemail(markup) == set()
        for scheme in ("light", "dark"):
            assert tools.axe(browser, mail.html, scheme) == []
