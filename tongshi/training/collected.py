"""Examples from the running system: answers that people wrote or approved, and answers that customers found helpful.

Order numbers, case numbers and e-mails are masked. What a person says was wrong with an answer is no example of a right one; it becomes
one when somebody has made an article with approved answers of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tongshi.language.identify import LanguageIdentifier
from tongshi.language.patterns import mask
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import Feedback
from tongshi.training.businesses import SURE, tidy
from tongshi.training.examples import Example

_HELD = 10
_NEWEST = 10_000


def collect(settings: Settings, database: Database, identify: LanguageIdentifier) -> list[Example]:
    """Approved answers with the questions that they answer, and generated answers rated helpful; every tenth is held for validation."""
    found: dict[tuple[str, str], Example] = {}
    for one in (*_approved(settings, database), *_helpful(settings, database)):
        language = identify(one.answer)
        if language.language in (one.language, None) or language.confidence < SURE:
            found.setdefault((one.question.casefold(), one.answer), one)
    return list(found.values())


def _approved(settings: Settings, database: Database) -> Iterator[Example]:
    store = KnowledgeStore(database)
    for collection in store.collections():
        for article in store.articles(collection):
            for question in article.questions if article.verbatim else ():
                yield _example(settings, article.language, question, article.text, article.language, article.text)


def _helpful(settings: Settings, database: Database) -> Iterator[Example]:
    store = ConversationStore(database)
    for rated in store.feedback(_NEWEST):
        told = _told(rated)
        trace = store.trace(told["trace"]) if told.get("trace") else None
        if trace is None or trace.outcome != "generated" or not rated.message.language:
            continue
        citation = told["citations"][0]
        yield _example(settings, rated.message.language, trace.question, citation["quote"], citation["lang"], rated.message.text)


def _told(rated: Feedback) -> dict:
    """What the channel kept with an answer: its citations and the number of its trace."""
    if not rated.helpful or rated.message is None:
        return {}
    told = rated.message.extras.get("custom") or {}
    return told if told.get("citations") else {}


def _example(settings: Settings, language: str, question: str, passage: str, written_in: str, answer: str) -> Example:
    question, passage, answer = (tidy(mask(text)) for text in (question, passage, answer))
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
        passages=(passage,),
        languages=(written_in,),
        rests=(1,),
        answer=answer,
    )
