"""Drafts by the language model, for a person to approve: translations of articles, and similar questions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from babel import Locale

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import Article
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.segment import sentences
from tongshi.language.text import fold
from tongshi.llm.checks import differences, is_in_language
from tongshi.llm.client import ChatClient

_PROMPTS = Path(__file__).with_name("drafting.yml")
_PIECE = 900
_SECONDS = 120.0
_MOST_TOKENS = 800
_TITLE_TOKENS = 60
_ATTEMPTS = 2
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)、．])\s*")
_LONGEST_QUESTION = 300


@dataclass(frozen=True)
class Translation:
    """A draft.

    Attributes:
        differences: what an editor should look at: figures, codes, addresses and names of one text that the other has not, and what is
            not in the language.
    """

    title: str
    text: str
    differences: list[str] = field(default_factory=list)


class Drafter:
    """Has the language model draft.

    Args:
        model: the language model.
        identify: tells whether what it writes is in the right language.

    Attributes:
        before_model: called before the model is asked, e.g. to start it.
    """

    def __init__(self, model: ChatClient, identify: LanguageIdentifier) -> None:
        self.model = model
        self.before_model: Callable[[], None] = lambda: None
        self._identify = identify
        self._prompts = yaml.safe_load(_PROMPTS.read_text("utf-8"))

    def translate(self, article: Article, language: str) -> Translation:
        """Translate an article, paragraph by paragraph.

        Raises:
            Unavailable: the language model does not answer.
        """
        prompt = self._prompts["translate"].format(language=_name(language))
        title = self._translated(prompt, article.title, language, _TITLE_TOKENS)
        text = "\n\n".join(self._translated(prompt, piece, language, _MOST_TOKENS) for piece in _pieces(article.text))
        differences = self._differences(article, f"{title}\n\n{text}", language)
        return Translation(" ".join(title.lstrip("# ").split()), text, differences)

    def _translated(self, prompt: str, text: str, language: str, most_tokens: int) -> str:
        """A paragraph in a language; where what comes is in another, it is asked for once more, with that said."""
        found, hint = "", ""
        for _ in range(_ATTEMPTS):
            found = self._ask(prompt + hint, text, most_tokens)
            if found and is_in_language(found, language, self._identify):
                break
            hint = f" Write in {_name(language)}."
        return found

    def _differences(self, article: Article, translation: str, language: str) -> list[str]:
        original = f"{article.title}\n\n{article.text}"
        found = [f"only in the translation: {one}" for one in differences(translation, language, original, article.language)]
        found += [f"only in the original: {one}" for one in differences(original, article.language, translation, language)]
        for paragraph in translation.split("\n\n"):
            if not is_in_language(paragraph, language, self._identify):
                found.append(f"not in {_name(language)}: {paragraph[:80]}")
        return found

    def questions(self, article: Article, number: int) -> list[str]:
        """Similar questions to an article, in its language, that it does not have yet.

        Args:
            number: how many are asked for; fewer may come.

        Raises:
            Unavailable: the language model does not answer.
            TongshiError: nothing that it wrote will do.
        """
        prompt = self._prompts["questions"].format(language=_name(article.language), number=number)
        reply = self._ask(prompt, f"{article.title}\n\n{article.text}"[: 3 * _PIECE], _MOST_TOKENS)
        known = {fold(question) for question in article.questions}
        found = []
        for line in reply.split("\n"):
            question = " ".join(_BULLET.sub("", line).strip(' "“”„«»').split())
            if self._is_new(question, article.language, known):
                known.add(fold(question))
                found.append(question)
        if not found:
            raise TongshiError(
                f"The language model wrote no question in {_name(article.language)} that is new; try again, or write some."
            )
        return found[:number]

    def _is_new(self, question: str, language: str, known: set[str]) -> bool:
        if not 0 < len(question) <= _LONGEST_QUESTION or fold(question) in known or question.endswith((":", "：")):
            return False
        return is_in_language(question, language, self._identify)

    def _ask(self, prompt: str, text: str, most_tokens: int) -> str:
        self.before_model()
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
        return "".join(self.model.stream(messages, deadline=time.monotonic() + _SECONDS, most_tokens=most_tokens)).strip()


def _name(language: str) -> str:
    return Locale("en").languages[language]


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs, those that are long in parts that the model takes in well."""
    for paragraph in text.split("\n\n"):
        piece = ""
        for line in paragraph.split("\n"):
            for place, part in enumerate(sentences(line) if len(line) > _PIECE else [line]):
                if piece and len(piece) + len(part) > _PIECE:
                    yield piece
                    piece = ""
                piece = f"{piece}{' ' if place else chr(10)}{part}".strip()
        if piece:
            yield piece


def make_drafter(settings) -> Drafter:
    """The drafter of the settings."""
    return Drafter(ChatClient(settings.llm_address, settings.llm, settings.llm_key), get_identifier())
