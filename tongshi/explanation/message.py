"""Why a message was understood as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tongshi.errors import TongshiError
from tongshi.explanation.neighbours import Neighbour, make_nearest_wordings
from tongshi.explanation.words import Parse, Word, decisive_words, real_ranking
from tongshi.files import read_yaml
from tongshi.language.text import clean
from tongshi.nlu.pipeline import configured
from tongshi.settings import Settings
from tongshi.storage.models import NOT_UNDERSTOOD

_NEAR = 0.75
"""Cosine from which a training wording says much the same as a message."""

_FAR = 0.5
"""Cosine below which none of the training wordings has to do with it."""

_TELLING = 0.01
"""Probability that a word must move to be named."""

_BESIDE_THE_STRONGEST = 0.15
"""Share of the strongest word's weight that a word must have to be named beside it."""

_MOST_NAMED = 4


@dataclass(frozen=True)
class Explanation:
    """What the bot made of a message, and why.

    Attributes:
        intent: what it was taken for; `nlu_fallback` where nothing was likely enough.
        ranking: intents with probabilities, likeliest first, without the fallback.
        threshold: probability that the first must reach.
        words: the message's words in order, with what each did to the first intent and to the second.
        neighbours: training wordings, nearest first; to the part that decided, if one did.
        part: the part of the message for which all of it was taken; None where it was taken as a whole.
        cut_short: whether the words rest on fewer trials than usual, since time was short.
    """

    text: str
    language: str
    intent: str
    ranking: list[tuple[str, float]]
    threshold: float
    words: list[Word]
    neighbours: list[Neighbour]
    part: str | None = None
    cut_short: bool = False

    @property
    def is_fallback(self) -> bool:
        return self.intent == NOT_UNDERSTOOD

    @property
    def best(self) -> tuple[str, float]:
        return self.ranking[0] if self.ranking else (NOT_UNDERSTOOD, 0.0)

    @property
    def runner_up(self) -> tuple[str, float] | None:
        return self.ranking[1] if len(self.ranking) > 1 else None

    def sentences(self) -> list[str]:
        """The explanation in plain words."""
        return [*self._taken_for(), *self._decided(), *self._rival(), *self._taught()]

    def _taken_for(self) -> list[str]:
        name, likely = self.best
        if not self.is_fallback:
            said = [f"The bot believes that the customer {wish(name)} ({name}), and is {percent(likely)} sure."]
            return [*said, f"It took the whole message for what one part of it says: “{self.part}”."] if self.part else said
        said = [
            f"The bot did not understand this message: its best guess, that the customer {wish(name)} ({name}), reaches only "
            f"{percent(likely)}, and it acts on a guess from {percent(self.threshold)} on."
        ]
        nearest = self.neighbours[0] if self.neighbours else None
        if nearest is None or nearest.similarity < _FAR:
            said.append("Nothing that it was taught comes near to this message.")
        elif len({one.intent for one in self.neighbours if one.similarity >= nearest.similarity - 0.05}) > 1:
            said.append("The most similar things that it was taught mean different things, so that it could not decide.")
        elif nearest.similarity < _NEAR:
            said.append("It was taught similar things, but none that says the same.")
        else:
            said.append("It was taught nearly the same wording, but the other words of the message spoke against it.")
        if len(self.words) <= 2:
            said.append("The message is very short: there is little to go by.")
        return said

    def _decided(self) -> list[str]:
        name, _ = self.best
        said = []
        if speak_for := self._telling(lambda word: word.weight):
            said.append(f"What spoke for it most: {_listed(speak_for)}.")
        if speak_against := self._telling(lambda word: -word.weight):
            said.append(f"What spoke against it: {_listed(speak_against)}.")
        if not said and self.words:
            said.append("No single word decided; it is the message as a whole.")
        for word in [one for one in self.words if one.without][:2]:
            other, likely = word.without
            if other == NOT_UNDERSTOOD:
                said.append(f"Without “{word.text}” the bot would not have understood the message.")
                continue
            said.append(
                f"Without “{word.text}” the bot would believe that the customer {wish(other)} ({other}, {percent(likely)})."
            )
        if self.cut_short:
            said.append("There was no time to try its words as often as usual, so that their weights are rough.")
        return said

    def _rival(self) -> list[str]:
        if not self.runner_up or self.runner_up[1] < 0.01:
            return ["No other meaning came into question."] if not self.is_fallback else []
        name, likely = self.runner_up
        sentence = f"The next best guess, with {percent(likely)}: the customer {wish(name)} ({name})"
        speak_for = self._telling(lambda word: word.rival)
        return [f"{sentence}; {_listed(speak_for)} spoke for that." if speak_for else f"{sentence}."]

    def _taught(self) -> list[str]:
        if not self.neighbours:
            return []
        nearest = self.neighbours[0]
        same = "" if nearest.intent == self.best[0] else ", another meaning than the one that the bot chose"
        what = "The nearest thing to that part that it was taught" if self.part else "The nearest thing that it was taught"
        return [f"{what}: “{nearest.text}” ({nearest.intent}, {percent(nearest.similarity)} alike){same}."]

    def _telling(self, weight: Callable[[Word], float]) -> list[str]:
        strongest = max((abs(one.weight) for one in self.words), default=0.0)
        least = max(_TELLING, _BESIDE_THE_STRONGEST * strongest)
        words = sorted((one for one in self.words if weight(one) >= least), key=weight, reverse=True)
        return list(dict.fromkeys(one.text for one in words))[:_MOST_NAMED]

    def as_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "language": self.language,
            "intent": self.intent,
            "confidence": self.best[1],
            "threshold": self.threshold,
            "ranking": [{"intent": name, "confidence": likely} for name, likely in self.ranking],
            "words": [one.as_dict() for one in self.words],
            "neighbours": [one.as_dict() for one in self.neighbours],
            "part": self.part,
            "cut_short": self.cut_short,
            "plain": self.sentences(),
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Explanation:
        """The explanation that `as_dict` told of."""
        words = [Word(**{**one, "without": one["without"] and tuple(one["without"])}) for one in told["words"]]
        return cls(
            told["text"],
            told["language"],
            told["intent"],
            [(one["intent"], one["confidence"]) for one in told["ranking"]],
            told["threshold"],
            words,
            [Neighbour(**one) for one in told["neighbours"]],
            told["part"],
            told["cut_short"],
        )


