"""The color schemes of pages and emails, light and dark, with readable shades of one accent. Pure."""

import colorsys
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

READABLE = 4.5  # the minimum contrast of text and background by WCAG 2, 1.4.3
ACCENT = "#0f5f63"
ACCENT_IN_THE_DARK = "#74c5c0"  # the same as in static/style.css, so that emails and pages look alike
_STEP = 0.01  # of lightness
_DARKEST, _LIGHTEST = 0.06, 0.94  # lightness; neither black nor white


@dataclass(frozen=True)
class Colors:
    """One color scheme, as #rrggbb, without pure black or white, which glare in clients that invert colors."""

    page: str  # behind everything
    card: str  # behind the text
    tint: str  # behind a note
    line: str  # between papers
    ink: str  # text
    soft: str  # secondary text
    accent: str  # links, and the background of buttons
    faint: str  # lines in the hue of the accent
    on_accent: str  # the text of buttons

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """All pairs of a text color and a background that it is used on."""
        on_paper = ((text, behind) for text in (self.ink, self.soft, self.accent) for behind in self.backgrounds)
        return (*on_paper, (self.on_accent, self.accent))

    @property
    def backgrounds(self) -> tuple[str, ...]:
        return self.page, self.card, self.tint


@lru_cache(maxsize=16)
def light(accent: str = ACCENT) -> Colors:
    paper = {"page": "#f0ece3", "card": "#fefefd", "tint": "#f4f0e8"}
    upside_down = [inverted(behind) for behind in paper.values()]

    def is_good(shade: str) -> bool:
        # It must stay readable in clients that invert a light email themselves.
        return (
            _lowest_contrast(shade, paper.values()) >= READABLE
            and _lowest_contrast(inverted(shade), upside_down) >= READABLE + 0.1
        )

    shade = _adjust_lightness(accent, -_STEP, 1, is_good)
    lesser = {"line": "#ddd6c8", "ink": "#211f1b", "soft": "#5c564b"}
    return Colors(**paper, **lesser, accent=shade, faint=mixed(shade, paper["card"], 0.4), on_accent="#fefefd")


@lru_cache(maxsize=16)
def dark(accent: str = ACCENT) -> Colors:
    paper = {"page": "#171614", "card": "#211f1c", "tint": "#2c2924"}
    # On a dark background, saturated colors glare, and a barely readable one looks dull.
    adjusted = _adjust_lightness(accent, _STEP, 0.62, lambda shade: _lowest_contrast(shade, paper.values()) >= 6)
    shade = ACCENT_IN_THE_DARK if accent.lower() == ACCENT else adjusted
    lesser = {"line": "#38352f", "ink": "#ebe7de", "soft": "#b0a99c"}
    return Colors(**paper, **lesser, accent=shade, faint=mixed(shade, paper["card"], 0.4), on_accent="#1b1a17")


def is_color(text: str) -> bool:
    """Return whether `text` is a color like #rrggbb."""
    return bool(re.fullmatch(r"#[0-9a-fA-F]{6}", text))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2, from 1 (equal) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """Return a mixture with `share` (0 to 1) of the first color."""
    parts = zip(_rgb(one), _rgb(other), strict=True)
    return _to_hex(tuple(a * share + b * (1 - share) for a, b in parts))


def inverted(color: str) -> str:
    """Return the color with its lightness inverted, as email clients do in dark mode."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(color))
    return _to_hex(colorsys.hls_to_rgb(hue, 1 - lightness, saturation))


def _adjust_lightness(color: str, by: float, most_saturation: float, is_good: Callable[[str], bool]) -> str:
    """Return `color` with its lightness changed in steps of `by` until it is good or at the end of the range."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(color))
    saturation = min(saturation, most_saturation)
    lightness = min(_LIGHTEST, max(_DARKEST, lightness))
    shade = _to_hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    while not is_good(shade) and _DARKEST <= lightness <= _LIGHTEST:
        lightness += by
        shade = _to_hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    return shade


def _lowest_contrast(color: str, backgrounds: Iterable[str]) -> float:
    return min(contrast(color, behind) for behind in backgrounds)


def _luminance(color: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _to_hex(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
