"""How Japanese is pronounced: Sudachi's readings as phonemes of Kokoro.

The sounds are those of misaki's `cutlet.py` (Apache-2.0, after cutlet, MIT), which Kokoro was trained with; misaki itself wants MeCab and a
dictionary that no package carries, while Sudachi is there already.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache

import regex

_ROWS = {
    "アイウエオ": ("", "aiɯeo"), "カキクケコ": ("k", "aʲiɯeo"), "ガギグゲゴ": ("ɡ", "aʲiɯeo"), "タ": ("t", "a"), "テト": ("t", "eo"),
    "ダ": ("d", "a"), "デド": ("d", "eo"), "ナ": ("n", "a"), "ヌネノ": ("n", "ɯeo"), "ハ": ("h", "a"), "ヘホ": ("h", "eo"),
    "バビブベボ": ("b", "aʲiɯeo"), "パピプペポ": ("p", "aʲiɯeo"), "マミムメモ": ("m", "aʲiɯeo"), "ラリルレロ": ("ɾ", "aʲiɯeo"),
    "ヤ": ("j", "a"), "ユ": ("j", "ɯ"), "ヨ": ("j", "o"), "サ": ("s", "a"), "セソ": ("s", "eo"), "ザ": ("ʣ", "a"), "ゼゾ": ("ʣ", "eo"),
}  # fmt: skip
_SINGLE = {
    "シ": "ɕi", "ジ": "ʥi", "ヂ": "ʥi", "ス": "sɨ", "ズ": "zɨ", "ヅ": "zɨ", "チ": "ʨi", "ツ": "ʦɨ", "ニ": "ɲi", "ヒ": "çi", "フ": "ɸɯ",
    "ワ": "βa", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ヴ": "vɯ", "ヵ": "ka", "ヶ": "ke", "ー": "ː", "ッ": "ʔ",
}  # fmt: skip
_GLIDES = {
    "キ": "kʲ", "ギ": "ɡʲ", "シ": "ɕ", "ジ": "ʥ", "チ": "ʨ", "ヂ": "ʥ", "ニ": "ɲ", "ヒ": "ç", "ビ": "bʲ", "ピ": "pʲ", "ミ": "mʲ", "リ": "ɾʲ",
}  # fmt: skip
_FOREIGN = {
    "イェ": "je", "ウィ": "βi", "ウェ": "βe", "ウォ": "βo", "クァ": "kᵝa", "クィ": "kᵝi", "クェ": "kᵝe", "クォ": "kᵝo", "グァ": "ɡᵝa",
    "ツァ": "ʦa", "ツィ": "ʦʲi", "ツェ": "ʦe", "ツォ": "ʦo", "ティ": "tʲi", "テュ": "tʲɨ", "ディ": "dʲi", "デュ": "dʲɨ", "トゥ": "tɯ",
    "ドゥ": "dɯ", "ファ": "ɸa", "フィ": "ɸʲi", "フェ": "ɸe", "フォ": "ɸo", "フュ": "ɸʲɨ", "ヴァ": "va", "ヴィ": "vʲi", "ヴェ": "ve", "ヴォ": "vo",
}  # fmt: skip
_MARKS = {
    "。": ".", "、": ",", "？": "?", "！": "!", "?": "?", "!": "!", ".": ".", ",": ",", "：": ":", ":": ":", "；": ";", "・": " ",
    "「": "“", "」": "”", "『": "“", "』": "”", "（": "(", "）": ")", "(": "(", ")": ")", "…": "…", "—": "—", "～": "—", "〜": "—",
}  # fmt: skip
# 円 after a number in kana would be read as another word.
_DIGITS = regex.compile(r"(\d+)(円)?")
_COUNTED = regex.compile(r"\d+(?:,\d{3})+(?!\d)")
_RANGE = regex.compile(r"[〜～](?=\d)")


@lru_cache(maxsize=1)
def _sounds() -> dict[str, str]:
    sounds = {**_SINGLE, **_FOREIGN}
    for kana, (consonant, vowels) in _ROWS.items():
        cut = regex.findall(r"ʲ?.", vowels)
        sounds |= {one: consonant + vowel for one, vowel in zip(kana, cut, strict=True)}
    for kana, glide in _GLIDES.items():
        sounds |= {kana + small: glide + vowel for small, vowel in zip("ャュョェ", ("a", "ɨ", "o", "e"), strict=True)}
    sounds |= {small: sounds[large] for small, large in zip("ァィゥェォャュョヮ", "アイウエオヤユヨワ", strict=True)}
    return sounds


@lru_cache(maxsize=1)
def _tokenizer():
    from sudachipy import Dictionary, SplitMode

    return Dictionary().create(mode=SplitMode.C)


_ONE_AT_A_TIME = threading.Lock()
"""Sudachi's tokenizer refuses a thread while it serves another."""


def phonemes(text: str) -> str:
    """A Japanese text without Latin letters as Kokoro's phonemes, words apart."""
    from misaki.num2kana import Convert

    text = unicodedata.normalize("NFKC", _RANGE.sub("から", text))
    text = _COUNTED.sub(lambda match: match[0].replace(",", ""), text)
    text = _DIGITS.sub(lambda match: Convert(match[1]) + ("エン" if match[2] else ""), text)
    with _ONE_AT_A_TIME:
        tokens = list(_tokenizer().tokenize(text))
    words = []
    for token in tokens:
        surface = token.surface()
        if all(char in _MARKS for char in surface):
            words.append("".join(_MARKS[char] for char in surface))
        elif not surface.isspace():
            words.append(_word(_reading(token)))
    joined = " ".join(filter(None, words))
    return regex.sub(r"\s+(?=[.,?!:;”)…])|(?<=[“(])\s+", "", regex.sub(r"\s+", " ", joined)).strip()


def _reading(token) -> str:
    """In katakana, as it is spoken: は, へ and を as particles are ワ, エ and オ."""
    reading = token.reading_form() or token.surface()
    if token.part_of_speech()[0] == "助詞":
        return {"ハ": "ワ", "ヘ": "エ", "ヲ": "オ", "ニハ": "ニワ", "デハ": "デワ", "トハ": "トワ"}.get(reading, reading)
    if token.surface() in ("こんにちは", "こんばんは"):
        return reading[:-1] + "ワ"
    return _katakana(reading)


def _katakana(text: str) -> str:
    return "".join(chr(ord(char) + 0x60) if "ぁ" <= char <= "ゖ" else char for char in text)


def _word(kana: str) -> str:
    sounds, written, at = _sounds(), [], 0
    units = regex.findall("|".join(sorted(map(regex.escape, [*sounds, "ン"]), key=len, reverse=True)), kana)
    for at, unit in enumerate(units):
        after = sounds.get(units[at + 1], "") if at + 1 < len(units) else ""
        written.append(_nasal(after) if unit == "ン" else _long(unit, written) or sounds[unit])
    return "".join(written)


def _long(unit: str, before: list[str]) -> str:
    """ウ after o or u, as in ありがとう and 注文, makes it long, as イ does after e."""
    last = before[-1][-1] if before else ""
    return "ː" if (unit == "ウ" and last in ("o", "ɯ", "ɨ")) or (unit == "イ" and last == "e") else ""


def _nasal(after: str) -> str:
    """ン sounds like what follows it."""
    if after.startswith(("m", "p", "b")):
        return "m"
    if after.startswith(("k", "ɡ")):
        return "ŋ"
    if after.startswith(("ɲ", "ʨ", "ʥ")):
        return "ɲ"
    return "n" if after.startswith(("n", "t", "d", "ɾ", "z")) else "ɴ"
