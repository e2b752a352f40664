"""Figures of a text with what they count: spans, hours of the day, dates, sums of money, numbers spelt out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from tongshi.llm.checks.words import UNSPACED, Words, dates, months, plain, words

CLOCK, DATE = "clock", "date"
_NUMBER = regex.compile(r"\d{1,3}(?:[ '.,٬]\d{3})+(?:[.,٫]\d{1,2})?(?!\d)|\d+(?:[.,٫]\d+)*")
_TIME = regex.compile(r"(?<![\d:])([01]?\d|2[0-4])(?::|\s?h\s?)([0-5]\d)(?!\d)")
_EASTERN_TIME = regex.compile(r"(\d{1,2})\s?[点點時시]\s?(?:(\d{1,2})\s?[分분]|(半|반))(?!钟)")
_EASTERN_DATE = regex.compile(r"(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号]")
_GAP = regex.compile(r"[\s\-–]{0,2}")
_WORD_BETWEEN = regex.compile(r"\s\p{L}+\s")
_NOON = 12 * 60
# Units that measure one thing: (what, how much of its smallest).
_SCALES = {
    **{unit: ("time", size) for unit, size in {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}.items()},
    **{unit: ("calendar", size) for unit, size in {"month": 1, "year": 12, "age": 12}.items()},
    **{
        unit: ("length", size)
        for unit, size in {"millimetre": 1, "centimetre": 10, "metre": 1000, "kilometre": 1_000_000}.items()
    },
    **{unit: ("mass", size) for unit, size in {"gram": 1, "kilogram": 1000}.items()},
    **{unit: ("volume", size) for unit, size in {"millilitre": 1, "litre": 1000}.items()},
    **{unit: ("data", size) for unit, size in {"megabyte": 1, "gigabyte": 1000, "terabyte": 1_000_000}.items()},
    **{unit: ("rate", size) for unit, size in {"megabit": 1, "gigabit": 1000}.items()},
    **{unit: ("power", size) for unit, size in {"watt": 1, "kilowatt": 1000}.items()},
}


@dataclass(frozen=True)
class Quantity:
    """A figure and what it counts.

    Attributes:
        value: for an hour of the day the minutes since midnight, for a date month * 100 + day.
        units: what it may count, as named in `words.yml`, `clock` or `date`; several where a word has several meanings, none where the
            text names nothing that is known.
        text: as written.
        half: whether an hour of the day leaves open which half of the day it is in.
    """

    value: float
    units: frozenset[str]
    text: str
    start: int
    end: int
    half: bool = False

    def agrees(self, other: Quantity) -> bool:
        """Whether both say one amount of one thing, "2 weeks" and "14 days" included."""
        return any(self._agrees_in(unit, other, its) for unit in self.units for its in other.units)

    def _agrees_in(self, unit: str, other: Quantity, its: str) -> bool:
        if unit == its == CLOCK:
            day = _NOON if self.half or other.half else 2 * _NOON
            return (self.value - other.value) % day == 0
        (kind, size), (its_kind, its_size) = _SCALES.get(unit, (unit, 1)), _SCALES.get(its, (its, 1))
        return kind == its_kind and abs(self._count(unit) * size - other._count(its) * its_size) < 1e-6

    def _count(self, unit: str) -> float:
        """The value in a unit: what may be nine hours as well as nine o'clock is kept as the latter."""
        return self.value / 60 if CLOCK in self.units and unit != CLOCK else self.value


def quantities(text: str, language: str, generous: bool = False) -> list[Quantity]:
    """Figures of a text, in order.

    Args:
        text: with what is no quantity (codes, addresses) taken out, see `names.without_codes`.
        language: of its words.
        generous: also what says one of something in passing ("a day", "monthly"): wanted of a passage, which may be restated with a
            figure, and not of an answer, whose "a day" claims nothing.
    """
    text, known = plain(text), words(language)
    found: list[Quantity] = []

    def take(quantity: Quantity) -> None:
        if not any(quantity.start < one.end and one.start < quantity.end for one in found):
            found.append(quantity)

    for match in _TIME.finditer(text):
        take(_hour(match, int(match[1]) * 60 + int(match[2]), text, known, language))
    for match in _EASTERN_TIME.finditer(text):
        take(_hour(match, int(match[1]) * 60 + (30 if match[3] else int(match[2])), text, known, language))
    for match in _EASTERN_DATE.finditer(text):
        take(Quantity(int(match[1]) * 100 + int(match[2]), frozenset({DATE}), match[0], *match.span()))
    for match in dates(language).finditer(text):
        month = months(language)[match["month"].lower()]
        take(Quantity(month * 100 + int(match["day"]), frozenset({DATE}), match[0], *match.span()))
    for match in known.amount.finditer(text):
        value, unit = known.amounts[match[0].lower()]
        if generous or (value != 1 and unit != "percent"):
            take(Quantity(value, frozenset({unit} if unit else ()), match[0], *match.span()))
    for match in _NUMBER.finditer(text):
        take(_figure(match, text, known, language))
    for match in known.numeral.finditer(text):
        value = known.numerals[match[0].lower()]
        quantity = _counted(match[0], value, *match.span(), text, known, language)
        if generous or (quantity.units and value != 1 and not _is_ordinal(text, quantity)):
            take(quantity)
    return _spans(sorted(found, key=lambda one: one.start), text, known)


