"""Codes, addresses, telephone numbers and names of a text, and whether another text holds them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise

import regex
from anyascii import anyascii
from rapidfuzz import fuzz

from tongshi.language.formats import locale
from tongshi.language.segment import tagged, tokenize
from tongshi.language.text import fold
from tongshi.language.vocabulary import frequencies
from tongshi.llm.checks.words import LATIN_LANGUAGES, months, plain, words
from tongshi.settings import LANGUAGES

# Not \b: Chinese, Japanese and Thai write no space around a name, and their characters are word characters too.
_LEFT, _RIGHT = r"(?<![\p{Latin}\p{Cyrillic}\d])", r"(?![\p{Latin}\p{Cyrillic}\d])"
_ADDRESS = regex.compile(
    r"[A-Za-z\d_.+-]+@[A-Za-z\d.-]+[A-Za-z\d]|https?://[!-~]+|\bwww\.[!-~]+|(?<![\w.])(?:[A-Za-z\d-]+\.)+(?:example|com|org|net)(?:/[!-~]*)?"
)
_PHONE = regex.compile(r"(?<![\d.,])(?:\+\d{1,3}[\s-]?)?\(?\d{2,5}\)?(?:[\s\-–/]\d{2,4}){1,4}(?![\d])|(?<![\d.,])\+\d{7,14}")
_CODE = regex.compile(
    rf"{_LEFT}(?=[\p{{Latin}}\-]*\d)(?=[\d\-]*\p{{Latin}})[\p{{Latin}}\d]+(?:[-_.][\p{{Latin}}\d]+)*{_RIGHT}|{_LEFT}\p{{Lu}}{{2,}}{_RIGHT}"
)
_NAME = regex.compile(rf"{_LEFT}\p{{Lu}}[\p{{Latin}}'’]+(?:[\s\-]+\p{{Lu}}[\p{{Latin}}\d]+)*|{_LEFT}\p{{Latin}}{{3,}}{_RIGHT}")
_ELIDED = regex.compile(r"^\p{L}{1,5}['’]")
_CYRILLIC = regex.compile(r"(?<!\p{L})\p{Lu}\p{Cyrillic}+(?:-\p{Cyrillic}+)*")
# In Japanese a foreign name stands out by its script; in Chinese and Thai it is within a run of other words.
_STRETCH = regex.compile(r"\p{Han}+|[\p{Katakana}ー]+|\p{Hiragana}+|[^\p{Han}\p{Katakana}ー\p{Hiragana}]+")
_HAN, _RUNNING, _STOPPED = regex.compile(r"\p{Han}"), regex.compile(r"[\p{Han}\p{Thai}]"), regex.compile("[ッっ]")
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:;。！？؟]\s*|[«“„\"(]\s*)$")
# After a figure: 17h30, 20k, 3x2, 4-digit, and the endings of ordinals.
_NO_CODE = regex.compile(r"h\d\d|k|x\d+|(?:\p{Ll}{2,}-?)+|st|nd|rd|th|e|er|ère|ème|[ºª°oa]")
_WORD = regex.compile(r"[\p{L}\p{M}\d]+")
_CONSONANTS = regex.compile(r"[^bcdfgklmnpqrstvwxzhj]")
_ALIKE = 80
_EVERYDAY, _RARE = 4.0, 0.3
# Cyrillic capitals that Latin has as well: form А-3 is form A-3.
_LOOKALIKES = str.maketrans("АВЕКМНОРСТХ", "ABEKMHOPCTX")


def addresses(text: str) -> list[str]:
    return [one.rstrip(".,;:!?)") for one in _ADDRESS.findall(text)]


def phones(text: str) -> list[str]:
    """Telephone numbers: seven digits or more in groups, which no thousands are written like."""
    text = plain(text)
    return [one.group() for one in _PHONE.finditer(text) if _is_phone(one.group())]


def _is_phone(written: str) -> bool:
    digits = regex.sub(r"\D", "", written)
    # 2026-11-22 and 10 000 000 are none.
    return 7 <= len(digits) <= 15 and not regex.fullmatch(r"\d{1,3}(?: \d{3})+|\d{4}-\d{2}-\d{2}", written)


def codes(text: str, language: str) -> list[str]:
    """Order numbers, ratings and abbreviations; a figure written onto its unit ("20GB", "17h30", "24-Monats-Garantie") is none."""
    text = _ADDRESS.sub(" ", plain(text))
    units, clock = words(language).units.values(), words(language).clock
    found = []
    for match in _CODE.finditer(text):
        number = regex.match(r"\d+(?:[.,]\d+)?", match[0])
        rest = match[0][number.end() :].lstrip("-") if number else match[0]
        counted = {rest, rest.partition("-")[0]}
        if any(unit.fullmatch(one) for unit in units for one in counted) or clock.fullmatch(rest):
            continue
        if number and _NO_CODE.fullmatch(rest):
            continue
        found.append(match[0])
    return found


def without_codes(text: str, language: str) -> str:
    """A text whose figures all count something: codes, addresses and telephone numbers blanked out, its length kept."""
    text = plain(text)
    for one in [*_ADDRESS.findall(text), *phones(text), *(code for code in codes(text, language) if any(map(str.isdigit, code)))]:
        text = text.replace(one, " " * len(one))
    return text


def names(text: str, language: str) -> list[str]:
    """What is written as names are, in scripts that have capitals; days and months are none."""
    text = _ADDRESS.sub(" ", text)
    found = [name for match in _NAME.finditer(text) if (name := _latin_name(match, text, language))]
    for match in _CYRILLIC.finditer(text):
        if not _starts_sentence(match, text) or not _is_common(match.group(), language):
            found.append(match.group())
    found += _tagged(text, language)
    return [name for name in found if not weekdays(name, language) and plain(name).lower() not in months(language)]


def _tagged(text: str, language: str) -> list[str]:
    """Names that the segmenters' dictionaries know as such: Sudachi's for Japanese, jieba's for Chinese."""
    if language == "ja":
        return [word for word, tag in tagged(text, "ja") if "固有名詞" in tag and len(word) > 1]
    if language != "zh":
        return []
    found = []
    for (word, flag), (after, _) in pairwise([*tagged(text, "zh"), ("", "")]):
        if flag == "nr" and len(word) == 1 and len(after) == 2:
            # A surname: the given name that follows is no common word.
            found += [word + after] if _rarity(after, "zh") > _RARE and regex.fullmatch(r"\p{Han}+", after) else []
        elif flag in ("nr", "ns", "nt") and len(word) > 1 and _rarity(word, "zh") > _RARE:
            found.append(word)
    return [name for name in found if not any(_rarity(pair, "zh") == 0 for pair in map("".join, pairwise(name)))]


