"""The examples of docs/api.md, as printed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from digest.api import limits, tokens
from digest.models import Edition
from digest.models.api_tokens import ApiScope
from subscriptions.models import FormPost, Subscriber
from tests.conftest import NOW, TODAY

DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_example_with_curl_works(
    live_server: LiveServer, alice: Subscriber, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PER_TOKEN", 1e6)
    made = tokens.make("examples", ApiScope.values, by="ada", now=NOW)
    values = {"SITE": live_server.url, "TOKEN": made.secret, "READER": str(alice.uid), "DAY": str(TODAY)}
    examples = re.findall("```sh\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(examples) > 5
    for example in examples:
        ran = subprocess.run(["bash", "-ec", example], env=os.environ | values, capture_output=True, check=False)
        assert ran.returncode == 0, (example, ran.stdout, ran.stderr)
    assert FormPost.objects.exists()
    alice.refresh_from_db()
    assert (alice.max_papers, alice.status) == (5, "unsubscribed")
