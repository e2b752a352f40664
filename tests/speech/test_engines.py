"""The real engines: what one says, the other hears. Their files are fetched where they are missing."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from tongshi.cli import app
from tongshi.errors import TongshiError
from tongshi.settings import LANGUAGES, Settings, get_settings
from tongshi.speech.audio import HEARING_RATE, Sound, Unheard, joined, read
from tongshi.speech.hearing import identifiers
from tongshi.speech.kokoro import VOICES
from tongshi.speech.phonemes import phonemes
from tongshi.speech.recognition import is_given_back, make_recogniser
from tongshi.speech.synthesis import EspeakSynthesiser, make_synthesiser, speak
from tongshi.speech.voice import Voice, get_voice
from tongshi.speech.words import spoken_words


@pytest.fixture(scope="session")
def voice():
    """The process's own, which the command line uses as well."""
    return get_voice()


@pytest.mark.parametrize(("language", "text"), [("en", "Where is my order MD-10234?"), ("zh", "我的订单号是MD-10234。")])
def test_what_is_said_is_heard(voice, language, text):
    sound = joined(list(voice.speak(text, language)))
    heard = voice.hear(sound.opus())
    assert heard.language == language and identifiers(heard.text) == ["MD-10234"]
    assert 1 < heard.sound_seconds == pytest.approx(sound.seconds, abs=0.1)


def test_the_command_line_speaks_and_writes_down(tmp_path):
    file = tmp_path / "out.wav"
    run = CliRunner().invoke(app, ["speak", "Where is my parcel?", "--lang", "en", "-o", str(file), "--json"])
    assert run.exit_code == 0, run.output
    assert read(file).seconds > 0.8
    run = CliRunner().invoke(app, ["transcribe", str(file), "--lang", "en"])
    assert run.stdout.strip().casefold().rstrip(".?") == "where is my parcel"


@pytest.mark.parametrize(
    "arguments",
    [
        ["speak", "hello", "-o", "x.wav", "--lang", "xx"],
        ["speak", "hello", "-o", "x.mp3", "--lang", "en"],
        ["speak", " … ", "-o", "x.wav", "--lang", "en"],
        ["transcribe", "nothing.wav"],
        ["transcribe", "README.md"],
    ],
)
def test_the_command_line_names_what_is_wrong(arguments):
    run = CliRunner().invoke(app, arguments)
    assert isinstance(run.exception, TongshiError) and str(run.exception)


@pytest.mark.parametrize(
    "samples", [np.zeros(HEARING_RATE), np.zeros(10), np.random.default_rng(1).normal(0, 0.001, HEARING_RATE)]
)
def test_silence_says_nothing(voice, samples):
    with pytest.raises(Unheard) as error:
        voice.recogniser.recognise(Sound(samples.astype(np.float32), HEARING_RATE), "en")
    assert error.value.why == "empty"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prompt_that_comes_back_is_noticed(language):
    prompt = spoken_words(language).prompt
    assert is_given_back(prompt, prompt) and not is_given_back(prompt, "MD-10234") and not is_given_back("", "MD-10234")


def test_figures_are_listened_to_alone(voice):
    sound = joined(list(voice.speak("My order number is MD-14414.", "en")))
    rows = voice.recogniser.figures(read(sound.wav()), "en", "My order number is MD-", 5)
    assert rows[0][0] == "14414" and rows == sorted(rows, key=lambda row: -row[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_voice(language):
    if language in VOICES:
        said = phonemes(
            {"zh": "您好，订单 MD", "ja": "ご注文はAurora 3点です", "ko": "안녕하세요", "ru": "Здравствуйте"}.get(
                language, "Hola 24, ja!"
            ),
            language,
        )
        assert said and "❓" not in said and "(" not in said
    else:
        assert 0.3 < EspeakSynthesiser().say("MD 1 2 3", language).seconds < 10


def test_espeak_says_no_chinese():
    plain = make_synthesiser(Settings(synthesiser="espeak"))
    with pytest.raises(TongshiError, match="no voice for 'zh'"):
        next(speak("您好", "zh", plain))
    assert next(speak("Guten Tag", "de", plain)).seconds > 0.3


def test_japanese_is_pronounced_as_it_is_spoken():
    assert phonemes("ご注文は東京へ発送しました。", "ja") == "ɡo ʨɨːmoɴ βa toːkʲoː e haʔsoː ɕi maɕi ta."
    assert phonemes("3,000円です", "ja") == "saɴʣeɴ eɴ desɨ"


def test_another_engine_is_a_setting_and_a_wrong_one_is_named(tmp_path):
    with pytest.raises(TongshiError, match="TONGSHI_SYNTHESISER"):
        Settings(synthesiser="siri")
    with pytest.raises(TongshiError, match="no such folder"):
        make_recogniser(replace(get_settings(), recogniser=str(tmp_path / "none")))
    with pytest.raises(TongshiError, match="no Whisper model"):
        make_recogniser(replace(get_settings(), recogniser=str(tmp_path)))
    with pytest.raises(TongshiError, match="No model file is called 'huge'"):
        Voice(replace(get_settings(), recogniser="huge")).hear(Sound(np.ones(HEARING_RATE, np.float32), HEARING_RATE).wav())


def test_korean_consonants_with_a_breath_are_one_sound_each():
    assert phonemes("카드 취소 자주 파도 타다", "ko") == "kʰˈadɯ ʨʰwˈiso ʨˈaʥu pʰˈado tʰˈada"
