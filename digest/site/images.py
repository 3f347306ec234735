"""Thumbnails made from images of other sites. Pure.

Each image is decoded and encoded again, so that browsers get pixels only, and nothing that was hidden in the file.
"""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

SIZE = (480, 260)  # pixels: twice the displayed size, for high-density screens
MOST_PIXELS = 40_000_000  # a small file may decompress to more than fits into memory
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
QUALITY = 72


class PictureError(ValueError):
    """The bytes are not a usable image. The message says why."""


def shrink(body: bytes) -> bytes:
    """Return a WebP of SIZE, cropped from the middle of the image. Raises PictureError."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(body), formats=FORMATS) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureError(f"{picture.width} × {picture.height} pixels are too many")
            picture.draft("RGB", SIZE)  # decodes a JPEG at a reduced size
            small = ImageOps.fit(picture.convert("RGB"), SIZE, Image.Resampling.LANCZOS)
    except UnidentifiedImageError as error:
        raise PictureError(f"not an image in {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise PictureError(f"a damaged image ({error})") from error
    out = io.BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
