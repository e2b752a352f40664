"""Photos that customers send: read by their content, made small, without what cameras write into them."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from tongshi.errors import TongshiError

LARGEST_PHOTO = 10 * 1024 * 1024
"""Bytes that may be sent."""

KIND = "image/jpeg"
"""What is kept, whatever was sent."""

_READ = ("JPEG", "PNG", "WEBP", "GIF")
_MOST_PIXELS = 50_000_000
_EDGE = 2048


class NotAPhoto(TongshiError):
    """What was sent cannot be read as a photo, or is too large."""


def developed(data: bytes) -> bytes:
    """A photo as JPEG, upright, at most 2048 pixels wide or high; place, time and camera are left out.

    Raises:
        NotAPhoto: it is of another kind, damaged, or of more than 50 megapixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_READ) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise NotAPhoto("The photo has too many pixels.")
            image.draft("RGB", (_EDGE, _EDGE))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((_EDGE, _EDGE))
            flat = Image.new("RGB", upright.size, "white")
            flat.paste(upright.convert("RGB"), mask=upright.convert("RGBA").getchannel("A") if _is_see_through(upright) else None)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPhoto("That is no photo in JPEG, PNG, WebP or GIF.") from error
    kept = io.BytesIO()
    flat.save(kept, "JPEG", quality=85, optimize=True)
    return kept.getvalue()


def _is_see_through(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info
