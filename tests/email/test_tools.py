"""Checks of emails by spam filters, validators and a browser."""

import pytest
from playwright.sync_api import Browser

from subscriptions.models import Subscriber
from tests.email import allowed, cast, tools
from tests.email.mails import Mail, digests_of
from tests.email.tools import Rspamd, Validator, Verdict

pytestmark = pytest.mark.mailtools


@pytest.fixture
def hostile_mails(readers: list[Subscriber]) -> list[Mail]:
    return digests_of(cast.hostile_day(), readers)


def test_spamassassin_finds_nothing_against_them(mails: list[Mail]) -> None:
    if why := tools.missing("spamassassin"):
        pytest.skip(why)
    for verdict in tools.spamassassin(mails):
        assert allowed.by_spamassassin(verdict) == []


def test_spamassassin_would_find_something(mails: list[Mail]) -> None:
    """The test above can fail: an email without Date and Message-ID gets points."""
    if why := tools.missing("spamassassin"):
        pytest.skip(why)
    bare = b"Subject: CLICK HERE TO WIN\r\nFrom: a@example.org\r\n\r\nviagra\r\n"
    assert allowed.by_spamassassin(tools.spamassassin([Mail(bare)])[0])


def test_rspamd_finds_nothing_wrong_with_the_content(mails: list[Mail], rspamd: Rspamd) -> None:
    for mail in mails:
        assert allowed.by_rspamd(rspamd.judge(mail)) == []


def test_html_validate_finds_them_valid(mails: list[Mail], hostile_mails: list[Mail], validator: Validator) -> None:
    for mail in mails + hostile_mails:
        assert validator.judge(mail.html).invalid == []


def test_mail_clients_support_the_features_in_use_or_do_not_need_them(mails: list[Mail], validator: Validator) -> None:
    for mail in mails:
        assert allowed.by_caniemail(validator.judge(mail.html)) == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_them_accessible(mails: list[Mail], browser: Browser, scheme: str) -> None:
    for mail in mails:
        assert tools.axe(browser, mail.html, scheme) == []


@pytest.mark.parametrize("width", [320, 360])
def test_they_fit_a_phone(mails: list[Mail], hostile_mails: list[Mail], browser: Browser, width: int) -> None:
    for mail in mails + hostile_mails:
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.set_content(mail.html)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


def test_axe_would_find_an_unreadable_email(browser: Browser) -> None:
    pale = '<html lang="en"><title>x</title><p style="color:#ddd;background:#fff">pale</p></html>'
    assert tools.axe(browser, pale, "light")


def test_rspamd_would_find_something() -> None:
    assert allowed.by_rspamd(Verdict(7, {"R_WHITE_ON_WHITE": 4.0})) == ["7 points", "R_WHITE_ON_WHITE"]
