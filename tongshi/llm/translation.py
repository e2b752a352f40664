"""Translation between the twelve languages, checked: names, codes, figures, addresses and placeholders are those of the original.

What must stay as it is stands as a stand-in while a text is translated (`masking`). What comes back is checked; where a check fails, it is
asked for once more with what was wrong; where it fails again, the original is given back and marked as not translated.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import httpx
import regex
import structlog
from babel import Locale

from tongshi.errors import TongshiError, Unavailable
from tongshi.files import read_yaml
from tongshi.language.chinese import to_simplified
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.segment import sentences
from tongshi.llm.checks import is_in_language, lacking
from tongshi.llm.checks.names import addresses, codes, phones, weekdays
from tongshi.llm.checks.words import months, plain
from tongshi.llm.client import Cancelled
from tongshi.llm.leftovers import leftovers
from tongshi.llm.masking import Masked, mask, placeholders
from tongshi.llm.models import LanguageModel, make_model
from tongshi.llm.repeated import Repeated
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.database import Database
from tongshi.storage.shop import make_shop

_PROMPTS = Path(__file__).with_name("translation.yml")
_PIECE = 900
"""Length of a piece, see `_width`: what a model writes for it in any language fits into `_MOST_TOKENS`."""
_SECONDS = 60.0
"""That a piece of a text may take."""
_MOST_TOKENS = 800
_KEPT = 2000
_GRAVE = {"figure", "unit"}
_WIDE = regex.compile(r"[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}]")
_WIDTH = 3
_MONTH = regex.compile(r"(?<!\d)(1[0-2]|[1-9])\s?[月월](?!\s?\d)")
_DECIMAL = regex.compile(r"(?<![\d.,])(\d+)[.,](\d{1,2})(?![\d.,]\d|\d)")
_SHORT, _LEAST, _MOST = 30, 0.33, 3.0
_LENGTHS = {
    "ar": 0.85, "de": 1.08, "en": 1.0, "es": 1.01, "fr": 1.11, "it": 1.04, "ja": 1.18, "ko": 1.18, "pt": 1.0, "ru": 0.95, "th": 0.79, "zh": 0.8,
}  # fmt: skip
"""How long the same text is in each language, in the middle, beside English (data/finetune/businesses)."""

_WHOLE = 0.6
"""Share of its likely length below which a translation of fewer sentences has left one out: no right one of a paragraph was so short, and of those
without their last sentence a third to a half are."""

_FAILED_FOR = 300.0
"""Seconds for which it is remembered that a text cannot be translated: the next one who asks would wait for the same mistakes."""

_NAMES_FOR = 60.0
"""Seconds for which the shop's products are not read again."""

_LOOK = 0.1
"""Seconds between two looks at whether a translation is still wanted."""

_GAPLESS = ("ja", "zh")
"""Languages whose sentences follow one another without a space."""

log = structlog.get_logger()


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
        lost: names of the original that the translation does not have.
    """

    text: str
    language: str
    source: str
    translated: bool
    problems: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    draft: str = ""
    engine: str = ""
    lost: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As the command line and the desk give it in JSON."""
        return {
            "text": self.text,
            "lang": self.language,
            "from": self.source,
            "translated": self.translated,
            "problems": list(self.problems),
            "doubts": list(self.doubts),
            "lost": list(self.lost),
            "engine": self.engine,
        }