def _latin_name(match: regex.Match, text: str, language: str) -> str:
    """What of a run of Latin words is a name: any first word of a sentence has a capital, and any German noun."""
    name = _ELIDED.sub("", match.group())
    if name[:1].islower():
        # "C'est Margaux": what is left of the first word is none.
        name = name.partition(" ")[2]
        return "" if name[:1].islower() else name
    if not name:
        return ""
    if language not in LATIN_LANGUAGES:
        return name
    if language == "de":
        return name if any(_is_unusual(part, language) for part in _WORD.findall(name)) else ""
    if _starts_sentence(match, text):
        first, _, rest = name.partition(" ")
        return name if _is_unusual(first, language) else rest
    return name


def _starts_sentence(match: regex.Match, text: str) -> bool:
    return bool(_SENTENCE_START.search(text[: match.start()]))


def _is_unusual(word: str, language: str) -> bool:
    """Whether a word with a capital is in no dictionary of the language, nor made of words that are."""
    return word[0].isupper() and not _is_common(word, language) and not (language == "de" and _is_compound(word))


@lru_cache(maxsize=20_000)
def _is_common(word: str, language: str) -> bool:
    """Whether a dictionary of the language holds a word."""
    return word.casefold() in frequencies(language)


def is_everyday(name: str, language: str) -> bool:
    """Whether a name is made of everyday words ("Sala dei Cristalli"), which another language has words of its own for."""
    return language in LATIN_LANGUAGES and all(_rarity(word, language) == 0 for word in _WORD.findall(name))


@lru_cache(maxsize=20_000)
def _is_compound(word: str) -> bool:
    """Whether a German word is made of known ones: Rückgabe-frist, Lieferung-s-kosten; endings of inflection are passed over."""
    known, word = frequencies("de", "small"), word.lower()
    stems = {word, *(word[: -len(end)] for end in ("en", "es", "er", "e", "n", "s") if word.endswith(end))}
    for stem in stems:
        for place in range(3, len(stem) - 2):
            head, tail = stem[:place], stem[place:]
            if head.rstrip("s") in known or head in known or head + "e" in known or head + "en" in known:
                if tail in known or (len(tail) > 6 and _is_compound(tail)):
                    return True
    return False


def strangeness(text: str, sources: Sequence[str], language: str) -> float:
    """How rare the rarest word is that none of the sources has: where names have no capital of their own, it is the likeliest to be one.

    Returns:
        0 for a word of every day, 1 for one that no list of words holds.
    """
    if language not in _UNMARKED:
        return 0.0
    lone = lacking([word for word in _content(text, language) if _rarity(word, language) > 0], sources, language)
    return max((_rarity(word, language) for word in lone), default=0.0)


