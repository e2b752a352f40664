"""Examples from the running system: answers that people wrote or approved, and answers that customers found helpful.

Order numbers, telephone numbers, e-mails and the like are masked, and questions in which somebody says who they are left out. What a person
says was wrong with an answer is no example of a right one; it becomes one when somebody has made an article with approved answers of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from tongshi.language.identify import LanguageIdentifier
from tongshi.language.masking import introduces_a_name, masked
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import Feedback
from tongshi.training.businesses import SURE, Question, Reading, drop_repetitions, label, numbers, tidy
from tongshi.training.examples import Example

_HELD = 10
_NEWEST = 10_000


def collect(settings: Settings, database: Database, identify: LanguageIdentifier, reading: Reading) -> list[Example]:
    """Approved answers with the questions that they answer, and generated answers rated helpful; every tenth is held for validation.

    Args:
        identify: for the language check.
        reading: of the written businesses. Of two questions that are nearly the same one is left out, here or there; it is told
            there, as is what else is left out.
    """
    found: dict[Question, Example] = {}
    for one in (*_approved(settings, database), *_helpful(settings, database)):
        question = Question(one.business, one.split, one.language, one.kind, one.question, one.answer)
        if why := _unfit(one, identify):
            reading.left_out.append((label(question), why))
        else:
            found.setdefault(question, one)
    kept = drop_repetitions(reading, found)
    return [one for question, one in found.items() if question in kept]


def _unfit(one: Example, identify: LanguageIdentifier) -> str:
    """Why an example is left out; empty where it is not."""
    language = identify(one.answer)
    if language.language not in (one.language, None) and language.confidence >= SURE:
        return f"reads as {language.language}, not {one.language}"
    if introduces_a_name(one.question):
        return "says who asks"
    odd = numbers(one.answer) - numbers(" ".join((one.question, *one.passages)))
    return f"{', '.join(sorted(odd))} stands in none of its passages" if odd else ""


def _approved(settings: Settings, database: Database) -> Iterator[Example]:
    store = KnowledgeStore(database)
    for collection in store.collections():
        for article in store.articles(collection):
            for question in article.questions if article.verbatim else ():
                yield _example(settings, article.language, question, [(article.language, article.text)], article.text)


def _helpful(settings: Settings, database: Database) -> Iterator[Example]:
    store = ConversationStore(database)
    for rated in store.feedback(_NEWEST):
        told = _told(rated)
        trace = store.trace(told["trace"]) if told.get("trace") else None
        if trace is None or trace.outcome != "generated" or not rated.message.language:
            continue
        yield _example(settings, rated.message.language, trace.question, _cited(told["citations"]), rated.message.text)


def _told(rated: Feedback) -> dict:
    """What the channel kept with an answer: its citations and the number of its trace."""
    if not rated.helpful or rated.message is None:
        return {}
    told = rated.message.extras.get("custom") or {}
    return told if told.get("citations") else {}


def _cited(citations: Iterable[dict]) -> list[tuple[str, str]]:
    """What an answer rests on, each article's words with their language: its sentences may rest on different ones."""
    quotes: dict[tuple[str, str], dict[str, None]] = {}
    for one in citations:
        quotes.setdefault((one["article"], one["lang"]), {})[one["quote"]] = None
    return [(language, " ".join(told)) for (_, language), told in quotes.items()]


def _example(settings: Settings, language: str, question: str, passages: list[tuple[str, str]], answer: str) -> Example:
    question, answer = tidy(masked(question)), tidy(masked(answer))
    digest = hashlib.sha256(f"{question}\n{answer}".encode()).hexdigest()
    return Example(
        id=f"collected-{digest[:12]}",
        business="collected",
        shop=settings.shop,
        split="validation" if int(digest[:8], 16) % _HELD == 0 else "train",
        language=language,
        kind="plain",
        case="collected",
        question=question,
        passages=tuple(tidy(masked(text)) for _, text in passages),
        languages=tuple(written_in for written_in, _ in passages),
        rests=tuple(range(1, len(passages) + 1)),
        answer=answer,
    )
