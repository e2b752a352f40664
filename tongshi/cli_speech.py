"""`tongshi transcribe` and `tongshi speak`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tongshi.cli_base import Json, check_language, console, language_of, print_json
from tongshi.errors import TongshiError

Language = Annotated[str | None, typer.Option("--lang", help="Language, two letters; found out by default.")]


def transcribe(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, MP3, M4A, Ogg, WebM …, at most two minutes.")],
    lang: Language = None,
    raw: Annotated[bool, typer.Option("--raw", help="As heard, spelled numbers and addresses left as words.")] = False,
    as_json: Json = False,
) -> None:
    """Write down what is said in a recording."""
    from tongshi.speech.audio import read
    from tongshi.speech.voice import get_voice

    check_language(lang)
    heard = get_voice().listen(read(file), lang)
    text = heard.words if raw else heard.text
    if not as_json:
        return print(text)
    print_json(
        {
            "text": text,
            "heard": heard.words,
            "lang": heard.language,
            "sound_seconds": round(heard.sound_seconds, 3),
            "seconds": round(heard.seconds, 3),
        }
    )


def speak(
    text: str,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write: OUT.wav, or OUT.ogg for Opus.")],
    lang: Language = None,
    as_json: Json = False,
) -> None:
    """Say a text."""
    from tongshi.speech.audio import joined
    from tongshi.speech.voice import get_voice

    check_language(lang)
    if output.suffix.lower() not in (".wav", ".ogg"):
        raise TongshiError(f"The output is {output}; its name must end in .wav or .ogg.")
    language = language_of(text, lang)
    began = time.perf_counter()
    sounds, first = [], 0.0
    for sound in get_voice().speak(text, language):
        first = first or time.perf_counter() - began
        sounds.append(sound)
    whole = joined(sounds)
    seconds = time.perf_counter() - began
    try:
        output.write_bytes(whole.wav() if output.suffix.lower() == ".wav" else whole.opus())
    except OSError as error:
        raise TongshiError(f"Cannot write {output}: {error.strerror}.") from error
    told = {"lang": language, "sound_seconds": round(whole.seconds, 3), "seconds": round(seconds, 3), "first": round(first, 3)}
    if as_json:
        return print_json({"file": str(output), **told})
    console.print(f"{output}: {whole.seconds:.1f} s of {language}", soft_wrap=True)
