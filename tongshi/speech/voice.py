"""Hearing customers and speaking to them: engines, and what stands between them and the conversation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import structlog

from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, Settings, get_settings
from tongshi.speech.audio import Sound, Unheard, read
from tongshi.speech.hearing import number_in, readable
from tongshi.speech.recognition import Heard, Recogniser, make_recogniser
from tongshi.speech.synthesis import Synthesiser, make_synthesiser, speak
from tongshi.speech.words import spoken_words
from tongshi.threads import beside

log = structlog.get_logger()


class Voice:
    """Both directions; each engine is loaded, and its files fetched, when it is needed first.

    Args:
        settings: which engines.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def recogniser(self) -> Recogniser:
        return make_recogniser(self._settings, {language: spoken_words(language).prompt for language in LANGUAGES})

    @cached_property
    def synthesiser(self) -> Synthesiser:
        return make_synthesiser(self._settings)

    def warm_up(self) -> None:
        """Load both engines, and let each work once.

        Raises:
            TongshiError: files are missing and cannot be fetched.
        """
        language = self._settings.language
        for sound in self.speak("1", language):
            try:
                self.recogniser.recognise(read(sound.wav()), language)
            except Unheard:
                pass

    def hear(self, source: Path | bytes, language: str | None = None, *, likely: str | None = None) -> Heard:
        """What is said in a recording, spelled numbers and addresses written out.

        Args:
            source: a file, or what it holds, in any usual format.
            language: which it is in; found out where it is not given.
            likely: which is believed where the sound leaves it open.

        Raises:
            Unheard: it is no sound, or nothing is said in it.
            TongshiError: there is no such file, or the engine cannot be loaded.
        """
        return self.listen(read(source), language, likely=likely)

    def listen(self, sound: Sound, language: str | None = None, *, likely: str | None = None) -> Heard:
        """What is said in a sound, as `hear`; an order or case number is listened to twice.

        Args:
            sound: at `audio.HEARING_RATE`.

        Raises:
            Unheard: nothing is said.
        """
        began = time.perf_counter()
        heard = self.recogniser.recognise(sound, language, likely=likely)
        text = readable(heard.text, heard.language)
        if number := number_in(text, heard.language):
            text = number.found(text, partial(self.recogniser.figures, sound, heard.language))
        return replace(heard, text=text, words=heard.text, seconds=time.perf_counter() - began)

    def speak(self, text: str, language: str) -> Iterator[Sound]:
        """A reply as sound, clause after clause, as `synthesis.speak`."""
        return speak(text, language, self.synthesiser)

    def rehearse(self, texts: list[str], language: str) -> None:
        """Say what will often be said, so that its sound is there at once."""
        for text in texts:
            for _ in self.speak(text, language):
                pass


async def make_ready(voice: Voice) -> None:
    """Load a voice's engines beside the event loop, so that nobody waits for them; where that fails, the log says why."""
    try:
        await beside("speaking", voice.warm_up)
    except TongshiError as error:
        log.error("voice.not_ready", error=str(error), hint="`tongshi models pull whisper-base kokoro`")


@lru_cache(maxsize=1)
def get_voice() -> Voice:
    """This process's voice."""
    return Voice(get_settings())
