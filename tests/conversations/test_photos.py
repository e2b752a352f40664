"""Text in photos, drawn here, is read by Tesseract; an order number in it is offered and never taken."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from tongshi.conversations.photos import PhotoReader, make_photo_reader, order_numbers, photo_file
from tongshi.settings import Settings

CHINESE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="needs Debian's tesseract-ocr")


def drawn(text: str, font: ImageFont.FreeTypeFont | None = None) -> bytes:
    """A photo of a paper with a text on it."""
    image = Image.new("RGB", (900, 120 * len(text.splitlines()) + 60), "#f4f1ea")
    ImageDraw.Draw(image).multiline_text((40, 30), text, "#222222", font or ImageFont.load_default(48), spacing=30)
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=80)
    return kept.getvalue()


@pytest.fixture
def reader() -> PhotoReader:
    return make_photo_reader(Settings(ocr="on"))


@needs_tesseract
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_delivery_note_in_latin_letters_is_read(reader, language):
    file = photo_file(drawn("Meridian delivery note\nOrder MD-10234\nTrail backpack, blue"), language, reader)
    assert "MD-10234" in file.text and "Trail backpack" in file.text and order_numbers(file.text) == ["MD-10234"]


@needs_tesseract
@pytest.mark.skipif(not CHINESE.is_file(), reason="needs Debian's fonts-noto-cjk")
def test_a_delivery_note_in_chinese_is_read(reader):
    if "chi_sim" not in reader.known:
        pytest.skip("needs Debian's tesseract-ocr-chi-sim")
    font = ImageFont.truetype(str(CHINESE), 48, index=2)
    file = photo_file(drawn("送货单\n订单号 MD-10234\n蓝色背包一个", font), "zh", reader)
    read = file.text.replace(" ", "")
    assert "订单号" in read and "背包" in read and order_numbers(file.text) == ["MD-10234"]


@needs_tesseract
def test_a_photo_without_words_has_none_and_letters_that_are_missing_do_no_harm(reader):
    assert photo_file(drawn("\n"), "en", reader).text == ""
    assert "MD-10234" in photo_file(drawn("Order MD-10234"), "th", PhotoReader(frozenset({"eng"}))).text


def test_photos_are_not_read_unless_that_is_switched_on_and_there_is_a_reader(monkeypatch):
    assert make_photo_reader(Settings()) is None and photo_file(drawn("MD-10234"), "en", None).text == ""
    monkeypatch.setenv("PATH", "")
    assert make_photo_reader(Settings(ocr="on")) is None
