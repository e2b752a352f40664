"""What was heard made readable: spelled letters and figures as order numbers and e-mail addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import regex
from anyascii import anyascii
from num2words import num2words

from tongshi.language.patterns import Match, find
from tongshi.language.text import fold_digits, fold_width
from tongshi.speech.words import SpokenWords, spoken_words

_GLUED = ("ja", "ko", "th", "zh")
"""Languages whose spelled letters and figures may follow each other without a space."""

_PAIRED = ("ar", "de", "en", "es", "fr", "it", "pt", "ru")
"""Languages whose numbers up to 99 are words of their own; in the others figures stand together as they are said."""

_IDENTIFIERS = ("order_number", "case_number", "email", "price")

FIGURES = 5
"""Figures of an order or case number."""

_SPELLED = 4
"""As many figures said one by one are a number, whatever stands before."""

_FEWEST, _FEWEST_AFTER_WORD, _MOST = 1, 3, 8
"""Figures after a prefix that are an order or case number with some of them lost, or heard twice; the second where the prefix may be a word."""

_MOST_UNKNOWN = 3
"""Words among the figures after a prefix that may be figures as well, misheard."""

_FEWEST_ALONE, _MOST_ALONE = 4, 6
"""The same without a prefix, where hardly anything else is said."""

_WORDS_BESIDE = 3

_BELIEVED, _CERTAIN, _BETTER = -4.0, -2.5, 1.0
"""Logarithms of probabilities: below the first, what a second listening gives was guessed; above the second, and by the third better than the
figures heard first, it takes their place."""

_FIRST = "1"
"""What order and case numbers begin with, as `language.patterns` has it; other beginnings are understood where they are heard whole."""

_UNHEARD, _UNUSUAL, _SWALLOWED = 2.0, 2.0, 1.5
"""What a row of figures loses, in logarithms of probability, that leaves out what was heard, begins unlike others, or is given its beginning."""

_LONGEST_ANSWER = 60
"""Characters of a yes or no; who says more tells something new."""

_SOUNDS = {
    "ling": "0", "dong": "0", "yi": "1", "yao": "1", "you": "1", "niao": "1", "er": "2", "liang": "2", "san": "3", "si": "4", "shi": "4", "wu": "5",
    "liu": "6", "lu": "6", "lüe": "6", "lve": "6", "qi": "7", "guai": "7", "ba": "8", "jiu": "9", "gou": "9",
}  # fmt: skip
"""Figures by their Chinese sounds, those of the telephone included; they count only after the letters of an order or case number."""

_MOST_BETWEEN = 2
_PAUSE = regex.compile(r"[^\p{L}\p{M}\p{N}@+_€$]")
_WRITTEN_SIGNS = {"@": "@", ".": ".", "-": "-", "–": "-", "_": "_"}
_SIGNS = {"at": "@", "dot": ".", "dash": "-", "underscore": "_"}
_NAMEABLE = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Katakana}ー\p{Hangul}\d]+")
_WORD = r"[\p{Latin}\d]+|[\p{Cyrillic}\p{M}]+|[\p{Katakana}ー]+|\p{Hangul}+|[\p{Arabic}\p{M}]+|\S"


@dataclass(frozen=True)
class _Token:
    """A word or a sign, with what it may stand for when somebody spells."""

    text: str
    start: int
    end: int
    digit: str | None
    letter: str | None
    sign: str | None
    prefix: str | None
    ending: str | None
    double: int | None
    is_number_word: bool
    is_like: bool = False
    pair: str | None = None
    sounds_like: str | None = None

    @property
    def single(self) -> str | None:
        """One letter or figure, said or written."""
        return self.letter or self.digit or (self.text.lower() if regex.fullmatch(r"[\p{Latin}\d]", self.text) else None)

    @property
    def figures(self) -> str | None:
        return self.digit or self.pair or (self.text if self.text.isdecimal() else None)

    @property
    def name(self) -> str | None:
        """A word as it may stand in an address."""
        if self.ending:
            return self.ending
        return anyascii(self.text).lower() if _NAMEABLE.fullmatch(self.text) else None


def readable(text: str, language: str) -> str:
    """A recognised text with spelled order numbers, case numbers, long numbers and e-mail addresses as they are written.

    Args:
        text: as a recogniser wrote it.
        language: which it is in.
    """
    for changes in (_addresses, _numbers):
        # Folding keeps the length, so that places in the folded text are places in the text.
        text = _changed(text, changes(_tokens(fold_digits(fold_width(text)), language)))
    return text


def identifiers(text: str) -> list[str]:
    """Order numbers, case numbers, e-mail addresses and amounts in a readable text: what is read back before anything is done with it."""
    return [_written(match) for match in find(text) if match.kind in _IDENTIFIERS]


def corrected(text: str, correction: str) -> str:
    """A text with its order number, case number, address or amount replaced by the one of the same kind that was said afterwards."""
    for new in find(correction):
        old = next((match for match in find(text) if match.kind == new.kind), None)
        if new.kind in _IDENTIFIERS:
            text = text[: old.start] + _written(new) + text[old.end :] if old else f"{text} {_written(new)}"
    return text


def _written(match: Match) -> str:
    return f"€{match.value}" if match.kind == "price" else match.value


@dataclass(frozen=True)
class Number:
    """An order or case number that was heard, not always whole.

    Attributes:
        start, end: its place in the text.
        prefix: `MD`, `RT`, `EX` or `CL`.
        figures: those that were heard.
        is_whole: whether all of them were, one after the other.
    """

    start: int
    end: int
    prefix: str
    figures: str
    is_whole: bool = False

    def before(self, text: str) -> str:
        """What was said up to the figures."""
        return f"{text[: self.start]}{self.prefix}-"

    def completed(self, text: str, figures: str) -> str:
        """The text with the number whole."""
        return f"{text[: self.start]}{self.prefix}-{figures}{text[self.end :]}"

    def found(self, text: str, listen: Callable[[str, int], list[tuple[str, float]]]) -> str:
        """The text with the likeliest figures; as it is where none are likely.

        Args:
            listen: tells rows of figures and the logarithms of their probabilities, as `Recogniser.figures`, for what was said before
                them and for how many there are.
        """
        rows = [row for row in listen(self.before(text), FIGURES) if row[1] > _BELIEVED]
        if self.is_whole:
            return self._confirmed(text, rows)
        if rows and not max(rows, key=self._likelihood)[0].startswith(_FIRST):
            # What follows a letter D is easily swallowed, above all 一: whether the rest fits the sound is asked, too.
            rest = listen(self.before(text) + _FIRST, FIGURES - 1)
            rows = [*rows, *((_FIRST + figures, likelihood - _SWALLOWED) for figures, likelihood in rest)]
        return self.completed(text, max(rows, key=self._likelihood)[0]) if rows else text

    def _confirmed(self, text: str, rows: list[tuple[str, float]]) -> str:
        """The text with figures that fit the sound clearly better than those that were heard, if there are any."""
        figures, likelihood = max(
            rows, key=lambda row: row[1] - _UNUSUAL * (not row[0].startswith(_FIRST)), default=(self.figures, 0.0)
        )
        own = next((likelihood for figures, likelihood in rows if figures == self.figures), _BELIEVED)
        is_certain = likelihood - _UNUSUAL * (not figures.startswith(_FIRST)) > _CERTAIN
        return self.completed(text, figures) if is_certain and likelihood - own > _BETTER else text

    def _likelihood(self, row: tuple[str, float]) -> float:
        figures, likelihood = row
        shorter, longer = sorted((self.figures, figures), key=len)
        is_heard = bool(regex.search(".*".join(shorter), longer))
        return likelihood - _UNHEARD * (not is_heard) - _UNUSUAL * (not figures.startswith(_FIRST))


def number_in(text: str, language: str) -> Number | None:
    """Where an order or case number stands in a readable text, or seems to, with figures lost; None where none does.

    A second listening, to nothing but figures, may find or correct them.
    """
    whole = [match for match in find(text) if match.kind in ("order_number", "case_number")]
    if whole:
        prefix, _, figures = whole[0].value.partition("-")
        return Number(whole[0].start, whole[0].end, prefix, figures, is_whole=True) if len(whole) == 1 else None
    tokens = _tokens(fold_digits(fold_width(text)), language)
    for at in range(len(tokens)):
        for prefix, after in _prefixes(tokens, at):
            figures, end, _ = _figures(tokens, _past_number_words(tokens, after), _MOST + 1, by_sound=True)
            is_word = len(tokens[at].text) > 1 and tokens[at].text.upper() != prefix
            if not is_word and len(figures) < FIGURES - 1:
                figures, end = _scattered(tokens, after, figures, end)
            if (_FEWEST_AFTER_WORD if is_word else _FEWEST) <= len(figures) <= _MOST:
                return Number(tokens[at].start, tokens[end - 1].end, prefix, figures)
    return _number_alone(tokens)


def _number_alone(tokens: list[_Token]) -> Number | None:
    """Figures without a prefix that are all, or nearly all, that was said; what only sounds like one does not suffice."""
    for at, token in enumerate(tokens):
        if token.is_number_word:
            continue
        figures, end, _ = _figures(tokens, at, _MOST_ALONE + 1, by_sound=True)
        others = [
            token for token in (*tokens[:at], *tokens[end:]) if regex.match(r"\p{L}", token.text) and not token.is_number_word
        ]
        if _FEWEST_ALONE <= len(figures) <= _MOST_ALONE and len(others) <= _WORDS_BESIDE:
            return Number(tokens[at].start, tokens[end - 1].end, "MD", figures)
    return None


def agrees(text: str, language: str) -> bool | None:
    """Whether somebody says yes to what was read back; None where the text is neither a yes nor a no."""
    words = spoken_words(language)
    said = regex.sub(r"[^\p{L}\p{M}\p{N}'’\s]+", " ", text).casefold().strip()
    if len(said) > _LONGEST_ANSWER:
        return None
    for phrases, meaning in ((words.refused, False), (words.agreed, True)):
        if any(_stands_in(phrase.casefold(), said, language) for phrase in phrases):
            return meaning
    return None


def _stands_in(phrase: str, text: str, language: str) -> bool:
    """Whether a text begins with a phrase, or has it after a word or two."""
    end = "" if language in _GLUED else r"(?![\p{L}\p{M}])"
    return bool(regex.match(rf"(?:[\p{{L}}\p{{M}}'’]+\s+){{0,2}}{regex.escape(phrase)}{end}", text))


def _changed(text: str, changes: Iterable[tuple[int, int, str]]) -> str:
    pieces, end = [], 0
    for start, stop, written in changes:
        pieces += [text[end:start], written]
        end = stop
    return "".join([*pieces, text[end:]])


class _Lexicon:
    """A language's words turned round: from what is heard to what it stands for."""

    def __init__(self, words: SpokenWords) -> None:
        self.digits = _turned((str(figure), said) for figure, said in words.digits.items())
        self.letters = _turned(words.letters.items())
        self.signs = _turned((sign, words.signs[name]) for name, sign in _SIGNS.items())
        self.prefixes = _turned(words.prefixes.items())
        self.endings = _turned(words.endings.items())
        self.double = {word.casefold(): times for word, times in words.double.items()}
        self.number = {word.casefold() for word in words.number}
        self.like = {word.casefold() for word in words.like}
        self.pairs = _pairs(words.language)
        known = {
            *self.like,
            *self.pairs,
            *self.digits,
            *self.letters,
            *self.signs,
            *self.prefixes,
            *self.endings,
            *self.double,
            *self.number,
        }
        listed = "|".join(regex.escape(word).replace(r"\ ", r"\s+") for word in sorted(known, key=len, reverse=True))
        bounds = (
            (r"(?<![\p{Latin}\d])", r"(?![\p{Latin}])")
            if words.language in _GLUED
            else (r"(?<![\p{L}\p{M}\d])", r"(?![\p{L}\p{M}])")
        )
        others = "|".join(regex.escape(word) for word in words.other) or r"(?!)"
        self.pattern = regex.compile(rf"{others}|{bounds[0]}(?:{listed}){bounds[1]}|{_WORD}", regex.I)


