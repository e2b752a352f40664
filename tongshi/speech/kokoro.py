"""Kokoro-82M: a natural voice for seven languages, and one with an accent for three more, by ONNX Runtime on the CPU."""

from __future__ import annotations

import json
import threading
from functools import cache
from pathlib import Path

import numpy as np

from tongshi import weights
from tongshi.settings import Settings
from tongshi.speech.audio import Sound
from tongshi.speech.phonemes import phonemes
from tongshi.speech.unquantised import unquantised

VOICES = {
    "de": "ef_dora", "en": "af_heart", "es": "ef_dora", "fr": "ff_siwis", "it": "if_sara", "ja": "jf_alpha", "ko": "jf_alpha",
    "pt": "pf_dora", "ru": "ef_dora", "zh": "zf_xiaoxiao",
}  # fmt: skip
"""The voice of each language; German and Russian borrow the Spanish one, Korean the Japanese, since Kokoro was not made for them."""

_RATE = 24_000
_MOST = 509
_STYLE = 256
_SILENT = 0.004
_MARGIN = 0.05
_ERRORS_ONLY = 3


class KokoroSynthesiser:
    """Speaks one clause at a time.

    Args:
        folder: the model, its table of phonemes and its voices.
        threads: of the CPU; all cores with 0.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _ERRORS_ONLY
        # Threads that wait busily take the processor from the language model beside them.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        (model,) = folder.glob("*.onnx")
        self._session = onnxruntime.InferenceSession(unquantised(model), options, providers=["CPUExecutionProvider"])
        self._numbers: dict[str, int] = json.loads((folder / "vocab.json").read_text("utf-8"))["vocab"]
        self._folder = folder
        self._style = cache(self._read_style)
        # A long clause needs a gigabyte for a moment; it is given back after each.
        self._options = onnxruntime.RunOptions()
        self._options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._lock = threading.Lock()

    def speaks(self, language: str) -> bool:
        return language in VOICES

    def say(self, text: str, language: str) -> Sound:
        numbers = [self._numbers[sign] for sign in phonemes(text, language) if sign in self._numbers]
        pieces = [self._spoken(numbers[at : at + _MOST], language) for at in range(0, len(numbers), _MOST)]
        return Sound(np.concatenate(pieces) if pieces else np.zeros(0, np.float32), _RATE)

    def _spoken(self, numbers: list[int], language: str) -> np.ndarray:
        values = {
            "tokens": np.array([[0, *numbers, 0]], np.int64),
            "style": self._style(VOICES[language])[len(numbers)],
            "speed": np.ones(1, np.float32),
        }
        with self._lock:
            (samples,) = self._session.run(None, values, self._options)
        return _trimmed(samples.reshape(-1))

    def _read_style(self, voice: str) -> np.ndarray:
        """How a voice sounds, one row of numbers for each count of phonemes."""
        return np.fromfile(self._folder / f"{voice}.bin", np.float32).reshape(-1, 1, _STYLE)


def _trimmed(samples: np.ndarray) -> np.ndarray:
    """Without the silence before and after, but for a breath."""
    loud = np.flatnonzero(np.abs(samples) > _SILENT)
    if not len(loud):
        return samples
    margin = int(_MARGIN * _RATE)
    return samples[max(0, loud[0] - margin) : loud[-1] + 3 * margin]


def make_kokoro(settings: Settings) -> KokoroSynthesiser:
    """Kokoro with its files, which are fetched where they are missing."""
    return KokoroSynthesiser(weights.pull("kokoro", settings))
