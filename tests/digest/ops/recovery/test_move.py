"""The move to another database brings every row, continues after a kill, and leaves the old database paused."""

import pytest
from django.db import connection

from digest.models import Edition, Installation, Paper
from digest.ops.recovery import move
from digest.ops.recovery.database_urls import parse_database_url
from subscriptions.models import Subscriber, TopicFilter


def test_tables_come_after_those_that_they_refer_to() -> None:
    order = move.moved_models()
    assert order.index(Edition) < order.index(Paper)
    assert order.index(Subscriber) < order.index(TopicFilter)
    assert Installation not in order


@pytest.mark.parametrize("url", ["postgresql://user@db/papers", "sqlite:////var/papers.sqlite3"])
def test_urls_are_read_as_in_the_settings(url: str) -> None:
    assert parse_database_url(url)["NAME"].endswith(("papers", "papers.sqlite3"))


@pytest.mark.parametrize("url", ["postgresql://user@db/papers", "sqlite:////var/papers.sqlite3"])
def test_a_database_is_not_moved_into_itself(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"HOST": "", "PORT": ""} | parse_database_url(url)
    for part in ("ENGINE", "NAME", "HOST", "PORT"):
        monkeypatch.setitem(connection.settings_dict, part, own[part])
    with pytest.raises(move.MoveError, match="is the one of DATABASE_URL"):
        move._connect(url)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("Traceback\ndjango.db.utils.OperationalError: disk I/O Error: no space", "disk I/O Error: no space."),
        ("CommandError: There is no such database.", "There is no such database."),
        ("the disk reported Error: no space", "the disk reported Error: no space"),
        ("", "the reason is unknown"),
    ],
)
def test_the_message_of_an_error_is_kept_whole(error: str, message: str) -> None:
    assert move._last_line(error) == message
