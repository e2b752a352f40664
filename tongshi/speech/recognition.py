"""Speech to text."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tongshi import weights
from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, Settings
from tongshi.speech.audio import Sound, Unheard

_LEAST = 0.1
"""Seconds of sound in which there may be a word."""

_SURE = 0.7
"""How probable a language must be to be believed against the likely one."""


@dataclass(frozen=True)
class Heard:
    """What was recognised.

    Attributes:
        text: as the engine wrote it.
        language: one of the twelve.
        sound_seconds: length of the sound.
        seconds: that recognition took.
    """

    text: str
    language: str
    sound_seconds: float
    seconds: float


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
        from faster_whisper import WhisperModel

        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise TongshiError(f"{folder} is no Whisper model of CTranslate2: {error}") from error
        self._prompts = prompts or {}
        self._lock = threading.Lock()

    def recognise(self, sound: Sound, language: str | None = None, *, likely: str | None = None) -> Heard:
        began = time.perf_counter()
        if sound.seconds < _LEAST or not np.any(sound.samples):
            raise Unheard("Nothing is to be heard in the recording.", "empty")
        with self._lock:
            language = language or self.language_of(sound, likely=likely)
            segments, _ = self._model.transcribe(
                sound.samples,
                language=language,
                beam_size=1,
                vad_filter=True,
                condition_on_previous_text=False,
                without_timestamps=True,
                initial_prompt=self._prompts.get(language),
            )
            text = "".join(segment.text for segment in segments).strip()
        if not text:
            raise Unheard("No words are to be heard in the recording.", "empty")
        return Heard(text, language, sound.seconds, time.perf_counter() - began)

    def language_of(self, sound: Sound, *, likely: str | None = None) -> str:
        _, _, chances = self._model.detect_language(sound.samples, vad_filter=True)
        known = {code: chance for code, chance in chances if code in LANGUAGES}
        best = max(known, key=known.__getitem__)
        return likely if likely in known and known[best] < _SURE else best


def make_recogniser(settings: Settings, prompts: dict[str, str] | None = None) -> Recogniser:
    """The engine that `TONGSHI_RECOGNISER` names: an entry of the manifest, or the folder of another Whisper model.

    Raises:
        TongshiError: it is neither, or cannot be fetched.
    """
    name = settings.recogniser
    if "/" in name:
        if not Path(name).is_dir():
            raise TongshiError(f"TONGSHI_RECOGNISER is {name!r}, and there is no such folder.")
        return WhisperRecogniser(Path(name), prompts)
    return WhisperRecogniser(weights.pull(name, settings), prompts)