_UNMARKED = ("ar", "de", "ja", "ko", "th", "zh")
_VERBAL = {"ko": regex.compile(r"(?:니다|세요|어요|아요|해요|며|면|지만|는데|고|서|는|은|던|지|도록|까지|부터)$")}
_AFFIXES = {
    "ar": (r"^(?:و?ال|وب?ال|بال|كال|فال|لل|و|ب|ل|ك|ف|س)", r"(?:ها|هم|كم|ات|ون|ين|ية|ة|ك|ه|ي|نا|ا)$"),
    "ko": (r"^", r"(?:입니다|이며|이고|에서|에게|으로|까지|부터|이나|은|는|이|가|을|를|의|에|로|와|과|도|만|나)$"),
}


def _content(text: str, language: str) -> list[str]:
    """Words that may be names."""
    text = regex.sub(r"[\d\p{Latin}@.]+" if language != "de" else r"\d+", " ", plain(text))
    if language == "de":
        return regex.findall(r"(?<=\p{L},?\s)\p{Lu}\p{Ll}{2,}", text)
    if language in ("ja", "th", "zh"):
        return [one.text for one in tokenize(text, language) if len(one.text) > 1 and regex.match(r"\p{L}", one.text)]
    before, after = _AFFIXES[language]
    found = [word for word in _WORD.findall(text) if not (language in _VERBAL and _VERBAL[language].search(word))]
    return [regex.sub(after if language == "ko" else before, "", word) or word for word in found]


@lru_cache(maxsize=20_000)
def _rarity(word: str, language: str) -> float:
    if language == "de" and _is_compound(word):
        return 0.0
    known = frequencies(language)
    frequency = max(known.get(stem.casefold(), 1e-9) for stem in _stems(word, language))
    # Zipf's scale, as in wordfreq: how often in a thousand million words, as a power of ten.
    return min(1.0, max(0.0, (_EVERYDAY - math.log10(frequency) - 9) / (_EVERYDAY - 1)))


def _stems(word: str, language: str) -> list[str]:
    if language not in _AFFIXES:
        return [word]
    before, after = _AFFIXES[language]
    short = regex.sub(before, "", word) or word
    return [one for one in (word, short, regex.sub(after, "", short), regex.sub(after, "", word)) if len(one) > 1] or [word]


def lacking(found: Iterable[str], sources: Sequence[str], language: str) -> list[str]:
    """Which of those names or codes stand in none of the texts, whatever their script and inflection."""
    squeezed = _squeezed(" ".join(sources))
    return [
        one for one in dict.fromkeys(found) if _squeezed(one) not in squeezed and not _heard(one, " ".join(sources), language)
    ]


def _squeezed(text: str) -> str:
    """For comparing: "20 W" and "20W" are one."""
    return regex.sub(r"[\s\-–・·'’]", "", fold(unicodedata.normalize("NFKC", text).translate(_LOOKALIKES)))


def _heard(name: str, text: str, language: str) -> bool:
    """Whether a text has the name inflected, or in another script: by its first letters, or by its consonants."""
    if regex.fullmatch(r"[A-Z\d\-_.]+", name):
        return False
    places = _places_of(text)
    for part in _WORD.findall(name):
        if (place := _place(part)) and place in places:
            continue
        folded = fold(part)
        # A Korean or Chinese character is a syllable or a word: two tell as much as four letters.
        least = 2 if regex.match(r"[\p{Hangul}\p{Han}\p{Katakana}]", folded) else 4
        stem = folded[: max(least, len(folded) - 3)]
        if len(folded) >= least and any(word.startswith(stem) for word in map(fold, _WORD.findall(text))):
            continue
        if part.isascii() and not regex.search(r"[^\x00-\u024f]", text):
            return False
        if not _sounds(part, text):
            return False
    return True


def _sounds(name: str, text: str) -> bool:
    """Whether a word of a text, in another script, sounds like a name."""
    sought = [one for one in _skeletons(name) if len(one) > 1]
    stretches = [one for word in _WORD.findall(text) for one in _STRETCH.findall(word) if _script(one) != _script(name)]
    heard = [(its, bool(_RUNNING.match(one))) for one in stretches for its in _skeletons(one)]
    return any(_is_alike(mine, its, within) for mine in sought for its, within in heard)


def _is_alike(sought: str, heard: str, within: bool) -> bool:
    """Whether two skeletons are of one name.

    Args:
        within: it may be part of what is heard.
    """
    lengths = range(len(sought) - 1, len(sought) + 2) if within else ()
    parts = (heard[start : start + length] for length in lengths for start in range(len(heard) - length + 1))
    return any(fuzz.ratio(sought, part) >= _ALIKE for part in (heard, *parts))


def _skeletons(word: str) -> set[str]:
    """The consonants that a word is heard with, where "ch" is as in Bach and where it is as in Chile."""
    return {_skeleton(word, "kh"), _skeleton(word, "s")}


