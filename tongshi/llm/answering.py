"""From a question to an answer that rests on the knowledge base, or to an honest "I don't know"."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tongshi import clock
from tongshi.knowledge.base import (
    SHOP,
    Found,
    KnowledgeBase,
    Passage,
    make_knowledge_base,
)
from tongshi.knowledge.graph import Graph, make_graph
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.segment import sentences
from tongshi.llm.checks import make_checker
from tongshi.llm.checks.support import window
from tongshi.llm.citing import Citation, OnSentence, Sentence
from tongshi.llm.followups import Turn, look_up
from tongshi.llm.generating import Draft, Generator
from tongshi.llm.models import LanguageModel, make_doubter, make_model
from tongshi.llm.prompting import MOST_PASSAGES, NO_ANSWER
from tongshi.llm.rendering import render
from tongshi.llm.repeated import Repeated, question_key
from tongshi.llm.server import installed_adapter
from tongshi.llm.translation import Translator, make_translator
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.models import Trace

_RIVAL = 0.25
_SURE_OF_LANGUAGE = 0.8
_PERHAPS = 0.2
"""Probability of the best passage below which nobody is asked whether it answers after all."""

UNTUNED = 0.65
"""Probability of the best passage up to which a model without an adapter of ours is believed when it says that it does not know: it says so
of about every other question that its passages answer, and of nearly every one that they do not, see docs/answers.md."""

TUNED = 0.8
"""The same of a model with an adapter of ours. It says so of one in five questions that its passages answer (a) and of seven in eight that they do
not (b), so that it is likelier right where the probability is below b / (a + b); counted over the replies of `tongshi finetune gate --sample 9`."""


@dataclass(frozen=True)
class Answer:
    """What is sent to the customer.

    Attributes:
        text: empty where the outcome is `unknown`.
        language: of `text`.
        outcome: `approved` (an editor's own words for this question), `generated`, `quoted`, `unknown`.
        citations: what its sentences rest on, each once, in their order.
        seconds: from question to answer, without loading.
        about_product: whether it could not be answered because no product was named.
        trace_id: of the record of how it came about, where one was kept.
    """

    text: str
    language: str
    outcome: str
    citations: tuple[Citation, ...] = ()
    seconds: float = 0.0
    about_product: bool = False
    trace_id: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Answerer:
    """Answers questions from the knowledge base.

    A passage in the customer's own language is quoted: its words are an editor's and need no check. One in another language is put into it
    sentence by sentence, each released once its translation is checked. One that cannot be put into it is left out, unless the answer would
    say something else without it: then it stands in the passage's own words, or, where nothing has been released yet, the language model
    writes an answer from the passages. That is checked likewise against what it rests on; what fails is written again once; where it fails
    again, what was released stands, and where that is nothing the passage itself is quoted. Where search is not sure, of a foreign passage or
    in a collection without similar questions, and the model says that the passages hold no answer, none is given; where search finds none that is
    likely enough there, and the model is sure that the best one answers, it does. What it wrote without a
    fault, and whether it found an answer, is kept for the same question until its passages change.

    Args:
        knowledge: where answers are looked for.
        model: the language model, or None to quote only.
        identify: tells whether a reply is in the right language.
        shop: the shop's name, for the prompts.
        mode: `auto` as above; `quote` never asks the model; `generate` has it write every answer.
        deadline: seconds that an answer may take.
        traces: where it is kept how answers came about.
        graph: answers what no single passage of the shop's says; None: such questions are searched for like any other.
        believed_up_to: probability of the best passage up to which the model is believed when it says that it does not know; where search is
            surer than that, the passage is given.
        translator: puts passages into other languages; None: answers to foreign passages are written by the model.
        doubter: the model as it is asked whether a passage answers that search is not sure of; None: such a passage is not given.

    Attributes:
        models: the language model as it is asked to answer and to translate.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        model: LanguageModel | None,
        identify: LanguageIdentifier,
        shop: str,
        mode: str = "auto",
        deadline: float = 20.0,
        traces: ConversationStore | None = None,
        graph: Graph | None = None,
        believed_up_to: float = 1.0,
        translator: Translator | None = None,
        doubter: LanguageModel | None = None,
    ) -> None:
        self._knowledge = knowledge
        self.models = [one for one in (model, translator.model if translator else None, doubter) if one]
        self._identify = identify
        self._checker = make_checker(identify) if model else None
        self._generator = Generator(model, self._checker, shop) if model else None
        self._doubter = Generator(doubter, self._checker, shop) if model and doubter else None
        self._translator = translator
        self._mode = mode
        self._deadline = deadline
        self._traces = traces
        self._graph = graph
        self._believed_up_to = believed_up_to
        self._repeated: Repeated[tuple[Answer, tuple[Sentence, ...]]] = Repeated()
        self._verdicts: Repeated[bool] = Repeated()
        self._second_looks: Repeated[bool] = Repeated()

    def warm_up(self, collection: str = SHOP) -> None:
        """Load all that the first question would wait for."""
        self._knowledge.search("?", "en", collection)
        if self._graph is not None and collection == SHOP:
            self._graph.warm_up()

    def answer(
        self,
        question: str,
        language: str,
        *,
        history: Sequence[Turn] = (),
        collection: str = SHOP,
        sender: str | None = None,
        on_sentence: OnSentence = lambda sentence: None,
        gone: threading.Event | None = None,
    ) -> Answer:
        """Answer one question.

        Args:
            question: as the customer put it.
            language: that the answer is wanted in.
            history: what was said before, oldest first; a question that hangs on it is looked up together with it.
            collection: which knowledge to ask.
            sender: the conversation, for the trace.
            on_sentence: called with each sentence as soon as it may be shown; what it was called with is never taken back.
            gone: set once nobody waits for the answer any more: the language model stops.
        """
        began = time.monotonic()
        query, found = look_up(self._knowledge, question, language, history, collection)
        asked = [turn.text for turn in reversed(history) if turn.author == "customer"]
        found = self._at_place(found, (query, *asked), language, collection)
        approved = found.confident and found.passages[0].verbatim
        if not approved and (linked := self._linked(query, language, collection)):
            self._hand_over(linked, on_sentence)
            return self._kept(linked, query, found, began, sender)
        deadline = began + self._deadline
        doubted = not found.confident
        if doubted and not self._answers_after_all(query, language, found, deadline, gone):
            return self._kept(Answer("", language, "unknown", about_product=found.about_product), query, found, began, sender)
        best = found.passages[0]
        # It is the best passage alone that the model is then sure of.
        passages = [best] if doubted else self._relevant(found)
        if best.verbatim:
            answer = self._quote([best], "approved")
        elif self._mode == "quote" or not self._generator:
            answer = self._quote(self._same_answer(found))
        elif self._mode == "generate":
            answer = self._written(query, language, passages, deadline, on_sentence, gone)
        elif not doubted and self._denies(query, language, found, deadline, gone):
            answer = Answer("", language, "unknown", details={"unknowing": NO_ANSWER})
        elif best.language == language:
            answer = self._quote(self._same_answer(found))
        else:
            answer = self._foreign(query, language, passages, deadline, on_sentence, gone)
        if answer.outcome in ("approved", "quoted"):
            self._hand_over(answer, on_sentence)
        if doubted:
            answer = replace(answer, details={**answer.details, "second_look": True})
        return self._kept(answer, query, found, began, sender)

    def describe(self, sku: str, language: str) -> Answer:
        """What the catalogue says of a product."""
        passage = self._knowledge.summary(sku, language)
        return self._quote([passage]) if passage else Answer("", language, "unknown")

    def _linked(self, question: str, language: str, collection: str) -> Answer | None:
        """What the graph says to a question that takes several relations, with the path it took among the details.

        None where an article that would be cited is not live: nobody vouches any more for what it said.
        """
        if self._graph is None or collection != SHOP:
            return None
        passage = self._graph.answer(question, language, self._tongue(question, language))
        if passage is None:
            return None
        articles = [self._knowledge.article(one, language) for one in passage.citations]
        if not all(articles):
            return None
        citations = tuple(Citation(one.article, one.text, one.language, one.title) for one in articles)
        details = {"path": list(passage.path), "score": round(passage.score, 3)}
        return Answer(passage.text, language, "quoted", citations, details=details)

    def _tongue(self, question: str, language: str) -> str:
        """The language that a question is surely in, else that of the answer."""
        found = self._identify(question)
        return found.language if found.language and found.confidence >= _SURE_OF_LANGUAGE else language

    def _at_place(self, found: Found, said: Sequence[str], language: str, collection: str) -> Found:
        """What was found, with the article of the place that is spoken of in the stead of that of another.

        Args:
            said: the question and what was said before it, newest first.
        """
        if self._graph is None or collection != SHOP or not found.confident or found.passages[0].verbatim:
            return found
        best, *rest = found.passages
        right = self._graph.elsewhere(best.article, said, self._tongue(said[0], language))
        passage = self._knowledge.article(right, language) if right else None
        if passage is None:
            return found
        others = [one for one in rest if one.article != right]
        right_passage = replace(passage, score=best.score, text=" ".join(passage.text.lstrip("# ").split()))
        return replace(found, passages=[right_passage, *others])

    @staticmethod
    def _relevant(found: Found) -> list[Passage]:
        return [passage for passage in found.passages[:MOST_PASSAGES] if passage.score >= _RIVAL]

    @staticmethod
    def _same_answer(found: Found) -> list[Passage]:
        """The best passage, with the others of a product question that speak of several products."""
        best = found.passages[0]
        return [one for one in found.passages if one.score == best.score] if best.article.startswith("product:") else [best]

    @staticmethod
    def _quote(passages: Sequence[Passage], outcome: str = "quoted") -> Answer:
        citations = tuple(Citation(one.article, one.text, one.language, one.title) for one in passages)
        between = "\n\n" if any("\n" in one.text for one in passages) else " "
        return Answer(between.join(one.text for one in passages), passages[0].language, outcome, citations)

    @staticmethod
    def _hand_over(answer: Answer, on_sentence: OnSentence) -> None:
        """An editor's words, whole."""
        on_sentence(Sentence(answer.text, next(iter(answer.citations), None)))

    def _answers_after_all(
        self, question: str, language: str, found: Found, deadline: float, gone: threading.Event | None
    ) -> bool:
        """Whether the model is sure that the best passage answers, where search is not, in a collection without similar questions."""
        if self._doubter is None or self._mode == "quote" or found.by_questions or found.about_product or found.unanswerable:
            return False
        best = found.passages[:1]
        if not best or best[0].score < _PERHAPS:
            return False
        key = question_key(question, language, best)
        if (knows := self._second_looks.get(key)) is None:
            knows = self._doubter.knows(question, language, best, deadline, gone)
            if knows is not None:
                self._second_looks.keep(key, knows)
        return knows is True

    def _denies(self, question: str, language: str, found: Found, deadline: float, gone: threading.Event | None) -> bool:
        """Whether the model says that the passages hold no answer, where search is less likely to be right than it."""
        best = found.passages[0]
        # A model that is to write the answer says so itself.
        is_asked = self._translator is not None if best.language != language else not found.by_questions
        if best.score > self._believed_up_to or not is_asked:
            return False
        passages = self._relevant(found)
        key = question_key(question, language, passages)
        knows = self._verdicts.get(key)
        if knows is None:
            knows = self._generator.knows(question, language, passages, deadline, gone)
            if knows is not None:
                self._verdicts.keep(key, knows)
        return knows is False

    def _foreign(
        self,
        question: str,
        language: str,
        passages: list[Passage],
        deadline: float,
        on_sentence: OnSentence,
        gone: threading.Event | None,
    ) -> Answer:
        """The best passage in the customer's language, else what the model writes.

        A sentence that cannot be put into it and that the answer must not lack stands as it is; where it is the first one, the model writes.
        """
        best = passages[0]
        released: list[Sentence] = []
        left_out: list[str] = []
        needed = self._needed(question, best) if self._translator else set()
        rendered = render(best, language, self._translator, self._checker, deadline, gone) if self._translator else ()
        for original, sentence in rendered:
            if sentence is None:
                left_out.append(original)
                if original not in needed:
                    continue
                if not released:
                    break
                sentence = Sentence(original, Citation(best.article, original, best.language, best.title))
            released.append(sentence)
            on_sentence(sentence)
        if released:
            return self._generated(released, language, {"rendered": True, **({"not_translated": left_out} if left_out else {})})
        return self._written(question, language, passages, deadline, on_sentence, gone)

    def _needed(self, question: str, passage: Passage) -> set[str]:
        """Sentences of a passage without which an answer may say something else: the one nearest to the question, and any that has a figure or
        turns what is said."""
        found = sentences(passage.text)
        needed = {found[self._checker.nearest(question, found)]} if found else set()
        for one in found:
            said = window(one, one, passage.language)
            if said.quantities or said.cues["not"] or said.cues["both"]:
                needed.add(one)
        return needed

    def _written(
        self,
        question: str,
        language: str,
        passages: list[Passage],
        deadline: float,
        on_sentence: OnSentence,
        gone: threading.Event | None,
    ) -> Answer:
        """The answer that the model wrote to the same question, else the one that it writes."""
        key = question_key(question, language, passages)
        if (kept := self._repeated.get(key)) is not None:
            answer, shown = kept
            for sentence in shown:
                on_sentence(sentence)
            return replace(answer, details={**answer.details, "repeated": True})
        released: list[Sentence] = []

        def release(sentence: Sentence) -> None:
            released.append(sentence)
            on_sentence(sentence)

        draft = self._generator.write(question, language, passages, deadline, release, gone)
        answer = self._answer_of(draft, language, passages)
        if released and draft.whole:
            self._repeated.keep(key, (answer, tuple(released)))
        return answer

    def _answer_of(self, draft: Draft, language: str, passages: Sequence[Passage]) -> Answer:
        """What the model wrote; where nothing of it passed the passage itself, or nothing where it says that it does not know."""
        details = {"checks": draft.checks, **({"unknowing": draft.unknowing} if draft.unknowing else {})}
        if draft.sentences:
            return self._generated(draft.sentences, language, {"checks": draft.checks, "whole": draft.whole})
        if draft.unknowing and passages[0].score <= self._believed_up_to:
            return Answer("", language, "unknown", details=details)
        return replace(self._quote(passages[:1]), details=details)

    @staticmethod
    def _generated(sentences: Sequence[Sentence], language: str, details: dict[str, Any]) -> Answer:
        citations = tuple(dict.fromkeys(one.citation for one in sentences if one.citation))
        return Answer(" ".join(one.text for one in sentences), language, "generated", citations, details=details)

    def _kept(self, answer: Answer, query: str, found: Found, began: float, sender: str | None) -> Answer:
        seconds = time.monotonic() - began
        trace_id = None
        if self._traces and sender:
            details = {
                **answer.details,
                "passages": [
                    {"article": one.article, "lang": one.language, "score": round(one.score, 3)} for one in found.passages
                ],
                "language": answer.language,
            }
            trace = Trace(sender=sender, question=query, outcome=answer.outcome, seconds=seconds, at=clock.now(), details=details)
            self._traces.add(trace)
            trace_id = trace.trace_id
        return Answer(
            answer.text,
            answer.language,
            answer.outcome,
            answer.citations,
            seconds,
            answer.about_product,
            trace_id,
            answer.details,
        )


def make_answerer(settings: Settings, database: Database, knowledge: KnowledgeBase | None = None) -> Answerer:
    """The answerer of the settings.

    Args:
        knowledge: where a process has made it already.
    """
    model = make_model(settings, to_answer=True)
    return Answerer(
        knowledge or make_knowledge_base(settings, database),
        model,
        get_identifier(),
        settings.shop,
        settings.answer_mode,
        settings.answer_deadline,
        ConversationStore(database),
        make_graph(settings, database),
        believed_up_to(settings),
        make_translator(settings, database),
        make_doubter(settings),
    )


def believed_up_to(settings: Settings) -> float:
    """Up to which probability of the best passage the settings' model is believed when it says that it does not know."""
    if settings.llm_url:
        return 1.0
    return TUNED if installed_adapter(settings) else UNTUNED
