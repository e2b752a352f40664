"""Translation between the twelve languages, checked: names, codes, figures, addresses and placeholders are those of the original.

What must stay as it is stands as a stand-in while a text is translated (`masking`). What comes back is checked; where a check fails, it is
asked for once more with what was wrong; where it fails again, the original is given back and marked as not translated.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import httpx
import regex
import yaml
from babel import Locale

from tongshi.errors import TongshiError, Unavailable
from tongshi.language.chinese import to_simplified
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.segment import sentences
from tongshi.llm.checks import is_in_language, lacking
from tongshi.llm.checks.names import addresses, codes, phones, weekdays
from tongshi.llm.checks.words import months, plain
from tongshi.llm.leftovers import leftovers
from tongshi.llm.masking import Masked, mask, placeholders
from tongshi.llm.models import LanguageModel, make_model
from tongshi.llm.repeated import Repeated
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.database import Database
from tongshi.storage.shop import make_shop

_PROMPTS = Path(__file__).with_name("translation.yml")
_PIECE = 900
_SECONDS = 60.0
_MOST_TOKENS = 800
_KEPT = 2000
_GRAVE = {"figure", "unit"}
_WIDE = regex.compile(r"[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}]")
_WIDTH = 3
_MONTH = regex.compile(r"(?<!\d)(1[0-2]|[1-9])\s?[月월](?!\s?\d)")
_DECIMAL = regex.compile(r"(?<![\d.,])(\d+)[.,](\d{1,2})(?![\d.,]\d|\d)")
_SHORT, _LEAST, _MOST = 30, 0.33, 3.0


@dataclass(frozen=True)
class Translation:
    """A text in another language, or the original where it could not be put into it.

    Attributes:
        text: the translation; the original where `translated` is false.
        language: of `text`.
        source: the language of the original.
        translated: whether it passed its checks.
        problems: what was wrong, where it is not translated.
        doubts: what a person may look at all the same: names that the original does not have.
        draft: what came last, right or not; for a person who goes over it.
        engine: what translated it; "" where there was nothing to translate, or nothing answered.
    """

    text: str
    language: str
    source: str
    translated: bool
    problems: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    draft: str = ""
    engine: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As the command line and the desk give it in JSON."""
        return {
            "text": self.text,
            "lang": self.language,
            "from": self.source,
            "translated": self.translated,
            "problems": list(self.problems),
            "doubts": list(self.doubts),
            "engine": self.engine,
        }


class Engine(Protocol):
    """Something that translates, with nothing checked.

    Attributes:
        name: which, as reports call it.
    """

    name: str

    def translate(self, text: str, source: str, language: str, deadline: float, before: Sequence[tuple[str, str]] = ()) -> str:
        """A text in `language`.

        Args:
            source: its language.
            deadline: `time.monotonic()` at which it must be there.
            before: earlier translations of the same text, each with what was wrong with it.

        Raises:
            Unavailable: it does not answer in time.
        """
        ...


class ModelEngine:
    """Translates by the language model.

    Args:
        model: the language model.
    """

    name = "llm"

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def translate(self, text: str, source: str, language: str, deadline: float, before: Sequence[tuple[str, str]] = ()) -> str:
        told = _told()
        name = name_of(language)
        messages = [
            {"role": "system", "content": told["prompt"].format(language=name, how=told["manner"][language])},
            {"role": "user", "content": text},
        ]
        for tried, problems in before:
            messages.append({"role": "assistant", "content": tried})
            messages.append({"role": "user", "content": f"{told['repair'].format(problems=problems, language=name)}\n\n{text}"})
        most = min(_MOST_TOKENS, 60 + 3 * len(text))
        return "".join(self.model.stream(messages, deadline=deadline, most_tokens=most)).strip()


class ServerEngine:
    """Translates by a server of its own that speaks LibreTranslate's interface, as LibreTranslate and others do.

    Args:
        url: base address, e.g. ``http://127.0.0.1:5000``.
        key: its key, if it wants one.
    """

    name = "server"

    def __init__(self, url: str, key: str = "") -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._http = httpx.Client()

    def translate(self, text: str, source: str, language: str, deadline: float, before: Sequence[tuple[str, str]] = ()) -> str:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("No time is left to ask the translation server.")
        body = {"q": text, "source": source, "target": language, "format": "text"}
        if self._key:
            body["api_key"] = self._key
        try:
            response = self._http.post(f"{self._url}/translate", json=body, timeout=httpx.Timeout(min(5, left), read=left))
            response.raise_for_status()
            return str(response.json()["translatedText"]).strip()
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                f"The translation server at {self._url} did not answer: {error or type(error).__name__}. See TONGSHI_TRANSLATION_URL."
            ) from error


