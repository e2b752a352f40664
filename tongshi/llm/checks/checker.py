"""One sentence of an answer against the passages that it may rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import regex

from tongshi.files import read_yaml
from tongshi.language.identify import LanguageIdentifier
from tongshi.language.segment import tokenize
from tongshi.language.text import fold
from tongshi.language.vectors import Encoder, get_encoder
from tongshi.llm.checks import names
from tongshi.llm.checks.quantities import Quantity, quantities, unsupported
from tongshi.llm.checks.support import Cutter, Window, Windows, clauses, cues, window
from tongshi.llm.checks.unknowing import is_unknowing
from tongshi.llm.checks.words import LATIN_LANGUAGES, plain, words

CALIBRATION = Path(__file__).with_name("calibration.yml")
_SURE = 0.8
_REFUSAL = 60
_FIGURES = regex.compile(r"\d+")
# Who says "I am sorry" this near to the passage's words says more than that.
_CLAIM = 0.5
# Of the sentences that say that something is not known, one in fifty is as near to its passages; of denials, three in four.
_BESIDE = 0.35


class Source(Protocol):
    """What a sentence may rest on; a `Passage` of the knowledge base is one."""

    text: str
    language: str
    title: str


@dataclass(frozen=True)
class Problem:
    """Why a sentence is held back.

    Attributes:
        kind: `language`; `figure`, `unit`, `name`, `day`: the passage does not have it; `mixed`: figures of one passage with words of
            another; `support`: no words of the passage are near; `contrary`: the nearest say the contrary.
        what: the words that are wrong, where there are such.
    """

    kind: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}" if self.what else self.kind


@dataclass(frozen=True)
class Verdict:
    """What the checks found.

    Attributes:
        problems: none where the sentence may be sent.
        source: place of the passage that the sentence rests on best; None where it claims nothing and needs none.
        quote: the passage's own sentence that says it.
        scores: what is held against `calibration.yml`: how near the nearest words are, by how much those that say the contrary lead, how
            rare the rarest word is that the passage has not, and by how much another passage's title leads.
    """

    problems: tuple[Problem, ...]
    source: int | None = None
    quote: str = ""
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        return {"passed": self.passed, "problems": [[one.kind, one.what] for one in self.problems], "source": self.source}


class Checker:
    """Checks sentences.

    Args:
        encoder: compares a sentence with the passage's across languages.
        identify: tells which language a sentence is in; None where that is not to be checked.
    """

    def __init__(self, encoder: Encoder, identify: LanguageIdentifier | None) -> None:
        self._cutter = Cutter(encoder)
        self._identify = identify

    def check(self, sentence: str, sources: Sequence[Source], language: str, question: str = "") -> Verdict:
        """Check one sentence.

        Args:
            sentence: of the answer.
            sources: passages that it may rest on.
            language: that it should be in.
            question: the customer's; names and figures of it may be repeated.
        """
        problems = []
        if self._identify and not is_in_language(sentence, language, self._identify):
            problems.append(Problem("language", language))
        claim = Claim.of(sentence, language)
        place, windows, nearness = self._nearest(self._cutter.encode([claim.proper])[0], sources)
        if claim.is_empty and nearness.max() < _CLAIM and says_nothing(sentence, language):
            return Verdict(tuple(problems))
        source = sources[place]
        problems += facts_lacking(claim, source, windows.windows, question)
        problems += mixed_up(claim, source, [one for one in sources if one is not source])
        scores = {
            "nearness": float(nearness.max()),
            "turned": turned(claim, windows, nearness),
            "strange": names.strangeness(claim.text, [source.text, source.title, question], language),
            "astray": self._astray(claim, source, [one for one in sources if one is not source]),
        }
        known = calibration()["same" if source.language == language else "foreign"]
        if scores["strange"] > known["strange"].get(language, 1):
            problems.append(Problem("name"))
        if scores["nearness"] < known["nearness"]:
            problems.append(Problem("support"))
        if scores["turned"] > known["turned"]:
            problems.append(Problem("contrary"))
        if scores["astray"] > known["astray"] and not any(one.kind == "mixed" for one in problems):
            problems.append(Problem("mixed"))
        return Verdict(tuple(problems), place, windows.windows[int(nearness.argmax())].quote, scores)

    def says_unknown(self, sentence: str, sources: Sequence[Source], language: str, question: str = "") -> bool:
        """Whether a sentence says that the answer is not known, or offers somebody who knows it.

        One that is near to what a passage says says more than that, as does one with a figure that the customer did not name.

        Args:
            sentence: of the answer, or of what stands in place of one.
            sources: passages that it might rest on.
            language: of the sentence.
            question: the customer's.
        """
        vector = self._cutter.encode([sentence])[0]
        if not is_unknowing(sentence, vector, language):
            return False
        if sources and self._nearest(vector, sources)[2].max() >= _BESIDE:
            return False
        told = quantities(names.without_codes(sentence, language), language)
        asked = quantities(names.without_codes(question, language), language)
        return all(any(one.agrees(its) for its in asked) for one in told)

    def nearest(self, text: str, others: Sequence[str]) -> int:
        """The place of the text that is nearest to another in meaning."""
        vector, *theirs = self._cutter.encode([text, *others])
        return int(np.argmax([one @ vector for one in theirs]))

    def _astray(self, claim: Claim, source: Source, others: Sequence[Source]) -> float:
        """By how much nearer a sentence is, its figures left out, to another passage's title than to that of its own.

        0 where it has no figure that the other passage lacks: it might as well rest on that one.
        """
        strange_to = [one for one in others if claim.quantities and not _holds_all(one, claim.quantities)]
        if not strange_to:
            return 0.0
        vector, own, *theirs = self._cutter.encode(
            [_FIGURES.sub(" ", claim.text), source.title, *(one.title for one in strange_to)]
        )
        return float(max(title @ vector for title in theirs) - own @ vector)

    def _nearest(self, vector: np.ndarray, sources: Sequence[Source]) -> tuple[int, Windows, np.ndarray]:
        """The place of the passage that has the words nearest to a sentence, its windows, and how near each is."""
        cut = [self._cutter.cut(one.text, one.language) for one in sources]
        nearness = [windows.vectors @ vector for windows in cut]
        place = max(range(len(sources)), key=lambda one: nearness[one].max())
        return place, cut[place], nearness[place]


@dataclass(frozen=True)
class Claim:
    """What a sentence says, taken apart; `proper` is the sentence without a yes or no before it."""

    text: str
    language: str
    proper: str
    quantities: tuple[Quantity, ...]
    names: tuple[str, ...]
    codes: tuple[str, ...]
    weekdays: frozenset[int]
    cues: dict[str, int]

    @classmethod
    def of(cls, text: str, language: str) -> Claim:
        proper = _proper(text, language)
        return cls(
            text,
            language,
            proper,
            tuple(quantities(names.without_codes(text, language), language)),
            tuple(names.names(text, language)),
            tuple(names.codes(text, language) + names.addresses(text) + names.phones(text)),
            names.weekdays(text, language),
            cues(proper, language),
        )

    @property
    def is_empty(self) -> bool:
        """Whether it has no fact that could be wrong."""
        return not (self.quantities or self.names or self.codes or self.weekdays)


def _proper(text: str, language: str) -> str:
    """A sentence without a yes or no before it, and without a refusal before a colon ("I cannot promise that: …")."""
    rest = words(language).reply.sub("", plain(text))
    before, colon, after = rest.partition(":")
    if colon and after.strip() and len(before) < _REFUSAL and not any(map(str.isdigit, before)) and cues(before, language)["not"]:
        rest = after.strip()
    return rest or text


def turned(claim: Claim, windows: Windows, nearness: np.ndarray) -> float:
    """By how much nearer a sentence is to stretches of the passage that say the contrary than to those that do not.

    A stretch says the contrary where it has a negation and the sentence has none, or the other way round. What says yes and no at once
    ("only until six" is "not after six") agrees with both. To a sentence of one clause only stretches with its figures can say the
    contrary, where there are such.

    Args:
        nearness: of the windows to the sentence.
    """
    if claim.cues["both"]:
        return 0.0
    stretches = [(one, float(near)) for one, near in zip(windows.windows, nearness) if one.text in one.quote]
    negated = claim.cues["not"] > 0
    agreeing = [near for one, near in stretches if one.cues["both"] or (one.cues["not"] > 0) == negated]
    opposing = [(one, near) for one, near in stretches if not one.cues["both"] and (one.cues["not"] > 0) != negated]
    if len(clauses(claim.proper, claim.language)) == 1 and any(_shares_figure(claim, one) for one, _ in stretches):
        opposing = [(one, near) for one, near in opposing if _shares_figure(claim, one)]
    return max((near for _, near in opposing), default=0.0) - max(agreeing, default=0.0)


def _shares_figure(claim: Claim, stretch: Window) -> bool:
    return any(mine.agrees(its) for mine in claim.quantities for its in stretch.quantities)


def mixed_up(claim: Claim, source: Source, others: Sequence[Source]) -> list[Problem]:
    """Figures that only the passage has beside words that only another has: "delivery costs" what the membership does.

    Found where all three are in one language; across languages no words can be compared.
    """
    problems = []
    mine = _content(claim.text, claim.language)
    for other in others:
        if not claim.language == source.language == other.language:
            continue
        ours, theirs = _content(f"{source.title} {source.text}", source.language), _content(other.title, other.language)
        theirs_only = {word for word in mine & theirs if not any(_alike(word, its) for its in ours)}
        if theirs_only and not _holds_all(other, claim.quantities):
            problems.append(Problem("mixed", " ".join(sorted(theirs_only))))
    return problems


def _holds_all(source: Source, figures: Sequence[Quantity]) -> bool:
    """Whether a passage has all of these figures."""
    known = quantities(names.without_codes(source.text, source.language), source.language, generous=True)
    return all(any(one.agrees(its) for its in known) for one in figures)


_LONG = {"ja": 2, "ko": 2, "th": 3, "zh": 2}


def _content(text: str, language: str) -> set[str]:
    """Words long enough to mean something, cut to their stems' length."""
    least = _LONG.get(language, 4)
    return {fold(one.text)[: least + 2] for one in tokenize(text, language) if len(one.text) >= least and one.text.isalpha()}