def _is_ordinal(text: str, quantity: Quantity) -> bool:
    """第二天, 二日目, 두 번째: the second, not two."""
    return text[: quantity.start].endswith("第") or text[quantity.end :].lstrip().startswith(("目", "째", "번째"))


def value_of(number: str) -> float:
    """The value of a number in digits, whatever parts its thousands and its decimals."""
    number = regex.sub(r"[ '٬]", "", number).replace("٫", ".")
    if "." in number and "," in number:
        thousands = "," if number.rindex(".") > number.rindex(",") else "."
        number = number.replace(thousands, "").replace(",", ".")
    elif regex.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", number):
        number = regex.sub(r"[.,]", "", number)
    number = number.replace(",", ".")
    if number.count(".") > 1:  # 03.05.2026: no number, but equal only to itself
        number = number.replace(".", "")
    return float(number)


def _figure(match: regex.Match, text: str, known: Words, language: str) -> Quantity:
    value, end = value_of(match[0]), match.end()
    if scale := known.scale.match(text, end):
        value, end = value * known.scales[scale[0].strip().lower()], scale.end()
    return _counted(match[0], value, match.start(), end, text, known, language)


def _counted(written: str, value: float, start: int, end: int, text: str, known: Words, language: str) -> Quantity:
    """A number with its unit, before it or after it."""
    before = frozenset(unit for unit, pattern in known.before.items() if pattern.search(text[max(0, start - 16) : start]))
    if before:
        return Quantity(value, before, written, start, end)
    place = _GAP.match(text, end).end()
    units, length = _units_at(text, place, known)
    hour = known.clock.match(text, place)
    if hour and len(hour[0]) >= length and value <= 24:
        plus = 0.5 if hour[0].endswith(("半", "반")) else 0
        clock = _hour_at((value + plus) * 60, written, start, end, text, known, language)
        return replace(clock, units=clock.units | (units if len(hour[0]) == length else frozenset()))
    if not units and language not in UNSPACED and (between := _WORD_BETWEEN.match(text, end)):
        units, length = _units_at(text, between.end(), known)
        units = units if length > 2 else frozenset()
        place = between.end()
    return Quantity(value, units, text[start : place + length] if length else written, start, end)


def _units_at(text: str, place: int, known: Words) -> tuple[frozenset[str], int]:
    """The units whose words stand at a place, the longest, and their length."""
    lengths = {unit: match.end() - place for unit, pattern in known.units.items() if (match := pattern.match(text, place))}
    longest = max(lengths.values(), default=0)
    return frozenset(unit for unit, length in lengths.items() if length == longest), longest


def _hour(match: regex.Match, minutes: int, text: str, known: Words, language: str) -> Quantity:
    return _hour_at(minutes, match[0], *match.span(), text, known, language)


def _hour_at(minutes: float, written: str, start: int, end: int, text: str, known: Words, language: str) -> Quantity:
    """An hour of the day, moved to its half where a word beside it tells."""
    after = known.afternoon.match(text, _GAP.match(text, end).end()) or (
        language in UNSPACED and known.afternoon.search(text[max(0, start - 5) : start])
    )
    before = known.morning.match(text, _GAP.match(text, end).end()) or (
        language in UNSPACED and known.morning.search(text[max(0, start - 5) : start])
    )
    if after and minutes < _NOON:
        minutes += _NOON
    half = not after and not before and minutes <= _NOON
    return Quantity(minutes, frozenset({CLOCK}), written, start, end, half)


def _spans(found: list[Quantity], text: str, known: Words) -> list[Quantity]:
    """The first of "3–5 days" counts days as well, the second of "€3–5" euros."""
    found = list(found)
    for place in reversed(range(len(found) - 1)):
        one, other = found[place], found[place + 1]
        if not one.units and other.units and known.span.fullmatch(text, one.end, other.start):
            value = one.value * 60 if CLOCK in other.units and one.value <= 24 else one.value
            found[place] = replace(one, value=value, units=other.units, half=other.half)
    for place, (one, other) in enumerate(pairwise(list(found)), 1):
        if one.units and not other.units and regex.fullmatch(r"\s?[-–—~〜]\s?", text[one.end : other.start]):
            found[place] = replace(other, units=one.units)
    return found


def unsupported(sought: Iterable[Quantity], given: list[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """What of the figures `sought` does not stand among those `given`.

    A figure that stands there without a unit, on either side, may count the same.

    Returns:
        Figures that are not there, and those that are there counting something else.
    """
    missing, other_unit = [], []
    for one in sought:
        if any(one.agrees(its) for its in given):
            continue
        alike = [its for its in given if its.value == one.value or (CLOCK in one.units and its.value * 60 == one.value)]
        if not alike:
            missing.append(one)
        elif all(one.units and its.units for its in alike):
            other_unit.append(one)
    return missing, other_unit
