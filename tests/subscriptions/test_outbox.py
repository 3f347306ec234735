"""The outbox: emails as files, and a page that shows them in development."""

import email
import email.policy
from email.message import EmailMessage as ParsedMail
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.http import Http404
from django.test import Client, RequestFactory

from subscriptions.outbox import EmailBackend
from subscriptions.views import outbox

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def outbox_backend(settings: Any) -> None:
    settings.EMAIL_BACKEND = "subscriptions.outbox.EmailBackend"


@pytest.fixture
def development(settings: Any) -> None:
    settings.DEBUG = True


def send(subject: str = "Hello", to: str = "ada@example.org", text: str = "Text") -> int:
    message = EmailMultiAlternatives(subject, text, to=[to])
    message.attach_alternative(f"<h1>{text}</h1><script>alert(1)</script>", "text/html")
    return message.send()


def parsed(path: Path) -> ParsedMail:
    return BytesParser(ParsedMail, policy=email.policy.default).parsebytes(path.read_bytes())


@pytest.mark.usefixtures("now")
def test_it_writes_each_email_to_a_file_of_its_own(outbox_folder: Path) -> None:
    """The clock is frozen, so all emails go to one reader at the same time."""
    assert [send(f"Mail {number}") for number in range(5)] == [1] * 5
    files = list(outbox_folder.iterdir())
    assert sorted(parsed(file)["Subject"] for file in files) == [f"Mail {number}" for number in range(5)]
    assert all(file.name.startswith("20260820T120000.000000-ada@example.org-") for file in files)


def test_it_writes_what_was_sent(outbox_folder: Path) -> None:
    send("Grüße — 你好", text="Zeile\n.\nFrom here")
    (file,) = outbox_folder.iterdir()
    message = parsed(file)
    assert (message["Subject"], message["To"]) == ("Grüße — 你好", "ada@example.org")
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["Zeile", ".", "From here"]


def test_it_counts_what_it_writes(outbox_folder: Path) -> None:
    messages = [EmailMessage("a", "b", to=[f"{name}@example.org"]) for name in "abc"]
    assert get_connection().send_messages(messages) == 3
    assert len(list(outbox_folder.iterdir())) == 3


@pytest.mark.parametrize("to", ["../../etc/x@example.org", "a/b@example.org", "~root@example.org", "a" * 200 + "@b.de"])
def test_it_writes_into_its_folder_whatever_the_address(outbox_folder: Path, to: str) -> None:
    send(to=to)
    (file,) = outbox_folder.iterdir()
    assert file.suffix == ".eml"
    assert len(file.name) < 150
    assert sorted(path.name for path in outbox_folder.parent.iterdir()) == ["outbox"]


def test_it_never_shows_half_a_mail(outbox_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Path]] = []
    write = Path.write_bytes

    def watched(path: Path, content: Any) -> int:
        count = write(path, content)
        seen.append(list(outbox_folder.glob("*.eml")))
        return count

    monkeypatch.setattr(Path, "write_bytes", watched)
    send()
    assert seen == [[]]
    assert len(list(outbox_folder.glob("*.eml"))) == 1


def test_it_says_when_the_folder_can_not_be_written_to(outbox_folder: Path) -> None:
    outbox_folder.write_text("a file stands in the way")
    with pytest.raises(OSError, match="can't be written to: File exists") as caught:
        send()
    assert str(outbox_folder) in str(caught.value)


def test_it_fails_silently_only_if_it_is_set_to(outbox_folder: Path) -> None:
    outbox_folder.write_text("a file stands in the way")
    EmailBackend(fail_silently=True).send_messages([EmailMessage("a", "b", to=["ada@example.org"])])


@pytest.mark.usefixtures("development")
def test_it_lists_mails_newest_first(client: Client, outbox_folder: Path) -> None:
    assert client.get("/outbox/").status_code == 200
    send("Older")
    send("Newer <b>")
    page = client.get("/outbox/").content.decode()
    assert page.index("Newer &lt;b&gt;") < page.index("Older")
    for file in outbox_folder.iterdir():
        assert f"/outbox/{quote(file.name, safe='@')}/" in page


@pytest.mark.usefixtures("development")
def test_it_lists_the_newest_hundred(client: Client, outbox_folder: Path) -> None:
    outbox_folder.mkdir()
    for number in range(101):
        (outbox_folder / f"{number:03}.eml").write_text(f"Subject: Mail {number:03}\n\n")
    page = client.get("/outbox/").content.decode()
    assert "Mail 100" in page
    assert "Mail 001" in page
    assert "Mail 000" not in page
    assert "101" in page


@pytest.mark.usefixtures("development")
def test_it_shows_a_mail(client: Client, outbox_folder: Path) -> None:
    send("Hello", text="See https://papers.example.org/")
    (file,) = outbox_folder.iterdir()
    page = client.get(f"/outbox/{file.name}/").content.decode()
    for text in ("Hello", "ada@example.org", "See", f"/outbox/{file.name}/html/"):
        assert text in page
    assert "<script>alert" not in page


@pytest.mark.usefixtures("development")
def test_it_shows_the_html_where_it_can_run_and_load_nothing(client: Client, outbox_folder: Path) -> None:
    send()
    (file,) = outbox_folder.iterdir()
    response = client.get(f"/outbox/{file.name}/html/")
    assert "<h1>Text</h1>" in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-hashes'")
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"no header", b"Subject: =?x?q?y\n\nz"])
def test_it_shows_damaged_mails_too(client: Client, outbox_folder: Path, content: bytes) -> None:
    outbox_folder.mkdir()
    (outbox_folder / "damaged.eml").write_bytes(content)
    for path in ("/outbox/", "/outbox/damaged.eml/", "/outbox/damaged.eml/html/"):
        assert client.get(path).status_code == 200


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize("frame", ["", "html/"])
@pytest.mark.parametrize(
    "name",
    [
        *("nothing.eml", "../secret.eml", "..", ".", "%2e%2e", "/etc/passwd", "../outbox/../secret.eml", "a\x00.eml"),
        *("secret.txt", ".eml", "folder.eml", "..\\secret.eml", "x" * 5000 + ".eml"),
    ],
)
def test_it_opens_no_other_file(client: Client, outbox_folder: Path, name: str, frame: str) -> None:
    (outbox_folder / "folder.eml").mkdir(parents=True)
    (outbox_folder / "secret.txt").write_text("secret")
    (outbox_folder.parent / "secret.eml").write_text("Subject: secret\n\nsecret")
    response = client.get(f"/outbox/{quote(name, safe='')}/{frame}")
    assert response.status_code == 404
    assert b"secret\n" not in response.content


@pytest.mark.usefixtures("development")
def test_it_opens_no_other_file_whatever_a_server_lets_through(rf: RequestFactory, outbox_folder: Path) -> None:
    outbox_folder.mkdir()
    secret = outbox_folder.parent / "secret.eml"
    secret.write_text("Subject: secret\n\nsecret")
    for name in ("../secret.eml", str(secret)):
        with pytest.raises(Http404):
            outbox.outbox_html(rf.get("/"), name)


def test_it_is_open_in_development_only(client: Client, outbox_folder: Path) -> None:
    send()
    (file,) = outbox_folder.iterdir()
    for path in ("/outbox/", f"/outbox/{file.name}/", f"/outbox/{file.name}/html/"):
        assert client.get(path).status_code == 404
