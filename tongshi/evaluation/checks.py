"""How many subtly wrong sentences the checks catch, and how many right ones they stop: `tongshi evaluate checks`.

`tests/evaluation/checks/<language>.yml` holds help-centre passages of an invented shop, in the language and in others; to each question a right
answer and five wrong ones: another figure, a negation lost or put in, another name, another article's fact, the right figure in another unit.
Beside them stand the businesses of `data/finetune` that nothing was learnt from (split `test`): their right answers, and the sentences that
code makes wrong. Of the same businesses, and of those for validation, come the replies that say that something is not known.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.progress import track

from tongshi.evaluation.corruptions import KINDS, corrupted
from tongshi.evaluation.tables import TESTS, Report, with_mean
from tongshi.files import read_yaml
from tongshi.language.identify import get_identifier
from tongshi.language.segment import sentences
from tongshi.llm.checks import Checker, make_checker
from tongshi.llm.checks.calibrate import Text, businesses, right_answers, text_of
from tongshi.llm.checks.checker import says_nothing
from tongshi.settings import LANGUAGES, Settings

_CASES = TESTS / "evaluation" / "checks"


@dataclass(frozen=True)
class Case:
    """An answer and what it may rest on.

    Attributes:
        kind: `right`, or in what way it is wrong.
    """

    kind: str
    answer: str
    sources: tuple[Text, ...]
    question: str


def cases(language: str, folder: Path = _CASES) -> Iterator[Case]:
    """The hand-written answers of a language."""
    data = read_yaml(folder / f"{language}.yml")
    texts = {name: Text(one["text"], one["lang"], one["title"]) for name, one in data["passages"].items()}
    for item in data["items"]:
        sources = tuple(texts[name] for name in item["passages"])
        yield Case("right", item["right"], sources, item["question"])
        yield from (Case(kind, item["wrong"][kind], sources, item["question"]) for kind in KINDS)


def report(settings: Settings, sample: int | None = None) -> Report:
    """Which share of wrong answers is held back, by kind, and of right ones.

    Args:
        sample: answers and sentences of the businesses a language; all by default.
    """
    notes = "tests/evaluation/checks; made: of the test businesses of data/finetune, wrong sentences made by code, right answers as they are"
    found = Report("Checks on answers", "caught", notes=notes)
    checker = make_checker(get_identifier())
    for language in track(LANGUAGES, "checks", transient=True):
        found.rows.append(_row(checker, language, settings, sample))
    return with_mean(found)


def _row(checker: Checker, language: str, settings: Settings, sample: int | None) -> dict[str, Any]:
    stopped: dict[str, list[bool]] = {}
    milliseconds = []
    for case in cases(language):
        began = time.perf_counter()
        stopped.setdefault(case.kind, []).append(is_stopped(checker, case, language))
        milliseconds.append((time.perf_counter() - began) * 1000 / len(sentences(case.answer)))
    unseen = [Case("right", one.answer, one.sources, one.question) for one in right_answers(settings.data, "test", language)]
    unseen, made = unseen[:sample], list(_made(unseen[:sample], language))
    told = [(is_unknown, says_unknown(checker, case, language)) for is_unknown, case in knowing(settings.data, language)]
    return {
        "language": language,
        "caught": fmean(one for kind in KINDS for one in stopped[kind]),
        **{kind: fmean(stopped[kind]) for kind in KINDS},
        "right stopped": fmean(stopped["right"]),
        "made caught": fmean(is_stopped(checker, case, language) for case in made),
        "made right stopped": fmean(is_stopped(checker, case, language) for case in unseen),
        "unknown told": fmean(said for is_unknown, said in told if is_unknown),
        "answers taken for it": fmean(said for is_unknown, said in told if not is_unknown),
        "ms p50": median(milliseconds),
    }


def knowing(data: Path, language: str) -> Iterator[tuple[bool, Case]]:
    """Written replies of the businesses for validation and testing: whether each says that something is not known, and the reply."""
    chance = random.Random(language)
    for business in (one for split in ("validation", "test") for one in businesses(data, split)):
        for one in business["questions"].get(language, []):
            if one["kind"] != "attack":
                names = one["rests"] or chance.sample(sorted(business["passages"]), 2)
                sources = tuple(text_of(business["passages"][name], language, chance) for name in names)
                yield not one["rests"], Case("right", one["answer"], sources, one["ask"])


def says_unknown(checker: Checker, case: Case, language: str) -> bool:
    """Whether a reply says that something is not known, and nothing beside it but what is polite."""
    said = [(checker.says_unknown(one, case.sources, language, case.question), one) for one in sentences(case.answer)]
    return any(unknown for unknown, _ in said) and all(unknown or says_nothing(one, language) for unknown, one in said)


def _made(right: list[Case], language: str) -> Iterator[Case]:
    """Each sentence of right answers made wrong in each way that it can be."""
    chance = random.Random(language)
    for case in right:
        for sentence in sentences(case.answer):
            for kind in KINDS:
                if (wrong := corrupted(sentence, language, kind, case.sources, chance)) and wrong != sentence:
                    yield Case(kind, wrong, case.sources, case.question)


def is_stopped(checker: Checker, case: Case, language: str) -> bool:
    """Whether any sentence of an answer is held back."""
    return any(not checker.check(one, case.sources, language, case.question).passed for one in sentences(case.answer))
