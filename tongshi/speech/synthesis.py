"""Text to speech: engines, and texts spoken clause by clause."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Protocol

import regex

from tongshi.errors import TongshiError
from tongshi.language.segment import sentences
from tongshi.settings import LANGUAGES, Settings, is_class
from tongshi.speech.audio import Sound
from tongshi.speech.engines import own_engine
from tongshi.speech.espeak import get_espeak
from tongshi.speech.speakable import speakable

_ESPEAK = {
    "ar": "ar",
    "de": "de",
    "en": "en-us",
    "es": "es",
    "fr": "fr",
    "it": "it",
    "ja": "ja",
    "ko": "ko",
    "pt": "pt",
    "ru": "ru",
    "th": "th",
}
"""espeak-ng's voices; its Chinese cannot be understood, its Japanese reads no kanji."""

_CLAUSE_END = regex.compile(r"(?<=[,;:—](?=\s))\s+|(?<=[，；：、،؛])(?<![\s，、]\w{1,3}[，、])\s*")
"""Where a clause ends: not between the figures of a number."""
_LEAST, _MOST = 20, 160
"""Characters of a clause: a shorter one is joined with the next, a longer one cut between words. Those of Chinese, Japanese and Korean count double."""

_FIRST_LEAST, _FIRST_MOST = 8, 40
"""The same of a reply's first clause, for which the listener waits."""

_KEPT = 64
"""Clauses whose sound is kept, about 20 MB: greetings, questions and the like come again and again."""

_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")


class Synthesiser(Protocol):
    """An engine that speaks."""

    def speaks(self, language: str) -> bool:
        """Whether it has a voice for a language."""

    def say(self, text: str, language: str) -> Sound:
        """A clause as sound; the text is speakable already."""


class EspeakSynthesiser:
    """The plain voice of espeak-ng: understandable at best, but there for nearly every language, and fast."""

    def speaks(self, language: str) -> bool:
        return language in _ESPEAK and language != "ja"

    def say(self, text: str, language: str) -> Sound:
        return get_espeak().say(text, _ESPEAK[language])


class KokoroFirst:
    """Kokoro where it has a voice, else espeak-ng; Kokoro is loaded with the first text that it speaks.

    Args:
        settings: where its files are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._plain = EspeakSynthesiser()

    @cached_property
    def _kokoro(self) -> Synthesiser:
        from tongshi.speech.kokoro import make_kokoro

        return make_kokoro(self._settings)

    def speaks(self, language: str) -> bool:
        return language in LANGUAGES

    def say(self, text: str, language: str) -> Sound:
        from tongshi.speech.kokoro import VOICES

        return (self._kokoro if language in VOICES else self._plain).say(text, language)


class Remembering:
    """An engine that does not speak anew what it has just said.

    Args:
        engine: which speaks.
    """

    def __init__(self, engine: Synthesiser) -> None:
        self.speaks = engine.speaks
        self.say = lru_cache(maxsize=_KEPT)(engine.say)


def make_synthesiser(settings: Settings) -> Synthesiser:
    """The engine that `TONGSHI_SYNTHESISER` names: `kokoro`, `espeak`, or a class of one's own.

    Raises:
        TongshiError: that class cannot be imported, or is no engine.
    """
    name = settings.synthesiser
    if is_class(name):
        return Remembering(own_engine(name, settings, ("speaks", "say")))
    return Remembering(EspeakSynthesiser() if name == "espeak" else KokoroFirst(settings))


def speak(text: str, language: str, synthesiser: Synthesiser) -> Iterator[Sound]:
    """A text as sound, clause after clause, each as soon as it is spoken.

    Args:
        text: as it is written to customers: with Markdown, order numbers, amounts.

    Raises:
        TongshiError: the engine has no voice for the language, or nothing in the text can be spoken.
    """
    if not synthesiser.speaks(language):
        raise TongshiError(f"There is no voice for {language!r}; TONGSHI_SYNTHESISER=kokoro has one for {' '.join(LANGUAGES)}.")
    said = clauses(speakable(text, language))
    if not said:
        raise TongshiError("There is nothing to say in the text.")
    for clause in said:
        sound = synthesiser.say(clause, language)
        if len(sound.samples):
            yield sound


def clauses(text: str) -> list[str]:
    """A speakable text in pieces that are spoken one by one, the first as short as it may be so that it is heard early."""
    pieces: list[str] = []
    for sentence in sentences(text):
        pieces += _of_sentence(sentence, is_first=not pieces)
    return [piece for piece in pieces if regex.search(r"[\p{L}\p{N}]", piece)]


def shortened(text: str, most: int) -> str:
    """As many whole sentences of a reply as are heard out, at least one.

    Args:
        most: characters; those of Chinese, Japanese and Korean count double.
    """
    kept: list[str] = []
    for sentence in sentences(text):
        if kept and _width(" ".join([*kept, sentence])) > most:
            break
        kept.append(sentence)
    return " ".join(kept)


def _of_sentence(sentence: str, *, is_first: bool) -> list[str]:
    pieces: list[str] = []
    for clause in filter(None, _CLAUSE_END.split(sentence)):
        for piece in _cut(clause, _FIRST_MOST if is_first and not pieces else _MOST):
            least = _FIRST_LEAST if is_first and len(pieces) == 1 else _LEAST
            if pieces and _width(pieces[-1]) < least:
                pieces[-1] += f" {piece}"
            else:
                pieces.append(piece)
    if len(pieces) > 1 and _width(pieces[-1]) < _LEAST // 2:
        last = pieces.pop()
        pieces[-1] += f" {last}"
    return pieces


def _width(text: str) -> int:
    return len(text) + len(_WIDE.findall(text))


def _cut(text: str, first: int) -> Iterator[str]:
    """A clause that is too long, in pieces at white space or, where there is none, anywhere.

    Args:
        first: characters of the first piece, which is only cut at white space.
    """
    most = first
    while _width(text) > most:
        longest = next(at for at in range(1, len(text) + 1) if _width(text[:at]) >= most)
        at = max(text.rfind(" ", longest // 2, longest), 0) or (longest if most == _MOST else 0)
        if at:
            yield text[:at].strip()
            text = text[at:].strip()
        most = _MOST
    if text:
        yield text
