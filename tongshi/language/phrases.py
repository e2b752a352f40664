"""Finding known phrases (names of products, colours, reasons…) in messages of any script, small typos included."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import regex
from rapidfuzz.distance import DamerauLevenshtein

from tongshi.language.segment import is_chinese_word, tokenize
from tongshi.language.sounds import heard, runs, script_of
from tongshi.language.text import fold, scripts
from tongshi.language.vocabulary import frequencies, is_form_of, is_said_in, is_word, load_words
from tongshi.settings import LANGUAGES

_WORD = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Arabic}\d'’]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
_HAN = regex.compile(r"\p{Han}{2,}")
_HANGUL = regex.compile(r"\p{Hangul}")
_PARTICLES = (
    "을|를|이|가|은|는|도|로|으로|만|의|에|와|과|랑|이랑|요|이요|입니다|이에요|예요|인데|하고|나|이나|부터|까지|에서|야|이야|용|색"
    "|이고|이며|이라|이라서|라서|이니까|이지만|이거든|거든|이네|이죠|이었|였|어요|는데|보다|처럼|들|만요"
)
ARABIC_PREFIXES = r"(?:[وف]?(?:[بلك]?ال|لل|[بلك])|[وف])?"
"""What Arabic writes onto a word: a conjunction, a short preposition, the article."""

_ARABIC = regex.compile(r"\p{Arabic}")
_SPACE_OF_ARABIC = r"(?:[\s\-]+ال|[\s\-]*)"
_ARTICLES = regex.compile(r"(?<=[\s\-])ال")

_BORDERS = {
    "spaced": r"(?<![\p{{Latin}}\p{{Cyrillic}}\d])(?:(?<!\p{{Arabic}})" + ARABIC_PREFIXES + r")(?P<phrase>{})"
    r"(?![\p{{Latin}}\p{{Cyrillic}}\p{{Arabic}}\p{{M}}])",
    "korean": rf"(?<!\p{{{{Hangul}}}})(?P<phrase>{{}})(?:{_PARTICLES})*(?!\p{{{{Hangul}}}})",
    "unspaced": r"(?P<phrase>{})",
}
_KOREAN_ENDING = regex.compile(rf"(?:{_PARTICLES})*")
_FIGURES = regex.compile(r"\d+")
_LONG_ENOUGH = 5
_TYPO_LENGTH = 6
_SEVERAL_LENGTH = 8
_LEAST_HEARD = {"Han": 2, "Katakana": 3, "Hangul": 2, "Thai": 6}
_EVERYWHERE = 4
"""In how many languages a phrase is said that is a name, whatever else it means: "pico"."""
_PARTICLES_OF_CHINESE = set("不没的了是在我你他她它有个这那就也都要会能还很太再又")
NEARLY = 0.8
"""How surely something is meant that is not quite written."""


@dataclass(frozen=True)
class Found:
    """A phrase in a text: where, which value it stands for, and how surely (1.0 as written, less with a typo)."""

    start: int
    end: int
    value: str
    confidence: float


class PhraseFinder:
    """Finds phrases, the longest first.

    Scripts that put spaces between words are matched at word borders, with Arabic prefixes and Korean particles allowed; in the others
    short phrases are matched where the language's own segmenter cuts, so that 白 is not found in 面白い. What nearly is a phrase is found too:

    - a word of six letters or more, or two or three words together, with one letter wrong, missing, added or swapped, unless what stands
      there are words of their own and no other form of the phrase: "changer" is French and no charger;
    - in Chinese, Japanese, Korean and Thai what sounds the same, unless it is another word.

    Args:
        phrases: pairs of phrase and the value it stands for.
        languages: by phrase, in which languages it is said. In a text of another language a word of that one is not taken for it: "dos" is
            two in Spanish, and a back in French.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]], languages: Mapping[str, Set[str]] | None = None) -> None:
        self._values: dict[str, str] = {}
        self._languages: dict[str, set[str]] = defaultdict(set)
        for phrase, value in phrases:
            folded = " ".join(fold(phrase).split())
            # In chats ة is written without its dots.
            for written in {folded, folded.replace("ة", "ه")}:
                self._values.setdefault(written, value)
                self._languages[_squeeze(written)] |= set((languages or {}).get(phrase, ()))
        self._values.pop("", None)
        self._squeezed = {_squeeze(phrase): value for phrase, value in self._values.items()}
        # One alternation a kind of script, longest phrase first, so that "power bank" wins over "power".
        groups: dict[str, list[str]] = defaultdict(list)
        for phrase in sorted(self._values, key=len, reverse=True):
            kind = "unspaced" if _UNSPACED.search(phrase) else "korean" if _HANGUL.search(phrase) else "spaced"
            groups[kind].append(regex.escape(phrase).replace(r"\ ", _SPACE_OF_ARABIC if _ARABIC.search(phrase) else r"[\s\-]*"))
        self._patterns = {kind: regex.compile(_BORDERS[kind].format("|".join(phrases))) for kind, phrases in groups.items()}
        self._by_length: dict[int, list[str]] = defaultdict(list)
        self._several_by_length: dict[int, list[str]] = defaultdict(list)
        for phrase in self._values:
            if _UNSPACED.search(phrase) or _HANGUL.search(phrase):
                continue
            squeezed = _squeeze(phrase)
            if " " not in phrase and len(phrase) >= _TYPO_LENGTH:
                self._by_length[len(phrase)].append(phrase)
            elif " " in phrase and len(squeezed) >= _SEVERAL_LENGTH:
                self._several_by_length[len(squeezed)].append(squeezed)
        self._sounds = SoundFinder(self._values)
        load_words()

    def find(self, text: str, language: str | None = None) -> list[Found]:
        """All phrases of a text, in order, none overlapping another.

        Args:
            text: any message.
            language: the language that it is in, where that is known.
        """
        folded, places = fold_with_places(text)
        found = _without_overlaps(
            [one for one in self._as_written(text, folded, places) if not self._is_foreign(one, text, language)]
        )

        def add(start: int, end: int, value: str | None) -> None:
            if value is None:
                return
            # "merdian tab" is more than the "tab" in it.
            within = [one for one in found if start <= one.start and one.end <= end and one.value != value]
            if not any(start < other.end and other.start < end for other in found if other not in within):
                found[:] = [*(one for one in found if one not in within), Found(start, end, value, NEARLY)]

        words = [(match, *place_in(text, places, *match.span())) for match in _WORD.finditer(folded)]
        for count in (3, 2):
            for first in range(len(words) - count + 1):
                window = words[first : first + count]
                add(window[0][1], window[-1][2], self._with_typos([match.group() for match, _, _ in window], language))
        for match, start, end in words:
            if not any(start < other.end and other.start < end for other in found):
                add(start, end, self._with_typo(match.group(), text[start:end].lower(), language))
        for start, end, value in self._sounds.find(folded):
            add(*place_in(text, places, start, end), value)
        return sorted(found, key=lambda one: one.start)

    def _as_written(self, text: str, folded: str, places: Sequence[int]) -> Iterator[Found]:
        for kind, pattern in self._patterns.items():
            borders = None
            for match in pattern.finditer(folded):
                start, end = match.span("phrase")
                if kind == "unspaced" and end - start < _LONG_ENOUGH:
                    borders = word_borders(folded) if borders is None else borders
                    # jieba lets 坏 of 充电宝坏了 run into the product: one border is enough for Chinese words of several characters.
                    enough = 1 if _HAN.fullmatch(match["phrase"]) else 2
                    if (start in borders) + (end in borders) < enough:
                        continue
                yield Found(*place_in(text, places, start, end), self._meant_by(match["phrase"]), 1.0)

    def _meant_by(self, written: str) -> str:
        """The value of a phrase, which in Arabic may have the article before each of its words: "الساعة الرياضية"."""
        squeezed = _squeeze(written)
        return self._squeezed[squeezed if squeezed in self._squeezed else _squeeze(_ARTICLES.sub("", written))]

    def _is_foreign(self, one: Found, text: str, language: str | None) -> bool:
        """Whether a phrase of other languages stands where a text's own language has a word."""
        written = text[one.start : one.end].lower()
        said_in = self._languages[_squeeze(fold(written))]
        if language is None or not said_in or language in said_in or len(said_in) >= _EVERYWHERE:
            return False
        return is_said_in(written, language)

    def _is_said_in(self, squeezed: str, language: str | None) -> bool:
        """Whether a phrase may be what somebody means who writes a language: it is said in that, or in English, which is mixed in everywhere."""
        said_in = self._languages[squeezed]
        return not language or not said_in or bool(said_in & {language, "en"})

    def _with_typo(self, word: str, written: str, language: str | None) -> str | None:
        """What a folded word means that is nearly a phrase; `written` is the word with its accents."""
        if len(word) < _TYPO_LENGTH:
            return None
        near = [
            phrase
            for length in (len(word) - 1, len(word), len(word) + 1)
            for phrase in self._by_length[length]
            # The first letter is hardly ever the wrong one; holding it keeps other words out.
            if phrase[0] == word[0]
            and self._is_said_in(phrase, language)
            and DamerauLevenshtein.distance(phrase, word, score_cutoff=1) <= 1
        ]
        if near and (is_word(word) or is_word(written)):
            near = [phrase for phrase in near if is_form_of(phrase, word, self._languages[phrase] or LANGUAGES)]
        return _only({self._values[phrase] for phrase in near})

    def _with_typos(self, words: Sequence[str], language: str | None) -> str | None:
        """What two or three folded words mean that together are nearly a phrase: one letter of ten wrong, all figures right."""
        squeezed = "".join(words)
        most = max(1, len(squeezed) // 10)
        if len(squeezed) < _SEVERAL_LENGTH or all(is_said_in(word, language or "en") or word.isdigit() for word in words):
            return None
        near = {
            phrase: distance
            for length in range(len(squeezed) - most, len(squeezed) + most + 1)
            for phrase in self._several_by_length[length]
            if phrase[0] == squeezed[0]
            and self._is_said_in(phrase, language)
            and _FIGURES.findall(phrase) == _FIGURES.findall(squeezed)
            if (distance := DamerauLevenshtein.distance(phrase, squeezed, score_cutoff=most)) <= most
        }
        return _only({self._squeezed[phrase] for phrase, distance in near.items() if distance == min(near.values())})


class SoundFinder:
    """Finds what sounds like a phrase and is written otherwise, in scripts whose words are not told apart by spaces.

    Args:
        phrases: folded phrases with their values.
    """

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self._values: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._phrases: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._longest: dict[str, int] = defaultdict(int)
        self._syllables: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for phrase, value in phrases.items():
            squeezed = _squeeze(phrase)
            script = script_of(squeezed)
            if script is None or len(squeezed) < _LEAST_HEARD[script]:
                continue
            sound = (script, "".join(heard(squeezed, script)))
            self._values[sound].add(value)
            self._phrases[sound].add(squeezed)
            self._longest[script] = max(self._longest[script], len(squeezed))
            if script == "Hangul" and len(squeezed) >= 3:
                self._syllables[len(squeezed)].append((squeezed, value))
        for script in self._longest:
            _is_another_word("", script)  # loads the words of its language, which takes a second

    def find(self, folded: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and value of each, the longest first."""
        found = []
        for start, end, script in runs(folded):
            borders = self._borders(folded, start, end, script)
            for first, last in borders:
                value = self._heard_as(folded[first:last], script)
                if value:
                    found.append((first, last, value))
        yield from sorted(found, key=lambda one: one[0] - one[1])

    def _borders(self, folded: str, start: int, end: int, script: str) -> Iterator[tuple[int, int]]:
        """Where words may begin and end within a stretch of one script."""
        if script == "Katakana":
            yield start, end
        elif script == "Hangul":
            for last in range(start + _LEAST_HEARD[script], end + 1):
                if _KOREAN_ENDING.fullmatch(folded, last, end):
                    yield start, last
        elif self._longest[script]:
            cuts = (
                range(start, end + 1) if script == "Han" else sorted(one for one in word_borders(folded) if start <= one <= end)
            )
            for place, first in enumerate(cuts):
                for last in cuts[place + 1 :]:
                    if last - first > self._longest[script] + 2:
                        break
                    if last - first >= _LEAST_HEARD[script]:
                        yield first, last

    def _heard_as(self, word: str, script: str) -> str | None:
        sound = (script, "".join(heard(word, script)))
        phrases = self._phrases.get(sound, ())
        if phrases and not _is_another_word(word, script):
            if script != "Han" or any(_is_slip(word, phrase) for phrase in phrases):
                return _only(self._values[sound])
        if script == "Hangul" and len(word) >= 3 and not _is_another_word(word, script):
            jamo = unicodedata.normalize("NFD", word)
            near = {
                value
                for phrase, value in self._syllables[len(word)]
                if phrase[0] == word[0]
                and DamerauLevenshtein.distance(unicodedata.normalize("NFD", phrase), jamo, score_cutoff=1) <= 1
            }
            return _only(near)
        return None


def _is_slip(word: str, phrase: str) -> bool:
    """Whether Chinese that sounds like a phrase may be that phrase with the wrong characters.

    Half of them are right at least, and of two syllables, which sound like too much, the phrase is one word and the wrong one carries no sentence.
    """
    wrong = [a for a, b in zip(word, phrase) if a != b]
    if len(wrong) * 2 > len(word):
        return False
    return len(word) > 2 or (is_chinese_word(phrase) and not set(wrong) & _PARTICLES_OF_CHINESE)


def _is_another_word(word: str, script: str) -> bool:
    """Whether a word that sounds like a phrase is one of its own."""
    if script == "Han":
        return is_chinese_word(word)
    if script == "Hangul":
        return word in frequencies("ko", "small")
    return script == "Thai" and word in frequencies("th")


def _only(values: Set[str]) -> str | None:
    """The one value that is possible; None where there is none, or a choice."""
    return next(iter(values)) if len(values) == 1 else None


def _squeeze(phrase: str) -> str:
    return regex.sub(r"[\s\-]", "", phrase)


@lru_cache(maxsize=64)
def fold_with_places(text: str) -> tuple[str, tuple[int, ...]]:
    """The folded text, and for each of its characters the place in the original it came from."""
    folded, places = [], []
    for place, char in enumerate(text):
        for piece in fold(char):
            folded.append(piece)
            places.append(place)
    return "".join(folded), tuple(places)


def place_in(text: str, places: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Where a stretch of a folded text lies in the original, with the marks that belong to its last letter: غداً is غدا folded.

    Args:
        text: the original.
        places: as `fold_with_places` gives them.
        start, end: the stretch, not empty.
    """
    last = places[end - 1] + 1
    while last < len(text) and unicodedata.category(text[last]) == "Mn" and not (end < len(places) and places[end] == last):
        last += 1
    return places[start], last


def _without_overlaps(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return kept


@lru_cache(maxsize=64)
def word_borders(text: str, language: str | None = None) -> frozenset[int]:
    """Where a segmenter cuts a text.

    Args:
        language: `zh`, `ja` or `th`; by default the one that the script tells.
    """
    if language is None:
        counts = scripts(text)
        language = "th" if counts["Thai"] else "ja" if counts["Kana"] else "zh"
    tokens = tokenize(text, language)
    return frozenset(place for token in tokens for place in (token.start, token.end))
