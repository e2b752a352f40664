"""Text in photos, drawn here, is read by Tesseract; an order number in it is offered and never taken."""

from __future__ import annotations

import io
import shutil
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from tongshi.conversations.photos import (
    LETTERS,
    NotAPhoto,
    PhotoReader,
    developed,
    make_photo_reader,
    order_numbers,
    photo_file,
)
from tongshi.settings import LANGUAGES, Settings

FONTS = Path("/usr/share/fonts")
_CJK, _SANS = FONTS / "opentype/noto/NotoSansCJK-Regular.ttc", FONTS / "truetype/dejavu/DejaVuSans.ttf"
_THAI = FONTS / "truetype/noto/NotoSansThai-Regular.ttf"
NOTES = {
    "ar": ("رقم الطلب {}\nحقيبة ظهر زرقاء", "حقيبة", _SANS, 0),
    "de": ("Bestellung {}\nBlauer Rucksack, Größe L", "Größe", _SANS, 0),
    "en": ("Order {}\nTrail backpack, blue", "backpack", _SANS, 0),
    "es": ("Pedido {}\nMochila de montaña, pequeña", "pequeña", _SANS, 0),
    "fr": ("Commande {}\nSac à dos bleu, déjà payé", "payé", _SANS, 0),
    "it": ("Ordine {}\nZaino blu, più leggero", "leggero", _SANS, 0),
    "ja": ("注文番号 {}\n青い登山用の上着", "注文番号", _CJK, 0),
    "ko": ("주문 번호 {}\n파란색 배낭", "배낭", _CJK, 1),
    "pt": ("Encomenda {}\nMochila azul, proteção da chuva", "proteção", _SANS, 0),
    "ru": ("Заказ {}\nСиний рюкзак", "рюкзак", _SANS, 0),
    "th": ("ใบส่งของ {}\nเป้สะพายหลัง", "สะพายหลัง", _THAI, 0),
    "zh": ("订单号 {}\n蓝色背包一个", "背包", _CJK, 2),
}
"""A delivery note in each language, a word that must be read in it, and the font that has its letters."""

needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="needs Debian's tesseract-ocr")


def drawn(text: str, font: ImageFont.FreeTypeFont | None = None) -> bytes:
    """A photo of a paper with a text on it; words of ASCII are set in a font that has Latin letters for certain."""
    image = Image.new("RGB", (900, 110 * len(text.splitlines()) + 60), "#f4f1ea")
    pen, latin = ImageDraw.Draw(image), ImageFont.load_default(48)
    for number, line in enumerate(text.splitlines()):
        across = 40.0
        for word in line.split(" "):
            used = latin if word.isascii() else font
            pen.text((across, 30 + 110 * number), word, "#222222", used)
            across += used.getlength(f"{word} ")
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=80)
    return kept.getvalue()


@pytest.fixture
def reader() -> PhotoReader:
    return make_photo_reader(Settings(ocr="on"))


def with_exif(*entries: tuple[int, int, int, bytes]) -> bytes:
    """A photo that its camera calls turned, with further fields of Exif: tag, type, count, value."""
    fields = [(0x0112, 3, 1, b"\0\x06\0\0"), *entries]
    written = b"".join(struct.pack(">HHI4s", *one) for one in fields)
    image, kept = Image.open(io.BytesIO(drawn("MD-10234"))), io.BytesIO()
    image.save(kept, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(fields)) + written + bytes(40))
    return kept.getvalue()


@pytest.mark.parametrize(
    "field",
    [
        (0x0100, 2, 4, b"\xff\xfe\xfd\0"),
        (0x011A, 2, 3, b"72\0\0"),
        (0x010F, 11, 1, b"\0\x01\0\xff"),
        (0x8769, 9, 1, b"\xff\xff\x08\0"),
    ],
)
def test_a_photo_is_kept_whatever_its_camera_wrote_into_it(field):
    with Image.open(io.BytesIO(developed(with_exif()))) as turned, Image.open(io.BytesIO(developed(with_exif(field)))) as kept:
        assert turned.size == (170, 900) and kept.size in ((900, 170), (170, 900))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_a_damaged_photo_is_none(kind):
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(whole, kind)
    for length in range(0, len(whole.getvalue()) - 100, 97):
        with pytest.raises(NotAPhoto):
            developed(whole.getvalue()[:length])


@needs_tesseract
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_delivery_note_is_read_in_every_language(reader, language):
    text, word, font, face = NOTES[language]
    if not font.is_file() or LETTERS[language] not in reader.known:
        pytest.skip(f"needs {font.name} and Tesseract's {LETTERS[language]}")
    file = photo_file(drawn(text.format("MD-10234"), ImageFont.truetype(str(font), 48, index=face)), language, reader)
    assert word in file.text.replace(" ", "") and order_numbers(file.text) == ["MD-10234"]


@needs_tesseract
def test_a_photo_without_words_has_none_and_letters_that_are_missing_do_no_harm(reader):
    assert photo_file(drawn("\n"), "en", reader).text == ""
    assert "MD-10234" in photo_file(drawn("Order MD-10234"), "th", PhotoReader(frozenset({"eng"}))).text


def test_photos_are_not_read_unless_that_is_switched_on_and_there_is_a_reader(monkeypatch):
    assert make_photo_reader(Settings()) is None and photo_file(drawn("MD-10234"), "en", None).text == ""
    monkeypatch.setenv("PATH", "")
    assert make_photo_reader(Settings(ocr="on")) is None