def _alike(word: str, other: str) -> bool:
    return word.startswith(other) or other.startswith(word)


def says_nothing(sentence: str, language: str) -> bool:
    """Whether a sentence without facts says that something is not known, offers a person, or is polite."""
    known, text = words(language), plain(sentence)
    return bool(known.unknowing.search(text) or known.courtesy.search(text))


def facts_lacking(claim: Claim, source: Source, windows: Sequence[Window], question: str) -> list[Problem]:
    """Figures, names, codes and days of a sentence that its passage does not hold."""
    asked = quantities(names.without_codes(question, claim.language), claim.language)
    given = [one for stretch in windows for one in stretch.quantities]
    missing, other_unit = unsupported(claim.quantities, [*given, *asked])
    problems = [Problem("figure", one.text) for one in missing] + [Problem("unit", one.text) for one in other_unit]
    texts = [source.text, source.title, question]
    foreign = source.language != claim.language
    called = [one for one in claim.names if not (foreign and names.is_everyday(one, claim.language))]
    problems += [Problem("name", one) for one in names.lacking([*claim.codes, *called], texts, claim.language)]
    days = frozenset().union(*(stretch.weekdays for stretch in windows)) | names.weekdays(question, claim.language)
    if claim.weekdays and not claim.weekdays <= days:
        problems.append(Problem("day"))
    return problems


