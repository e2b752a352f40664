"""Invented businesses: what their help centres say, what their customers ask in twelve languages, and the right answers.

They are what encoder and language model are fine-tuned and measured on, see data/finetune/businesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tongshi.errors import TongshiError

SPLITS = ("train", "validation", "test")
FOLDER = Path("finetune") / "businesses"


@dataclass(frozen=True)
class Passage:
    """One passage of a help centre in one language."""

    topic: str
    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Question:
    """What a customer wrote.

    Attributes:
        topics: of the passages that the answer rests on; none where nothing answers.
        kind: plain, followup, angry, unknown or attack.
        before: the turns before it, the customer's first.
    """

    text: str
    language: str
    topics: tuple[str, ...]
    kind: str
    answer: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Business:
    """One business.

    Attributes:
        split: train, validation or test; what is measured on one split was never learnt from.
        languages: that its passages are written in.
    """

    business_id: str
    name: str
    split: str
    languages: tuple[str, ...]
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]


def businesses(data: Path, *splits: str) -> list[Business]:
    """The invented businesses of the splits, all of them by default, by id.

    Args:
        data: the project's data folder.

    Raises:
        TongshiError: a file lacks something.
    """
    found = [_business(path) for path in sorted((data / FOLDER).glob("*.yml"))]
    return [one for one in found if not splits or one.split in splits]


def _business(path: Path) -> Business:
    try:
        content = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        passages = [
            Passage(topic, language, text["title"], text["text"])
            for topic, texts in content["passages"].items()
            for language, text in texts.items()
        ]
        questions = [
            Question(one["ask"], language, tuple(one["rests"]), one["kind"], one["answer"], tuple(one.get("before", ())))
            for language, asked in content["questions"].items()
            for one in asked
        ]
        if content["split"] not in SPLITS:
            raise TongshiError(f"{path}: split is {content['split']!r}; it must be one of {', '.join(SPLITS)}.")
        return Business(
            content["id"], content["name"], content["split"], tuple(content["languages"]), tuple(passages), tuple(questions)
        )
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise TongshiError(f"{path} is no description of a business: {error}") from error
