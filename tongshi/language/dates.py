"""Days that a message speaks of: "gestern", "3天前", "١٥ مارس", "last Friday", as dates.

What people say for days is listed a language in data/dates; numbers in words are read by `tongshi.language.numerals`, names of months and weekdays
come from Babel, arithmetic from dateutil. (dateparser was measured too: see docs/understanding.md.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import regex
import yaml
from dateutil.relativedelta import relativedelta

from tongshi.errors import TongshiError
from tongshi.files import read_yaml
from tongshi.language.formats import locale
from tongshi.language.numerals import either, numerals, ordinals
from tongshi.language.phrases import fold_with_places, place_in, word_borders
from tongshi.language.text import fold
from tongshi.settings import get_settings

_SOON = timedelta(days=45)
"""A day without a year lies in the past, unless it comes as soon as this."""
_BUDDHIST = 543
_YEARS = 120
"""How far a year that somebody speaks of lies off at most."""
_NUMERIC = regex.compile(
    r"(?<![\d.,/\-\p{Latin}\p{Cyrillic}])(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|(?P<d>\d{1,2})(?P<sep>[./-])(?P<m>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2}))"
    r"(?![\d/\-]|[.,]\d)"
)
_VERSION = regex.compile(
    r"(?:versi|firmware|software|\bver\b|\bios\b|android|windows|верси|прошивк|版本|固件|バージョン|ファーム|버전|펌웨어|เวอร์ชัน|اصدار)\P{Z}*\P{L}{0,3}$"
)
"""What stands before figures with dots that are no day: "version 1.2.2024"."""
_DOTTED = ("de", "es", "fr", "it", "pt", "ru")
"""Languages in which "1.5.20" is a day; in others it is when day and month have two figures each."""
_UNSPACED = ("ja", "th", "zh")
_BORDERED = {"ja": 2, "zh": 1}
"""At how many of its ends a day must meet a word's in languages without spaces; jieba lets 昨天 run into 昨天下午, so that one does in Chinese."""
_LEFT = {"ko": r"(?<!\p{Hangul})", "ar": r"(?<!\p{L})(?:[وفبل](?!\p{P}))?"}
_SPACED = (r"(?<![\p{L}\d])", r"(?![\p{L}\d])")
_NO_FIGURE_CUT = r"(?<!\d)(?<!\d[.,])"
_CARDINALS = ("ar", "es", "fr", "it", "ja", "ko", "pt", "th", "zh")
"""Languages that count the days of a month like anything else: "tres de noviembre"."""
_FIGURES_OF_YEARS = str.maketrans("〇零一二三四五六七八九", "00123456789")


@dataclass(frozen=True)
class Day:
    """A day in a text.

    Attributes:
        value: the day itself; of "last week" the one seven days ago.
        grain: `day`, `week`, `month` or `year`: how exactly it is meant.
    """

    start: int
    end: int
    value: date
    grain: str


