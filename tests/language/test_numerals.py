"""Numbers in words, and half in words."""

import pytest
import regex
from num2words import num2words

from tongshi.language.numerals import numerals, ordinals
from tongshi.language.text import fold

SPELT_WRONG = ("dicotto", "الفا", "ميتا", "ميتان", "ماية")
"""What num2words has that nobody writes: centodicotto."""


@pytest.mark.parametrize("language", ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "th"])
def test_every_number_is_read_as_it_is_spelt(language):
    reader = numerals(language)
    for number in [*range(1, 130), *range(150, 1000, 7), *range(1000, 10_000, 331), 25_000, 120_000]:
        spelt = fold(num2words(number, lang=language)).replace(",", "")
        if not any(wrong in spelt for wrong in SPELT_WRONG):
            assert regex.fullmatch(reader.expression, spelt) and reader.value(spelt) == number, spelt


@pytest.mark.parametrize(
    ("language", "said", "value"),
    [
        ("zh", "两千零二十六", 2026), ("zh", "一百五", 150), ("zh", "一百零五", 105), ("zh", "1.5万", 15000), ("zh", "两三", 3), ("zh", "十五六", 16),
        ("ja", "百五", 105), ("ja", "1万2千", 12000), ("ko", "3만 5천", 35000), ("ko", "두세", 3), ("ko", "스물다섯", 25), ("th", "ร้อยนึง", 100),
        ("ru", "двадцати пяти", 25), ("de", "zwei hundert", 200), ("it", "centottanta", 180), ("ar", "خمسة وعشرين", 25), ("fr", "septante-deux", 72),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_said(language, said, value):
    assert numerals(language).value(said) == value


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "two three"),
        ("en", "two hundred three hundred"),
        ("en", "five twenty"),
        ("zh", "三二"),
        ("de", "zwanzig dreissig"),
        ("en", "so"),
    ],
)
def test_words_that_make_no_number_have_no_value(language, said):
    assert numerals(language).value(said) is None


def test_days_of_a_month_are_counted():
    assert ordinals("ru")["третьего"] == 3 and ordinals("en")["twenty-first"] == 21 and ordinals("zh") == {}
