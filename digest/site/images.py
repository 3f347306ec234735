"""Thumbnails made from images of other sites, and logos made from uploaded ones. Pure.

Each image is decoded and encoded again, so that browsers get pixels only, and nothing that was hidden in the file.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

SIZE = (576, 312)  # pixels: twice the displayed size of a leading paper, for high-density screens
LOGO_SIZE = (600, 240)  # pixels: twice the largest displayed size
MAX_PIXELS = 40_000_000  # a small file may decompress to more than fits into memory
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
QUALITY = 72
MAX_CROP = 1.4  # a picture whose shape differs by more is shown whole, because a figure's edges matter


class PictureError(ValueError):
    """The bytes are not a usable image. The message says why."""


def shrink(body: bytes) -> bytes:
    """Return a WebP of SIZE. Raise PictureError."""
    with _opened(body) as picture:
        picture.draft("RGB", SIZE)  # decodes a JPEG at a reduced size
        small = _framed(_on_white(picture))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()


def to_jpeg(webp: bytes) -> bytes:
    """Return a picture that `shrink` made as a JPEG, since not all email clients show WebP."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def shrink_logo(body: bytes) -> bytes:
    """Return a PNG of LOGO_SIZE at most, since not all email clients show WebP. Raise PictureError."""
    with _opened(body) as picture:
        small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        small.thumbnail(LOGO_SIZE, Image.Resampling.LANCZOS)
        small.info.clear()  # a color profile would be copied as it is
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def png_size(png: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG that we encoded, from its header."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


@contextmanager
def _opened(body: bytes) -> Iterator[Image.Image]:
    """Open an image of bearable size. Raise PictureError, also for errors while it is decoded."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(body), formats=FORMATS) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if picture.width * picture.height > MAX_PIXELS:
                raise PictureError(f"{picture.width} × {picture.height} pixels are too many")
            yield picture
    except UnidentifiedImageError as error:
        raise PictureError(f"not an image in {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise PictureError(f"a damaged image ({error})") from error


def _on_white(picture: Image.Image) -> Image.Image:
    """Return the picture without transparency. Figures with transparency are made for a white page."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    page = Image.new("RGB", picture.size, "white")
    page.paste(layer, mask=layer.getchannel("A"))
    return page


def _framed(picture: Image.Image) -> Image.Image:
    """Return the picture in SIZE: cropped a little, or whole on the color of its corner."""
    crop = (picture.width / picture.height) / (SIZE[0] / SIZE[1])
    if 1 / MAX_CROP <= crop <= MAX_CROP:
        return ImageOps.fit(picture, SIZE, Image.Resampling.LANCZOS)
    corner: Any = picture.getpixel((0, 0))
    return ImageOps.pad(picture, SIZE, Image.Resampling.LANCZOS, color=corner)
