"""All messages to readers are translated. `make messages` updates the files."""

import re
from io import BytesIO
from typing import Any

import pytest
from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils import translation

from tests import messages

FILLED_IN = re.compile(r"%\(\w+\)[sd]|%%|</?\w+>")
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def keys(catalog: Any) -> dict[tuple[Any, str | None], Any]:
    """Return each message (with its plurals) and its context, with its translation."""
    return {(parts(message.id), message.context): parts(message.string) for message in catalog if message.id}


def parts(message: Any) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message or ())


def test_each_language_that_is_offered_has_its_translation() -> None:
    assert messages.languages() == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_exactly_the_messages_of_the_code(language: str) -> None:
    said, translated = keys(messages.extracted()), keys(messages.translated(language))
    assert not said.keys() - translated.keys(), "Run `make messages`, and translate what it names."
    assert not translated.keys() - said.keys(), "Run `make messages`: these are said no more."


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_compiled_as_it_is_written(language: str) -> None:
    now = read_mo(BytesIO(messages.compiled(messages.translated(language))))
    kept = read_mo(BytesIO(messages.path(language, ".mo").read_bytes()))
    assert keys(kept) == keys(now), "Run `make messages`."


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_out_or_guessed(language: str) -> None:
    catalog = messages.translated(language)
    assert not messages.untranslated(catalog)
    assert not [message.id for message in catalog if message.id and message.fuzzy]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_placeholders_of_the_original(language: str) -> None:
    for (said, _), translated in keys(messages.translated(language)).items():
        for original, part in zip(said, translated, strict=True):
            assert sorted(FILLED_IN.findall(part)) == sorted(FILLED_IN.findall(original)), part


def test_german_has_its_own_quotes_and_no_hyphens_for_dashes() -> None:
    for translated in keys(messages.translated("de")).values():
        for part in translated:
            assert part.count("„") == part.count("“"), part
            assert "”" not in part, part
            assert " - " not in part, part


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_what_django_finds(language: str) -> None:
    with translation.override(language):
        assert translation.gettext("Subscribe") != "Subscribe"


def test_no_message_has_stray_spaces() -> None:
    for said, _ in keys(messages.extracted()):
        for part in said:
            assert part == part.strip(), part
            assert "  " not in part, part
