"""U3: the DKIM signature of a digest stays valid after its way through an SMTP server to disk."""

import base64
import os
import re
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.ports import free_port
from digest.models import Edition
from subscriptions.models import Subscriber
from tests.email import cast, tools
from tests.email.mails import Mail, digest_of, digests_of

SIGNED = b"From To Subject Date Message-ID MIME-Version Content-Type List-Id Feedback-ID".split()
SIGNED += [b"List-Unsubscribe", b"List-Unsubscribe-Post"]


class Key(NamedTuple):
    private: bytes
    record: bytes  # as published in DNS


@pytest.fixture(scope="module")
def key() -> Key:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Key(private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))


def sign(mail: Mail, key: Key) -> bytes:
    signature: bytes = dkim.sign(
        mail.wire, b"s1", b"papers.example.org", key.private, include_headers=[name.lower() for name in SIGNED]
    )
    return signature + mail.wire


def holds(signed: bytes, key: Key) -> bool:
    return bool(dkim.verify(signed, dnsfunc=lambda name, timeout=5: key.record))


@pytest.fixture
def hard_mails(readers: list[Subscriber]) -> list[Mail]:
    return digests_of(cast.hostile_day(), readers)


@contextmanager
def smtp_sink(folder: Path) -> Iterator[int]:
    """Run Postfix's test server, which writes each email to a file in `folder`, and return its port."""
    folder.chmod(0o777)
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    command = ["smtp-sink", "-4", *user, "-d", str(folder / "mail."), f"127.0.0.1:{port}", "16"]
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    process = subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        tools.wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_u3_the_signature_covers_both_unsubscribe_headers(edition: Edition, alice: Subscriber, key: Key) -> None:
    signed = sign(digest_of(edition, alice), key)
    covered = re.sub(rb"\s", b"", signed.partition(b"h=")[2].partition(b";")[0]).lower().split(b":")
    assert {b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id"} <= set(covered)
    assert holds(signed, key)


@pytest.mark.parametrize("header", [b"List-Unsubscribe-Post", b"List-Unsubscribe", b"Feedback-ID", b"Subject"])
def test_u3_a_changed_header_breaks_it(edition: Edition, alice: Subscriber, key: Key, header: bytes) -> None:
    signed = sign(digest_of(edition, alice), key)
    changed = re.sub(rb"(\r\n%s: .)" % header, rb"\1x", signed, count=1)
    assert changed != signed
    assert not holds(changed, key)


@pytest.mark.mailtools
def test_u3_it_holds_after_a_trip_through_a_mail_server(
    mails: list[Mail], hard_mails: list[Mail], key: Key, tmp_path: Path
) -> None:
    if why := tools.missing("smtp-sink"):
        pytest.skip(why)
    folder = tmp_path / "sink"
    folder.mkdir()
    if os.getuid() == 0:  # smtp-sink then runs as another user
        temporary = Path(tempfile.gettempdir())
        for parent in (tmp_path, *tmp_path.parents):
            if temporary in parent.parents:
                parent.chmod(0o755)
    sent = mails + hard_mails
    with smtp_sink(folder) as port, smtplib.SMTP("127.0.0.1", port) as server:
        for mail in sent:
            server.sendmail("digest@papers.example.org", [str(mail.message["To"])], sign(mail, key))
    files = sorted(folder.iterdir())
    assert len(files) == len(sent)
    for path in files:
        # The server writes its own line endings, and adds its own headers at the top.
        received = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        assert holds(received[received.index(b"DKIM-Signature:") :], key)
