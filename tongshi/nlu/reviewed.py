"""Wordings that a reviewer accepted, in files of Rasa's own format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader, RasaYAMLWriter
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.nlu.messages import example
from tongshi.nlu.wordings import Wording, read


def is_plain(text: str) -> bool:
    """Whether Rasa reads a text back as it is, without taking brackets for marks of an entity."""
    written = RasaYAMLWriter().dumps(_training_data([Wording(text, "greet", "en")]))
    examples = RasaYAMLReader().reads(written).training_examples
    return [one.get(TEXT) for one in examples] == [text] and not examples[0].get("entities")


def add(folder: Path, wordings: Iterable[Wording]) -> list[Path]:
    """Add wordings to the files of their languages; what stands there stays, and what others add at the same time.

    Args:
        folder: holds one file a language, `<lang>.yml`; made where it is missing.

    Returns:
        The files that were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_language: dict[str, list[Wording]] = {}
    for one in wordings:
        by_language.setdefault(one.language, []).append(one)
    with FileLock(folder.with_suffix(".lock")):
        return [_extend(folder / f"{language}.yml", language, new) for language, new in sorted(by_language.items())]


def _extend(path: Path, language: str, new: list[Wording]) -> Path:
    partial = path.with_suffix(".part")
    RasaYAMLWriter().dump(str(partial), _training_data([*read(path, language), *new]))
    return partial.replace(path)


def _training_data(wordings: list[Wording]) -> TrainingData:
    return TrainingData([example(one) for one in wordings])
