"""From a question to an answer that rests on the knowledge base, or to an honest "I don't know"."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import structlog

from tongshi import clock
from tongshi.errors import Unavailable
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
from tongshi.llm.checks import Checker, Problem, Verdict, make_checker
from tongshi.llm.client import Cancelled
from tongshi.llm.followups import Turn, look_up
from tongshi.llm.models import LanguageModel, make_model
from tongshi.llm.prompting import MOST_PASSAGES, NO_ANSWER, prompt
from tongshi.llm.repeated import Repeated, question_key
from tongshi.llm.server import installed_adapter
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.models import Trace

_RIVAL = 0.25
_SURE_OF_LANGUAGE = 0.8
_ATTEMPTS = 2

UNTUNED = 0.65
"""Probability of the best passage up to which a model without an adapter of ours is believed when it says that it does not know: it says so
of about every other question that its passages answer, and of nearly every one that they do not, see docs/answers.md."""

TUNED = 0.85
"""The same of a model with an adapter of ours. It says so of one in seven questions that its passages answer (a) and of four in five that they do
not (b), so that it is likelier right where the probability is below b / (a + b); see `evaluation.abstention`."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Citation:
    """What an answer rests on: the article and the words of it."""

    article: str
    quote: str
    language: str
    title: str

    def as_dict(self) -> dict[str, str]:
        return {"article": self.article, "quote": self.quote, "lang": self.language, "title": self.title}


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be shown, and what it rests on; a courtesy rests on nothing."""

    text: str
    citation: Citation | None


OnSentence = Callable[[Sentence], None]


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

    A passage in the customer's own language is quoted: its words are an editor's and need no check. Where there is none, the language
    model puts a foreign passage into the customer's language; each of its sentences is released once it is checked, with the passage's
    sentence that it rests on. What fails is written again once; where it fails again, what was released stands, and where that is
    nothing the passage itself is quoted. Where it says that the passages hold no answer, by the code word or in words of its own, none is
    given. What it wrote without a fault is given again to the same question until its passages change.

    Args:
        knowledge: where answers are looked for.
        model: the language model, or None to quote only.
        identify: tells whether a reply is in the right language.
        shop: the shop's name, for the prompts.
        mode: `auto` as above; `quote` never asks the model; `generate` asks it for every answer.
        deadline: seconds that an answer may take.
        traces: where it is kept how answers came about.
        graph: answers what no single passage of the shop's says; None: such questions are searched for like any other.
        believed_up_to: probability of the best passage up to which the model is believed when it says that it does not know; where search is
            surer than that, the passage is quoted.
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
    ) -> None:
        self._knowledge = knowledge
        self.model = model
        self._identify = identify
        self._checker: Checker = make_checker(identify)
        self._mode = mode
        self._deadline = deadline
        self._traces = traces
        self._graph = graph
        self._believed_up_to = believed_up_to
        self._shop = shop
        self._repeated: Repeated[tuple[Answer, tuple[Sentence, ...]]] = Repeated()

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
        approved = found.confident and found.passages[0].verbatim
        if not approved and (linked := self._linked(query, language, collection)):
            self._hand_over(linked, on_sentence)
            return self._kept(linked, query, found, began, sender)
        if not found.confident:
            return self._kept(Answer("", language, "unknown", about_product=found.about_product), query, found, began, sender)
        best = found.passages[0]
        if best.verbatim:
            answer = self._quote([best], "approved")
        elif self._mode != "quote" and self.model and (self._mode == "generate" or best.language != language):
            answer = self._written(query, language, self._relevant(found), began + self._deadline, on_sentence, gone)
        else:
            answer = self._quote(self._same_answer(found))
        if answer.outcome in ("approved", "quoted"):
            self._hand_over(answer, on_sentence)
        return self._kept(answer, query, found, began, sender)

    def _linked(self, question: str, language: str, collection: str) -> Answer | None:
        """What the graph says to a question that takes several relations, with the path it took among the details."""
        if self._graph is None or collection != SHOP:
            return None
        asked_in = self._identify(question)
        tongue = asked_in.language if asked_in.language and asked_in.confidence >= _SURE_OF_LANGUAGE else language
        passage = self._graph.answer(question, language, tongue)
        if passage is None:
            return None
        articles = [self._knowledge.article(one, language) for one in passage.citations]
        citations = tuple(Citation(one.article, one.text, one.language, one.title) for one in articles if one)
        details = {"path": list(passage.path), "score": round(passage.score, 3)}
        return Answer(passage.text, language, "quoted", citations, details=details)

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
        return Answer(" ".join(one.text for one in passages), passages[0].language, outcome, citations)

    @staticmethod
    def _hand_over(answer: Answer, on_sentence: OnSentence) -> None:
        """An editor's words, whole."""
        on_sentence(Sentence(answer.text, next(iter(answer.citations), None)))

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

        answer = self._generate(question, language, passages, deadline, release, gone)
        if answer.outcome == "generated" and answer.details["whole"]:
            self._repeated.keep(key, (answer, tuple(released)))
        return answer

    def _generate(
        self,
        question: str,
        language: str,
        passages: list[Passage],
        deadline: float,
        on_sentence: OnSentence,
        gone: threading.Event | None,
    ) -> Answer:
        """Have the model write the answer; one repair; else quote, or nothing where it says that it does not know.

        `details["whole"]` tells whether all that it wrote passed, `details["unknowing"]` what it said in place of an answer.
        """
        sent: list[Sentence] = []
        held: list[Sentence] = []
        checks: list[dict[str, Any]] = []
        problems: tuple[Problem, ...] = ()
        whole, unknowing = False, ""
        for attempt in range(_ATTEMPTS):
            asked = prompt(self._shop, language, [passage.text for passage in passages], question, list(map(str, problems)))
            problems = ()
            try:
                # What was released stands: the second reply goes on where the first one failed.
                for sentence in islice(self._sentences(asked, deadline, gone), len(sent) + len(held), None):
                    if is_no_answer(sentence):
                        unknowing = unknowing or ("" if attempt else sentence)
                        break
                    if self._checker.says_unknown(sentence, passages, language, question):
                        # Shown with what it leads to: "I do not know about Sundays, but from Monday to Friday …".
                        unknowing = unknowing or ("" if attempt else sentence)
                        held.append(Sentence(sentence, None))
                        continue
                    verdict = self._checker.check(sentence, passages, language, question)
                    checks.append({"sentence": sentence, **verdict.as_dict()})
                    if problems := verdict.problems:
                        break
                    held.append(Sentence(sentence, self._citation(verdict, passages)))
                    if held[-1].citation or sent:
                        # A courtesy is shown with what it leads to: alone it would be no answer.
                        sent += held
                        for one in held:
                            on_sentence(one)
                        held = []
            except Cancelled:
                break
            except Unavailable as error:
                log.warning("answer.model_unavailable", error=str(error), hint="see `tongshi llm serve` and TONGSHI_LLM_URL")
                break
            if not problems:
                whole = True
                break
        if sent:
            citations = tuple(dict.fromkeys(one.citation for one in sent if one.citation))
            text = " ".join(one.text for one in sent)
            return Answer(text, language, "generated", citations, details={"checks": checks, "whole": whole})
        details = {"checks": checks, **({"unknowing": unknowing} if unknowing else {})}
        if unknowing and passages[0].score <= self._believed_up_to:
            return Answer("", language, "unknown", details=details)
        return replace(self._quote(passages[:1]), details=details)

    @staticmethod
    def _citation(verdict: Verdict, passages: list[Passage]) -> Citation | None:
        if verdict.source is None:
            return None
        passage = passages[verdict.source]
        return Citation(passage.article, verdict.quote, passage.language, passage.title)

    def _sentences(self, messages: list[dict[str, str]], deadline: float, gone: threading.Event | None) -> Iterator[str]:
        """The model's reply, sentence by sentence."""
        text = ""
        for piece in self.model.stream(messages, deadline=deadline, gone=gone):
            text += piece
            *whole, rest = sentences(text) or [""]
            if whole:
                yield from whole
                text = text[text.rindex(rest) :]
        if text.strip():
            yield text.strip()

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


def is_no_answer(sentence: str) -> bool:
    """Whether the model says by the code word that the passages hold no answer."""
    return NO_ANSWER.replace("_", "") in sentence.upper().replace("_", "").replace(" ", "")


def make_answerer(settings: Settings, database: Database, knowledge: KnowledgeBase | None = None) -> Answerer:
    """The answerer of the settings.

    Args:
        knowledge: where a process has made it already.
    """
    model = make_model(settings, to_answer=True)
    believed_up_to = 1.0 if settings.llm_url else TUNED if installed_adapter(settings) else UNTUNED
    return Answerer(
        knowledge or make_knowledge_base(settings, database),
        model,
        get_identifier(),
        settings.shop,
        settings.answer_mode,
        settings.answer_deadline,
        ConversationStore(database),
        make_graph(settings, database),
        believed_up_to,
    )