class Engine(Protocol):
    """Something that translates, with nothing checked.

    Attributes:
        name: which, as reports call it.
    """

    name: str

    def translate(
        self,
        text: str,
        source: str,
        language: str,
        deadline: float,
        before: Sequence[tuple[str, str]] = (),
        gone: threading.Event | None = None,
    ) -> str:
        """A text in `language`.

        Args:
            source: its language.
            deadline: `time.monotonic()` at which it must be there.
            before: earlier translations of the same text, each with what was wrong with it.
            gone: set once nobody waits for it any more.

        Raises:
            Cancelled: `gone` was set.
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

    def translate(
        self,
        text: str,
        source: str,
        language: str,
        deadline: float,
        before: Sequence[tuple[str, str]] = (),
        gone: threading.Event | None = None,
    ) -> str:
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
        return "".join(self.model.stream(messages, deadline=deadline, most_tokens=most, gone=gone)).strip()


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

    def translate(
        self,
        text: str,
        source: str,
        language: str,
        deadline: float,
        before: Sequence[tuple[str, str]] = (),
        gone: threading.Event | None = None,
    ) -> str:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("No time is left to ask the translation server.")
        body = {"q": text, "source": source, "target": language, "format": "text"}
        if self._key:
            body["api_key"] = self._key
        try:
            return asyncio.run(self._asked(body, left, gone))
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
            told = f"The translation server at {self._url} did not answer: {error or type(error).__name__}"
            log.warning("translation.server_unavailable", error=told, hint="see TONGSHI_TRANSLATION_URL")
            raise Unavailable(f"{told}. See TONGSHI_TRANSLATION_URL.") from error

    async def _asked(self, body: dict[str, str], left: float, gone: threading.Event | None) -> str:
        # A deadline for the whole of it: a server that sends a byte now and then is in time for each read.
        async with asyncio.timeout(left), httpx.AsyncClient(timeout=httpx.Timeout(5, read=None)) as http:
            request = asyncio.create_task(http.post(f"{self._url}/translate", json=body))
            try:
                while not (await asyncio.wait({request}, timeout=_LOOK))[0]:
                    if gone is not None and gone.is_set():
                        raise Cancelled("Nobody waits for the translation any more.")
            finally:
                request.cancel()
            return str(request.result().raise_for_status().json()["translatedText"]).strip()


class Translator:
    """Translates and checks. May be used by several threads.

    Args:
        engines: tried in turn until a translation passes its checks; an engine that is named twice is told what was wrong.
        identify: tells which language a text is in.
        known: names that are written alike in every language; gone through anew for each text.

    Attributes:
        model: the language model among the engines, None where there is none.
    """

    def __init__(self, engines: Sequence[Engine], identify: LanguageIdentifier, known: Iterable[str] = ()) -> None:
        self._engines = list(engines)
        self._identify = identify
        self._known = known
        self._kept: Repeated[Translation] = Repeated(_KEPT)
        self._failed: Repeated[tuple[float, Translation]] = Repeated(_KEPT)
        self.model = next((one.model for one in self._engines if isinstance(one, ModelEngine)), None)

    def translate(
        self,
        text: str,
        language: str,
        source: str | None = None,
        *,
        seconds: float | None = None,
        gone: threading.Event | None = None,
    ) -> Translation:
        """A text in another language.

        Args:
            text: of any length; it is translated in pieces.
            language: that is wanted, one of the twelve.
            source: its language; what it is identified as by default.
            seconds: that it may take; a minute for each piece by default.
            gone: set once nobody waits for it any more.

        Returns:
            The translation, or the original, marked as not translated, where what came fails its checks or nothing came in time.

        Raises:
            TongshiError: a language is none of the twelve, or the text's cannot be told.
        """
        source = source or self._identify(text).language
        known = tuple(self._known)
        if mask(text, source or language, known).is_bare:
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
        cut = list(_cut(text))
        deadline = time.monotonic() + (_SECONDS * len(cut) if seconds is None else seconds)
        pieces = [(between, self._piece(piece, source, language, known, deadline, gone)) for between, piece in cut]
        return _joined(text, source, language, pieces)

    def _piece(
        self, text: str, source: str, language: str, known: Sequence[str], deadline: float, gone: threading.Event | None
    ) -> Translation:
        masked = mask(text, source, known)
        if masked.is_bare:
            return Translation(text, language, source, True, draft=text)
        # With what was taken out: a product that is new is a name from now on.
        key = (text, masked.text, source, language)
        if (kept := self._kept.get(key)) is not None:
            return kept
        until, failed = self._failed.get(key) or (0.0, None)
        if failed is not None and time.monotonic() < until:
            return failed
        found, asked_all = self._tried(text, masked, source, language, deadline, gone)
        if found.translated:
            self._kept.keep(key, found)
        elif asked_all:
            self._failed.keep(key, (time.monotonic() + _FAILED_FOR, found))
        return found

    def _tried(
        self, text: str, masked: Masked, source: str, language: str, deadline: float, gone: threading.Event | None
    ) -> tuple[Translation, bool]:
        """A piece as the engines translate it, and whether all of them answered that were asked."""
        failed, asked_all = Translation(text, source, source, False), True
        before: list[tuple[str, str]] = []
        for engine in self._engines:
            try:
                found = engine.translate(masked.text, source, language, deadline, before, gone)
            except Unavailable as error:
                failed, asked_all = replace(failed, problems=(*failed.problems, str(error))), False
                if isinstance(error, Cancelled):
                    break
                continue
            found = to_simplified(found) if language == "zh" else found
            draft = _tidied(masked.restore(found), text)
            problems = self._problems(text, draft, source, language, masked)
            if not problems:
                doubts, lost = _names(draft, language, text, source), _names(text, source, draft, language)
                return Translation(draft, language, source, True, (), doubts, draft, engine.name, lost), True
            failed = replace(failed, problems=tuple(problems), draft=draft, engine=engine.name)
            before = [(found, masked.hide("; ".join(problems)))]
        return failed, asked_all

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
        elif ratio < _WHOLE * _LENGTHS[language] / _LENGTHS[source] and _has_fewer_sentences(draft, language, text, source):
            problems.append("a sentence is missing")
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
    # Brackets may be the language's own: 【注意】 is [Note].
    found += addresses(draft) + phones(draft) + [one for one in placeholders(draft) if not one.startswith("[")]
    return [one for one in found if plain(one).casefold() not in original]


def _names(text: str, language: str, other: str, other_language: str) -> tuple[str, ...]:
    """Names of a text that the other one has not; abbreviations, which languages make of words of their own (EU, UE), are none."""
    found = [one.what for one in lacking(text, language, other, other_language) if one.kind == "name"]
    return tuple(one for one in found if one and not (one.isupper() and one.isalpha()))


def _has_fewer_sentences(draft: str, language: str, text: str, source: str) -> bool:
    """Whether a translation has fewer sentences than the original; Thai marks no end of one."""
    return "th" not in (language, source) and len(sentences(draft)) < len(sentences(text))


def _width(text: str) -> int:
    """Length in letters of an alphabet: a character of Chinese, Japanese or Korean says as much as several."""
    return len(text) + (_WIDTH - 1) * len(_WIDE.findall(text))


def _joined(text: str, source: str, language: str, found: Sequence[tuple[str, Translation]]) -> Translation:
    """The whole of a text from its pieces, each with what stands before it; one that could not be translated leaves the whole so."""
    gap = "" if language in _GAPLESS else " "
    draft = "".join(f"{gap if between == ' ' else between}{one.draft or one.text}" for between, one in found)
    pieces = [one for _, one in found]
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
        tuple(dict.fromkeys(name for one in pieces for name in one.lost)),
    )


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, those that are long in parts that a model takes in well."""
    return (piece for _, piece in _cut(text))


