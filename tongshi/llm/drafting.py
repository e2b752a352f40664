"""Drafts by the language model, for a person to approve: translations of articles, similar questions, wordings to train on."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tongshi.errors import TongshiError, Unavailable
from tongshi.files import read_yaml
from tongshi.knowledge.articles import UNANSWERABLE, Article
from tongshi.knowledge.editing import Editor, Entry
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.text import fold
from tongshi.llm.checks import differences, is_in_language
from tongshi.llm.client import read_reply
from tongshi.llm.models import LanguageModel
from tongshi.llm.translation import Translator, make_translator, name_of, paragraphs
from tongshi.settings import Settings
from tongshi.storage.database import Database
from tongshi.storage.models import APPROVED

_PROMPTS = Path(__file__).with_name("drafting.yml")
_LONGEST = 2700
_SECONDS = 120.0
_MOST_TOKENS = 800
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)、．])\s*")
_LONGEST_LINE = 300


@dataclass(frozen=True)
class ArticleTranslation:
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
        translator: makes the translations.
    """

    def __init__(self, model: LanguageModel, identify: LanguageIdentifier, translator: Translator) -> None:
        self.model = model
        self._identify = identify
        self._translator = translator
        self._prompts = read_yaml(_PROMPTS)

    def translate(self, article: Article, language: str) -> ArticleTranslation:
        """Translate an article, paragraph by paragraph. What fails its checks is drafted all the same: a person goes over it.

        Raises:
            Unavailable: the language model does not answer.
        """
        title, text = (self._translated(one, article.language, language) for one in (article.title, article.text))
        differences = self._differences(article, f"{title}\n\n{text}", language)
        return ArticleTranslation(" ".join(title.lstrip("# ").split()), text, differences)

    def _translated(self, text: str, source: str, language: str) -> str:
        found = self._translator.translate(text, language, source, seconds=_SECONDS * len(list(paragraphs(text))))
        if not found.translated and not found.engine:
            raise Unavailable(found.problems[-1])
        return found.draft

    def _differences(self, article: Article, translation: str, language: str) -> list[str]:
        original = f"{article.title}\n\n{article.text}"
        found = [f"only in the translation: {one}" for one in differences(translation, language, original, article.language)]
        found += [f"only in the original: {one}" for one in differences(original, article.language, translation, language)]
        for paragraph in translation.split("\n\n"):
            if not is_in_language(paragraph, language, self._identify):
                found.append(f"not in {name_of(language)}: {paragraph[:80]}")
        return found

    def questions(self, article: Article, number: int) -> list[str]:
        """Similar questions to an article, in its language, that it does not have yet.

        Args:
            number: how many are asked for; fewer may come.

        Raises:
            Unavailable: the language model does not answer.
            TongshiError: nothing that it wrote will do.
        """
        prompt = self._prompts["questions"].format(language=name_of(article.language), number=number)
        reply = self._ask(prompt, f"{article.title}\n\n{article.text}"[:_LONGEST])
        found = self._lines(reply, article.language, article.questions)[:number]
        if not found:
            raise TongshiError(
                f"The language model wrote no question in {name_of(article.language)} that is new; try again, or write some."
            )
        return found

    def wordings(self, examples: Sequence[str], language: str, number: int, known: Iterable[str] = ()) -> list[str]:
        """Other wordings of what customers say, for a person to choose from before anything is trained on them.

        Args:
            examples: wordings that mean the same, all in one language.
            language: theirs.
            number: how many are asked for; fewer may come.
            known: further wordings that need not come again.

        Returns:
            Wordings in that language, of which none is known and none has a figure, code or name that no example has.

        Raises:
            Unavailable: the language model does not answer.
        """
        prompt = self._prompts["wordings"].format(language=name_of(language), number=number)
        reply = self._ask(prompt, "\n".join(examples))
        named = " ".join(examples)
        new = self._lines(reply, language, [*examples, *known])
        return [one for one in new if not differences(one, language, named, language)][:number]

    def _lines(self, reply: str, language: str, known: Iterable[str]) -> list[str]:
        """Lines of a reply that will do: in the language, and each once."""
        seen = {fold(one) for one in known}
        found = []
        for line in reply.split("\n"):
            text = " ".join(_BULLET.sub("", line).strip(' "“”„«»').split())
            if self._is_new(text, language, seen):
                seen.add(fold(text))
                found.append(text)
        return found

    def _is_new(self, text: str, language: str, known: set[str]) -> bool:
        if not 0 < len(text) <= _LONGEST_LINE or fold(text) in known or text.endswith((":", "：")):
            return False
        return is_in_language(text, language, self._identify)

    def _ask(self, prompt: str, text: str) -> str:
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
        reply, is_whole = read_reply(self.model.stream(messages, deadline=time.monotonic() + _SECONDS, most_tokens=_MOST_TOKENS))
        # Of a reply that was cut, the last line is half a line.
        return (reply if is_whole else reply.rpartition("\n")[0]).strip()


def draft_translation(
    drafter: Drafter, editor: Editor, article_id: str, source: str, language: str, by: str
) -> tuple[Entry, ArticleTranslation]:
    """Keep a draft of an article in another language.

    Args:
        source: language to translate from.
        by: who asks for it.

    Raises:
        Unavailable: the language model does not answer.
        TongshiError: there is no such article, or it cannot be kept.
    """
    original = editor.entry(article_id, source).article
    drafted = drafter.translate(original, language)
    article = editor.translation(original, language, drafted.title, drafted.text)
    return editor.draft(article, by, f"drafted from {source}"), drafted


def draft_questions(
    drafter: Drafter, editor: Editor, article_id: str, language: str, number: int, by: str
) -> tuple[Entry, list[str]]:
    """Keep a draft of an article with further similar questions, which come back as well.

    Raises:
        Unavailable: the language model does not answer.
        TongshiError: there is no such article, or nothing that the model wrote will do.
        storage.knowledge.Conflict: somebody else has changed the article meanwhile.
    """
    newest = editor.entry(article_id, language).newest
    article = editor.latest(article_id, language)
    drafted = drafter.questions(article, number)
    with_them = replace(article, questions=(*article.questions, *drafted))
    return editor.draft(with_them, by, "similar questions drafted", newest), drafted


def short_of_questions(editor: Editor, fewer_than: int, language: str | None = None) -> list[Entry]:
    """Approved articles with fewer similar questions than that, in all languages or one; not those of which a draft waits already."""
    return [
        one
        for one in editor.entries(language=language, status=APPROVED)
        if one.draft is None and one.article.article_id != UNANSWERABLE and len(one.article.questions) < fewer_than
    ]


def make_drafter(settings: Settings, database: Database) -> Drafter:
    """The drafter of the settings."""
    translator = make_translator(settings, database)
    return Drafter(translator.model, get_identifier(), translator)
