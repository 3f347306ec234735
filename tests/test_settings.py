"""Settings: their values, their defaults, and the errors that say how to write them."""

import ast
import datetime as dt
import gc
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anymail
import pytest
from django.core.exceptions import ImproperlyConfigured

from config import clean_env, env
from config.env_formats import parse_env_line

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IT", raising=False)


def test_the_garbage_collector_is_on_once_the_apps_are_ready() -> None:
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (lambda: env.flag("IT", False), "Yes", True),
        (lambda: env.flag("IT", True), "0", False),
        (lambda: env.whole_number("IT", 8, 1, 256), "256", 256),
        (lambda: env.percent("IT", "0.3"), "0.25", 0.25),
        (lambda: env.one_of("IT", "resend", "leave"), "leave", "leave"),
        (lambda: env.texts("IT"), "a, b,,c ", ["a", "b", "c"]),
        (lambda: env.addresses("IT"), "a@example.org,b@example.org", ["a@example.org", "b@example.org"]),
        (lambda: env.sender("IT", "x@y"), '"Papers, daily" <a@example.org>', '"Papers, daily" <a@example.org>'),
        (lambda: env.sender("IT", "x@y"), "papers@localhost", "papers@localhost"),
        (lambda: env.web_address("IT", "https://x"), "http://[::1]:8000/papers/", "http://[::1]:8000/papers"),
        (lambda: env.origin("IT", "https://x"), "https://papers.example.org:8443/", "https://papers.example.org:8443"),
        (lambda: env.hosts("IT", ["x"]), "a.example.org,*", ["a.example.org", "*"]),
        (lambda: env.broker("IT", "memory://"), "rediss://:secret@host:6380/1", "rediss://:secret@host:6380/1"),
        (lambda: env.database("IT", "")["NAME"], "postgresql://u:p%23w@host/papers", "papers"),
        (lambda: env.database("IT", "")["NAME"], "sqlite://:memory:", ":memory:"),
        (lambda: env.database("IT", "")["NAME"], "sqlite:////srv/papers.sqlite3", "/srv/papers.sqlite3"),
        (lambda: env.mail_server("IT", "outbox://")["EMAIL_PORT"], "smtp+tls://u:p@host:587", 587),
        (lambda: str(env.mail_rates("IT")["smtp"]), "postmark=50/s, smtp=10/s", "10/s"),
        (lambda: env.mail_lanes("IT").lane_of("a@hotmail.com"), "outlook.com|hotmail.com=5/s", "outlook.com"),
        (lambda: env.day("IT"), "2026-09-01", dt.date(2026, 9, 1)),
        (lambda: env.address("IT"), "me@example.org", "me@example.org"),
        (lambda: env.providers("IT"), "Postmark, smtp", ["postmark", "smtp"]),
        (
            lambda: env.mail_backend("IT", "x"),
            "anymail.backends.brevo.EmailBackend",
            "anymail.backends.brevo.EmailBackend",
        ),
        (lambda: env.text("IT"), "$HOME/k#y, \"'\\$", "$HOME/k#y, \"'\\$"),
        (lambda: env.database("IT", "")["PASSWORD"], "postgresql://u:p%23%40w+@host/papers", "p#@w+"),
        (lambda: env.database("IT", "")["HOST"], "postgresql:////var/run/postgresql/papers", "/var/run/postgresql"),
        (lambda: env.database("IT", "")["NAME"], "postgresql:////var/run/postgresql/papers", "papers"),
        (lambda: env.database("IT", "")["PORT"], "postgresql:////var/run/postgresql/papers?port=5433", "5433"),
        (
            lambda: env.database("IT", "")["OPTIONS"],
            "postgresql://u@host/papers?sslmode=require&connect_timeout=10",
            {"sslmode": "require", "connect_timeout": 10},
        ),
        (
            lambda: env.database("IT", "")["DISABLE_SERVER_SIDE_CURSORS"],
            "postgresql://u@host/papers?disable_server_side_cursors=True",
            True,
        ),
        (lambda: env.mail_server("IT", "")["EMAIL_USE_TLS"], "smtp+tls://u:p@host:587", True),
        (lambda: env.mail_server("IT", "")["EMAIL_USE_SSL"], "smtp+ssl://u:p@host:465", True),
        (lambda: env.mail_server("IT", "")["EMAIL_HOST_PASSWORD"], "smtp://u:p%40w%2F@host", "p@w/"),
        (lambda: env.mail_server("IT", "")["EMAIL_BACKEND"], "outbox://", "subscriptions.outbox.EmailBackend"),
    ],
)
def test_it_reads_settings(read: Callable[[], Any], value: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IT", value)
    assert read() == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda: env.text("IT", "default"), "default"),
        (lambda: env.texts("IT", ["a", "b"]), ["a", "b"]),
        (lambda: env.flag("IT", True), True),
        (lambda: env.whole_number("IT", 8, 1, 256), 8),
        (lambda: env.broker("IT", "memory://"), "memory://"),
        (lambda: env.mail_rates("IT"), {}),
        (lambda: env.mail_lanes("IT").rates, {}),
        (lambda: env.day("IT"), None),
        (lambda: env.address("IT"), ""),
        (lambda: env.mail_backend("IT", "subscriptions.outbox.EmailBackend"), "subscriptions.outbox.EmailBackend"),
    ],
)
def test_an_empty_setting_is_not_set(read: Callable[[], Any], expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IT", "")
    assert read() == expected


@pytest.mark.parametrize(
    ("read", "value", "how"),
    [
        (lambda: env.flag("IT", False), "maybe", "IT is “maybe”. Write true or false."),
        (lambda: env.whole_number("IT", 8, 1, 256), "257", "Write a whole number from 1 to 256."),
        (lambda: env.whole_number("IT", 8, 1, 256), "-1", "Write a whole number from 1 to 256."),
        (lambda: env.percent("IT", "0.3"), "0,3", "Write percent, such as 0.3."),
        (lambda: env.one_of("IT", "resend", "leave"), "drop", "Write one of resend, leave."),
        (lambda: env.rates("IT", "1/1d"), "5 an hour", "Write rates like 5/10m 20/1d"),
        (lambda: env.mail_rates("IT"), "fast", "IT: “fast” is not a rate. Write 20/s, 90/min, 1000/h or 5000/day."),
        (lambda: env.mail_rates("IT"), "postmrak=50/s", "IT: “postmrak” is not a provider. Write amazon_ses, brevo, "),
        (lambda: env.mail_rates("IT"), "20/s, 30/s", "Write postmark=20/s or gmail.com=20/s."),
        (lambda: env.mail_lanes("IT"), "gmail=5", "IT: “5” is not a rate. Write 20/s"),
        (
            lambda: env.mail_lanes("IT"),
            "gmail=5/s",
            "IT: “gmail” is not a domain, or is named twice. Write gmail.com=",
        ),
        (lambda: env.day("IT"), "1.9.2026", "IT is “1.9.2026”. Write a day like 2026-09-01."),
        (lambda: env.address("IT"), "nonsense", "IT is “nonsense”. Write one email address."),
        (lambda: env.providers("IT"), "postmrak", "IT: “postmrak” is not a provider. Write amazon_ses, brevo, "),
        (
            lambda: env.mail_backend("IT", "x"),
            "no.such.Backend",
            "IT is “no.such.Backend”. Write an installed email backend",
        ),
        (lambda: env.mail_backend("IT", "x"), "Backend", "Write an installed email backend, such as anymail."),
        (lambda: env.addresses("IT"), "a@example.org b@example.org", "is not an email address. Separate several"),
        (lambda: env.sender("IT", "Papers <papers@localhost>"), "nobody", "Write it like Papers <papers@localhost>"),
        (lambda: env.sender("IT", "x@y"), "Papers, daily <a@example.org>", "in quotes"),
        (lambda: env.sender("IT", "x@y"), "a@b@example.org", "Write it like"),
        (lambda: env.web_address("IT", "https://x.org"), "x.org", "Write a web address, such as https://x.org."),
        (lambda: env.web_address("IT", "https://x.org"), "https://", "Write a web address"),
        (lambda: env.web_address("IT", "https://x.org"), "https://x.org:port", "Write a web address"),
        (lambda: env.origin("IT", "https://x.org"), "https://x.org/papers", "Write it without a path"),
        (lambda: env.origin("IT", "https://x.org"), "https://x.org?papers", "Write it without a path"),
        (lambda: env.origin("IT", "https://x.org"), "x.org/papers", "Write a web address"),
        (lambda: env.hosts("IT", ["x"]), "https://papers.example.org", "Write it without https:// and path."),
        (lambda: env.broker("IT", "memory://"), "amqpx://", "Write it like redis://host:6379/0"),
        (lambda: env.broker("IT", "memory://"), "redis://host:port/0", "Write it like redis://host:6379/0"),
        (lambda: env.broker("IT", "memory://"), "redis:///0", "Write it like redis://host:6379/0"),
        (lambda: env.database("IT", ""), "postgres", "Write it like postgresql://user:password@host/name"),
        (
            lambda: env.database("IT", ""),
            "sqlite://papers.sqlite3",
            "Write it like postgresql://user:password@host/name",
        ),
        (lambda: env.database("IT", ""), "mysql://host/name", "Write it like postgresql://user:password@host/name"),
        (lambda: env.database("IT", ""), "postgresql://u:p@host:99999/name", "Write it like postgresql://"),
        (lambda: env.mail_server("IT", ""), "smtp+tls://", "Write it like smtp+tls://user:password@host:587."),
        (
            lambda: env.mail_server("IT", ""),
            "smtp://u:p@host:99999",
            "Write it like smtp+tls://user:password@host:587.",
        ),
        (lambda: env.mail_server("IT", ""), "pigeon://host", "Write it like smtp+tls://user:password@host:587."),
        (lambda: env.folders("IT"), "/no/such/folder", "which is not a folder."),
        (lambda: env.prose("IT"), "/no/such/file", "can't be read"),
        (lambda: env.read_file("IT", ROOT / ".env"), "/no/such/file", "can't be read"),
        (lambda: env.writable_folder("IT", ROOT), "/dev/null/papers", "can't be written"),
    ],
)
def test_it_says_what_is_wrong_and_how_to_write_it(
    read: Callable[[], Any], value: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IT", value)
    with pytest.raises(ImproperlyConfigured) as error:
        read()
    assert str(error.value).startswith("IT")
    assert how in str(error.value)


@pytest.mark.parametrize("name", ["HEARTBEAT_URL", "SENTRY_DSN"])
def test_an_address_that_is_a_secret_is_not_repeated(name: str, tmp_path: Path) -> None:
    wrong = os.environ | {name: "ftp://user:s3cret@example.org/s3cret", "VAR_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "import config.settings"]
    done = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, check=False)
    assert f"{name} can't be read" in done.stderr
    assert "s3cret" not in done.stderr


def switches_of_anymail() -> set[str]:
    """Return the names in django-anymail's calls of get_anymail_setting() with a default of True or False."""
    found = set()
    for path in Path(anymail.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "get_anymail_setting":
                defaults = [one.value for one in node.keywords if one.arg == "default"]
                if any(isinstance(one, ast.Constant) and isinstance(one.value, bool) for one in defaults):
                    found.add(str(ast.literal_eval(node.args[0])).upper())
    return found


def test_it_reads_every_switch_of_anymail_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    names = switches_of_anymail()
    assert "AUTO_CONFIRM_SNS_SUBSCRIPTIONS" in names
    for name in names:
        monkeypatch.setenv(f"ANYMAIL_PROVIDER_{name}", "False")
    assert {env.anymail()[f"PROVIDER_{name}"] for name in names} == {False}


def test_it_reads_settings_of_anymail_in_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYMAIL_REQUESTS_TIMEOUT", "60")
    monkeypatch.setenv("ANYMAIL_AMAZON_SES_CLIENT_PARAMS", '{"region_name": "eu-west-1"}')
    monkeypatch.setenv("ANYMAIL_POSTMARK_SERVER_TOKEN", "True")
    assert env.anymail() == {
        "REQUESTS_TIMEOUT": 60,
        "AMAZON_SES_CLIENT_PARAMS": {"region_name": "eu-west-1"},
        "POSTMARK_SERVER_TOKEN": "True",
    }


@pytest.mark.parametrize(
    ("name", "value", "how"),
    [
        ("ANYMAIL_POSTMARK_USE_BULK_API", "maybe", "is “maybe”. Write true or false."),
        ("ANYMAIL_AMAZON_SES_CLIENT_PARAMS", "aws_secret", "can't be read. Write a JSON object"),
        ("ANYMAIL_REQUESTS_TIMEOUT", "soon", "Write a whole number"),
    ],
)
def test_it_says_how_to_write_a_setting_of_anymail(
    name: str, value: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as error:
        env.anymail()
    assert str(error.value).startswith(name)
    assert how in str(error.value)
    assert "aws_secret" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("IT=a=b#c", ("IT", "a=b#c")),
        ("export IT='x y'", ("IT", "x y")),
        ('IT="a\\"b\\nc"', ("IT", 'a"b\\nc')),
        ("IT=", ("IT", "")),
        ("IT = 1", None),
        ("# IT=1", None),
    ],
)
def test_it_reads_the_lines_of_a_file(line: str, pair: tuple[str, str] | None) -> None:
    assert parse_env_line(line) == pair


def test_the_environment_overrides_a_file_and_bad_lines_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "env"
    file.write_text("# ours\n\nIT=file\nTHAT=file\nsecret = 1\n")
    monkeypatch.setenv("IT", "environment")
    monkeypatch.setenv("THAT", "")
    monkeypatch.delenv("THAT")
    monkeypatch.setenv("THE_FILE", str(file))
    env.read_file("THE_FILE", ROOT / ".env")
    assert (os.environ["IT"], os.environ["THAT"]) == ("environment", "file")
    assert f"{file}, line 5 is ignored" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("name", ["DATABASE_URL", "CELERY_BROKER_URL", "EMAIL_URL"])
def test_it_repeats_no_password(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: dict[str, Callable[[str, str], Any]] = {
        "DATABASE_URL": env.database,
        "CELERY_BROKER_URL": env.broker,
        "EMAIL_URL": env.mail_server,
    }
    monkeypatch.setenv(name, "what://user:secret@host")
    with pytest.raises(ImproperlyConfigured) as error:
        read[name](name, "")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DEBUG": "maybe"}, "Settings: DEBUG is “maybe”. Write true or false."),
        (
            {"ANYMAIL_WEBHOOK_SECRET": "secret"},
            "Settings: ANYMAIL_WEBHOOK_SECRET: write user:password; separate several with",
        ),
        ({"EMAIL_PROVIDERS": "brevo,smtp"}, "Settings: EMAIL_PROVIDERS names smtp, but EMAIL_URL names no server."),
        ({"EMAIL_PROVIDERS": "postmrak"}, "Settings: EMAIL_PROVIDERS: “postmrak” is not a provider. Write "),
        ({"EMAIL_BACKEND": "no.such.Backend"}, "Settings: EMAIL_BACKEND is “no.such.Backend”. Write "),
        ({"SEND_RATE": "fast"}, "Settings: SEND_RATE: “fast” is not a rate. Write 20/s"),
        ({"DOMAIN_RATES": "gmail=5"}, "Settings: DOMAIN_RATES: “5” is not a rate. Write 20/s"),
        ({"WARM_UP_FROM": "1.9.2026"}, "Settings: WARM_UP_FROM is “1.9.2026”. Write a day like"),
        ({"CONTACT_EMAIL": "nonsense"}, "Settings: CONTACT_EMAIL is “nonsense”. Write one"),
    ],
)
def test_a_command_ends_with_one_line_that_says_so(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    done = start("manage.py", "check", variables=variables | {"VAR_DIR": str(tmp_path)})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(said)


def test_the_contact_address_may_have_a_name(tmp_path: Path) -> None:
    variables = {"CONTACT_EMAIL": " Ops <ops@example.org> ", "VAR_DIR": str(tmp_path)}
    code = "from config import settings; print(settings.CONTACT_EMAIL)"
    assert start("-c", code, variables=variables).stdout == "ops@example.org\n"


@pytest.mark.parametrize("command", [("celery", "-A", "config", "worker"), ("celery", "-A", "config", "beat")])
def test_celery_ends_with_one_line_too(command: tuple[str, ...], tmp_path: Path) -> None:
    done = start("-m", *command, variables={"PUBLISH_HOUR": "99", "VAR_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr == "Settings: PUBLISH_HOUR is “99”. Write a whole number from 0 to 23.\n"


def test_gunicorn_says_one_line_and_does_not_try_again(tmp_path: Path) -> None:
    command = ("-m", "gunicorn", "config.wsgi", "--bind", f"unix:{tmp_path}/socket", "--log-level", "critical")
    done = start(*command, variables={"PUBLISH_HOUR": "99", "VAR_DIR": str(tmp_path)})
    assert done.returncode == 4
    assert done.stderr == "Settings: PUBLISH_HOUR is “99”. Write a whole number from 0 to 23.\n"


def start(*command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_a_secret_key_that_cannot_be_written_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    # No file may grow, as on a full disk.
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); import config.settings"
    done = start("-c", code, variables={"VAR_DIR": str(tmp_path), "SECRET_KEY": ""})
    assert f"{tmp_path}/secret_key can't be written (File too large)." in done.stderr
    assert not [*tmp_path.glob("*secret_key*")]


def test_no_other_user_can_read_a_folder_that_it_makes(tmp_path: Path) -> None:
    assert env.writable_folder("IT", tmp_path / "srv" / "var").stat().st_mode & 0o777 == 0o700


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


ENTRY_POINTS = pytest.mark.parametrize(
    "load",
    [
        "import manage, sys; sys.argv[1:] = ['version']; manage.main()",
        "import config.wsgi",
        "from config.celery import app; app.conf.task_default_queue",
    ],
    ids=["manage.py", "wsgi", "celery"],
)


@ENTRY_POINTS
def test_every_entry_point_writes_files_that_no_one_else_can_read(load: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    start("-c", f"{load}; open({str(file)!r}, 'w')", variables={"VAR_DIR": str(tmp_path / "var")})
    assert mode_of(file) == 0o600


@ENTRY_POINTS
def test_every_entry_point_closes_files_that_were_open_to_other_users(load: str, tmp_path: Path) -> None:
    folders = [tmp_path, tmp_path / "outbox", tmp_path / "journals"]
    files = [tmp_path / name for name in ("db.sqlite3", "db.sqlite3-wal", "secret_key")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    for file in files:
        file.write_text("key")
        file.chmod(0o644)
    start("-c", load, variables={"VAR_DIR": str(tmp_path), "DATABASE_URL": ""})
    assert [mode_of(folder) for folder in folders] == [0o700] * 3
    # SQLite deletes the log of a file that is not a database.
    assert {mode_of(file) for file in files if file.exists()} == {0o600}


def test_a_folder_for_everybody_stays_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    start("-c", "import config.wsgi", variables={"VAR_DIR": str(tmp_path)})
    assert mode_of(tmp_path) == 0o1777


def test_a_folder_of_another_user_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ImproperlyConfigured, match="can't be written by user"):
        env.writable_folder("IT", tmp_path)


def test_root_does_not_write_into_the_folder_of_the_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", lambda path, **kwargs: os.stat_result([0o40700, 0, 0, 0, 4242, 0, 0, 0, 0, 0]))
    with pytest.raises(ImproperlyConfigured, match="belongs to #4242, and this runs as root"):
        env.writable_folder("IT", tmp_path)


def test_tests_reach_no_real_mail_server(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "EMAIL_URL=smtp://mail.example.org\nEMAIL_PROVIDERS=postmark,smtp\nANYMAIL_POSTMARK_SERVER_TOKEN=t\n"
    )
    shell = os.environ | {"ENV_FILE": str(file), "OPERATORS": "a@example.org", "ANYMAIL_BREVO_API_KEY": "key"}
    values = "settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.OPERATORS, [*settings.ANYMAIL.values()]"
    code = f"from tests import environment; from config import settings; print({values})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=shell, capture_output=True, text=True, check=True)
    assert "example.org" not in done.stdout
    assert "subscriptions.outbox.EmailBackend localhost []" in done.stdout
    assert "'t'" not in done.stdout
    assert "'key'" not in done.stdout


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, True),
        ({"SITE_URL": "http://localhost:8000", "HOST": "::1"}, True),
        ({"SITE_URL": "https://papers.example.org"}, False),
        ({"SITE_URL": "http://localhost:8000", "HOST": "0.0.0.0"}, False),
        ({"SITE_URL": "https://papers.example.org", "DEBUG": "true"}, True),
    ],
)
def test_make_shows_tracebacks_and_the_outbox_on_this_machine_alone(
    variables: dict[str, str], shown: bool, tmp_path: Path
) -> None:
    environment = clean_env.environment() | {"VAR_DIR": str(tmp_path), "DEVELOPMENT": "1"} | variables
    command = [sys.executable, "-c", "from config import settings; print(settings.DEBUG)"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(shown)


def test_a_host_may_be_an_ipv6_address(tmp_path: Path) -> None:
    environment = clean_env.environment() | {"VAR_DIR": str(tmp_path), "HOST": "2001:db8::1"}
    values = "settings.SITE_URL, *settings.ALLOWED_HOSTS[-2:]"
    command = [sys.executable, "-c", f"from config import settings; print({values})"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["http://[2001:db8::1]:8000", "[2001:db8::1]", "[2001:db8::1]"]


@pytest.mark.parametrize(
    ("providers", "backend"),
    [
        ("brevo", "anymail.backends.brevo.EmailBackend"),
        ("brevo,postmark", "digest.delivery.providers.failover_backend.FailoverEmailBackend"),
    ],
)
def test_notices_use_the_same_providers(providers: str, backend: str, tmp_path: Path) -> None:
    environment = os.environ | {"VAR_DIR": str(tmp_path), "EMAIL_PROVIDERS": providers}
    command = [sys.executable, "-c", "from config import settings; print(settings.EMAIL_BACKEND)"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == backend
