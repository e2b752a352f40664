"""Days as customers of twelve languages speak of them."""

from datetime import date

import pytest
import yaml

from tongshi.errors import TongshiError
from tongshi.language.dates import DayFinder, _load, get_days
from tongshi.settings import LANGUAGES, ROOT

TODAY = date(2026, 11, 18)  # a Wednesday


def days(language, text, today=TODAY):
    return [(text[one.start : one.end], one.value.isoformat(), one.grain) for one in get_days(language).find(text, today)]


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "came the day before yesterday", ("the day before yesterday", "2026-11-16", "day")),
        ("de", "kam vor einer Woche an", ("vor einer Woche", "2026-11-11", "week")),
        ("de", "nächsten Montag bin ich da", ("nächsten Montag", "2026-11-23", "day")),
        ("fr", "reçu le 2 février 2025", ("2 février 2025", "2025-02-02", "day")),
        ("es", "llega la semana que viene", ("la semana que viene", "2026-11-25", "week")),
        ("it", "preso un mese fa", ("un mese fa", "2026-10-18", "month")),
        ("pt", "chega daqui a 3 dias", ("daqui a 3 dias", "2026-11-21", "day")),
        ("ru", "пришло неделю назад", ("неделю назад", "2026-11-11", "week")),
        ("ar", "وصل منذ أسبوعين", ("منذ أسبوعين", "2026-11-04", "week")),
        ("zh", "上周三到的", ("上周三", "2026-11-11", "day")),
        ("zh", "大前天到的", ("大前天", "2026-11-15", "day")),
        ("ja", "来週の火曜に届く", ("来週の火曜", "2026-11-24", "day")),
        ("ko", "사흘 전에 왔어요", ("사흘 전", "2026-11-15", "day")),
        ("th", "ซื้อ 2 มกราคม 2569", ("2 มกราคม 2569", "2026-01-02", "day")),
        ("en", "since 2026-10-31", ("2026-10-31", "2026-10-31", "day")),
        ("en", "bought 10/31/26", ("10/31/26", "2026-10-31", "day")),
    ],
)
def test_a_day_is_told_from_today(language, text, found):
    assert days(language, text) == [found]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "guten Morgen"),
        ("es", "por la mañana estoy en casa"),
        ("en", "may i ask you something"),
        ("en", "march over there"),
        ("en", "version 1.2.3 of the app"),
        ("en", "on 31 February"),
        ("fr", "il est mille fois mieux"),
        ("it", "siete aperti il sabato?"),
        ("zh", "以前买过"),
        ("en", "MD-10234 and 48213-99"),
    ],
)
def test_what_only_looks_like_a_day_is_left_alone(language, text):
    assert days(language, text) == []


def test_a_day_without_a_year_is_past_unless_it_comes_soon():
    assert days("en", "5 December") == [("5 December", "2026-12-05", "day")]
    assert days("en", "5 March") == [("5 March", "2026-03-05", "day")]
    assert days("en", "20 December", date(2026, 1, 10)) == [("20 December", "2025-12-20", "day")]


def test_every_language_says_the_same_days():
    files = {one.stem for one in (ROOT / "data" / "dates").glob("*.yml")}
    assert files == set(LANGUAGES)
    for language in LANGUAGES:
        told = yaml.safe_load((ROOT / "data" / "dates" / f"{language}.yml").read_text("utf-8"))
        assert told["language"] == language
        assert {-2, -1, 0, 1, 2} <= set(told["days"])
        assert set(told["units"]) == {"day", "week", "month", "year"} and set(range(1, 11)) <= set(told["numbers"])
        assert all(told[form] for form in ("ago", "ahead", "dates")) and (told["weekday"] or told["weekday_of_week"])
        DayFinder(language, told)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "en.yml").write_text("days: {-1: ['(']}")
    with pytest.raises(TongshiError, match="en.yml"):
        _load(tmp_path, "en")
