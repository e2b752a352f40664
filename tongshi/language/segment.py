"""Words and sentences of twelve languages, by spaCy.

Chinese is cut by jieba, Japanese by Sudachi, Thai by PyThaiNLP's dictionary, all behind spaCy's blank pipelines; the others at white space
and punctuation by spaCy's own rules.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import regex
import snowballstemmer

_STEMMERS = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian", "pt": "portuguese", "ru": "russian",
}  # fmt: skip
_CONFIG = {
    "zh": {"nlp": {"tokenizer": {"segmenter": "jieba"}}},
    # spaCy's Korean tokenizer needs mecab-ko, which is no Python package; its rules do for chat.
    "ko": {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}},
}
_SPLIT = regex.compile(r"\p{L}[\p{L}\p{M}'’]*|\d+(?:[.,]\d+)*|[^\s\p{L}\d]")
_END = regex.compile(
    r"""(?<=[。！？؟۔])["'”’»」』）)]*\s* | (?<=[.!?…])["'”’»)\]]*\s+(?=[\p{Lu}\p{Lo}\d¿¡«"“„(]) | \n+ """, regex.X
)


@dataclass(frozen=True)
class Token:
    """A word and where it starts in the text, in characters."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@cache
def _pipeline(language: str):
    import logging

    import spacy

    logging.getLogger("jieba").setLevel(logging.WARNING)
    return spacy.blank(language, config=_CONFIG.get(language, {})).tokenizer


_ONE_AT_A_TIME = threading.Lock()


def _tokens(text: str, language: str) -> list:
    """spaCy's tokens of a text. Sudachi serves one thread at a time and refuses the others."""
    with _ONE_AT_A_TIME:
        return list(_pipeline(language)(text))


def tokenize(text: str, language: str) -> list[Token]:
    """Words and punctuation marks in order, white space left out."""
    if language in ("zh", "ja", "th"):
        return [Token(token.text, token.idx) for token in _tokens(text, language) if not token.is_space]
    return [Token(match.group(), match.start()) for match in _SPLIT.finditer(text)]


def says_nothing(text: str, language: str) -> bool:
    """Whether a text has but articles, pronouns, particles and other words without a meaning of their own, by spaCy's lists of them."""
    words = (token.text.lower() for token in tokenize(text, language))
    return all(
        word in _stop_words(language) or not any(map(str.isalnum, word)) or len(word) < 2 and word.isalpha() for word in words
    )


@cache
def _stop_words(language: str) -> frozenset[str]:
    return frozenset(import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS)


def is_chinese_word(word: str) -> bool:
    """Whether jieba's dictionary has a word, in simplified characters."""
    import jieba

    _pipeline("zh")
    jieba.initialize()
    return bool(jieba.dt.FREQ.get(word))


def terms(text: str, language: str) -> list[str]:
    """What a text is found by word for word: its words without case, as stems where the language has them.

    Korean words, whose endings no stemmer here takes off, are cut into pairs of syllables.
    """
    words = [token.text.casefold() for token in tokenize(text, language) if token.text[0].isalnum()]
    if language == "ko":
        return [word[at : at + 2] for word in words for at in range(max(1, len(word) - 1))]
    return _stemmers.of(language).stemWords(words) if language in _STEMMERS else words


class _Stemmers(threading.local):
    """A stemmer holds the word that it works on, so each thread has its own."""

    def __init__(self) -> None:
        self._made: dict = {}

    def of(self, language: str):
        if language not in self._made:
            self._made[language] = snowballstemmer.stemmer(_STEMMERS[language])
        return self._made[language]


_stemmers = _Stemmers()


def tagged(text: str, language: str) -> list[tuple[str, str]]:
    """Words with their part of speech as the segmenter's dictionary names it: Sudachi's for Japanese, jieba's for Chinese."""
    if language == "ja":
        return [(token.text, token.tag_) for token in _tokens(text, "ja")]
    if language == "zh":
        import jieba.posseg

        return [(one.word, one.flag) for one in jieba.posseg.lcut(text)]
    raise ValueError(f"There are no parts of speech for {language!r}.")


_SAID_OTHERWISE = {("は", "助詞-係助詞"): "ワ", ("へ", "助詞-格助詞"): "エ"}


def readings(text: str) -> list[str]:
    """Japanese words by how they are said, in Katakana, as Sudachi's dictionary has it; what is in Latin letters as it stands.

    Endings stand with the word that they belong to.
    """
    words: list[str] = []
    for token in _tokens(text, "ja"):
        said = _SAID_OTHERWISE.get((token.text, token.tag_)) or "".join(token.morph.get("Reading")) or token.text
        if words and token.tag_ in ("助動詞", "助詞-接続助詞") and token.text != "です":
            words[-1] += said
        else:
            words.append(token.text if token.text.isascii() else said)
    return words


def sentences(text: str) -> list[str]:
    """Sentences of a text of any of the twelve languages, in order, without outer white space.

    Thai marks the end of a sentence by a space only, and not every space ends one: Thai text is cut at line ends.
    """
    return [piece.strip() for piece in _END.split(text) if piece and piece.strip()]
