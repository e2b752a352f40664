"""espeak-ng: phonemes for Kokoro, and a plain voice where Kokoro has none.

The library and its data come with the package espeakng-loader; it is called as its header `speak_lib.h` says.
"""

from __future__ import annotations

import ctypes
import threading
from functools import lru_cache

import numpy as np
import regex

from tongshi.errors import TongshiError
from tongshi.speech.audio import Sound

_SYNCHRONOUS = 2
_UTF8 = 1
_IPA, _TIED = 0x02, 0x80
_TIE = "^"
_RATE, _WORDS_A_MINUTE = 1, 160
# Marks such as (en) where it reads a word by another language's rules; ties stand in them too.
_SWITCH = regex.compile(r"\(\^?[a-z](?:\^?[a-z\-])*\)")
_PUNCTUATION = regex.compile(r"""(\s*(?:[;:,.](?!\d)|[!?¡¿—…"«»“”()])+\s*)""")

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The one instance of the library that a process can have; calls wait for each other.

    Raises:
        TongshiError: the library cannot be loaded.
    """

    def __init__(self) -> None:
        import espeakng_loader

        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise TongshiError(f"espeak-ng cannot be loaded: {error}. Install the package espeakng-loader anew.") from error
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self._rate <= 0:
            raise TongshiError("espeak-ng finds no data. Install the package espeakng-loader anew.")
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_SetParameter(_RATE, _WORDS_A_MINUTE, 0)
        self._pieces: list[np.ndarray] = []
        self._callback = _Callback(self._take)  # kept, since the library does not
        self._library.espeak_SetSynthCallback(self._callback)
        self._lock = threading.Lock()

    def _take(self, samples, count: int, events) -> int:
        if count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, text: str, voice: str) -> Sound:
        """A text as sound.

        Args:
            voice: espeak-ng's name of a language, e.g. `ru`.
        """
        with self._lock:
            self._choose(voice)
            self._pieces = []
            data = text.encode() + b"\0"
            self._library.espeak_Synth(data, len(data), 0, 0, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
            samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int16)
        return Sound(samples.astype(np.float32) / 32768, self._rate)

    def phonemes(self, text: str, voice: str) -> str:
        """A text in the International Phonetic Alphabet, stressed, its punctuation kept; parts of one sound are tied by `^`."""
        with self._lock:
            self._choose(voice)
            pieces = _PUNCTUATION.split(text)
            return "".join(piece if index % 2 else self._clause(piece) for index, piece in enumerate(pieces)).strip()

    def _clause(self, text: str) -> str:
        buffer = ctypes.c_char_p(text.encode())
        pointer = ctypes.pointer(buffer)
        found = []
        while pointer.contents.value:
            mode = _IPA | _TIED | ord(_TIE) << 8
            said = self._library.espeak_TextToPhonemes(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_void_p)), _UTF8, mode)
            found.append(_SWITCH.sub("", said.decode()))
        return " ".join(found).strip()

    def _choose(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise TongshiError(f"espeak-ng has no voice {voice!r}.")


@lru_cache(maxsize=1)
def get_espeak() -> Espeak:
    return Espeak()
