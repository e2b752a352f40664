"""The report of speech: what a telephone takes from the sound shows, and what is aimed at stands beside it."""

import numpy as np

from tongshi.evaluation.speech import report
from tongshi.settings import Settings
from tongshi.speech.audio import HEARING_RATE, Sound
from tongshi.speech.recognition import Heard

_PHONE_BAND = 4_500


class Engine:
    """Says noise, and hears what was said where the sound reaches higher than a telephone's."""

    said: list[str] = []
    is_heard = False

    def __init__(self, settings: Settings) -> None:
        self._noise = np.random.default_rng(1).normal(0, 0.1, 24_000).astype(np.float32)

    def speaks(self, language):
        return True

    def say(self, text, language):
        if Engine.is_heard:
            Engine.said, Engine.is_heard = [], False
        Engine.said.append(text)
        return Sound(self._noise, 24_000)

    def recognise(self, sound, language=None, *, likely=None):
        assert sound.rate == HEARING_RATE
        Engine.is_heard = True
        return Heard(" ".join(Engine.said) if _reaches_high(sound) else "hm", language, sound.seconds, 0.0)

    def language_of(self, sound, *, likely=None):
        return "en"

    def figures(self, sound, language, before, count):
        return []


def _reaches_high(sound: Sound) -> bool:
    strength = np.abs(np.fft.rfft(sound.samples))
    high = np.fft.rfftfreq(len(sound.samples), 1 / sound.rate) > _PHONE_BAND
    return strength[high].mean() > 0.1 * strength[~high].mean()


def test_what_is_heard_by_telephone_and_what_is_aimed_at_stand_beside_the_rest():
    engine = f"{__name__}:Engine"
    found = report(Settings(recogniser=engine, synthesiser=engine), sample=3, languages=["en"])
    english, mean, aim = found.rows
    assert english["order numbers"] == 1.0 and english["character errors"] < 0.4
    assert english["telephone order numbers"] == 0.0 and english["telephone character errors"] > 0.8
    assert aim["telephone order numbers"] == aim["order numbers"] == 0.95
    assert (aim["language"], aim["speaking RTF"], aim["first sound s"], aim["word errors"]) == ("aim", 0.3, 1.0, "")
    assert found.table().row_count == 3 and mean["language"] == "mean"
