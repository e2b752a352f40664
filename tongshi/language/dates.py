"""Days that a message speaks of: "gestern", "3天前", "١٥ مارس", "last Friday", as dates.

What people say for days is listed a language in data/dates; names of months and weekdays come from Babel, arithmetic from dateutil. (dateparser was
measured too: see docs/understanding.md.)
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
from tongshi.language.formats import locale
from tongshi.language.phrases import fold_with_places
from tongshi.language.text import fold
from tongshi.settings import get_settings

_SOON = timedelta(days=45)
"""A day without a year lies in the past, unless it comes as soon as this."""
_BUDDHIST = 543
_NUMERIC = regex.compile(
    r"(?<![\d.,/\-])(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|(?P<d>\d{1,2})(?P<sep>[./-])(?P<m>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2}))"
    r"(?![\d/\-]|[.,]\d)"
)
_UNSPACED = ("ja", "th", "zh")
_LEFT = {"ko": r"(?<!\p{Hangul})", "ar": r"(?<!\p{L})(?:[وفبل](?!\p{P}))?"}
_SPACED = (r"(?<![\p{L}\d])", r"(?![\p{L}\d])")


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
        self._offsets: list[tuple[str, int]] = []
        self._pattern = regex.compile("|".join(self._alternatives(language, forms)), regex.I)

    def _alternatives(self, language: str, forms: dict[str, Any]) -> Iterator[str]:
        """One expression a form, the named group of each telling which it is; longer ones first where one begins like another."""
        left, right = ("", "") if language in _UNSPACED else _SPACED
        left = _LEFT.get(language, left)
        right = "" if language == "ko" else right
        slots = self._slots(language)

        def form(kind: str, offset: int, expressions: Iterable[str]) -> Iterator[str]:
            for expression in expressions:
                self._offsets.append((kind, offset))
                filled = fold(expression)
                for name, slot in slots.items():
                    filled = filled.replace(f"{{{name}}}", slot)
                yield f"{left}(?P<f{len(self._offsets) - 1}>{filled}){right}"

        yield from form("date", 0, forms["dates"])
        yield from form("span", -1, forms["ago"])
        for offset, words in forms.get("weekday_of_week", {}).items():
            yield from form("weekday_of_week", offset, words)
        for offset, words in forms["weekday"].items():
            yield from form("weekday", offset, words)
        for unit, offsets in forms["periods"].items():
            for offset, words in offsets.items():
                yield from form(unit, offset, words)
        for offset, words in sorted(forms["days"].items(), key=lambda one: -abs(one[0])):
            yield from form("day", offset, words)
        yield from form("span", 1, forms["ahead"])

    def _slots(self, language: str) -> dict[str, str]:
        numbers = _either(word for words in self._numbers.values() for word in words)
        units = _either(word for words in self._units.values() for word in words)
        between = r"\s?" if language in (*_UNSPACED, "ko") else r"\s+"
        # A figure may stand at its unit, a word for it not.
        counted = rf"(?:(?P<n>\d{{1,3}})\s?|(?P<n>{numbers}){between})(?P<unit>{units})"
        fixed = _either(self._fixed)
        return {
            "span": f"(?:{counted}|(?P<fixed>{fixed}))" if self._fixed else f"(?:{counted})",
            "day": f"(?P<weekday>{_either(self._weekdays)})",
            "month": rf"(?P<month>{_either(self._months)})\.?",
            "d": r"(?P<d>(?<!\d)\d{1,2})",
            "m": r"(?P<m>\d{1,2})",
            "y": r"(?P<y>\d{4})",
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
            one = Day(places[start], places[end - 1] + 1, value, grain)
            if not any(one.start < other.end and other.start < one.end for other in found):
                found.append(one)
        return sorted(found, key=lambda one: one.start)

    def _meant(self, match: regex.Match, today: date) -> tuple[date | None, str]:
        said = match.groupdict()
        if match.re is _NUMERIC:
            return _calendar(said["y"], int(said["m"]), int(said["d"]), today), "day"
        number = next(int(name[1:]) for name, text in said.items() if name[1:].isdigit() and text)
        kind, offset = self._offsets[number]
        if kind == "date":
            month = int(said["m"]) if said.get("m") else self._months[_key(said["month"], self._months)]
            return _calendar(said.get("y"), month, int(said["d"]), today), "day"
        if kind == "span":
            count, unit = self._span(said)
            return _moved(today, unit, count * offset), unit
        if kind in ("weekday", "weekday_of_week"):
            day = self._weekdays[_key(said["weekday"], self._weekdays)]
            return (_nearest if kind == "weekday" else _in_week)(today, day, offset), "day"
        return _moved(today, kind, offset), kind

    def _span(self, said: dict[str, str]) -> tuple[int, str]:
        if said.get("fixed"):
            return self._fixed[said["fixed"].lower()]
        unit = next(name for name, words in self._units.items() if any(regex.fullmatch(word, said["unit"]) for word in words))
        if said["n"].isdigit():
            return int(said["n"]), unit
        return next(
            count for count, words in self._numbers.items() if any(regex.fullmatch(word, said["n"]) for word in words)
        ), unit


def _named(names: Iterable[Iterable[str]]) -> dict[str, int]:
    """Folded names with the number of what they name: weekdays from 0, months from 1 where there are twelve."""
    lists = [list(one) for one in names]
    first = 1 if len(lists) == 12 else 0
    return {fold(name): number for number, one in enumerate(lists, first) for name in one}


def _key(said: str, names: dict[str, int]) -> str:
    return said if said in names else next(name for name in names if regex.fullmatch(name, said))


def _either(expressions: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(expressions, key=len, reverse=True)) + ")"


def _moved(today: date, unit: str, count: int) -> date | None:
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


def _calendar(year: str | None, month: int, day: int, today: date) -> date | None:
    """The date of a day and month; None where there is no such day."""
    if month > 12 >= day:
        month, day = day, month
    try:
        if year:
            number = int(year) + (2000 if len(year) == 2 else 0)
            return date(number - _BUDDHIST if number > today.year + 300 else number, month, day)
        this = date(today.year, month, day)
        return this if this <= today + _SOON else date(today.year - 1, month, day)
    except ValueError:
        return None


@cache
def _load(folder: Path, language: str) -> DayFinder:
    path = folder / f"{language}.yml"
    try:
        return DayFinder(language, yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, KeyError, regex.error) as error:
        raise TongshiError(f"Cannot read how days are spoken of from {path}: {error}") from error


def get_days(language: str) -> DayFinder:
    """This process's finder of a language, made on first use."""
    return _load(get_settings().data / "dates", language)
