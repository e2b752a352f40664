"""Money, dates, durations and lists as each language writes them, and what it calls languages and countries, by Babel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from babel import Locale, dates, lists, numbers, units
from babel.core import get_global

from tongshi.language.text import fold
from tongshi.settings import LANGUAGES

_LOCALES = {"ar": "ar_EG", "zh": "zh_CN", "pt": "pt_PT", "en": "en_GB"}


def locale(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language))


def money(amount: Decimal, language: str) -> str:
    """An amount in euro, in Western digits, without cents where they are nought."""
    western = _western(language)
    pattern = western.currency_formats["standard"].pattern
    if amount == amount.to_integral_value():
        pattern = pattern.replace("0.00", "0")
    return numbers.format_currency(amount, "EUR", pattern, locale=western, currency_digits=False)


def _western(language: str) -> Locale:
    # Arabic of the Gulf and the Maghreb writes Western digits; figures that a customer copies should be those everywhere.
    return Locale.parse("ar_AE") if language == "ar" else locale(language)


def day(value: date, language: str) -> str:
    """A date with the month as a word, e.g. 25 November 2026."""
    if language == "th":
        # CLDR gives Thailand the Buddhist year only through its calendar; shops write the Gregorian one.
        return dates.format_date(value, "d MMMM y", locale=locale(language))
    return dates.format_date(value, "long", locale=_western(language))


def duration(value: timedelta, language: str) -> str:
    """A length of time in its largest unit: whole days or hours that have passed, or minutes begun, at least one."""
    minutes = max(-(-value // timedelta(minutes=1)), 1)
    count, unit = (value.days, "day") if value.days else (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return span(count, unit, language)


def span(count: int, unit: str, language: str) -> str:
    """A count of a unit of time, e.g. 24 months.

    Args:
        unit: `day`, `month` or another of CLDR's.
    """
    name, where = f"duration-{unit}", _western(language)
    text = units.format_unit(count, name, locale=where)
    # Where CLDR has a language's long form stand for the short one, Babel finds none and gives the unit's own name.
    return units.format_unit(count, name, length="short", locale=where) if name in text else text


def country(code: str, language: str) -> str:
    """The name of a country by its ISO 3166 code."""
    return locale(language).territories[code]


def language_named(text: str) -> str | None:
    """Which of the twelve languages a code, such as `pt-BR` or `deu`, or a name in one of them, such as `Deutsch`, means."""
    code = text.strip().lower().replace("_", "-").partition("-")[0]
    code = get_global("language_aliases").get(code, code)
    return code if code in LANGUAGES else _languages_by_name().get(fold(text.strip()))


@cache
def _languages_by_name() -> dict[str, str]:
    """With the names of their regional kinds, such as Swiss High German."""
    named = ((name, tag.partition("_")[0]) for one in LANGUAGES for tag, name in Locale.parse(one).languages.items())
    return {fold(name): code for name, code in named if code in LANGUAGES}


def listing(items: Sequence[str], language: str) -> str:
    """Items joined with the language's commas and its word for "and"."""
    return lists.format_list(list(items), locale=locale(language)) if items else ""
