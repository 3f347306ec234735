"""Readable colours for any accent that an admin chooses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.env import BASE_DIR
from subscriptions import colours

ANY = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(ANY)
def test_it_makes_every_accent_readable_in_light_and_dark(accent: str) -> None:
    for scheme in (colours.light(accent), colours.dark(accent)):
        assert min(colours.contrast(*pair) for pair in scheme.texts) >= colours.READABLE


@given(ANY)
def test_it_stays_readable_where_a_mail_client_inverts_everything(accent: str) -> None:
    pairs = [(colours.inverted(text), colours.inverted(behind)) for text, behind in colours.light(accent).texts]
    assert min(colours.contrast(*pair) for pair in pairs) >= colours.READABLE


@given(ANY)
def test_it_stays_readable_where_a_mail_client_darkens_only_what_is_light(accent: str) -> None:
    for text, behind in colours.light(accent).texts:
        text_is_dark, behind_is_light = colours.contrast(text, "#ffffff") > 3, colours.contrast(behind, "#000000") > 10
        shown = colours.inverted(text) if text_is_dark else text
        assert colours.contrast(shown, colours.inverted(behind) if behind_is_light else behind) >= colours.READABLE


@given(ANY)
def test_it_uses_neither_black_nor_white(accent: str) -> None:
    used = {*vars(colours.light(accent)).values(), *vars(colours.dark(accent)).values()}
    assert not used & {"#000000", "#ffffff"}


def test_it_leaves_a_readable_accent_as_it_is() -> None:
    assert colours.light(colours.ACCENT).accent == colours.ACCENT


@pytest.mark.parametrize(("text", "is_one"), [("#0f5f63", True), ("#FFF", False), ("red", False), ("#0f5f63;", False)])
def test_it_knows_a_colour(text: str, is_one: bool) -> None:
    assert colours.is_colour(text) is is_one


def test_mails_and_pages_have_the_same_accent() -> None:
    style = (BASE_DIR / "static" / "style.css").read_text()
    accents = re.search(r"--accent: light-dark\((#\w+), (#\w+)\);", style)
    assert accents
    assert accents.groups() == (colours.light().accent, colours.dark().accent)
