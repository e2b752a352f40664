"""Sound as numbers, read from and written to what files and messengers carry."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import av
import numpy as np

from tongshi.errors import TongshiError

HEARING_RATE = 16_000
"""Samples a second of what is recognised."""

PHONE_RATE = 8_000
"""Samples a second of a telephone."""

LONGEST = 120.0
"""Seconds of sound that are listened to."""

LARGEST = 24_000_000
"""Bytes of a file that are read: two minutes of uncompressed sound in two channels at 48,000 Hz."""

_FORMATS = "wav,mp3,mov,ogg,matroska,flac,aac,amr,caf,aiff"
"""Containers that are read, by FFmpeg's names; of its others some open connections or files of their own (SDP, HLS, concat)."""

_LOWEST_RATE = 4_000
"""Samples a second of what is read: of a file with less, a few bytes would become hours."""

_OPUS_RATE = 48_000
_MULAW_BIAS, _MULAW_CLIP = 33, 8158
"""Of G.711's 14 bits."""


class Unheard(TongshiError):
    """Sound that cannot be listened to.

    Attributes:
        why: `unreadable`, `empty` (no sound or no words in it) or `too_long`.
    """

    def __init__(self, message: str, why: Literal["unreadable", "empty", "too_long"]) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True)
class Sound:
    """One channel of sound.

    Attributes:
        samples: 32-bit floats from -1 to 1.
        rate: samples a second.
    """

    samples: np.ndarray
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def wav(self) -> bytes:
        """As a WAV file of 16 bits."""
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(self.rate)
            writer.writeframes(_as_integers(self.samples).tobytes())
        return file.getvalue()

    def opus(self) -> bytes:
        """As an Ogg file with Opus, which is what messengers show as a voice message."""
        file = io.BytesIO()
        with av.open(file, "w", format="ogg") as container:
            stream = container.add_stream("libopus", rate=_OPUS_RATE, layout="mono")
            stream.bit_rate = 32_000
            frame = av.AudioFrame.from_ndarray(_as_integers(self.samples)[None, :], format="s16", layout="mono")
            frame.sample_rate = self.rate
            for piece in (*av.AudioResampler("s16", "mono", _OPUS_RATE).resample(frame), None):
                container.mux(stream.encode(piece))
        return file.getvalue()

    def at(self, rate: int) -> Sound:
        """The same with another number of samples a second."""
        if rate == self.rate or not len(self.samples):
            return Sound(self.samples, rate)
        frame = av.AudioFrame.from_ndarray(self.samples[None, :].astype(np.float32), format="flt", layout="mono")
        frame.sample_rate = self.rate
        resampler = av.AudioResampler("flt", "mono", rate)
        pieces = [piece.to_ndarray().reshape(-1) for given in (frame, None) for piece in resampler.resample(given)]
        return Sound(np.concatenate(pieces), rate)

    def mulaw(self) -> bytes:
        """As a telephone carries it: mu-law (ITU-T G.711), one byte a sample at `PHONE_RATE`."""
        samples = _as_integers(self.at(PHONE_RATE).samples).astype(np.int32) >> 2
        sign = np.where(samples < 0, 0x80, 0)
        magnitude = np.minimum(np.abs(samples), _MULAW_CLIP) + _MULAW_BIAS
        segment = np.floor(np.log2(magnitude)).astype(np.int32) - 5
        return (~(sign | segment << 4 | magnitude >> segment + 1 & 0x0F) & 0xFF).astype(np.uint8).tobytes()


def from_mulaw(data: bytes) -> Sound:
    """A telephone's sound: mu-law, one byte a sample at `PHONE_RATE`."""
    code = ~np.frombuffer(data, np.uint8).astype(np.int32) & 0xFF
    magnitude = ((code & 0x0F) * 2 + _MULAW_BIAS << (code >> 4 & 0x07)) - _MULAW_BIAS
    return Sound((np.where(code & 0x80, -magnitude, magnitude) / (1 << 13)).astype(np.float32), PHONE_RATE)


def joined(sounds: list[Sound]) -> Sound:
    """Sounds of one rate, one after the other.

    Raises:
        ValueError: there are none, or their rates differ.
    """
    (rate,) = {one.rate for one in sounds}
    return Sound(np.concatenate([one.samples for one in sounds]), rate)


def read(source: Path | bytes, longest: float = LONGEST) -> Sound:
    """The sound of a file in a usual format (WAV, MP3, M4A, Ogg, WebM, FLAC, AAC, AMR, CAF, AIFF), made ready for recognition.

    Args:
        source: the file's path, or what it holds.
        longest: seconds of sound at most.

    Raises:
        Unheard: it is no sound, holds none, or is too long.
        TongshiError: there is no such file.
    """
    name = str(source) if isinstance(source, Path) else "The recording"
    if isinstance(source, Path):
        if not source.is_file():
            raise TongshiError(f"There is no file {source}.")
        size = source.stat().st_size
        data = source.read_bytes() if size <= LARGEST else b""
    else:
        size, data = len(source), source
    if not size:
        raise Unheard(f"{name} is empty.", "empty")
    if size > LARGEST:
        raise Unheard(f"{name} is too large: {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB are read.", "too_long")
    try:
        samples = _decoded(data, longest)
    except (av.FFmpegError, ValueError) as error:
        raise Unheard(f"{name} is no sound that can be read ({error}).", "unreadable") from error
    if samples is None:
        raise Unheard(f"{name} is longer than {longest:.0f} seconds.", "too_long")
    if not len(samples):
        raise Unheard(f"{name} holds no sound.", "empty")
    return Sound(samples, HEARING_RATE)


def _decoded(data: bytes, longest: float) -> np.ndarray | None:
    """All samples; None where there are more than are wanted.

    Raises:
        ValueError: the file has pictures or text only, or too few samples a second.
    """
    most = int(longest * HEARING_RATE)
    resampler = av.AudioResampler("flt", "mono", HEARING_RATE)
    pieces: list[np.ndarray] = []
    count = 0
    with av.open(io.BytesIO(data), options={"format_whitelist": _FORMATS}, metadata_errors="ignore") as container:
        if not container.streams.audio:
            raise ValueError("it has no sound track")
        for frame in chain(_frames(container), [None]):
            for piece in resampler.resample(frame):
                pieces.append(piece.to_ndarray().reshape(-1))
                count += len(pieces[-1])
            if count > most:
                return None
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    for frame in container.decode(audio=0):
        if frame.sample_rate < _LOWEST_RATE:
            raise ValueError(f"it has {frame.sample_rate} samples a second")
        # Where a recording was cut off and glued, its clock jumps; what counts here is the order alone.
        frame.pts = None
        yield frame


def _as_integers(samples: np.ndarray) -> np.ndarray:
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)