class Translator:
    """Translates and checks. May be used by several threads.

    Args:
        engines: tried in turn until a translation passes its checks; an engine that is named twice is told what was wrong.
        identify: tells which language a text is in.
        known: names that are written alike in every language.

    Attributes:
        model: the language model among the engines, None where there is none.
    """

    def __init__(self, engines: Sequence[Engine], identify: LanguageIdentifier, known: Iterable[str] = ()) -> None:
        self._engines = list(engines)
        self._identify = identify
        self._known = tuple(known)
        self._kept: Repeated[Translation] = Repeated(_KEPT)
        self.model = next((one.model for one in self._engines if isinstance(one, ModelEngine)), None)

    def translate(self, text: str, language: str, source: str | None = None, *, seconds: float = _SECONDS) -> Translation:
        """A text in another language.

        Args:
            text: of any length; it is translated in pieces.
            language: that is wanted, one of the twelve.
            source: its language; what it is identified as by default.
            seconds: that it may take.

        Returns:
            The translation, or the original, marked as not translated, where what came fails its checks or nothing came in time.

        Raises:
            TongshiError: a language is none of the twelve, or the text's cannot be told.
        """
        source = source or self._identify(text).language
        if mask(text, source or language, self._known).is_bare:
            source = source or language
            return Translation(text, language, source, True, draft=text)
        for one in (source, language):
            if one not in LANGUAGES:
                told = (
                    f"{one!r} is none of {' '.join(LANGUAGES)}."
                    if one
                    else "Which language the text is in cannot be told; name it."
                )
                raise TongshiError(told)
        if source == language:
            return Translation(text, language, source, True, draft=text)
        deadline = time.monotonic() + seconds
        pieces = [self._piece(piece, source, language, deadline) for piece in paragraphs(text)]
        return _joined(text, source, language, pieces)

    def _piece(self, text: str, source: str, language: str, deadline: float) -> Translation:
        key = (text, source, language)
        if (kept := self._kept.get(key)) is not None:
            return kept
        found = self._tried(text, source, language, deadline)
        if found.translated:
            self._kept.keep(key, found)
        return found

    def _tried(self, text: str, source: str, language: str, deadline: float) -> Translation:
        masked = mask(text, source, self._known)
        if masked.is_bare:
            return Translation(text, language, source, True, draft=text)
        failed = Translation(text, source, source, False)
        before: list[tuple[str, str]] = []
        for engine in self._engines:
            try:
                found = engine.translate(masked.text, source, language, deadline, before)
            except Unavailable as error:
                failed = replace(failed, problems=(*failed.problems, str(error)))
                continue
            found = to_simplified(found) if language == "zh" else found
            draft = _tidied(masked.restore(found), text)
            problems = self._problems(text, draft, source, language, masked)
            if not problems:
                doubts = tuple(_doubts(draft, language, text, source))
                return Translation(draft, language, source, True, (), doubts, draft, engine.name)
            failed = replace(failed, problems=tuple(problems), draft=draft, engine=engine.name)
            before = [(found, masked.hide("; ".join(problems)))]
        return failed

    def _problems(self, text: str, draft: str, source: str, language: str, masked: Masked) -> list[str]:
        """Why a translation cannot be given out."""
        if not draft:
            return ["nothing came"]
        problems = [f"differs: {one}" for one in masked.differing(draft)]
        if not is_in_language(draft, language, self._identify):
            problems.append(f"not in {name_of(language)}")
        problems += [f"not translated: {one}" for one in leftovers(draft, language, text, source, masked.originals.values())]
        problems += [f"only in the translation: {one}" for one in _invented(draft, language, text, source)]
        problems += _differing(draft, language, text, source, "translation")
        problems += _differing(text, source, draft, language, "original")
        ratio = _width(draft) / max(_width(text), 1)
        if max(_width(text), _width(draft)) > _SHORT and not _LEAST <= ratio <= _MOST:
            problems.append("too long" if ratio > 1 else "too short")
        return list(dict.fromkeys(problems))