@lru_cache(maxsize=20_000)
def _skeleton(word: str, ch: str) -> str:
    """The consonants that a word is heard with, those alike taken as one."""
    latin = anyascii(_STOPPED.sub("", word)).lower()
    if _HAN.match(word):
        latin = latin.replace("x", "s")
    latin = (
        regex.sub("sch|sh", "s", latin)
        .replace("ch", ch)
        .replace("c", "k")
        .replace("q", "k")
        .replace("ph", "f")
        .replace("x", "ks")
        .replace("v", "b")
        .replace("w", "b")
    )
    return regex.sub(r"(.)\1+", r"\1", _CONSONANTS.sub("", latin.replace("p", "b").replace("l", "r").replace("z", "s")))


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").split(" ")[0]


@lru_cache(maxsize=4096)
def _places_of(text: str) -> frozenset[str]:
    """Countries that a text names, in any of the twelve languages."""
    return frozenset(filter(None, map(_place, _WORD.findall(text))))


@lru_cache(maxsize=20_000)
def _place(word: str) -> str | None:
    return _gazetteer().get(fold(word))


@cache
def _gazetteer() -> dict[str, str]:
    """Countries by their names in every language, folded."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in locale(language).territories.items():
            if len(code) == 2 and " " not in name:
                found.setdefault(fold(name), code)
    return found


def weekdays(text: str, language: str, generous: bool = False) -> frozenset[int]:
    """Days of the week that a text names, 0 for Monday.

    Args:
        generous: also those within a span, and those of words such as "daily" and "weekdays": wanted of a passage.
    """
    text = plain(text).lower()
    pattern, numbers = _weekday_names(language)
    found: set[int] = set()
    if generous:
        spoken = words(language).days
        sets = {"daily": range(7), "weekdays": range(5), "weekend": (5, 6)}
        found = {day for name, days in sets.items() if spoken[name].search(text) for day in days}
    last, end = None, 0
    for match in pattern.finditer(text):
        number = numbers[match[1].rstrip(".")]
        if generous and last is not None and _SPAN_OF_DAYS.fullmatch(text[end : match.start()]):
            found |= {(last + step) % 7 for step in range((number - last) % 7)}
        found.add(number)
        last, end = number, match.end()
    return frozenset(found)


_SPAN_OF_DAYS = regex.compile(
    r"[\w.]{0,3}\s?(?:-|–|—|~|〜|to|through|thru|bis|a|al|à|au|à|às|ao|до|по|по|الي|حتي|から|か|부터|에서|至|到|ถึง)\s?(?:다음 )?(?:วัน)?"
)


_DAY_NAMES = {
    "zh": {
        f"{week}{day}": number % 7
        for week in ("周", "星期", "礼拜")
        for number, day in zip((0, 1, 2, 3, 4, 5, 6, 6), "一二三四五六日天")
    },
    "ja": {f"{day}曜": number for number, day in enumerate("月火水木金土日")},
    "ko": {f"{day}요일": number for number, day in enumerate("월화수목금토일")},
}
_DAY_ENDS = {"en": r"(?:s|days?)?\b", "de": r"s?\b", "es": r"s?\b", "fr": r"s?\b", "it": r"\b", "pt": r"s?(?:-feiras?)?\b"}


@cache
def _weekday_names(language: str) -> tuple[regex.Pattern, dict[str, int]]:
    """An expression for names of days, and their numbers; names by their stems, as what inflects is at the end."""
    if language in _DAY_NAMES:
        numbers = _DAY_NAMES[language]
        return regex.compile(f"({'|'.join(numbers)})"), numbers
    days = locale(language).days["format"]
    numbers = {}
    for number, name in days["wide"].items():
        name = plain(name).lower().removesuffix("-feira").removeprefix("วัน")
        numbers[name[:-1] if language == "ru" and name[-1] in "аья" else name] = number
    if language == "th":
        numbers["พฤหัส"] = 3
    wide = "|".join(sorted(map(regex.escape, numbers), key=len, reverse=True))
    start, end = "" if language in ("th", "ar") else r"(?<!\p{L})", _DAY_ENDS.get(language, "")
    pattern = rf"{start}({wide}){end}"
    if language in LATIN_LANGUAGES or language == "ru":
        # Mo-Fr, lun.-ven.: a short name is one only at a dash; "so" and "do" are words.
        short = {plain(name).lower().rstrip("."): number for number, name in days["abbreviated"].items()}
        numbers = {**short, **numbers}
        shorts = "|".join(map(regex.escape, short))
        pattern = rf"{start}(?|({wide}){end}|({shorts})(?=\.?\s?[-–—])|(?<=[-–—]\s?)({shorts})(?!\p{{L}}))"
    return regex.compile(pattern), numbers
