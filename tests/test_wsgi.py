"""The WSGI application."""

import gc

import pytest


@pytest.mark.django_db
def test_garbage_collections_skip_what_was_loaded_at_the_start() -> None:
    import config.wsgi  # noqa: F401  # not before the test may use the database: it compares the keys with it

    assert gc.get_freeze_count() > 50_000
