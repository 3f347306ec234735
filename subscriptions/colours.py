"""The colours of pages and mails: readable on each other, in light and in dark. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    """One scheme, as #rrggbb. None is pure black or white: mail clients that invert colours by themselves leave
    those glaring."""

    page: str  # behind everything
    card: str  # behind the text
    tint: str  # behind a note
    line: str  # between papers
    ink: str  # text
    soft: str  # lesser text
    accent: str  # links, and behind a button's words
    faint: str  # lines in the accent's hue
    on_accent: str  # a button's words


LIGHT = Colours(
    page="#f0ece3",
    card="#fefefd",
    tint="#f4f0e8",
    line="#ddd6c8",
    ink="#211f1b",
    soft="#615b50",
    accent="#0f5f63",
    faint="#9cc3c0",
    on_accent="#fefefd",
)
DARK = Colours(
    page="#171614",
    card="#211f1c",
    tint="#2c2924",
    line="#38352f",
    ink="#ebe7de",
    soft="#aaa396",
    accent="#74c5c0",
    faint="#3f6663",
    on_accent="#08282a",
)
