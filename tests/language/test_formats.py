from datetime import date, timedelta
from decimal import Decimal

import pytest

from tongshi.language import formats
from tongshi.settings import LANGUAGES


def plain(text):
    """Without the space that does not break, and without direction marks."""
    return text.replace("\xa0", " ").replace("\u202f", " ").replace("\u200f", "")


@pytest.mark.parametrize(
    ("language", "price"),
    [
        ("en", "€1,299.50"),
        ("de", "1.299,50 €"),
        ("fr", "1 299,50 €"),
        ("ru", "1 299,50 €"),
        ("zh", "€1,299.50"),
        ("ar", "1,299.50 €"),
    ],
)
def test_money_is_written_as_the_language_writes_it(language, price):
    assert plain(formats.money(Decimal("1299.50"), language)) == price


@pytest.mark.parametrize("language", LANGUAGES)
def test_whole_euros_have_no_cents_and_western_digits(language):
    text = plain(formats.money(Decimal("49.00"), language))
    assert "49" in text and "00" not in text and "€" in text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "25 November 2026"),
        ("de", "25. November 2026"),
        ("ja", "2026年11月25日"),
        ("th", "25 พฤศจิกายน 2026"),
        ("ar", "25 نوفمبر 2026"),
        ("pt", "25 de novembro de 2026"),
    ],
)
def test_a_date_has_its_month_as_a_word_and_the_gregorian_year(language, text):
    assert formats.day(date(2026, 11, 25), language) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=3), "1 minute"),
        (timedelta(minutes=14, seconds=20), "15 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=9, hours=20), "9 days"),
        (timedelta(days=24), "24 days"),
        (timedelta(days=40), "40 days"),
        (timedelta(minutes=59, seconds=30), "1 hour"),
    ],
)
def test_a_length_of_time_is_told_in_days_hours_or_minutes(length, text):
    assert formats.duration(length, "en") == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_days_are_nine_days_in_every_language(language):
    text = formats.duration(timedelta(days=9), language)
    assert "9" in text and "duration" not in text
    assert "duration" not in formats.span(24, "month", language)


@pytest.mark.parametrize(
    ("language", "text"), [("en", "A, B and C"), ("de", "A, B und C"), ("zh", "A、B和C"), ("ja", "A、B、C"), ("ru", "A, B и C")]
)
def test_a_list_is_joined_as_the_language_joins_it(language, text):
    assert formats.listing(["A", "B", "C"], language) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_one_is_itself_and_of_none_is_nothing(language):
    assert formats.listing(["A"], language) == "A"
    assert formats.listing([], language) == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("de", "de"),
        ("pt-BR", "pt"),
        ("zh_Hans_CN", "zh"),
        ("JPN", "ja"),
        ("Deutsch", "de"),
        ("german", "de"),
        ("Español", "es"),
        ("中文", "zh"),
        ("العربية", "ar"),
        ("Brazilian Portuguese", "pt"),
        ("nl", None),
        ("Dutch", None),
        ("", None),
    ],
)
def test_languages_are_known_by_code_and_name(text, language):
    assert formats.language_named(text) == language