def _tidied(draft: str, text: str) -> str:
    """A translation without the space that models put into a decimal: "€4, 20" for "€4.20"."""
    for whole, decimals in _DECIMAL.findall(text):
        draft = regex.sub(rf"(?<!\d){whole}([.,])\s{decimals}(?!\d)", rf"{whole}\g<1>{decimals}", draft)
    return draft


def _differing(text: str, language: str, other: str, other_language: str, where: str) -> list[str]:
    """Figures and days of a text that the other one has not."""
    mine = _comparable(_without_months(text, other, other_language), language)
    grave = [
        one.what for one in lacking(mine, language, _comparable(other, other_language), other_language) if one.kind in _GRAVE
    ]
    lost = weekdays(text, language) - weekdays(other, other_language, generous=True)
    return [
        f"only in the {where}: {one}" for one in [*grave, *(Locale("en").days["format"]["wide"][day] for day in sorted(lost))]
    ]


def _comparable(text: str, language: str) -> str:
    for pattern, instead in (*_told()["comparable"]["any"], *_told()["comparable"].get(language, ())):
        text = regex.sub(pattern, instead, text)
    return text


def _without_months(text: str, other: str, other_language: str) -> str:
    """A text without the months that it writes as a figure (12月) and the other by a name."""
    named = plain(other).lower()
    spoken = {number for name, number in months(other_language).items() if name in named}
    return _MONTH.sub(lambda match: " " if int(match[1]) in spoken else match[0], text)


def _invented(draft: str, language: str, text: str, source: str) -> list[str]:
    """Codes, addresses, telephone numbers and placeholders of a translation that the original does not have."""
    original = plain(text).casefold()
    found = [one for one in codes(draft, language) if any(map(str.isdigit, one))]
    found += addresses(draft) + phones(draft) + placeholders(draft)
    return [one for one in found if plain(one).casefold() not in original]


def _doubts(draft: str, language: str, text: str, source: str) -> list[str]:
    return [one.what for one in lacking(draft, language, text, source) if one.kind == "name" and one.what]


def _width(text: str) -> int:
    """Length in letters of an alphabet: a character of Chinese, Japanese or Korean says as much as several."""
    return len(text) + (_WIDTH - 1) * len(_WIDE.findall(text))


def _joined(text: str, source: str, language: str, pieces: Sequence[Translation]) -> Translation:
    """The whole of a text from its pieces; one that could not be translated leaves the whole so."""
    draft = "\n\n".join(one.draft or one.text for one in pieces)
    translated = all(one.translated for one in pieces)
    unanswered = any(not one.translated and not one.engine for one in pieces)
    return Translation(
        draft if translated else text,
        language if translated else source,
        source,
        translated,
        tuple(problem for one in pieces for problem in one.problems),
        tuple(dict.fromkeys(doubt for one in pieces for doubt in one.doubts)),
        draft,
        "" if unanswered else next((one.engine for one in pieces if one.engine), ""),
    )


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, those that are long in parts that a model takes in well."""
    for paragraph in text.split("\n\n"):
        piece = ""
        for line in paragraph.split("\n"):
            for place, part in enumerate(sentences(line) if len(line) > _PIECE else [line]):
                if piece and len(piece) + len(part) > _PIECE:
                    yield piece
                    piece = ""
                piece = f"{piece}{' ' if place else chr(10)}{part}".strip()
        if piece:
            yield piece


def name_of(language: str) -> str:
    """A language's English name."""
    return Locale("en").languages[language]


@cache
def _told() -> dict[str, Any]:
    return yaml.safe_load(_PROMPTS.read_text("utf-8"))


def make_translator(settings: Settings, database: Database) -> Translator:
    """The translator of the settings: a server of its own where one is set, the language model otherwise and where that fails.

    The shop's name and those of its products are written alike in every language.
    """
    model = ModelEngine(make_model(settings))
    engines: list[Engine] = [model, model]
    if settings.translation_url:
        engines = [ServerEngine(settings.translation_url, settings.translation_key), model]
    known = [settings.shop, *(product.name for product in make_shop(database).products())]
    return Translator(engines, get_identifier(), known)
