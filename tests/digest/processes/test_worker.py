"""A worker survives that its broker goes away at any moment."""

import pytest
from celery.worker import consumer

from digest.processes.worker import Consumer


def test_it_reconnects_if_the_lost_connection_cannot_be_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: object, exc: Exception) -> None:
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    monkeypatch.setattr(consumer.Consumer, "on_connection_error_after_connected", fail)
    Consumer.__new__(Consumer).on_connection_error_after_connected(ConnectionError("gone"))
    assert "could not be closed" in caplog.text