class DayFinder:
    """Finds days in texts of one language.

    Args:
        language: one of the twelve.
        forms: the file of data/dates, loaded.
    """

    def __init__(self, language: str, forms: dict[str, Any]) -> None:
        names = locale(language)
        self._language = language
        self._numerals = numerals(language)
        self._ordinals = ordinals(language)
        self._units = {unit: [fold(one) for one in words] for unit, words in forms["units"].items()}
        self._numbers = {count: [fold(one) for one in words] for count, words in forms["numbers"].items()}
        self._fixed = {
            fold(word): (count, unit)
            for unit, counts in forms.get("spans", {}).items()
            for count, words in counts.items()
            for word in words
        }
        self._weekdays = _named(
            ([names.days[form][width][day] for form in names.days for width in ("wide",)] + forms["weekdays"][day])
            for day in range(7)
        )
        extra = forms.get("months", [[]] * 12)
        self._months = _named(
            [
                names.months[form][width][month].rstrip(".")
                for form in names.months
                for width in ("wide", "abbreviated")
                if not names.months[form][width][month].isdigit()
            ]
            + extra[month - 1]
            for month in range(1, 13)
        )
        self._whole_months = [fold(names.months[form]["wide"][month]) for form in names.months for month in range(1, 13)]
        self._offsets: list[tuple[str, int]] = []
        # Where words run together the rest of a number is no number: 二 of 十二天前.
        apart = fold(forms.get("not_after", r"(?!)"))
        self._not_after = regex.compile(rf"(?:{apart})\Z")
        self._not_after_number = regex.compile(rf"(?:{apart}|{self._numerals.word})\Z")
        self._pattern = regex.compile(self._expression(language, forms), regex.I)

    def _expression(self, language: str, forms: dict[str, Any]) -> str:
        """An expression for all forms, the named group of each telling which it is; longer ones first where one begins like another."""
        left, right = ("", "") if language in _UNSPACED else _SPACED
        left = _LEFT.get(language, left)
        right = "" if language == "ko" else right
        slots = self._slots(language, forms)

        def form(kind: str, offset: int, expressions: Iterable[str]) -> Iterator[str]:
            for expression in expressions:
                self._offsets.append((kind, offset))
                filled = fold(expression)
                for name, slot in slots.items():
                    filled = filled.replace(f"{{{name}}}", slot)
                yield f"(?P<f{len(self._offsets) - 1}>{filled})"

        periods = (
            (unit, offset, words)
            for unit, offsets in forms["periods"].items()
            for offset, words in sorted(offsets.items(), key=lambda one: -abs(one[0]))
        )
        each = [
            ("date", 0, forms["dates"]),
            ("span", -1, forms["ago"]),
            *(("weekday_of_week", *one) for one in forms.get("weekday_of_week", {}).items()),
            *(("weekday", *one) for one in forms["weekday"].items()),
            *periods,
            *(("day", *one) for one in sorted(forms["days"].items(), key=lambda one: -abs(one[0]))),
            ("span", 1, forms["ahead"]),
        ]
        return f"{left}(?:{'|'.join(one for given in each for one in form(*given))}){right}"

    def _slots(self, language: str, forms: dict[str, Any]) -> dict[str, str]:
        spelt = self._numerals.expression
        numbers = either([spelt, *(word for words in self._numbers.values() for word in words)])
        units = either(word for words in self._units.values() for word in words)
        between = r"\s?" if language in (*_UNSPACED, "ko") else r"\s+"
        more = fold(forms.get("more", ""))
        # A figure may stand at its unit, a word for it not.
        counted = rf"(?:{_NO_FIGURE_CUT}(?P<n>\d{{1,3}})\s?{more}|(?P<n>{numbers}){more}{between})(?P<unit>{units})"
        figures = rf"(?P<d>{_NO_FIGURE_CUT}\d{{1,2}})"
        eastern = language in ("ja", "ko", "zh")
        days = either([*self._ordinals, *([spelt] if language in _CARDINALS else [])] or [r"(?!)"])
        year = r"\d{4}"
        if eastern:
            year += "|[〇零一二三四五六七八九]{4}"
        elif language == "th":
            year += r"|\d{2}(?![\d.,:]| ?\p{L})"
        return {
            "span": f"(?:(?P<fixed>{either(self._fixed)})|{counted})" if self._fixed else f"(?:{counted})",
            "day": f"(?P<weekday>{either(self._weekdays)})",
            "month": rf"(?P<month>{either(self._months)})\.?",
            "name": f"(?P<month>{either(self._whole_months)})",
            "d": f"(?:{figures}|(?P<d>{spelt}))" if eastern else figures,
            "ordinal": f"(?P<d>{days})",
            "m": rf"(?:(?P<m>\d{{1,2}})|(?P<m>{spelt}))" if eastern else r"(?P<m>\d{1,2})",
            "y": f"(?P<y>{year})",
        }

    def find(self, text: str, today: date) -> list[Day]:
        """All days of a text, in order, none overlapping another.

        Args:
            text: any message.
            today: what "yesterday" is told from.
        """
        folded, places = fold_with_places(text)
        found: list[Day] = []
        for match in (*_NUMERIC.finditer(folded), *self._pattern.finditer(folded)):
            value, grain = self._meant(match, today)
            if value is None:
                continue
            start, end = match.span()
            if match.re is not _NUMERIC:
                start, end = match.span(next(name for name, said in match.groupdict().items() if name[1:].isdigit() and said))
                if not self._is_of_its_own(match, folded, start, end):
                    continue
            one = Day(*place_in(text, places, start, end), value, grain)
            if not any(one.start < other.end and other.start < one.end for other in found):
                found.append(one)
        return sorted(found, key=lambda one: one.start)

    def _is_of_its_own(self, match: regex.Match, folded: str, start: int, end: int) -> bool:
        """Whether a day in a script without spaces is no part of other words: 前天 of 以前天天, あす of じゃあすぐ, 二天前 of 第二天前台."""
        numbered = self._form(match)[0] in ("date", "span")
        if self._language in _UNSPACED and (self._not_after_number if numbered else self._not_after).search(folded, 0, start):
            return False
        if numbered or self._language not in _BORDERED:
            return True
        borders = word_borders(folded, self._language)
        return (start in borders) + (end in borders) >= _BORDERED[self._language]

    def _form(self, match: regex.Match) -> tuple[str, int]:
        return self._offsets[next(int(name[1:]) for name, said in match.groupdict().items() if name[1:].isdigit() and said)]

    def _meant(self, match: regex.Match, today: date) -> tuple[date | None, str]:
        said = match.groupdict()
        if match.re is _NUMERIC:
            return self._in_figures(match, today), "day"
        kind, offset = self._form(match)
        if kind == "date":
            month = self._figure(said["m"]) if said.get("m") else self._months[_key(said["month"], self._months)]
            return self._calendar(said.get("y"), month, self._figure(said["d"]), today), "day"
        if kind == "span":
            count, unit = self._span(said)
            return _moved(today, unit, count and count * offset), unit
        if kind in ("weekday", "weekday_of_week"):
            day = self._weekdays[_key(said["weekday"], self._weekdays)]
            return (_nearest if kind == "weekday" else _in_week)(today, day, offset), "day"
        return _moved(today, kind, offset), kind

    def _in_figures(self, match: regex.Match, today: date) -> date | None:
        if match["sep"] == ".":
            short = len(match["y"]) == 2 and self._language not in _DOTTED and len(match["d"] + match["m"]) < 4
            if short or _VERSION.search(match.string, 0, match.start()):
                return None
        return self._calendar(match["y"], int(match["m"]), int(match["d"]), today)

    def _figure(self, said: str) -> int:
        """A day's or month's number; 0, which is none, where the words make no number."""
        if said.isdigit():
            return int(said)
        return self._ordinals.get(said) or int(self._numerals.value(said) or 0)

    def _span(self, said: dict[str, str]) -> tuple[int | None, str]:
        if said.get("fixed"):
            return self._fixed[_key(said["fixed"], self._fixed)]
        unit = next(name for name, words in self._units.items() if any(regex.fullmatch(word, said["unit"]) for word in words))
        if said["n"].isdigit():
            return int(said["n"]), unit
        known = (count for count, words in self._numbers.items() if any(regex.fullmatch(word, said["n"]) for word in words))
        if (count := next(known, None)) is None and (value := self._numerals.value(said["n"])) is not None:
            count = int(value)
        return count, unit

    def _calendar(self, year: str | None, month: int, day: int, today: date) -> date | None:
        """The date of a day and month; None where there is no such day."""
        if month > 12 >= day:
            month, day = day, month
        try:
            if year:
                return date(self._year(year, today), month, day)
            this = date(today.year, month, day)
            return this if this <= today + _SOON else date(today.year - 1, month, day)
        except ValueError:
            return None

    def _year(self, said: str, today: date) -> int:
        """A year by its figures, in Thai of two figures the Buddhist or the common one, whichever is nearer; 0, which is none, for a house's number."""
        number = int(said.translate(_FIGURES_OF_YEARS))
        if len(said) == 2:
            meant = [2000 + number, *([2500 + number - _BUDDHIST] if self._language == "th" else [])]
            return min(meant, key=lambda one: abs(one - today.year))
        number -= _BUDDHIST if number > today.year + 300 else 0
        return number if abs(number - today.year) <= _YEARS else 0


