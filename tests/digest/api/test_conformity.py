"""The API against its own document: random requests, with a token and without, find no difference."""

import tomllib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase
from schemathesis import Case

from config.middleware.content_type import with_readable_headers
from digest.api import document, limits, tokens
from digest.delivery import planner
from digest.models import Delivery, Edition
from digest.models.api_tokens import ApiScope
from subscriptions.models import Subscriber
from tests.conftest import NOW

pytestmark = pytest.mark.slow  # it repeats on many requests what quicker tests check
CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "database": "none"},
    "checks": tomllib.loads((settings.BASE_DIR / "schemathesis.toml").read_text(encoding="utf-8"))["checks"],
}
STEADY = hypothesis.settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


schema = schemathesis.openapi.from_dict(document.operations(), config=schemathesis.Config.from_dict(CONFIG))
schema.app = with_readable_headers(WSGIHandler())


@pytest.fixture(autouse=True)
def _site(alice: Subscriber, bob: Subscriber, edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with two readers, an edition and a delivery, and no rate limits."""
    planner.plan_everyone(edition, now=NOW)
    assert Delivery.objects.exists()
    monkeypatch.setattr(limits, "PER_NETWORK", 1e6)
    monkeypatch.setattr(limits, "PER_TOKEN", 1e6)


@pytest.fixture(autouse=True)
def _connection() -> Iterator[None]:
    """Keep the connection of the test's transaction, which the end of a request would close on PostgreSQL."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture
def headers(db: None) -> dict[str, str]:
    made = tokens.make("a test", ApiScope.values, by="ada", now=NOW)
    return {"Authorization": f"Bearer {made.secret}"}


@schema.parametrize()
@STEADY
def test_it_answers_as_its_document_says_with_a_token(case: Case[Any], headers: dict[str, str]) -> None:
    with transaction.atomic():
        case.call_and_validate(headers=headers)
        transaction.set_rollback(True)


@schema.parametrize()
@STEADY
def test_it_answers_as_its_document_says_without_a_token(case: Case[Any]) -> None:
    with transaction.atomic():
        case.call_and_validate()
        transaction.set_rollback(True)