def _cut(text: str) -> Iterator[tuple[str, str]]:
    """The same, each with what stands between it and the one before: a blank line, the end of a line, or a space."""
    between = ""
    for paragraph in text.split("\n\n"):
        piece = ""
        for line in paragraph.split("\n"):
            for place, part in enumerate(sentences(line) if _width(line) > _PIECE else [line]):
                gap = " " if place else "\n"
                if piece and _width(piece) + _width(part) > _PIECE:
                    yield between, piece
                    piece, between = "", gap
                piece = f"{piece}{gap}{part}".strip()
        if piece:
            yield between, piece
            between = "\n\n"


def name_of(language: str) -> str:
    """A language's English name."""
    return Locale("en").languages[language]


@cache
def _told() -> dict[str, Any]:
    return read_yaml(_PROMPTS)


def make_translator(settings: Settings, database: Database) -> Translator:
    """The translator of the settings: a server of its own where one is set, the language model otherwise and where that fails.

    The shop's name and those of its products are written alike in every language.
    """
    model = ModelEngine(make_model(settings))
    engines: list[Engine] = [model, model]
    if settings.translation_url:
        engines = [ServerEngine(settings.translation_url, settings.translation_key), model]
    return Translator(engines, get_identifier(), _Known(settings.shop, make_shop(database).products))


class _Known:
    """The names of a shop and its products, those that it has by now.

    Args:
        shop: its name.
        products: reads its products, each with its `name`.
    """

    def __init__(self, shop: str, products: Callable[[], Iterable[Any]]) -> None:
        self._shop = shop
        self._products = products
        self._names: tuple[str, ...] = ()
        self._until = 0.0

    def __iter__(self) -> Iterator[str]:
        if time.monotonic() >= self._until:
            self._names = (self._shop, *(product.name for product in self._products()))
            self._until = time.monotonic() + _NAMES_FOR
        return iter(self._names)
