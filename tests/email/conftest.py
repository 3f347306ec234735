"""Fixtures of readers, editions and email tools. Each tool starts once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from digest.models import Edition
from subscriptions.models import Subscriber
from tests.browser import missing_axe
from tests.email import cast, tools
from tests.email.mails import Mail, digests_of
from tests.email.tools import Rspamd, Validator


@pytest.fixture
def sample(db: None) -> Edition:
    return cast.sample_day()


@pytest.fixture
def readers(db: None) -> list[Subscriber]:
    return cast.make_readers()


@pytest.fixture
def mails(sample: Edition, readers: list[Subscriber]) -> list[Mail]:
    """The digests of the sample day, of each kind of reader that gets one."""
    return digests_of(sample, readers)


@pytest.fixture(scope="session")
def rspamd() -> Iterator[Rspamd]:
    if why := tools.missing("rspamd"):
        pytest.skip(why)
    with tools.rspamd() as running:
        yield running


@pytest.fixture(scope="session")
def validator() -> Iterator[Validator]:
    if why := tools.missing("node"):
        pytest.skip(why)
    with tools.validator() as running:
        yield running


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    if why := missing_axe():
        pytest.skip(why)
    return browser
