"""Relations that are known, looked at from either end, and the answers that rest on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import networkx

from tongshi.errors import TongshiError
from tongshi.knowledge.graph_kinds import contradict, sense
from tongshi.storage.models import CONFIRMED, PROPOSED, Relation


class Missing(Exception):
    """An entity or a relation that an answer would need is not known."""


def spelled(relation: Relation) -> str:
    """A relation for people: `product:MER-CH-065 has_plug plug:JP`, with its figures."""
    figures = ", ".join(f"{name} {value}" for name, value in (relation.figures or {}).items())
    return f"{relation.subject} {relation.name} {relation.object}" + (f" ({figures})" if figures else "")


class Facts:
    """Relations that questions may rest on.

    Args:
        relations: of any status; only confirmed ones are known, proposed ones make a question about them uncertain.
        doubted: numbers of those that count as proposed though they are confirmed.
    """

    def __init__(self, relations: Sequence[Relation], doubted: Collection[int] = ()) -> None:
        self._out: dict[tuple[str, str], list[Relation]] = {}
        self._in: dict[tuple[str, str], list[Relation]] = {}
        self._unsure: set[tuple[str, str, str]] = set()
        self._between: dict[tuple[object, ...], list[Relation]] = {}
        self._graph = networkx.MultiGraph()
        for one in relations:
            if one.status == CONFIRMED and one.relation_id not in doubted:
                self._out.setdefault((one.subject, one.name), []).append(one)
                self._in.setdefault((one.name, one.object), []).append(one)
                self._between.setdefault(_ends(one), []).append(one)
                self._graph.add_edge(one.subject, one.object, relation=one)
            elif one.status in (CONFIRMED, PROPOSED):
                self._unsure.add((one.subject, one.name, one.object))

    def __contains__(self, entity: str) -> bool:
        return entity in self._graph

    def to(self, subject: str, name: str) -> list[Relation]:
        """What an entity relates to."""
        return self._out.get((subject, name), [])

    def of(self, name: str, object_: str) -> list[Relation]:
        """What relates to an entity."""
        return self._in.get((name, object_), [])

    def between(self, subject: str, name: str, object_: str) -> Relation | None:
        return next((one for one in self.to(subject, name) if one.object == object_), None)

    def is_unsure(self, subject: str, name: str, object_: str) -> bool:
        """Whether a relation waits for a person."""
        return (subject, name, object_) in self._unsure

    def against(self, relation: Relation) -> list[Relation]:
        """What is known and cannot hold beside a relation."""
        return [one for one in self._between.get(_ends(relation), []) if contradict(one, relation)]

    def the(self, relations: Sequence[Relation]) -> Relation:
        """The only one of several.

        Raises:
            Missing: there is none, or there are two that contradict each other.
        """
        if len({str(one.figures) for one in relations}) != 1:
            raise Missing(", ".join(map(spelled, relations)) or "a relation")
        return relations[0]

    def path(self, start: str, end: str) -> list[Relation]:
        """The shortest way from one entity to another, relations taken in either direction.

        Raises:
            TongshiError: one of them is not known, or there is no way.
        """
        for entity in (start, end):
            if entity not in self:
                raise TongshiError(f"The graph does not know {entity!r}; entities are written as in `product:MER-CH-065`.")
        try:
            nodes = networkx.shortest_path(self._graph, start, end)
        except networkx.NetworkXNoPath:
            raise TongshiError(f"There is no way from {start} to {end}.") from None
        return [next(iter(self._graph[one][other].values()))["relation"] for one, other in zip(nodes, nodes[1:])]


def _ends(relation: Relation) -> tuple[object, ...]:
    """Between what a relation is, the same for all that may contradict it."""
    return sense(relation)[1:3]


@dataclass(frozen=True)
class GraphPassage:
    """What the graph says to a question.

    Attributes:
        text: in `language`.
        path: the relations that it rests on, as `spelled`.
        citations: `product:SKU` and ids of policies.
        score: how surely the question was understood, up to 1.0; less where a name was found in spite of a typo.
    """

    text: str
    language: str
    path: tuple[str, ...]
    citations: tuple[str, ...]
    score: float
