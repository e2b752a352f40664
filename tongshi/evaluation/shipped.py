"""Answers to questions on businesses that no training saw, as whoever imports a collection gets them: searched for, abstained from, put into
the customer's language, checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import track

from tongshi.evaluation.collections import empty_knowledge
from tongshi.evaluation.generation import Item, Reply, Report, model_of, of_businesses, rows, sampled
from tongshi.knowledge.articles import Article
from tongshi.language.identify import get_identifier
from tongshi.llm.answering import Answerer, believed_up_to
from tongshi.llm.server import installed_adapter
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.settings import Settings
from tongshi.training.businesses import Business, read

_DEADLINE = 600.0
_ELSEWHERE = -1
VARIANT = "shipped"


def report(settings: Settings, sample: int | None = None) -> Report:
    """Ask the whole answerer what customers of the unseen businesses ask, of a collection without similar questions.

    Args:
        sample: questions a language; all by default. Replies of the model are kept on disk, so that an interrupted run goes on.
    """
    items = sampled(of_businesses(settings, "test"), sample)
    with _answerers(settings) as answerers:
        replies = [
            _reply(item, *answerers[item.shop])
            for item in track(items, "questions", console=Console(stderr=True), transient=True)
        ]
    notes = f"{len(items)} questions on businesses never trained on, mode {settings.answer_mode}; {settings.llm}."
    return Report("Answers on unseen businesses", "right", rows(items, {VARIANT: replies}), notes, variants=(VARIANT,))


@contextmanager
def _answerers(settings: Settings) -> Iterator[dict[str, tuple[Answerer, Business]]]:
    """An answerer for each test business, by the business' name, each with its help centre as a collection."""
    adapter = None if settings.llm_url else installed_adapter(settings)
    businesses = [
        one for one in read(settings.data / "finetune" / "businesses", get_identifier()).businesses if one.split == "test"
    ]
    with (
        empty_knowledge(settings) as knowledge,
        model_of(settings, adapter) as answering,
        model_of(settings, None) as translating,
        model_of(settings, adapter, in_doubt=True) as doubting,
    ):
        found = {}
        for business in businesses:
            knowledge.put(_articles(business), business.id)
            engine = ModelEngine(translating)
            answerer = Answerer(
                knowledge,
                answering,
                get_identifier(),
                business.name,
                settings.answer_mode,
                _DEADLINE,
                believed_up_to=believed_up_to(settings),
                translator=Translator([engine, engine], get_identifier(), (business.name,)),
                doubter=doubting if adapter else None,
            )
            found[business.name] = (answerer, business)
        yield found


def _articles(business: Business) -> list[Article]:
    return [
        Article(topic, language, business.titles[topic][language], text)
        for topic, texts in business.passages.items()
        for language, text in texts.items()
    ]


def _reply(item: Item, answerer: Answerer, business: Business) -> Reply:
    answer = answerer.answer(item.question, item.language, collection=business.id)
    topics = {text: topic for topic, texts in business.passages.items() for text in texts.values()}
    places = {topics.get(text): place for place, text in enumerate(item.texts)}
    return Reply(answer.text, frozenset(places.get(one.article, _ELSEWHERE) for one in answer.citations))
