"""The round trip of speech: what the synthesiser says, heard by the recogniser."""

from __future__ import annotations

import random
import statistics
import time
import unicodedata
from collections.abc import Collection
from typing import Any

import jiwer
import numpy as np
import regex
from rich.progress import track

from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.files import read_yaml
from tongshi.language.chinese import to_simplified
from tongshi.language.segment import tokenize
from tongshi.settings import LANGUAGES, Settings, is_class
from tongshi.speech.audio import HEARING_RATE, Sound, Unheard, from_mulaw, joined, read
from tongshi.speech.hearing import identifiers
from tongshi.speech.kokoro import VOICES
from tongshi.speech.voice import Voice

_ORDERS = {"en": 20, "zh": 20}
_FEW = 6
_SEED = 7
_UNSPACED = ("ja", "th", "zh")

_AIMS = {
    "order numbers": 0.95, "telephone order numbers": 0.95, "speaking RTF": 0.3, "hearing RTF": 0.3, "first sound s": 1.0,
}  # fmt: skip
"""Of order numbers in English and Chinese; the others of every language."""


def report(settings: Settings, sample: int | None = None, languages: Collection[str] = LANGUAGES) -> Report:
    """Word and character errors, order numbers understood, languages recognised, and speed in both directions; and what is aimed at.

    All is heard as a messenger brings it; character errors and order numbers once more as a telephone does.

    Speed stands there twice: as the seconds that pass, which depend on what else the machine does, and as the processor's own seconds, all
    cores together, which depend on it less.

    Args:
        sample: sentences, and order numbers, a language.
        languages: those that are measured.
    """
    voice = Voice(settings)
    plain = [language for language in LANGUAGES if language not in VOICES or settings.synthesiser == "espeak"]
    voices = settings.synthesiser if is_class(settings.synthesiser) else f"Kokoro, and for {' '.join(plain)} espeak-ng"
    found = Report(
        "Speech, spoken and heard again",
        "order numbers",
        notes=f"tests/evaluation/speech; synthetic voices: {voices}, far from a person's. "
        "RTF: seconds a second of sound; CPU: the processor's own seconds, all cores together. The aim for order numbers is that of "
        "en and zh",
    )
    numbers = random.Random(_SEED)
    for language in track(languages, "speech", transient=True):
        found.rows.append(_row(voice, language, sample, numbers, found.failures))
    found = with_mean(found)
    found.rows.append({name: _AIMS.get(name, "") for name in found.rows[0]} | {"language": "aim"})
    return found


def _row(
    voice: Voice, language: str, sample: int | None, numbers: random.Random, failures: list[dict[str, Any]]
) -> dict[str, Any]:
    told = read_yaml(TESTS / "evaluation" / "speech" / f"{language}.yml")
    carriers = told["orders"] * 20
    list(voice.speak(carriers[0].format(order="MD-20000"), language))  # loads what is loaded once
    with _Watch() as first:
        next(voice.speak(told["reply"], language))
    words, characters, right, orders, speaking, hearing = [], [], [], [], [], []
    phone_characters, phone_orders = [], []
    said = [(text, None) for text in told["sentences"][:sample]]
    for carrier in carriers[: sample or _ORDERS.get(language, _FEW)]:
        order = f"MD-{numbers.randrange(10_000, 20_000)}"
        said.append((carrier.format(order=order), order))
    for text, order in said:
        with _Watch() as watch:
            sound = joined(list(voice.speak(text, language)))
        speaking.append(watch.each(sound))
        by_phone = _heard(voice, _as_telephoned(sound), language)
        sound = _as_recorded(sound)
        with _Watch() as watch:
            heard = _heard(voice, sound, language)
        hearing.append(watch.each(sound))
        right.append(voice.recogniser.language_of(sound) == language)
        if order:
            orders.append(order in identifiers(heard))
            phone_orders.append(order in identifiers(by_phone))
        else:
            words.append(jiwer.wer(_words(text, language), _words(heard, language)))
            characters.append(jiwer.cer(_plain(text, language), _plain(heard, language)))
            phone_characters.append(jiwer.cer(_plain(text, language), _plain(by_phone, language)))
        if (order and not orders[-1]) or (not order and characters[-1] > 0.2):
            failures.append({"language": language, "said": text, "heard": heard, "by telephone": by_phone})
    return {
        "language": language,
        "word errors": float(np.mean(words)),
        "character errors": float(np.mean(characters)),
        "order numbers": float(np.mean(orders)),
        "telephone character errors": float(np.mean(phone_characters)),
        "telephone order numbers": float(np.mean(phone_orders)),
        "language right": float(np.mean(right)),
        "speaking RTF": statistics.median(wall for wall, _ in speaking),
        "speaking CPU": statistics.median(work for _, work in speaking),
        "first sound s": first.seconds,
        "first sound CPU": first.work,
        "hearing RTF": statistics.median(wall for wall, _ in hearing),
        "hearing CPU": statistics.median(work for _, work in hearing),
    }


class _Watch:
    """Seconds that pass, and the processor's seconds, all threads together."""

    def __enter__(self) -> _Watch:
        self.seconds, self.work = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds, self.work = time.perf_counter() - self.seconds, time.process_time() - self.work

    def each(self, sound: Sound) -> tuple[float, float]:
        """Both a second of sound."""
        return self.seconds / sound.seconds, self.work / sound.seconds


def _as_recorded(sound: Sound) -> Sound:
    """As a messenger would bring it: through Opus."""
    heard = read(_with_silence(sound).opus())
    assert heard.rate == HEARING_RATE
    return heard


def _as_telephoned(sound: Sound) -> Sound:
    """As a telephone would bring it: through mu-law at 8,000 Hz."""
    return from_mulaw(_with_silence(sound).mulaw()).at(HEARING_RATE)


def _with_silence(sound: Sound) -> Sound:
    """With half a second of it before and after."""
    silence = np.zeros(sound.rate // 2, np.float32)
    return Sound(np.concatenate([silence, sound.samples, silence]), sound.rate)


def _heard(voice: Voice, sound: Sound, language: str) -> str:
    try:
        return voice.listen(sound, language).text
    except Unheard:
        return ""


def _plain(text: str, language: str) -> str:
    """Letters and figures alone, in lower case and, for Chinese, simplified."""
    text = unicodedata.normalize("NFKC", to_simplified(text) if language == "zh" else text).casefold()
    return regex.sub(r"\s+", " " if language not in _UNSPACED else "", regex.sub(r"[^\p{L}\p{M}\p{N}\s]", " ", text)).strip()


def _words(text: str, language: str) -> str:
    """Words apart, as the language's own segmenter cuts them."""
    plain = _plain(text, language)
    return " ".join(token.text for token in tokenize(plain, language)) if language in _UNSPACED else plain
