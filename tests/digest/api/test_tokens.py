import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from digest.api import limits, tokens
from digest.models import ApiToken
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]
LIST = "/api/v1/topics"


def get(secret: str, network: str = "192.0.2.1") -> int:
    return Client(headers={"Authorization": f"Bearer {secret}"}, REMOTE_ADDR=network).get(LIST).status_code


def make(**fields: object) -> tokens.NewToken:
    return tokens.make("importer", ["readers:read"], by="ada", now=NOW, **fields)  # type: ignore[arg-type]


def test_it_stores_a_hash_and_the_beginning_and_never_the_secret() -> None:
    made = make()
    stored = {str(value) for value in ApiToken.objects.values_list().get()}
    assert not [value for value in stored if made.secret in value]
    assert made.secret.startswith(made.row.prefix)
    assert len(made.secret) == len(tokens.START) + 43  # 256 bits


def test_a_valid_token_is_let_in_and_its_day_of_use_is_noted() -> None:
    made = make()
    assert get(made.secret) == 200
    made.row.refresh_from_db()
    assert made.row.last_used_on == NOW.date()


@pytest.mark.parametrize("secret", ["", "dp_", "dp_wrong", "x" * 500, "dp_\x00", "Bearer dp_"])
def test_it_refuses_what_is_no_token(secret: str) -> None:
    make()
    assert get(secret) == 401


def test_it_refuses_an_expired_and_a_revoked_token() -> None:
    expired = make(expires_at=NOW)
    assert get(expired.secret) == 401
    revoked = tokens.make("another", [], by="ada", now=NOW)
    tokens.revoke(revoked.row, now=NOW)
    assert get(revoked.secret) == 401


def test_after_a_rotation_the_old_token_works_for_a_day() -> None:
    old = make()
    new = tokens.rotate(old.row, now=NOW)
    assert tokens.find(old.secret, now=NOW + dt.timedelta(hours=23)) == new.row
    assert tokens.find(old.secret, now=NOW + dt.timedelta(hours=25)) is None
    assert tokens.find(new.secret, now=NOW + dt.timedelta(hours=25)) == new.row


def test_a_second_click_keeps_the_token_that_programs_have() -> None:
    old = make()
    lost = tokens.rotate(old.row, now=NOW)
    new = tokens.rotate(lost.row, now=NOW + dt.timedelta(seconds=2))
    assert [bool(tokens.find(each.secret, now=NOW)) for each in (old, lost, new)] == [True, False, True]
    newest = tokens.rotate(new.row, now=NOW + dt.timedelta(hours=1))
    assert [bool(tokens.find(each.secret, now=NOW)) for each in (old, new, newest)] == [False, True, True]


def test_a_revoked_token_has_no_old_one_that_works() -> None:
    old = make()
    new = tokens.rotate(old.row, now=NOW)
    tokens.revoke(new.row, now=NOW)
    assert get(old.secret) == get(new.secret) == 401


def test_refusals_are_problem_documents_that_say_what_to_send() -> None:
    answer = Client().get(LIST)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Bearer dp_" in answer.json()["detail"]


def test_a_token_needs_the_scope_of_the_operation(program: Callable[..., Client]) -> None:
    answer = program("editions:read").get("/api/v1/readers")
    assert answer.status_code == 403
    assert "readers:read" in answer.json()["detail"]
    assert program("readers:read").get("/api/v1/readers").status_code == 200


def test_too_many_requests_of_a_token_are_refused_with_the_time_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_TOKEN", 2.0)
    client = Client(headers={"Authorization": f"Bearer {make().secret}"})
    answers = [client.get(LIST) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "1"


def test_guessing_is_limited_by_network_before_a_token_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_NETWORK", 2.0)
    guesses = [f"dp_{letter * 43}" for letter in "abc"]
    assert [get(guess) for guess in guesses] == [401, 401, 429]
    assert get(guesses[0], network="192.0.2.2") == 401


@pytest.mark.parametrize("text", ["", "wrong", "dp_short", f"dp_{'é' * 43}", f"dp_{'a' * 44}"])
def test_what_can_not_be_a_token_is_refused_without_a_query_or_a_limit(
    text: str, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(limits, "PER_NETWORK", 1.0)
    with django_assert_num_queries(0):
        assert [get(text) for _ in range(3)] == [401, 401, 401]


def test_the_admin_shows_a_new_token_once(admin_client: Client) -> None:
    given = {"name": "importer", "scopes": ["readers:read"], "expires_at_0": "", "expires_at_1": ""}
    answer = admin_client.post("/admin/digest/apitoken/add/", given)
    found = re.search(r">(dp_[\w-]{43})<", answer.content.decode())
    assert found
    assert "no-store" in answer.headers["Cache-Control"]
    assert get(found[1]) == 200
    row = ApiToken.objects.get()
    assert (row.created_by, row.scopes) == ("admin", ["readers:read"])
    assert found[1] not in admin_client.get("/admin/digest/apitoken/").content.decode()
    assert found[1] not in admin_client.get(f"/admin/digest/apitoken/{row.pk}/change/").content.decode()
    assert LogEntry.objects.filter(object_repr="importer").exists()


def test_a_new_token_can_not_have_expired(admin_client: Client) -> None:
    given = {"name": "importer", "scopes": ["readers:read"], "expires_at_0": "2020-01-01", "expires_at_1": "12:00"}
    assert "Enter a later time" in admin_client.post("/admin/digest/apitoken/add/", given).content.decode()
    assert not ApiToken.objects.exists()


def test_the_admin_rotates_and_revokes(admin_client: Client) -> None:
    old = make()
    chosen = {"_selected_action": [old.row.pk]}
    answer = admin_client.post("/admin/digest/apitoken/", {"action": "rotate"} | chosen)
    found = re.search(r">(dp_[\w-]{43})<", answer.content.decode())
    assert found
    assert get(found[1]) == 200
    admin_client.post("/admin/digest/apitoken/", {"action": "revoke"} | chosen)
    assert get(found[1]) == 401
