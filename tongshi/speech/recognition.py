"""Speech to text."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import regex

from tongshi import weights
from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, Settings, is_class
from tongshi.speech.audio import HEARING_RATE, Sound, Unheard
from tongshi.speech.engines import own_engine

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from faster_whisper import WhisperModel

_LEAST = 0.1
"""Seconds of sound in which there may be a word."""

_SURE = 0.7
"""How probable a language must be to be believed against the likely one."""

_PROMPT_PARTS = regex.compile(r"\s*[,،，、]\s*")

_TEMPERATURES = (0.0, 0.4)
"""At which a transcript is tried, the next where the one before cannot be right: a caller waits for each try, and what two do not understand
five more seldom do."""

_REPETITIVE = 2.4
_REPETITIVE_IN = {"ar": 3.0, "ru": 3.0, "th": 3.8}
"""Size by zlib's size, in bytes of UTF-8, above which a transcript is taken for the same words over and over. Whisper's 2.4 is for Latin letters:
the first 300 characters of a help-centre article reach 1.8 in these languages, but 1.9 in Arabic and Russian, and 2.5 in Thai (tests/speech/test_recognition.py)."""

_BEAM = 5
"""Rows of figures that are followed, and given back, in a second listening."""


@dataclass(frozen=True)
class Heard:
    """What was recognised.

    Attributes:
        text: as the engine wrote it, or made readable by `Voice`.
        language: one of the twelve.
        sound_seconds: length of the sound.
        seconds: that recognition took.
        words: as the engine wrote it.
    """

    text: str
    language: str
    sound_seconds: float
    seconds: float
    words: str = ""


class Recogniser(Protocol):
    """An engine that hears."""

    def recognise(self, sound: Sound, language: str | None = None, *, likely: str | None = None) -> Heard:
        """What is said.

        Args:
            sound: at `audio.HEARING_RATE`.
            language: which it is in; found out where it is not given.
            likely: which is believed where the sound leaves it open.

        Raises:
            Unheard: nothing is said.
        """

    def language_of(self, sound: Sound, *, likely: str | None = None) -> str:
        """Which of the twelve languages is spoken."""

    def figures(self, sound: Sound, language: str, before: str, count: int) -> list[tuple[str, float]]:
        """Which figures follow, where it is known that figures do: a second listening that hears nothing else.

        Args:
            before: what is said up to them.
            count: how many there are.

        Returns:
            rows of so many figures, the likeliest first, each with the logarithm of its probability.

        Raises:
            Unheard: nothing is said.
        """


class WhisperRecogniser:
    """Whisper by faster-whisper, on the CPU in 8 bits.

    Args:
        folder: a model as CTranslate2 has it: `model.bin` with its `config.json`, `tokenizer.json` and vocabulary.
        prompts: for each language what is said as if before the recording; it makes names and numbers of the shop likelier.
        threads: of the CPU; all cores with 0.

    Raises:
        TongshiError: there is no such model.
    """

    def __init__(self, folder: Path, prompts: dict[str, str] | None = None, threads: int = 0) -> None:
        try:
            self._model = _model(folder, threads)
        except (RuntimeError, ValueError, OSError) as error:
            raise TongshiError(f"{folder} is no Whisper model of CTranslate2: {error}") from error
        self._prompts = prompts or {}
        self._lock = threading.Lock()

    def recognise(self, sound: Sound, language: str | None = None, *, likely: str | None = None) -> Heard:
        began = time.perf_counter()
        if sound.seconds < _LEAST or not np.any(sound.samples):
            raise Unheard("Nothing is to be heard in the recording.", "empty")
        with self._lock:
            spoken = _spoken(sound)
            language = language or self._language_of(spoken, likely)
            prompt = self._prompts.get(language, "")
            text = self._transcribed(spoken, language, prompt)
            if is_given_back(prompt, text):
                text = self._transcribed(spoken, language, "")
        if not text:
            raise Unheard("No words are to be heard in the recording.", "empty")
        return Heard(text, language, sound.seconds, time.perf_counter() - began)

    def _transcribed(self, spoken: np.ndarray, language: str, prompt: str) -> str:
        segments, _ = self._model.transcribe(
            spoken,
            language=language,
            beam_size=1,
            condition_on_previous_text=False,
            without_timestamps=True,
            temperature=_TEMPERATURES,
            compression_ratio_threshold=_REPETITIVE_IN.get(language, _REPETITIVE),
            initial_prompt=prompt or None,
        )
        return "".join(segment.text for segment in segments).strip()

    def language_of(self, sound: Sound, *, likely: str | None = None) -> str:
        with self._lock:
            return self._language_of(_spoken(sound), likely)

    def _language_of(self, spoken: np.ndarray, likely: str | None) -> str:
        _, _, chances = self._model.detect_language(features=self._features(spoken))
        known = {code: chance for code, chance in chances if code in LANGUAGES}
        best = max(known, key=known.__getitem__)
        return likely if likely in known and known[best] < _SURE else best

    def _features(self, spoken: np.ndarray) -> np.ndarray:
        """Of the beginning, without the last frame, as `transcribe` hands them to the encoder."""
        return self._model.feature_extractor(spoken)[:, :-1][:, : self._model.feature_extractor.nb_max_frames]

    def figures(self, sound: Sound, language: str, before: str, count: int) -> list[tuple[str, float]]:
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.tokenizer import Tokenizer

        tokenizer = Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language=language)
        said = tokenizer.encode(f" {before.strip()}")
        with self._lock:
            (found,) = self._model.model.generate(
                self._model.encode(pad_or_trim(self._features(_spoken(sound)))),
                [[*tokenizer.sot_sequence, tokenizer.no_timestamps, *said]],
                beam_size=_BEAM,
                num_hypotheses=_BEAM,
                length_penalty=0,
                # Half of it is what CTranslate2 lets be written, the given beginning included.
                max_length=2 * (len(said) + count),
                suppress_blank=False,
                suppress_tokens=self._all_but_figures,
                return_scores=True,
            )
        rows = [[self._figures.get(token, "") for token in one[-count:]] for one in found.sequences_ids]
        return [("".join(row), score) for row, score in zip(rows, found.scores, strict=True)]

    @cached_property
    def _figures(self) -> dict[int, str]:
        """The tokens of single figures."""
        return {self._model.hf_tokenizer.token_to_id(figure): figure for figure in "0123456789"}

    @cached_property
    def _all_but_figures(self) -> list[int]:
        return [token for token in range(self._model.hf_tokenizer.get_vocab_size()) if token not in self._figures]


def _model(folder: Path, threads: int) -> WhisperModel:
    from faster_whisper import WhisperModel

    class Model(WhisperModel):
        """faster-whisper's, which works out once what the encoder makes of a sound whose language and figures are asked for too."""

        _last: tuple[bytes, StorageView] | None = None

        def encode(self, features: np.ndarray) -> StorageView:
            asked = features.tobytes()
            if self._last is None or self._last[0] != asked:
                self._last = asked, super().encode(features)
            return self._last[1]

    return Model(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)


