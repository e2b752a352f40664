"""Engines of one's own, named by a setting."""

from dataclasses import replace

import numpy as np
import pytest

from tongshi.errors import TongshiError
from tongshi.settings import Settings
from tongshi.speech.audio import HEARING_RATE, Sound
from tongshi.speech.recognition import Heard, make_recogniser
from tongshi.speech.synthesis import make_synthesiser
from tongshi.speech.voice import Voice
from tongshi.system import speech_models


class Engine:
    """Hears the shop's name, and says a second of silence."""

    def __init__(self, settings: Settings) -> None:
        self._shop = settings.shop

    def recognise(self, sound, language=None, *, likely=None):
        return Heard(self._shop, language or likely or "en", sound.seconds, 0.0)

    def language_of(self, sound, *, likely=None):
        return likely or "en"

    def figures(self, sound, language, before, count):
        return []

    def speaks(self, language):
        return language == "en"

    def say(self, text, language):
        return Sound(np.zeros(HEARING_RATE, np.float32), HEARING_RATE)


HERE = f"{__name__}:Engine"


def test_a_class_of_ones_own_hears_and_speaks():
    settings = Settings(recogniser=HERE, synthesiser=HERE, shop="Acme")
    voice = Voice(settings)
    (sound,) = voice.speak("Hello.", "en")
    assert sound.seconds == 1 and voice.listen(sound, "de").text == "Acme"
    with pytest.raises(TongshiError, match="no voice for 'de'"):
        next(voice.speak("Hallo.", "de"))
    assert speech_models(settings) == []


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("nowhere.at_all:Engine", "nowhere.at_all:Engine cannot be imported: No module named 'nowhere'"),
        (f"{__name__}:Motor", "Motor cannot be imported"),
        (f"{__name__}:Voice", "lacks (recognise and language_of and figures|speaks and say)"),
    ],
)
def test_what_is_no_engine_is_named(name, trouble):
    settings = Settings()
    for make, which in ((make_recogniser, "recogniser"), (make_synthesiser, "synthesiser")):
        with pytest.raises(TongshiError, match=trouble):
            make(replace(settings, **{which: name}))


class Broken(Engine):
    """Fails as a service does that is down."""

    def say(self, text, language):
        raise ConnectionError("nobody listens")


def test_an_engine_that_fails_is_told_as_any_failure_is():
    with pytest.raises(TongshiError, match="Broken failed: nobody listens"):
        make_synthesiser(Settings(synthesiser=f"{__name__}:Broken")).say("Hello.", "en")


@pytest.mark.parametrize("name", ["siri", "tongshi.speech", ":Engine", "a b:C", "/models/a:b"])
def test_a_voice_that_is_neither_ours_nor_a_class_is_refused(name):
    with pytest.raises(TongshiError, match="TONGSHI_SYNTHESISER is .*kokoro, espeak or package.module:Class"):
        Settings(synthesiser=name)
