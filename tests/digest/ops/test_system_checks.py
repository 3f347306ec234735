"""The warnings and errors of `manage.py check`."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command

from config import bootstrap
from digest.ops import system_checks

pytestmark = pytest.mark.django_db  # the brand's row may hold the postal address


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


def test_a_good_configuration_passes_all_checks(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.POSTAL_ADDRESS = "1 Main Street"
    settings.DEFAULT_FROM_EMAIL = "Papers <papers@example.org>"
    settings.SESSION_COOKIE_SECURE = True
    assert system_checks.check_links(None) + system_checks.check_mail(None) == []


def test_each_warning_of_check_deploy_can_be_fixed(settings: Any) -> None:
    settings.SECRET_KEY = "a-long-key-with-many-different-signs-0123456789-of-50"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.POSTAL_ADDRESS = "1 Main Street"
    settings.DEFAULT_FROM_EMAIL = "Papers <papers@example.org>"
    settings.SESSION_COOKIE_SECURE = True
    settings.REQUIRE_SECOND_FACTOR = "superusers"
    settings.OPERATORS = ["ops@example.org"]
    umask = os.umask(0)
    bootstrap.load_settings()  # as each entry point does: other tests may have left files open to others
    os.umask(umask)
    call_command("check", deploy=True, fail_level="WARNING")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"SITE_URL": "http://papers.example.org"}, "digest.W001"),
        ({"SESSION_COOKIE_SECURE": False}, "digest.W004"),
        ({"EMAIL_BACKEND": "subscriptions.outbox.EmailBackend"}, "digest.W002"),
        ({"DEFAULT_FROM_EMAIL": "Papers <papers@localhost>"}, "digest.E011"),
        ({"POSTAL_ADDRESS": "", "REQUIRE_POSTAL_ADDRESS": True}, "digest.E005"),
        ({"POSTAL_ADDRESS": "", "REQUIRE_POSTAL_ADDRESS": False}, "digest.W003"),
    ],
)
def test_it_warns_before_readers_find_out(settings: Any, change: dict[str, Any], expected: str) -> None:
    settings.POSTAL_ADDRESS = "1 Main Street"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    for name, value in change.items():
        setattr(settings, name, value)
    assert expected in ids(system_checks.check_links(None) + system_checks.check_mail(None))


@pytest.mark.parametrize(("rule", "warned"), [("off", ["digest.W020"]), ("superusers", []), ("staff", [])])
def test_it_warns_of_logins_by_password_alone(settings: Any, rule: str, warned: list[str]) -> None:
    settings.REQUIRE_SECOND_FACTOR = rule
    assert ids(system_checks.check_logins(None)) == warned


@pytest.mark.parametrize(("mode", "warned"), [(0o755, 1), (0o750, 1), (0o700, 0)])
def test_it_warns_of_a_folder_that_other_users_can_read(settings: Any, tmp_path: Path, mode: int, warned: int) -> None:
    tmp_path.chmod(mode)
    settings.PRIVATE_PATHS = [tmp_path, tmp_path / "outbox"]  # the second is not there
    found = system_checks.check_files(None)
    assert ids(found) == ["digest.W007"] * warned
    assert all(str(tmp_path) in message.msg for message in found)


@pytest.mark.parametrize(
    ("provider", "anymail", "expected"),
    [
        ("postmark", {}, ["digest.E002"]),
        ("postmark", {"WEBHOOK_SECRET": ["user:password"]}, []),
        ("resend", {"WEBHOOK_SECRET": ["user:password"]}, ["digest.E004"]),  # it signs, if it is asked to
        ("resend", {"RESEND_SIGNING_SECRET": "whsec_…"}, []),
        ("sendgrid", {}, ["digest.E004"]),
        ("mailtrap", {}, ["digest.E004"]),
        ("postal", {"WEBHOOK_SECRET": ["user:password"]}, ["digest.E004"]),
        ("mailgun", {"MAILGUN_API_KEY": "which signs, too"}, []),
        ("scaleway", {}, []),  # has no reports
    ],
)
def test_it_is_an_error_if_anyone_could_report_bounces(
    provider: str, anymail: dict[str, Any], expected: list[str], settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"anymail.backends.{provider}.EmailBackend"
    settings.ANYMAIL = anymail
    assert ids(system_checks.check_webhooks(None)) == expected


@pytest.mark.parametrize(("database", "expected"), [("sqlite", []), ("postgresql", ["digest.E001"])])
def test_it_refuses_several_machines_without_a_common_key(
    database: str, expected: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HAS_OWN_SECRET_KEY = False
    monkeypatch.setattr("digest.ops.system_checks.connection", SimpleNamespace(vendor=database))
    assert [name for name in ids(system_checks.check_links(None)) if name.startswith("digest.E")] == expected


@pytest.mark.parametrize(
    ("database", "broker", "expected"),
    [
        ("postgresql", "memory://", ["digest.W006"]),
        ("postgresql", "redis://127.0.0.1:6379/0", []),
        ("sqlite", "memory://", []),
    ],
)
def test_it_warns_of_a_missing_broker(
    database: str, broker: str, expected: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_BROKER_URL = broker
    monkeypatch.setattr("digest.ops.system_checks.connection", SimpleNamespace(vendor=database))
    assert ids(system_checks.check_broker(None)) == expected


@pytest.mark.parametrize(("key", "expected"), [("new", ["digest.E010"]), ("old", [])])
def test_it_is_an_error_if_a_new_key_would_lose_the_suppression_list(
    settings: Any, key: str, expected: list[str]
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS, settings.ADDRESS_HASH_KEY = "new", ["old"], key
    assert [name for name in ids(system_checks.check_links(None)) if name.startswith("digest.E")] == expected


def test_it_names_the_missing_setting_of_a_provider(settings: Any) -> None:
    settings.EMAIL_PROVIDERS = ["postmark", "smtp"]
    settings.ANYMAIL = {}
    (error,) = system_checks.check_providers(None)
    assert (error.id, "ANYMAIL_POSTMARK_SERVER_TOKEN" in error.msg) == ("digest.E009", True)


def test_it_is_an_error_if_the_email_backend_does_not_exist(settings: Any) -> None:
    settings.EMAIL_BACKEND = "pigeons.EmailBackend"
    (error,) = system_checks.check_providers(None)
    assert error.msg == "pigeons.EmailBackend can't send emails: No module named 'pigeons'"


@pytest.mark.parametrize(
    ("url", "text", "expected"),
    [
        ("", "Our own text.", []),
        ("http://127.0.0.1:11434/v1", "", []),
        ("http://ollama:11434/v1", "", []),
        ("https://models.example.org/v1", "", []),
        ("http://models.example.org/v1", "", ["digest.W008"]),
        ("https://models.example.org/v1", "Our own text.", ["digest.W009"]),
        ("https://models.example.org/v1", "Your words go to models.example.org.", []),
    ],
)
def test_it_warns_if_readers_words_go_to_a_language_model_unprotected_or_unannounced(
    settings: Any, url: str, text: str, expected: list[str]
) -> None:
    settings.JUDGE_API_URL, settings.PRIVACY_TEXT = url, text
    assert ids(system_checks.check_judge(None)) == expected
