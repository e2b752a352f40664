"""Where somebody begins and ends to speak in sound that comes bit by bit, as a telephone brings it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from tongshi.speech.audio import PHONE_RATE, Sound

_FRAME = PHONE_RATE // 50
"""Samples by which loudness is measured: 20 milliseconds."""

_BEGIN, _AMONG = 8, 12
"""So many loud frames among the last ones are speech; a click or a cough is less."""

_END = 50
"""Frames of quiet after which somebody has finished: a second, since figures are often said with pauses."""

_BEFORE = 20
"""Frames kept from before speech was noticed."""

_LONGEST = 30 * 50
"""Frames after which an utterance is taken as it is."""

_LOUD, _ABOVE_NOISE = 0.01, 4.0
"""Root mean square of what is loud, at least, and how many times that of the line's noise."""

_NOISE_RISES = 1.01
"""How fast what is taken for noise follows a line that gets louder, a frame."""


class Ear:
    """Cuts a telephone's sound into utterances by its loudness.

    Attributes:
        is_hearing: whether somebody speaks.
        quiet: seconds since somebody spoke.
    """

    def __init__(self) -> None:
        self.is_hearing = False
        self.quiet = 0.0
        self._rest = np.zeros(0, np.float32)
        self._frames: deque[np.ndarray] = deque(maxlen=_BEFORE)
        self._said: list[np.ndarray] = []
        self._loud: deque[bool] = deque(maxlen=_AMONG)
        self._silent = 0
        self._noise = _LOUD / _ABOVE_NOISE

    def take(self, samples: np.ndarray) -> Iterator[Sound]:
        """Listen on; gives what was said whenever somebody has finished.

        Args:
            samples: floats from -1 to 1 at `audio.PHONE_RATE`, of any number.
        """
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= _FRAME:
            frame, self._rest = self._rest[:_FRAME], self._rest[_FRAME:]
            if said := self._take(frame):
                yield said

    def _take(self, frame: np.ndarray) -> Sound | None:
        is_loud = self._is_loud(frame)
        self._loud.append(is_loud)
        if not self.is_hearing:
            self.quiet += _FRAME / PHONE_RATE
            self._frames.append(frame)
            if sum(self._loud) >= _BEGIN:
                self.is_hearing, self._silent = True, 0
                self._said = list(self._frames)
            return None
        self._said.append(frame)
        self._silent = 0 if is_loud else self._silent + 1
        return self._finished() if self._silent >= _END or len(self._said) >= _LONGEST else None

    def _is_loud(self, frame: np.ndarray) -> bool:
        loudness = float(np.sqrt(np.mean(np.square(frame))))
        self._noise = min(self._noise * _NOISE_RISES, max(loudness, _LOUD / 100)) if not self.is_hearing else self._noise
        return loudness > max(_LOUD, _ABOVE_NOISE * self._noise)

    def _finished(self) -> Sound:
        said, self._said = np.concatenate(self._said), []
        self.is_hearing, self.quiet = False, 0.0
        self._frames.clear()
        self._loud.clear()
        return Sound(said, PHONE_RATE)
