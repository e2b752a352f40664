"""What a question is looked up with: alone, or together with the one before it, which it may hang on ("and to Japan?")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex

from tongshi.files import read_yaml
from tongshi.knowledge.base import Found, KnowledgeBase, Passage
from tongshi.llm.prompting import with_before

_CUES = Path(__file__).with_name("followups.yml")
_LONGEST = 80
"""Characters above which a question is taken to say all that it needs."""

_PLAINLY = 0.95
"""Probability from which a question says all by itself, whatever was asked before it."""

_SPOKEN = 4
"""Turns back to which a product that was spoken of may be meant."""

_FURTHEST = 3
"""Questions back to which one may hang that itself hangs on the one before it: "is it waterproof?", "and the watch?", "and the speaker?"."""


@dataclass(frozen=True)
class Turn:
    """Something said before: by the `customer` or the `bot`."""

    author: str
    text: str


def hangs_on_before(question: str, language: str) -> bool:
    """Whether a question sounds as if it hung on what was said before it."""
    return len(question) <= _LONGEST and any(cue.search(question) for cue in _cues(language))


def look_up(
    knowledge: KnowledgeBase, question: str, language: str, history: Sequence[Turn], collection: str
) -> tuple[str, Found]:
    """Look a question up.

    One that sounds as if it hung on the customer's question before it is looked up together with that, and with what that one hangs on;
    any other alone, and together only where it finds nothing and is not plainly a question without an answer: a joke wished for after a question is no follow-up.
    One about a property that leaves open of what is about what was spoken of: "do they run out?", asked after gift cards.

    Returns:
        What was looked up, and what was found.
    """
    before = [turn.text for turn in history if turn.author == "customer"]
    context = [turn.text for turn in history[-_SPOKEN:]]
    alone = knowledge.search(question, language, collection, context=context)
    if not before or len(question) > _LONGEST:
        return question, alone
    settled = alone.confident or alone.unanswerable
    if (
        settled
        and not hangs_on_before(question, language)
        or alone.confident
        and (alone.plain or _says_all(question, alone.passages[0], knowledge, language))
    ):
        return question, alone
    joined = question
    for said in reversed(before[-_FURTHEST:]):
        joined = with_before(joined, knowledge.elsewhere(question, said, language))
        together = knowledge.search(joined, language, collection, context=context, newest=question)
        if together.confident:
            is_own = not (alone.about_product or hangs_on_before(question, language))
            if (is_own or alone.unanswerable) and _answers_alone(together, knowledge.search(said, language, collection)):
                break
            return joined, together
        if not hangs_on_before(said, language):
            break
    return question, alone


def _answers_alone(together: Found, before: Found) -> bool:
    """Whether what was found is but what the question before is answered with: nothing of the newer one is in it."""
    return before.confident and (before.passages[0].article, before.passages[0].text) == (
        together.passages[0].article,
        together.passages[0].text,
    )


def _says_all(question: str, passage: Passage, knowledge: KnowledgeBase, language: str) -> bool:
    """Whether a passage answers just what was asked: an editor's answer, or what is as good as certain, unless only a product is named."""
    return passage.verbatim or passage.score >= _PLAINLY and not knowledge.names_only(question, language)


@cache
def _cues(language: str) -> tuple[regex.Pattern, ...]:
    told = read_yaml(_CUES)[language]
    greeting = r"^[\s\p{P}]*(?:ok(?:ay|ey)?[\s\p{P}]+)?"
    ending = r"[\s\p{P}]*$"
    expressions = (greeting + told["starts"], told["ends"] + ending, rf"{greeting}(?:{told['whole']}){ending}")
    return tuple(regex.compile(one, regex.I) for one in expressions)
