"""What the checks know of each language, read from `words.yml`, and the form in which texts are compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex
from num2words import num2words

from tongshi.files import read_yaml
from tongshi.language.formats import locale
from tongshi.language.text import fold_digits, fold_width

WORDS = Path(__file__).with_name("words.yml")
_CURRENCY = regex.compile(r"[A-Z]{3}")
LATIN_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "pt"})
"""Languages written in Latin letters."""

UNSPACED = ("ja", "ko", "th", "zh")
"""Languages in which a figure, its unit and what follows need no space or boundary between them."""

_VOWEL_SIGNS = regex.compile(r"[\u064b-\u0652\u0640]")
_LETTERS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ё": "е", "Ё": "Е", "’": "'", "\u00a0": " ", "\u202f": " "})
_SPELT = [*range(2, 32), 36, 40, 45, 48, 50, 60, 70, 72, 80, 90, 100, 200, 500, 1000]


def plain(text: str) -> str:
    """One width, one script of digits, no Arabic vowel signs, alif and ё in one form each; case kept."""
    return _VOWEL_SIGNS.sub("", fold_digits(fold_width(text))).translate(_LETTERS)


@dataclass(frozen=True)
class Words:
    """The expressions of one language.

    Attributes:
        units: what stands right after a figure, by unit, in the order of the file.
        before: currencies that may stand before one.
        clock, morning, afternoon: of hours of the day.
        numerals: spelt-out numbers to their values; `numeral` finds them.
        amounts: words that say figure and unit in one.
        scales: words right after a figure that multiply it.
        span: what joins the ends of a span.
        reply: a yes or no before the sentence proper.
        cues: words that turn or bound a sentence, by kind.
        unknowing, courtesy: sentences that claim nothing.
        days: words for sets of weekdays.
    """

    units: dict[str, regex.Pattern]
    before: dict[str, regex.Pattern]
    clock: regex.Pattern
    morning: regex.Pattern
    afternoon: regex.Pattern
    numerals: dict[str, float]
    numeral: regex.Pattern
    amounts: dict[str, tuple[float, str | None]]
    amount: regex.Pattern
    scales: dict[str, int]
    scale: regex.Pattern
    span: regex.Pattern
    reply: regex.Pattern
    cues: dict[str, regex.Pattern]
    unknowing: regex.Pattern
    courtesy: regex.Pattern
    days: dict[str, regex.Pattern]


@cache
def words(language: str) -> Words:
    """The expressions of a language, compiled once."""
    data = _data()
    # A unit ends where its word ends; scripts without spaces and particles written onto the word know no such end.
    end = "" if language in UNSPACED else r"(?!\p{L})"
    start = "" if language in ("ja", "th", "zh") else r"(?<!\p{L})"

    def expression(entry: dict[str, str], end: str = end) -> regex.Pattern:
        own = [entry[language]] if language in entry else []
        # Signs and abbreviations of every language are Latin: there they end with their last letter.
        common = [rf"(?:{entry['any']})(?!\p{{Latin}})"] if "any" in entry else []
        return _compiled("|".join([*common, *(f"(?:{one}){end}" for one in own)]) or r"(?!)")

    units = {unit: expression(entry) for unit, entry in data["units"].items()}
    signs = {unit: entry["any"] for unit, entry in data["units"].items() if _CURRENCY.fullmatch(unit) and "any" in entry}
    before = {unit: _compiled(rf"(?<!\p{{L}})(?:{sign})\s?$") for unit, sign in signs.items()}
    numerals = {plain(word).lower(): float(value) for word, value in [*_spelt(language), *data["numerals"][language].items()]}
    amounts = {plain(word).lower(): (float(value), unit) for word, (value, unit) in data["amounts"][language].items()}
    scales = {plain(word).lower(): value for one in ("any", language) for word, value in data["scales"].get(one, {}).items()}
    return Words(
        units,
        before,
        **{name: expression(data["clock"][key], "") for name, key in _CLOCK.items()},
        numerals=numerals,
        numeral=_compiled(f"{start}(?:{_alternatives(numerals)}){end}"),
        amounts=amounts,
        amount=_compiled(f"{start}(?:{_alternatives(amounts)}){'' if language == 'ru' else end}"),
        scales=scales,
        scale=_compiled(rf"\s?(?:{_alternatives(scales)}){end}"),
        span=_compiled(data["span"]),
        reply=_compiled(rf"^(?:{data['reply'][language]})\s?(?:[,;:،，、。.!—–]\s*|$)"),
        cues={kind: _compiled(entry[language]) for kind, entry in data["cues"].items()},
        unknowing=_compiled(data["unknowing"][language]),
        courtesy=_compiled(data["courtesy"][language]),
        days={name: _compiled(entry[language]) for name, entry in data["days"].items()},
    )


@cache
def months(language: str) -> dict[str, int]:
    """Names of months in small letters, as they stand alone and in dates, to their numbers."""
    found = {}
    for context, width in (("stand-alone", "wide"), ("format", "wide"), ("format", "abbreviated")):
        for number, name in locale(language).months[context][width].items():
            name = plain(name).lower().rstrip(".")
            if not any(map(str.isdigit, name)) and len(name) > 2:
                found.setdefault(name, number)
    return found


@cache
def dates(language: str) -> regex.Pattern:
    """A day of a month, whose name is a word, on either side of its figure."""
    name = _alternatives(months(language))
    if name == r"(?!)":
        return regex.compile(name)
    day = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª)?"
    return _compiled(rf"{day}\.?\s(?:de |d'|of )?(?P<month>{name})|(?<!\p{{L}})(?P<month>{name})\.?\s{day}(?!\d|[:.,]\d)")


_CLOCK = {"clock": "after", "morning": "morning", "afternoon": "afternoon"}


@cache
def _data() -> dict:
    return read_yaml(WORDS)


def _compiled(pattern: str) -> regex.Pattern:
    return regex.compile(pattern.translate(_LETTERS), regex.I)


def _alternatives(found: dict) -> str:
    return "|".join(regex.escape(word) for word in sorted(found, key=len, reverse=True)) or r"(?!)"


def _spelt(language: str) -> list[tuple[str, int]]:
    """Plain numbers as the language spells them; Chinese is spelt as Japanese. Korean syllables alone mean too much else."""
    spelt = [(num2words(number, lang="ja" if language == "zh" else language), number) for number in _SPELT]
    return [one for one in spelt if language != "ko" or len(one[0]) > 1]