def is_given_back(prompt: str, text: str) -> bool:
    """Whether a recogniser seems to have heard what it was prompted with, as it does where it understands nothing."""
    _, *others = _PROMPT_PARTS.split(prompt.strip("。.").casefold())
    return any(part in text.casefold() for part in others)


def _spoken(sound: Sound) -> np.ndarray:
    """What is speech in a sound, by faster-whisper's voice detection.

    Raises:
        Unheard: nothing is.
    """
    from faster_whisper.vad import collect_chunks, get_speech_timestamps

    pieces, _ = collect_chunks(sound.samples, get_speech_timestamps(sound.samples, sampling_rate=HEARING_RATE))
    spoken = np.concatenate(pieces)
    if not len(spoken):
        raise Unheard("No words are to be heard in the recording.", "empty")
    return spoken


def make_recogniser(settings: Settings, prompts: dict[str, str] | None = None) -> Recogniser:
    """The engine that `TONGSHI_RECOGNISER` names: an entry of the manifest, the folder of another Whisper model, or a class of one's own.

    Raises:
        TongshiError: it is none of them, or cannot be fetched or imported.
    """
    name = settings.recogniser
    if is_class(name):
        return own_engine(name, settings, ("recognise", "language_of", "figures"))
    if "/" in name:
        if not Path(name).is_dir():
            raise TongshiError(f"TONGSHI_RECOGNISER is {name!r}, and there is no such folder.")
        return WhisperRecogniser(Path(name), prompts)
    return WhisperRecogniser(weights.pull(name, settings), prompts)
