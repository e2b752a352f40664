"""Examples for the language model, assembled from the businesses: the prompt exactly as answering makes it, and the right answer."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tongshi.errors import TongshiError
from tongshi.llm.prompting import NO_ANSWER, prompt, with_before
from tongshi.training.businesses import SPLITS, Business, Question

CASES = ("own", "foreign", "removed", "history", "nothing", "collected")
"""How an example was made: the right passage in the question's language, or in another; taken away; after talk of something else;
a question that no passage answers; an answer that people approved in the running system."""

_HOW_MANY = {1: 0.25, 2: 0.6, 3: 0.15}
_ELSEWHERE = 0.2
_REMOVED = 0.4
_HISTORY = 0.15


@dataclass(frozen=True)
class Example:
    """One prompt with its right answer.

    Attributes:
        id: the same whenever it is assembled.
        shop: whom the assistant speaks for.
        kind: one of `businesses.KINDS`.
        case: one of `CASES`.
        question: as it stands in the prompt, with what was asked before where it hangs on that.
        passages: texts in the prompt's order.
        languages: of the passages.
        rests: which of the passages the answer needs, counted from 1 as the prompt does.
    """

    id: str
    business: str
    shop: str
    split: str
    language: str
    kind: str
    case: str
    question: str
    passages: tuple[str, ...]
    languages: tuple[str, ...]
    rests: tuple[int, ...]
    answer: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """The prompt, see `tongshi.llm.prompting`."""
        return prompt(self.shop, self.language, self.passages, self.question)


@dataclass(frozen=True)
class _Source:
    """A passage that may be put into a prompt."""

    business: str
    name: str
    language: str
    text: str


class Assembler:
    """Makes examples of written questions.

    Args:
        businesses: all of them, of all splits; distractors come from businesses of the same split only.
        seed: which examples are drawn; the same seed draws the same.
    """

    def __init__(self, businesses: Sequence[Business], seed: int) -> None:
        self._businesses = {one.id: one for one in businesses}
        self._others = {split: [one for one in businesses if one.split == split] for split in SPLITS}
        self._seed = seed

    def assemble(self) -> list[Example]:
        """All examples: several a question for training, one for validation and for testing."""
        found: dict[tuple[str, str, tuple[str, ...]], Example] = {}
        for business in self._businesses.values():
            for number, question in enumerate(business.questions):
                chance = random.Random(f"{self._seed}/{business.id}/{question.language}/{question.ask}")
                for variant, one in enumerate(self._of(business, question, chance)):
                    example = Example(f"{business.id}-{question.language}-{number}-{variant}", **one)
                    found.setdefault((example.language, example.question, tuple(sorted(example.passages))), example)
        return list(found.values())

    def _of(self, business: Business, question: Question, chance: random.Random) -> Iterator[dict[str, Any]]:
        if business.split != "train":
            yield self._example(business, question, chance, _case(question, chance.choice(("own", "foreign"))), how_many=2)
            return
        for case in ("own", "foreign"):
            yield self._example(business, question, chance, _case(question, case))
        if question.rests and question.kind != "attack" and chance.random() < _REMOVED:
            yield self._example(business, question, chance, "removed")
        if question.rests and question.kind == "plain" and chance.random() < _HISTORY:
            yield self._example(business, question, chance, "history")

    def _example(
        self, business: Business, question: Question, chance: random.Random, case: str, how_many: int | None = None
    ) -> dict[str, Any]:
        gold = [] if case == "removed" else self._gold(business, question, chance, case)
        many = how_many or chance.choices(list(_HOW_MANY), list(_HOW_MANY.values()))[0]
        chosen = gold + self._distractors(business, question, gold, chance, max(many - len(gold), 0 if gold else 1))
        chance.shuffle(chosen)
        texts = [one.text for one in chosen]
        kind = "unknown" if case == "removed" else question.kind
        if gold and case not in ("history",):
            case = "own" if gold[0].language == question.language else "foreign"
        return {
            "business": business.id,
            "shop": business.name,
            "split": business.split,
            "language": question.language,
            "kind": kind,
            "case": case,
            "question": self._asked(business, question, chance, case),
            "passages": tuple(texts),
            "languages": tuple(one.language for one in chosen),
            "rests": tuple(sorted(chosen.index(one) + 1 for one in gold)),
            # What the prompt asks for; the customer gets the shop's own reply for it.
            "answer": NO_ANSWER if kind == "unknown" else question.answer,
        }

    @staticmethod
    def _gold(business: Business, question: Question, chance: random.Random, case: str) -> list[_Source]:
        """The passages that the answer needs, all in one language where they can be."""
        there = [set(business.passages[name]) for name in question.rests]
        common = sorted(set.intersection(*there)) if there else []
        own = [language for language in common if language == question.language]
        foreign = [language for language in common if language != question.language]
        language = chance.choice((own or foreign) if case == "own" else (foreign or own)) if common else None
        found = []
        for name in question.rests:
            texts = business.passages[name]
            chosen = language if language in texts else sorted(texts)[0]
            found.append(_Source(business.id, name, chosen, texts[chosen]))
        return found

    def _distractors(
        self, business: Business, question: Question, gold: list[_Source], chance: random.Random, many: int
    ) -> list[_Source]:
        """Passages that do not answer: mostly the business's own, mostly in the language of the right one."""
        found: list[_Source] = []
        taken = set(question.rests)
        while len(found) < many:
            elsewhere = chance.random() < _ELSEWHERE
            home = chance.choice([one for one in self._others[business.split] if one is not business] or [business])
            home = home if elsewhere else business
            names = [name for name in home.passages if home is not business or name not in taken]
            if not names:
                break
            name = chance.choice(names)
            texts = home.passages[name]
            wanted = gold[0].language if gold and chance.random() < 0.7 else None
            language = wanted if wanted in texts else chance.choice(sorted(texts))
            if home is business:
                taken.add(name)
            found.append(_Source(home.id, name, language, texts[language]))
        return found

    @staticmethod
    def _asked(business: Business, question: Question, chance: random.Random, case: str) -> str:
        """The question as answering puts it: one that hangs on the customer's words before together with them."""
        if question.before:
            return with_before(question.ask, question.before[-2])
        if case == "history":
            others = [
                one.ask
                for one in business.questions
                if one.language == question.language and one.kind == "plain" and not set(one.rests) & set(question.rests)
            ]
            if others:
                return with_before(question.ask, chance.choice(others))
        return question.ask