def make_checker(identify: LanguageIdentifier | None) -> Checker:
    """A checker on the encoder that the thresholds were learnt with."""
    return Checker(get_encoder(calibration()["encoder"]), identify)


@cache
def calibration() -> dict[str, Any]:
    return read_yaml(CALIBRATION)


def differences(text: str, language: str, other: str, its_language: str) -> list[str]:
    """Figures, names, codes and days of a text that another, its translation say, has not.

    Returns:
        The words of the text; for days, which may be named in either, `day`.
    """
    return [one.what or one.kind for one in lacking(text, language, other, its_language)]


def lacking(text: str, language: str, other: str, its_language: str) -> list[Problem]:
    """As `differences`, each with its kind."""
    return facts_lacking(Claim.of(text, language), _Whole(other, its_language), [window(other, other, its_language)], "")


@dataclass(frozen=True)
class _Whole:
    """A text that another is compared with."""

    text: str
    language: str
    title: str = ""


def is_in_language(answer: str, language: str, identify: LanguageIdentifier) -> bool:
    """Whether an answer is written in a language.

    Names and codes in Latin script do not count against it, and a fragment such as "12 Euro, 4 Tage" is too short to be held against it on doubt.
    """
    found = identify(answer)
    if found.language in (language, None) and found.outside is None:
        return True
    return found.language in LATIN_LANGUAGES and language in LATIN_LANGUAGES and found.confidence < _SURE
