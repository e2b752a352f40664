"""Messages with how the customer felt who wrote them, and whether it pressed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tongshi.files import read_yaml

SENTIMENTS = {"negative": -1, "neutral": 0, "positive": 1}


@dataclass(frozen=True)
class MoodExample:
    """A labelled message.

    Attributes:
        sentiment: -1, 0 or 1.
        number: its place among those of its label; files of different languages have much the same at one place.
    """

    text: str
    language: str
    sentiment: int
    urgent: bool
    number: int


def read_moods(data: Path) -> list[MoodExample]:
    """All of data/sentiment, one file a language.

    Args:
        data: the project's data folder.
    """
    found = []
    for path in sorted((data / "sentiment").glob("*.yml")):
        document = read_yaml(path)
        for name, sentiment in SENTIMENTS.items():
            for urgent in (True, False):
                lines = document[name]["urgent" if urgent else "calm"].splitlines()
                texts = [line[2:] for line in lines if line.startswith("- ")]
                found += [MoodExample(text, document["language"], sentiment, urgent, number) for number, text in enumerate(texts)]
    return found