def _case(question: Question, case: str) -> str:
    return case if question.rests else "nothing"


def save(examples: Iterable[Example], folder: Path) -> dict[str, Any]:
    """Write `<split>.jsonl` and `counts.json`.

    Returns:
        What `counts.json` says: examples by split, language and kind, and a digest of all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    examples = list(examples)
    for split in SPLITS:
        lines = [
            json.dumps({**asdict(one), "messages": one.messages}, ensure_ascii=False) + "\n"
            for one in examples
            if one.split == split
        ]
        (folder / f"{split}.jsonl").write_text("".join(lines), "utf-8")
        digest.update("".join(lines).encode())
    counted = {
        "digest": digest.hexdigest()[:16],
        "splits": dict(Counter(one.split for one in examples)),
        "languages": {
            split: dict(sorted(Counter(one.language for one in examples if one.split == split).items())) for split in SPLITS
        },
        "kinds": {split: dict(sorted(Counter(one.kind for one in examples if one.split == split).items())) for split in SPLITS},
        "cases": {split: dict(sorted(Counter(one.case for one in examples if one.split == split).items())) for split in SPLITS},
        "businesses": {split: len({one.business for one in examples if one.split == split}) for split in SPLITS},
    }
    (folder / "counts.json").write_text(json.dumps(counted, indent=2) + "\n", "utf-8")
    return counted


def load(folder: Path, split: str) -> list[Example]:
    """The examples of one split.

    Raises:
        TongshiError: they have not been made.
    """
    path = folder / f"{split}.jsonl"
    if not path.exists():
        raise TongshiError(f"{path} is missing. Run `tongshi finetune data`.")
    return [_loaded(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _loaded(row: dict[str, Any]) -> Example:
    row.pop("messages")
    return Example(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})
