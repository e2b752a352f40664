"""A written reply as it is said: order numbers and e-mails spelled, amounts in words, nothing that only the eye can read."""

from __future__ import annotations

import regex

from tongshi.language.patterns import Match, find
from tongshi.speech.words import SpokenWords, spoken_words

_READ_BY_ENGINE = ("de", "en", "es", "fr", "it", "pt", "zh")
"""Languages whose voices say a capital letter by its name; in the others the name is written out."""

_NO_SPACES = ("ja", "zh")
_PAUSES = {"de": ",", "es": ",", "fr": ",", "it": ",", "ja": "、", "ko": ",", "pt": ",", "ru": ",", "zh": "，"}
"""What stands between figures in languages whose voices would run them together."""

_SOURCES = regex.compile(r"^\s*📄.*$", regex.M)
_REFERENCE = regex.compile(r"\s*\[\d+\](?!\()")
_LINK = regex.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_ADDRESS = regex.compile(r"\s*[(（<]?\s*(?:https?://|www\.)[^\s)）>，。、]+?(?=[.,;:!?]*(?:[\s)）>，。、]|$))[)）>]?")
_MARKS = regex.compile(
    r"(?<!\w)[*_~`]{1,3}(?=\S)|(?<=\S)[*_~`]{1,3}(?!\w)|^\s*#{1,6}\s+|^\s*>\s+|^\s*(?:[-*+•]|\d+[.)])\s+", regex.M
)
_UNSAID = regex.compile(r"[\p{Extended_Pictographic}\p{Cf}\ufe0f--[#*0-9©®™\u200c\u200d]]", regex.V1)
_SEVERAL = regex.compile(r"(?<=\d)\s*×\s*")
_PERCENT = regex.compile(r"(\d+(?:[.,]\d+)?)\s?[%％٪]")
_DASH = regex.compile(r"\s+[–—-]\s+")
_RANGE = regex.compile(r"(?<=\p{L})\s?–\s?(?=\p{L})")
_LINE_END = regex.compile(r"(?<![.!?…:;,。！？：；，、؟،])\s*\n+\s*")
_FULL_STOPS = {"zh": "。", "ja": "。"}


def speakable(text: str, language: str) -> str:
    """What is said for a text.

    Args:
        text: a reply as customers read it.
        language: of the text.
    """
    words = spoken_words(language)
    text = _LINK.sub(r"\1", _SOURCES.sub("", text))
    text = _REFERENCE.sub("", _ADDRESS.sub("", text))
    text = _spelled(text, words)
    text = _UNSAID.sub("", _MARKS.sub("", text))
    text = _PERCENT.sub(lambda match: words.say["percent"].format(number=match[1]), text)
    text = _RANGE.sub("-", _DASH.sub(", ", _SEVERAL.sub(" ", text)))
    text = _LINE_END.sub(f"{_FULL_STOPS.get(language, '.')} ", text.strip())
    return regex.sub(r"\s+", " ", text).strip()


def spell(characters: str, language: str) -> str:
    """Letters and figures one by one, e.g. an order number that is read back."""
    words = spoken_words(language)
    groups = regex.findall(r"[A-Za-z]+|\d+", characters)
    return ", ".join(_gap(group, words).join(_named(one, words) for one in group) for group in groups)


def spell_all(identifiers: list[str], language: str) -> str:
    """Order numbers, case numbers, e-mail addresses and amounts, as `hearing.identifiers` gives them, as they are read back."""
    return "; ".join(_read_back(one, spoken_words(language)) for one in identifiers)


def _read_back(identifier: str, words: SpokenWords) -> str:
    if identifier.startswith("€"):
        return _amount(identifier[1:], words)
    return _address(identifier, words) if "@" in identifier else spell(identifier, words.language)


def _spelled(text: str, words: SpokenWords) -> str:
    pieces, end = [], 0
    for match in find(text):
        written = text[match.start : match.end]
        said = _said(match, written, words)
        if said is not None:
            pieces += [text[end : match.start], said]
            end = match.end
    return "".join([*pieces, text[end:]])


def _said(match: Match, written: str, words: SpokenWords) -> str | None:
    """How something recognised by its form is said; None where it is said as it is written."""
    if match.kind in ("order_number", "case_number"):
        return spell(match.value if regex.search(r"\p{L}", written) else written, words.language)
    if match.kind == "email":
        return _address(written, words)
    return _amount(match.value, words) if match.kind == "price" else None


def _address(email: str, words: SpokenWords) -> str:
    signs = {"@": "at", ".": "dot", "-": "dash", "_": "underscore"}
    parts = regex.findall(r"[^@.\-_]+|[@.\-_]", email)
    return " ".join(words.say[signs[part]] if part in signs else part for part in parts)


def _amount(value: str, words: SpokenWords) -> str:
    euros, _, cents = value.partition(".")
    cents = cents.ljust(2, "0")
    if not int(cents):
        return words.say["euros"].format(euros=euros)
    return words.say["cents"].format(euros=euros, cents=int(cents) if words.language != "zh" else cents)


def _named(character: str, words: SpokenWords) -> str:
    if character.isdecimal():
        return words.digits[int(character)][0]
    return character.upper() if words.language in _READ_BY_ENGINE else words.letters[character.lower()][0]


def _gap(group: str, words: SpokenWords) -> str:
    """What stands between letters or figures, so that a voice says them one by one."""
    if group.isdecimal():
        return _PAUSES.get(words.language, " ")
    return " " if words.language in _READ_BY_ENGINE or words.language not in _NO_SPACES else ""