class Explainer:
    """Explains messages.

    Args:
        parse: asks the bot.
        nearest: finds training wordings.
        threshold: probability from which the bot acts on an intent.
        language: of a message whose own does not show.
    """

    def __init__(self, parse: Parse, nearest: Callable[[str], list[Neighbour]], threshold: float, language: str) -> None:
        self._parse = parse
        self._nearest = nearest
        self._threshold = threshold
        self._language = language

    def __call__(self, text: str) -> Explanation:
        """Why a message is understood as it is; it takes some seconds, some more for a long one.

        Raises:
            TongshiError: there is nothing to read in it.
        """
        text = clean(text)
        if not text:
            raise TongshiError("There is nothing to read in this message.")
        parsed = self._parse([text])[0]
        language = parsed["language"]["code"] or self._language
        words, cut_short = decisive_words(text, language, self._parse)
        part = parsed.get("deciding_part")
        return Explanation(
            text,
            language,
            parsed["intent"]["name"],
            real_ranking(parsed),
            self._threshold,
            words,
            self._nearest(part or text),
            part,
            cut_short,
        )


def make_explainer(settings: Settings, parse: Parse) -> Explainer:
    """The explainer of the settings and of config.yml."""
    threshold = configured("FallbackClassifier", "threshold")
    return Explainer(parse, make_nearest_wordings(settings), threshold, settings.language)


def wish(intent: str) -> str:
    """What a customer does or wants who is understood so, to go on after "the customer"."""
    return _wishes().get(intent, f"means “{intent}”")


@cache
def _wishes() -> dict[str, str]:
    return read_yaml(Path(__file__).with_name("intents.yml"))


def percent(share: float) -> str:
    """E.g. "97 %"; what is almost certain is not called certain."""
    value = round(share * 100)
    if value == 100 and share < 1:
        return "over 99 %"
    return f"{value} %" if value else "under 1 %"


def _listed(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
