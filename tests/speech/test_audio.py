"""Sound in and out of real files."""

import io
import wave

import numpy as np
import pytest

from tongshi.errors import TongshiError
from tongshi.speech.audio import HEARING_RATE, LARGEST, Sound, Unheard, joined, read

TONE = Sound((np.sin(np.arange(48_000) * 2 * np.pi * 440 / 24_000) * 0.5).astype(np.float32), 24_000)


def stereo(rate, seconds):
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        tone = (np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * 440 / rate) * 16_000).astype(np.int16)
        writer.writeframes(np.repeat(tone, 2).tobytes())
    return file.getvalue()


@pytest.mark.parametrize("data", [TONE.wav(), TONE.opus(), stereo(44_100, 2), stereo(8_000, 2)])
def test_sound_of_any_format_is_read_at_one_rate(data):
    sound = read(data)
    assert sound.rate == HEARING_RATE and sound.seconds == pytest.approx(2, abs=0.06)
    spectrum = np.abs(np.fft.rfft(sound.samples[:HEARING_RATE]))
    assert np.argmax(spectrum) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"RIFF, not really", "unreadable"),
        (b"# A text\n" * 100, "unreadable"),
        (TONE.wav()[:44], "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "unreadable"),
        (bytes(LARGEST + 1), "too_long"),
        (stereo(8_000, 121), "too_long"),
    ],
)
def test_what_cannot_be_listened_to_is_named(data, why):
    with pytest.raises(Unheard) as error:
        read(data)
    assert error.value.why == why


def test_files_are_named_where_they_are_missing_or_wrong(tmp_path):
    with pytest.raises(TongshiError, match="There is no file .*nothing.wav"):
        read(tmp_path / "nothing.wav")
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(Unheard, match="a.wav is empty"):
        read(tmp_path / "a.wav")
    with pytest.raises(TongshiError, match="There is no file"):
        read(tmp_path)


def test_sounds_are_joined():
    assert joined([TONE, TONE]).seconds == 4
    with pytest.raises(ValueError):
        joined([TONE, Sound(TONE.samples, 16_000)])
