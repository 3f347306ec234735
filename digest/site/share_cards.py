"""Pictures for links in social media and chats: a page's title in the site's colors. Pure."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
MARGIN = 80
INK, PAPER, MUTED = "#1f1e1b", "#faf8f4", "#5d594f"
SIZES = (72, 60, 50, 42)  # the largest that fits is used
MAX_LINES = 5
LONGEST = 220  # characters
MISSING = "\uffff"  # no font has it


@lru_cache(maxsize=256)
def draw(title: str, above: str, name: str, accent: str) -> bytes | None:
    """Return a PNG with the title, a line above it and the site's name, or None if the font lacks a letter of it."""
    title = title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"
    font = ImageFont.load_default(SIZES[0])
    if not isinstance(font, ImageFont.FreeTypeFont) or not all(_has(font, text) for text in (title, above, name)):
        return None
    card = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, SIZE[0], 18), fill=accent)
    pen.text((MARGIN, 90), above, font=font.font_variant(size=34), fill=accent)
    lines, size = _fitted(font, title)
    for number, line in enumerate(lines):
        pen.text((MARGIN, 155 + number * round(size * 1.22)), line, font=font.font_variant(size=size), fill=INK)
    pen.text((MARGIN, SIZE[1] - 95), name, font=font.font_variant(size=36), fill=MUTED)
    out = io.BytesIO()
    card.quantize(32).save(out, "PNG")
    return out.getvalue()


def _has(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = bytes(font.getmask(MISSING))
    return all(letter.isspace() or bytes(font.getmask(letter)) != missing for letter in set(text))


def _fitted(font: ImageFont.FreeTypeFont, title: str) -> tuple[list[str], int]:
    """Return the lines of the title and the largest size that fits, cut after MAX_LINES."""
    lines: list[str] = []
    for size in SIZES:
        lines = _wrapped(font.font_variant(size=size), title)
        if len(lines) * size * 1.22 <= SIZE[1] - 155 - 110 and len(lines) <= MAX_LINES:
            return lines, size
    return [*lines[: MAX_LINES + 1][:-1], "…"] if len(lines) > MAX_LINES + 1 else lines, SIZES[-1]


def _wrapped(font: ImageFont.FreeTypeFont, text: str) -> list[str]:
    lines, width = [""], SIZE[0] - 2 * MARGIN
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