def _named(names: Iterable[Iterable[str]]) -> dict[str, int]:
    """Folded names with the number of what they name: weekdays from 0, months from 1 where there are twelve."""
    lists = [list(one) for one in names]
    first = 1 if len(lists) == 12 else 0
    return {fold(name): number for number, one in enumerate(lists, first) for name in one}


def _key(said: str, names: dict[str, int]) -> str:
    return said if said in names else next(name for name in names if regex.fullmatch(name, said))


def _moved(today: date, unit: str, count: int | None) -> date | None:
    if count is None:
        return None
    try:
        return today + relativedelta(**{f"{unit}s": count})
    except (OverflowError, ValueError):
        return None


def _nearest(today: date, weekday: int, direction: int) -> date:
    """The last such weekday before today, or the first after it."""
    days = (today.weekday() - weekday - 1) % 7 + 1 if direction < 0 else (weekday - today.weekday() - 1) % 7 + 1
    return today + timedelta(days=days * direction)


def _in_week(today: date, weekday: int, weeks: int) -> date:
    """The weekday of the week that lies so many weeks from this one; weeks begin on Monday."""
    return today + timedelta(days=weekday - today.weekday() + 7 * weeks)


@cache
def _load(folder: Path, language: str) -> DayFinder:
    path = folder / f"{language}.yml"
    try:
        return DayFinder(language, read_yaml(path))
    except (OSError, yaml.YAMLError, KeyError, regex.error) as error:
        raise TongshiError(f"Cannot read how days are spoken of from {path}: {error}") from error


def get_days(language: str) -> DayFinder:
    """This process's finder of a language, made on first use."""
    return _load(get_settings().data / "dates", language)
