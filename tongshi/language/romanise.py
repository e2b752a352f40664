"""Languages of other scripts as people type them in Latin letters: "gde moj zakaz", "3ayez arga3 el talab", "wo de kuaidi".

Nobody types by a standard. Each language has the spellings that are usual in chats; what an identifier of languages learns from them need
not be what any one customer would have typed, only made of the same letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex
from anyascii import anyascii

from tongshi.language.segment import readings, tokenize
from tongshi.language.text import fold_digits, scripts

_ALIKE = str.maketrans("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye")
_CYRILLIC = (
    {"ё": "e", "ж": "zh", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"},
    {"ё": "yo", "ж": "zh", "й": "i", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "'", "ю": "yu", "я": "ia", "ы": "i"},
    {"ё": "jo", "ж": "j", "й": "j", "х": "x", "ц": "c", "ч": "4", "ш": "w", "щ": "shh", "ъ": "'", "ь": "'", "ю": "ju", "я": "ja", "в": "v"},
    {"ё": "e", "ж": "zh", "й": "j", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "ju", "я": "ja"},
)  # fmt: skip
"""As in a passport, in a chat, shortest, as a foreigner would read it; letters that are the same everywhere lie in `_ALIKE`."""

_ARABIC = {
    "ب": "b", "ت": "t", "ث": "th", "ج": "g", "ح": "7", "خ": "kh", "د": "d", "ذ": "z", "ر": "r", "ز": "z", "س": "s", "ش": "sh", "ص": "s",
    "ض": "d", "ط": "t", "ظ": "z", "ع": "3", "غ": "gh", "ف": "f", "ق": "2", "ك": "k", "ل": "l", "م": "m", "ن": "n", "ه": "h", "ء": "2",
    "أ": "a", "إ": "e", "آ": "aa", "ؤ": "o2", "ئ": "2", "ا": "a", "و": "o", "ي": "i", "ى": "a", "ة": "a", "پ": "p", "چ": "ch", "گ": "g", "ڤ": "v",
}  # fmt: skip
_ARABIC_SCHEMES = (
    _ARABIC,  # Egypt
    {**_ARABIC, "ج": "j", "خ": "5", "ق": "q", "غ": "8", "ة": "e", "و": "oo", "ي": "y", "ط": "6"},  # the Gulf and the Levant
    {**_ARABIC, "ج": "j", "ق": "9", "ش": "ch", "ء": "", "و": "ou"},  # the Maghreb, which spells as French does
    {**_ARABIC, "ج": "j", "ق": "q", "ع": "a", "ح": "h", "ء": "", "ؤ": "u", "ئ": "i"},  # without figures
)
_ARABIC_VOWELS = frozenset("aeiouy")
_ARTICLE = regex.compile(r"\bال(?=\p{L}{2})")

_HEPBURN = (
    (regex.compile(r"(sh|ch|j)iy(?=[auo])"), r"\1"),
    (regex.compile(r"(?<=[kgnhbpmr])iy(?=[auo])"), "y"),
    (regex.compile(r"\^(?=ch)"), "t"),
    (regex.compile(r"\^(?=([a-z]))"), r"\1"),
    (regex.compile(r"(?<=([aeiou]))~"), r"\1"),
    (regex.compile(r"[~^]"), ""),
)
"""From kana one by one to syllables; `^` is the small tsu, `~` the long mark."""

_INITIALS = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ")
_MEDIALS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(" ")
_FINALS = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ")
_LINKED = " g kk ks n nj n d r lg lm lb ls lt lp r m b ps s ss ng j ch k t p ".split(" ")
"""Finals as they sound before a vowel."""


def spellings(text: str, language: str) -> list[str]:
    """The ways in which a text might be typed in Latin letters, lower case; none where it is in Latin letters already.

    Args:
        text: in the script of its language; names in Latin letters among it stay.
        language: ar, ja, ko, ru, th or zh.
    """
    counts = scripts(text)
    if language not in _SPELLERS or set(counts) <= {"Latin"}:
        return []
    return list(dict.fromkeys(" ".join(one.lower().split()) for one in _SPELLERS[language](text)))


def _russian(text: str) -> Iterator[str]:
    for scheme in _CYRILLIC:
        yield text.lower().translate(str.maketrans(scheme)).translate(_ALIKE)


def _arabic(text: str) -> Iterator[str]:
    bare = "".join(
        char for char in unicodedata.normalize("NFC", fold_digits(text)) if not unicodedata.combining(char) and char != "ـ"
    )
    bare = _ARTICLE.sub("el ", bare)
    for number, scheme in enumerate(_ARABIC_SCHEMES):
        yield " ".join(_vowelled([scheme.get(char, char) for char in word], "ae"[number % 2]) for word in bare.split())


def _vowelled(letters: list[str], vowel: str) -> str:
    """An Arabic word's letters with a short vowel wherever three consonants would meet, or two at either end."""
    is_open = [one[-1:] in _ARABIC_VOWELS for one in letters]
    word, said = "", False
    for at, letter in enumerate(letters):
        word += letter
        meets = at + 1 < len(letters) and not is_open[at] and not is_open[at + 1]
        inserted = meets and (not said or at + 2 == len(letters))
        word += vowel if inserted else ""
        said = inserted or is_open[at]
    return word


def _chinese(text: str) -> Iterator[str]:
    from pypinyin import lazy_pinyin

    words = [lazy_pinyin(token.text) for token in tokenize(text, "zh")]
    yield " ".join("".join(word) for word in words)
    yield " ".join(syllable for word in words for syllable in word)


def _japanese(text: str) -> Iterator[str]:
    read = " ".join(_hepburn(one) for one in readings(text))
    yield read
    yield read.replace("ou", "o").replace("uu", "u")


def _hepburn(kana: str) -> str:
    """Katakana or Hiragana in Latin letters, long marks as the vowel again: コーヒー koohii."""
    spelled = "".join({"ー": "~", "ッ": "^", "っ": "^"}.get(char) or anyascii(char).lower() for char in kana)
    for pattern, short in _HEPBURN:
        spelled = pattern.sub(short, spelled)
    return spelled


def _korean(text: str) -> Iterator[str]:
    yield " ".join(_revised(word) for word in text.split())


def _revised(word: str) -> str:
    """A Korean word in the Revised Romanisation, finals carried over to a vowel: 없어요 eopseoyo."""
    spelled, before = "", 0
    for char in word:
        if not "가" <= char <= "힣":
            spelled, before = spelled + _FINALS[before] + anyascii(char), 0
            continue
        initial, rest = divmod(ord(char) - ord("가"), 588)
        medial, final = divmod(rest, 28)
        linked = initial == 11 and before
        spelled += (_LINKED if linked else _FINALS)[before] + _INITIALS[initial] + _MEDIALS[medial]
        before = final
    return spelled + _FINALS[before]


def _thai(text: str) -> Iterator[str]:
    yield " ".join(_royal(token.text) for token in tokenize(text, "th"))


@lru_cache(maxsize=20_000)
def _royal(word: str) -> str:
    from pythainlp.transliterate import romanize

    return romanize(word) if scripts(word)["Thai"] else word


_SPELLERS: dict[str, Callable[[str], Iterator[str]]] = {
    "ar": _arabic, "ja": _japanese, "ko": _korean, "ru": _russian, "th": _thai, "zh": _chinese,
}  # fmt: skip
