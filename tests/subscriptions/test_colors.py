"""Readable colors for any accent that an admin chooses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.env import BASE_DIR
from subscriptions import colors

ANY = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(ANY)
def test_it_makes_every_accent_readable_in_light_and_dark(accent: str) -> None:
    for scheme in (colors.light(accent), colors.dark(accent)):
        assert min(colors.contrast(*pair) for pair in scheme.texts) >= colors.READABLE


@given(ANY)
def test_it_stays_readable_where_a_mail_client_inverts_everything(accent: str) -> None:
    pairs = [(colors.inverted(text), colors.inverted(behind)) for text, behind in colors.light(accent).texts]
    assert min(colors.contrast(*pair) for pair in pairs) >= colors.READABLE


@given(ANY)
def test_it_stays_readable_where_a_mail_client_darkens_only_what_is_light(accent: str) -> None:
    for text, behind in colors.light(accent).texts:
        text_is_dark, behind_is_light = colors.contrast(text, "#ffffff") > 3, colors.contrast(behind, "#000000") > 10
        shown = colors.inverted(text) if text_is_dark else text
        assert colors.contrast(shown, colors.inverted(behind) if behind_is_light else behind) >= colors.READABLE


@given(ANY)
def test_it_uses_neither_black_nor_white(accent: str) -> None:
    used = {*vars(colors.light(accent)).values(), *vars(colors.dark(accent)).values()}
    assert not used & {"#000000", "#ffffff"}


def test_it_leaves_a_readable_accent_as_it_is() -> None:
    assert colors.light(colors.ACCENT).accent == colors.ACCENT


@pytest.mark.parametrize(("text", "is_one"), [("#0f5f63", True), ("#FFF", False), ("red", False), ("#0f5f63;", False)])
def test_it_knows_a_color(text: str, is_one: bool) -> None:
    assert colors.is_color(text) is is_one


def test_mails_and_pages_have_the_same_accent() -> None:
    style = (BASE_DIR / "static" / "style.css").read_text()
    accents = re.search(r"--accent: light-dark\((#\w+), (#\w+)\);", style)
    assert accents
    assert accents.groups() == (colors.light().accent, colors.dark().accent)