def _turned(pairs: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for meaning, said in pairs:
        for word in said:
            found.setdefault(word.casefold(), meaning)
    return found


def _pairs(language: str) -> dict[str, str]:
    """Words for 10 to 99, as numbers are also said two figures at a time; written with hyphens or without."""
    if language not in _PAIRED:
        return {}
    said = {num2words(number, lang=language).casefold(): str(number) for number in range(10, 100)}
    said |= {regex.sub(r"\bو ", "و", words): number for words, number in said.items()}
    return said | {words.replace("-", " "): number for words, number in said.items()}


@cache
def _lexicon(language: str) -> _Lexicon:
    return _Lexicon(spoken_words(language))


def _tokens(text: str, language: str) -> list[_Token]:
    lexicon = _lexicon(language)
    tokens = [_token(match, lexicon) for match in lexicon.pattern.finditer(text)]
    return [replace(token, sounds_like=_by_sound(token.text)) for token in tokens] if language == "zh" else tokens


@cache
def _by_sound(character: str) -> str | None:
    """The figure that a Chinese character sounds like, whatever its tone; recognisers write 邮 for 幺, and 翼 for 一."""
    if not regex.fullmatch(r"\p{Han}", character):
        return None
    from pypinyin import lazy_pinyin

    return _SOUNDS.get(lazy_pinyin(character)[0])


def _token(match: regex.Match, lexicon: _Lexicon) -> _Token:
    word = regex.sub(r"\s+", " ", match[0]).casefold()
    return _Token(
        match[0],
        *match.span(),
        digit=lexicon.digits.get(word) or (word if len(word) == 1 and word.isdecimal() else None),
        letter=lexicon.letters.get(word),
        sign=lexicon.signs.get(word) or _WRITTEN_SIGNS.get(word),
        prefix=lexicon.prefixes.get(word),
        ending=lexicon.endings.get(word),
        double=lexicon.double.get(word),
        is_number_word=word in lexicon.number,
        is_like=word in lexicon.like,
        pair=lexicon.pairs.get(word),
    )


# Numbers


def _numbers(tokens: list[_Token]) -> Iterator[tuple[int, int, str]]:
    """Changes that write spelled numbers in figures."""
    at = 0
    while at < len(tokens):
        if whole := _whole(tokens, at):
            written, end = whole
            yield tokens[at].start, tokens[end - 1].end, written
            at = end
            continue
        begin = _past_pauses(tokens, at)
        figures, end, spelled = _figures(tokens, begin)
        if spelled >= _SPELLED:
            yield tokens[begin].start, tokens[end - 1].end, figures
        at = max(end, at + 1)


def _whole(tokens: list[_Token], at: int) -> tuple[str, int] | None:
    """An order or case number that begins at a token, and where it ends."""
    for prefix, after in _prefixes(tokens, at):
        figures, end, _ = _figures(tokens, _past_number_words(tokens, after), FIGURES, by_sound=True)
        if len(figures) == FIGURES and not _goes_on(tokens, end):
            return f"{prefix}-{figures}", end
    return None


def _prefixes(tokens: list[_Token], at: int) -> Iterator[tuple[str, int]]:
    """What may be the first letters of an order or case number that begin at a token, and where they end."""
    if tokens[at].prefix:
        yield tokens[at].prefix, at + 1
    first = tokens[at].single
    for second in {_past_pauses(tokens, at + 1), _past_pauses(tokens, _past_example(tokens, at + 1))} if first else ():
        if second < len(tokens) and tokens[second].single:
            both = (first + tokens[second].single).upper()
            if both in ("MD", "RT", "EX", "CL"):
                yield both, second + 1
                yield both, _past_example(tokens, second + 1)


def _past_example(tokens: list[_Token], at: int) -> int:
    """Past "as in Mary" after a letter."""
    return at + 2 if at + 1 < len(tokens) and tokens[at].is_like else at


def _goes_on(tokens: list[_Token], at: int) -> bool:
    """Whether a written figure follows; a word for one may be an ordinary word, such as the Korean particle 이."""
    after = _past_pauses(tokens, at)
    return after < len(tokens) and tokens[after].text.isdecimal()


def _figures(tokens: list[_Token], at: int, most: int | None = None, *, by_sound: bool = False) -> tuple[str, int, int]:
    """Figures from a token on, where they end, and how many were said one by one; 0 of them where all stand together already.

    Args:
        most: how many.
        by_sound: whether what sounds like a figure is one.
    """
    written, end, spelled, at = "", at, 0, _past_pauses(tokens, at)
    while at < len(tokens) and (most is None or len(written) < most):
        times = tokens[at].double
        if times and at + 1 < len(tokens):
            at += 1
        figures = tokens[at].figures or (tokens[at].sounds_like if by_sound else None)
        if not figures:
            break
        written += figures * (times or 1)
        spelled += (times or 1) if len(figures) == 1 else 0
        end = at + 1
        at = _past_pauses(tokens, end)
    return written, end, spelled if spelled == len(written) else 0


def _scattered(tokens: list[_Token], at: int, figures: str, end: int) -> tuple[str, int]:
    """Figures from a token on, and where they end, with a few words among them that nobody knows: figures that were misheard.

    Args:
        figures, end: what stands there without such words; it is given back where hardly any, or too many, figures follow.
    """
    found, stop, skipped = figures, end, 0
    place = end if figures else _past_number_words(tokens, at)
    while len(found) < FIGURES and skipped < _MOST_UNKNOWN:
        unknown = _past_pauses(tokens, place)
        if unknown >= len(tokens) or not regex.match(r"\p{L}", tokens[unknown].text):
            break
        more, place, _ = _figures(tokens, unknown + 1, FIGURES, by_sound=True)
        skipped += 1
        if more:
            found, stop = found + more, place
    return (found, stop) if _FEWEST_AFTER_WORD <= len(found) <= FIGURES else (figures, end)


def _past_pauses(tokens: list[_Token], at: int) -> int:
    """Past commas and dashes, said or written."""
    end = at
    while end < len(tokens) and end - at < _MOST_BETWEEN and (_PAUSE.fullmatch(tokens[end].text) or tokens[end].sign == "-"):
        end += 1
    return end


def _past_number_words(tokens: list[_Token], at: int) -> int:
    end = _past_pauses(tokens, at)
    while end < len(tokens) and end - at < _MOST_BETWEEN and tokens[end].is_number_word and not tokens[end].figures:
        end += 1
    return end


# E-mail addresses


def _addresses(tokens: list[_Token]) -> Iterator[tuple[int, int, str]]:
    """Changes that write spoken e-mail addresses."""
    done = 0
    for at, token in enumerate(tokens):
        if token.sign != "@" or at < done:
            continue
        local, start = _local(tokens, at, done)
        domain, end = _domain(tokens, at + 1)
        if local and regex.fullmatch(r"[a-z0-9_\-]+(\.[a-z0-9_\-]+)*\.[a-z]{2,}", domain):
            yield tokens[start].start, tokens[end - 1].end, f"{local}@{domain}"
            done = end


def _local(tokens: list[_Token], at: int, least: int) -> tuple[str, int]:
    """What stands before the @, read backwards, and where it begins."""
    written, start = "", at
    while start > least:
        part, begin = _part_before(tokens, start, least)
        if not part:
            break
        written, start = part + written, begin
        if start > least and tokens[start - 1].sign in (".", "-", "_") and start - 1 > least:
            written, start = tokens[start - 1].sign + written, start - 1
        elif not part.isdecimal() or start == least or not _is_word(tokens[start - 1]):
            break
    return written.lstrip(".-_"), start


def _part_before(tokens: list[_Token], end: int, least: int) -> tuple[str, int]:
    """Letters and figures said one by one up to a token, or the one word before it."""
    start, written = end, ""
    while start > least and tokens[start - 1].single:
        written, start = tokens[start - 1].single + written, start - 1
        if start - 1 > least and tokens[start - 1].text == "," and tokens[start - 2].single:
            start -= 1
    if written or start == least:
        return written, start
    name = tokens[start - 1].name
    return (name, start - 1) if name else ("", start)


def _is_word(token: _Token) -> bool:
    return bool(token.name) and not token.sign and not token.single


def _domain(tokens: list[_Token], at: int) -> tuple[str, int]:
    """What stands after the @, and where it ends."""
    written, end = "", at
    while end < len(tokens):
        part, stop = _part_after(tokens, end)
        if not part:
            break
        written, end = written + part, stop
        is_last = end + 1 >= len(tokens) or not (tokens[end + 1].name or tokens[end + 1].single)
        if end >= len(tokens) or is_last or tokens[end].sign not in (".", "-", "_"):
            break
        # A full stop and a space end the sentence, and with it the address.
        if tokens[end].text == "." and tokens[end + 1].start > tokens[end].end:
            break
        written, end = written + tokens[end].sign, end + 1
    return written, end


def _part_after(tokens: list[_Token], at: int) -> tuple[str, int]:
    token = tokens[at]
    if token.name and not (token.single and not token.ending) and not token.sign:
        return token.name, at + 1
    written, end = "", at
    while end < len(tokens) and tokens[end].single and not tokens[end].sign:
        written, end = written + tokens[end].single, end + 1
    return written, end
