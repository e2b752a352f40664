"""Photos that customers send: read by their content, made small, without what cameras write into them; and the text in them."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass

import pytesseract
import structlog
from PIL import Image, ImageOps

from tongshi.errors import TongshiError
from tongshi.language.patterns import find
from tongshi.settings import Settings
from tongshi.storage.mail import File

LARGEST_PHOTO = 10 * 1024 * 1024
"""Bytes that may be sent."""

KIND = "image/jpeg"
"""What is kept, whatever was sent."""

_READ = ("JPEG", "PNG", "WEBP", "GIF")
_MOST_PIXELS = 50_000_000
_EDGE = 2048
_PATIENCE = 10
"""Seconds that one reading of a photo may take."""

_LONGEST_TEXT = 4000
_LAYOUT = "--psm 6"
"""One block of text: what delivery notes and labels are; Tesseract's own look for columns loses lines of them."""

LETTERS = {
    "ar": "ara", "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "it": "ita", "ja": "jpn", "ko": "kor", "pt": "por",
    "ru": "rus", "th": "tha", "zh": "chi_sim",
}  # fmt: skip
"""What Tesseract calls the letters of each language."""

_LATIN = "eng"
_NOT_LATIN = ("ara", "chi_sim", "jpn", "kor", "rus", "tha")

log = structlog.get_logger()


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
            image.load()
            upright = _upright(image)
            upright.thumbnail((_EDGE, _EDGE))
            flat = Image.new("RGB", upright.size, "white")
            flat.paste(upright.convert("RGB"), mask=upright.convert("RGBA").getchannel("A") if _is_see_through(upright) else None)
    except NotAPhoto:
        raise
    except (
        Exception
    ) as error:  # Pillow raises whatever a damaged file makes it stumble over, struct.error and IndexError among it
        raise NotAPhoto("That is no photo in JPEG, PNG, WebP or GIF.") from error
    kept = io.BytesIO()
    flat.save(kept, "JPEG", quality=85, optimize=True)
    return kept.getvalue()


def _upright(image: Image.Image) -> Image.Image:
    """An image as it is meant to be seen; as it lies where what the camera wrote of that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception as error:
        log.info("photo.not_turned", error=repr(error)[:200])
        return image


def _is_see_through(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


@dataclass(frozen=True)
class PhotoReader:
    """Reads text in photos with Tesseract.

    Attributes:
        known: the letters that it has been given, in its own names.
    """

    known: frozenset[str]

    def text(self, photo: bytes, language: str) -> str:
        """What can be read in a photo, in the letters of a language and in Latin ones; "" where that is nothing.

        Beside other letters, the M and D of an order number are easily taken for some of them (МО, ไ0); where no such number was read,
        Latin letters alone are tried, and numbers found so stand on a line of their own.
        """
        letters = LETTERS.get(language, _LATIN)
        text = self._read(photo, letters, _LATIN)
        if letters in _NOT_LATIN and not order_numbers(text):
            text = "\n".join(filter(None, (text, *order_numbers(self._read(photo, _LATIN)))))
        return text[:_LONGEST_TEXT]

    def _read(self, photo: bytes, *letters: str) -> str:
        wanted = [one for one in dict.fromkeys(letters) if one in self.known]
        try:
            with Image.open(io.BytesIO(photo)) as image:
                text = pytesseract.image_to_string(image, lang="+".join(wanted) or None, config=_LAYOUT, timeout=_PATIENCE)
        except (pytesseract.TesseractError, RuntimeError, OSError, ValueError) as error:
            log.warning("photo.not_read", error=str(error)[:200])
            return ""
        lines = (" ".join(line.split()) for line in text.splitlines())
        return "\n".join(line for line in lines if line)


def make_photo_reader(settings: Settings) -> PhotoReader | None:
    """The reader of the settings; None where photos are not to be read, or Tesseract is not installed."""
    if settings.ocr == "off":
        return None
    if not shutil.which("tesseract"):
        log.error("photo.no_reader", hint="TONGSHI_OCR needs Debian's package tesseract-ocr; photos are kept unread")
        return None
    return PhotoReader(frozenset(pytesseract.get_languages()))


def photo_file(data: bytes, language: str, reader: PhotoReader | None) -> File:
    """A photo as it is kept, with what can be read in it.

    Raises:
        NotAPhoto: see `developed`.
    """
    photo = developed(data)
    return File("photo.jpg", KIND, photo, reader.text(photo, language) if reader else "")


def order_numbers(text: str) -> list[str]:
    """Order numbers that stand in what was read, each once."""
    return list(dict.fromkeys(match.value for match in find(text) if match.kind == "order_number"))
