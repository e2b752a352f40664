"""Sound in and out of real files."""

import io
import wave

import av
import numpy as np
import pytest

from tongshi.errors import TongshiError
from tongshi.speech.audio import HEARING_RATE, LARGEST, Sound, Unheard, joined, read

TONE = Sound((np.sin(np.arange(48_000) * 2 * np.pi * 440 / 24_000) * 0.5).astype(np.float32), 24_000)


SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 45454 RTP/AVP 0\r\n"
"""A description of a stream that would be waited for, at a port that would be opened."""

HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:1/a.ts\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"


def encoded(container, codec, rate, samples):
    file = io.BytesIO()
    with av.open(file, "w", format=container) as writer:
        stream = writer.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :].astype(np.float32), format="flt", layout="mono")
        frame.sample_rate = rate
        queue = av.AudioFifo()
        for piece in av.AudioResampler(stream.codec_context.format.name, "mono", rate).resample(frame):
            queue.write(piece)
        while piece := queue.read(stream.codec_context.frame_size or 1024, partial=True):
            writer.mux(stream.encode(piece))
        writer.mux(stream.encode(None))
    return file.getvalue()


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
    ("container", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 44_100),
        ("ipod", "aac", 44_100),
        ("3gp", "aac", 16_000),
        ("webm", "libopus", 48_000),
        ("flac", "flac", 8_000),
        ("adts", "aac", 44_100),
        ("caf", "pcm_s16le", 8_000),
        ("aiff", "pcm_s16be", 44_100),
    ],
)
def test_what_browsers_telephones_and_messengers_record_is_read(container, codec, rate):
    assert read(encoded(container, codec, rate, TONE.at(rate).samples)).seconds == pytest.approx(2, abs=0.1)


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
        (SDP, "unreadable"),
        (HLS, "unreadable"),
        (CONCAT, "unreadable"),
        (encoded("flac", "flac", 10, np.zeros(50_000)), "unreadable"),
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
