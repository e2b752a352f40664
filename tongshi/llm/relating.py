"""Relations of the graph that the language model reads out of passages, for a person to confirm."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from tongshi.errors import Unavailable
from tongshi.files import read_yaml
from tongshi.knowledge.articles import passages
from tongshi.knowledge.graph_kinds import contradict, sense
from tongshi.knowledge.graph_passages import Candidate, Passage, PassageReader
from tongshi.llm.client import read_reply
from tongshi.llm.models import LanguageModel
from tongshi.storage.graph import Edge, GraphStore
from tongshi.storage.models import Article, Relation

MODEL = "language model"
"""Who proposed a relation that a language model read; the model's name follows."""

_PROMPTS = Path(__file__).with_name("relating.yml")
_MOST_TOKENS = 8
_SECONDS = 120.0
_FAILURES = 3
"""Passages in a row that may be left because the model was too slow, before the work is broken off."""

_YES = "yes"
_FORM = {"type": "string", "enum": [_YES, "no"]}
"""Of a reply, two tokens long; a model that is not held to it is heard only where it says just that."""

log = structlog.get_logger()


@dataclass
class Tally:
    """What came of reading.

    Attributes:
        passages: how many there are.
        silent: of which there was nothing to ask: they name too little, or only what is known together.
        before: read at an earlier time.
        read: by the model, this time.
        unread: left because the model was not done with them in time.
        asked: statements that the model was asked of.
        proposed: relations that are new.
    """

    passages: int = 0
    silent: int = 0
    before: int = 0
    read: int = 0
    unread: int = 0
    asked: int = 0
    proposed: list[Relation] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.silent + self.before + self.read

    def as_dict(self) -> dict[str, int]:
        counts = {name: getattr(self, name) for name in ("passages", "silent", "before", "read", "unread", "asked")}
        return {**counts, "proposed": len(self.proposed)}


class Relater:
    """Has the language model read passages for relations.

    Which relations a passage could state follows from what it names; the model is asked, statement by statement, which of them it does state,
    and can say nothing else. What a person has decided upon, or is to decide upon, is not asked again.

    Args:
        model: the language model.
        name: its name, kept with what it proposes.
        store: keeps proposals, and which passages were read.
        reader: finds what passages name.
        again: read anew what was read before.
        held: to yes and no, by the server; some hosted ones take no such form.
    """

    def __init__(
        self,
        model: LanguageModel,
        name: str,
        store: GraphStore,
        reader: PassageReader,
        *,
        again: bool = False,
        held: bool = True,
    ) -> None:
        self._model = model
        self._by = f"{MODEL} {name}"
        self._store = store
        self._reader = reader
        self._prompts = read_yaml(_PROMPTS)
        self._form = _FORM if held else None
        self._before = set() if again else store.readings()
        self._known = {sense(one) for one in store.relations()}

    def read(self, articles: Sequence[Article], progress: Callable[[Tally], None] = lambda _: None) -> Tally:
        """Read articles passage by passage; what one proposes is kept before the next is read.

        Args:
            progress: called before the first passage and after each.

        Raises:
            Unavailable: the model does not answer, or several passages in a row took it too long. What was read before is kept, and another
                call goes on from there.
        """
        tally = Tally(sum(len(passages(one.text)) for one in articles))
        progress(tally)
        failures = 0
        for passage in self._passages(articles):
            try:
                failures = 0 if self._take(passage, tally) else failures
            except Unavailable as error:
                failures += 1
                tally.unread += 1
                log.warning("graph.passage_unread", article=passage.article.article_id, error=str(error))
                if failures == _FAILURES or not self._model.is_up():
                    raise Unavailable(_stopped(tally, error)) from error
            progress(tally)
        return tally

    def _passages(self, articles: Sequence[Article]) -> Iterator[Passage]:
        for article in articles:
            yield from self._reader.of(article)

    def _take(self, passage: Passage, tally: Tally) -> bool:
        """Read a passage, where there is anything to ask and it was not read before; whether the model was asked."""
        candidates = passage.candidates(self._prompts["statements"])
        # What is known is asked for no more, but changes nothing about which passage was read.
        digest = _digest(
            self._by, passage.article.article_id, passage.headed, [list(map(str, sense(one.edge))) for one in candidates]
        )
        asked = [one for one in candidates if sense(one.edge) not in self._known]
        if digest in self._before or not asked:
            tally.before += digest in self._before
            tally.silent += digest not in self._before
            return False
        edges = _without_contradictions(list(self._stated(passage, asked)))
        tally.proposed += self._store.keep_reading(digest, edges)
        tally.asked += len(asked)
        tally.read += 1
        self._before.add(digest)
        self._known |= {sense(edge) for edge in edges}
        return True

    def _stated(self, passage: Passage, candidates: Sequence[Candidate]) -> Iterator[Edge]:
        """Those that the passage states, as the model reads it; each is asked by itself, since a small model mixes them up in a list."""
        for one in candidates:
            statement = self._prompts["statements"][one.edge.name].format(**one.words)
            if self._says(passage, statement):
                yield replace(one.edge, proposed_by=self._by)

    def _says(self, passage: Passage, statement: str) -> bool:
        messages = [{"role": "system", "content": self._prompts["orders"]}]
        for example in self._prompts["examples"]:
            messages += self._asked(example["passage"], example["statements"])
        messages += self._asked(passage.headed, [(statement, "")])[:1]
        pieces = self._model.stream(messages, deadline=time.monotonic() + _SECONDS, most_tokens=_MOST_TOKENS, form=self._form)
        return read_reply(pieces)[0].strip(' \n".').lower() == _YES

    def _asked(self, passage: str, statements: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
        """A passage, statements on it, and the answer to each."""
        said = []
        before = self._prompts["passage"].format(passage=passage) + "\n\n"
        for statement, answer in statements:
            said += [{"role": "user", "content": before + self._prompts["statement"].format(statement=statement)}]
            said += [{"role": "assistant", "content": json.dumps(answer)}]
            before = ""
        return said


def _without_contradictions(edges: Sequence[Edge]) -> list[Edge]:
    """Relations without those of which at most one can hold: the same with several figures, duties paid and to be paid.

    Who says yes to both of two such has not understood the passage.
    """
    return [one for one in edges if not any(contradict(one, other) for other in edges)]


def _stopped(tally: Tally, error: Unavailable) -> str:
    return (
        f"{error}\n{tally.done} of {tally.passages} passages are done, and the {len(tally.proposed)} relations proposed meanwhile are kept; "
        "the same command goes on from there."
    )


def _digest(*asked: object) -> str:
    return hashlib.sha1(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()
