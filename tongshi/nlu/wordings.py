"""The wordings that the bot learns intents from, without Rasa's own slower reading of its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tongshi.files import read_yaml
from tongshi.knowledge.articles import ATTRIBUTE, UNANSWERABLE, shop_articles
from tongshi.settings import LANGUAGES

REVIEWED = "reviewed"
"""Folder below data/nlu with what a reviewer has accepted, one file a language."""

_KNOWN_QUESTIONS = 3
"""How many of an article's similar questions are taken as wordings; all of them would drown the other intents."""

_UNKNOWN_QUESTIONS = 40
"""How many of the unanswerable ones: they are questions to the shop all the same, and the search says that it does not know."""


@dataclass(frozen=True)
class Wording:
    """Something that customers say, what they want by it, and the language they say it in."""

    text: str
    intent: str
    language: str


def read(path: Path, language: str) -> list[Wording]:
    """The wordings of a file of Rasa's NLU format; none where there is no such file.

    Args:
        language: of the file's wordings.
    """
    if not path.exists():
        return []
    found = []
    for block in read_yaml(path)["nlu"]:
        if "intent" in block:
            found += [Wording(text, block["intent"], language) for text in _examples(block["examples"])]
    return found


def _examples(examples: str | list[dict[str, str]]) -> Iterator[str]:
    """Lines that begin with a dash, or, as Rasa writes them where a text holds a backslash, one object each."""
    lines = examples.splitlines() if isinstance(examples, str) else [f"- {one['text']}" for one in examples]
    yield from (line[2:].strip() for line in lines if line.startswith("- "))


def article_questions(data: Path) -> Iterator[Wording]:
    """Questions of the knowledge base that count as wordings."""
    for article in shop_articles(data):
        most = _UNKNOWN_QUESTIONS if article.article_id == UNANSWERABLE else _KNOWN_QUESTIONS
        intent = "product_question" if article.article_id.startswith(ATTRIBUTE) else "policy_question"
        for question in article.questions[:most]:
            yield Wording(question, intent, article.language)


def training_wordings(data: Path) -> list[Wording]:
    """All that the bot is trained on.

    Args:
        data: the project's data folder.
    """
    found = []
    for language in LANGUAGES:
        found += read(data / "nlu" / f"{language}.yml", language)
        found += read(data / "nlu" / REVIEWED / f"{language}.yml", language)
    return [*found, *article_questions(data)]


def known_intents(data: Path) -> frozenset[str]:
    """Every intent that the bot is trained on.

    Args:
        data: the project's data folder.
    """
    path = data / "nlu" / "en.yml"
    return _intents_of(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _intents_of(path: Path, changed: int) -> frozenset[str]:
    """The intents of a file as it is since it was changed last: to parse it takes tens of milliseconds."""
    return frozenset(one.intent for one in read(path, "en"))


def languages_of_phrases(data: Path, entities: Mapping[str, str]) -> dict[tuple[str, str], set[str]]:
    """The phrases of the `synonym` blocks and the entities that they name, with the languages that say so: "casse" is a speaker in Italian alone.

    Args:
        data: the project's data folder.
        entities: by value, of which entity it is one.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for language in LANGUAGES:
        for block in read_yaml(data / "nlu" / f"{language}.yml")["nlu"]:
            if entity := entities.get(block.get("synonym")):
                for phrase in _examples(block["examples"]):
                    found.setdefault((phrase, entity), set()).add(language)
    return found


def kinds_of_products(data: Path) -> dict[str, list[str]]:
    """The products that customers count among each kind, in the kind's broader sense.

    Args:
        data: the project's data folder.
    """
    told = read_yaml(data / "catalogue" / "kinds.yml")
    return {**told["kinds"], **told["broader"]}
