"""Pictures from elsewhere become small ones of our own. Pure.

Whatever came is decoded and written anew: what reaches a browser are pixels, and nothing that was hidden among them.
"""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

SIZE = (480, 260)  # pixels: twice what is shown, for sharp screens
MOST_PIXELS = 40_000_000  # a small file may unpack to more than there is memory
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
QUALITY = 72


class PictureError(ValueError):
    """The bytes are no picture that we take; the message says why."""


def shrink(body: bytes) -> bytes:
    """A WebP of SIZE out of the middle of the picture. Raises PictureError."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(body), formats=FORMATS) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureError(f"{picture.width} × {picture.height} pixels are too many")
            picture.draft("RGB", SIZE)  # a JPEG is read at no more than the size that is needed
            small = ImageOps.fit(picture.convert("RGB"), SIZE, Image.Resampling.LANCZOS)
    except UnidentifiedImageError as error:
        raise PictureError(f"not a picture in {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise PictureError(f"a damaged picture ({error})") from error
    out = io.BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
