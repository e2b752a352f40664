"""Relations of the graph of what is known: reading, keeping, deciding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from tongshi import clock
from tongshi.errors import TongshiError
from tongshi.storage.database import Database
from tongshi.storage.knowledge import Conflict
from tongshi.storage.models import CONFIRMED, PROPOSED, REJECTED, Customer, Order, Relation, RelationReading

ORDERS = "orders"
"""Source of what is proposed because past orders show it."""

PERSON = "person"
"""Source of what a person states by hand, who is also who proposed it."""


class NoSuchRelation(TongshiError):
    """There is no relation with that number."""


@dataclass(frozen=True)
class Edge:
    """A relation as somebody states it, before it is kept; see `models.Relation`."""

    subject: str
    name: str
    object: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    evidence: str = ""
    status: str = CONFIRMED
    proposed_by: str = ""

    @property
    def digest(self) -> str:
        said = json.dumps([self.subject, self.name, self.object, dict(self.figures)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha1(said.encode()).hexdigest()


class GraphStore:
    """Relations in the database.

    A person's decision stands for just what was decided upon: the same relation with another figure is another relation.

    Args:
        now: tells the time.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._database = database
        self._now = now

    def stamp(self) -> tuple[Any, ...]:
        """Changes whenever a relation is kept, decided or dropped."""
        query = select(Relation.status, func.count(), func.max(Relation.relation_id), func.max(Relation.changed_at))
        with self._database.session() as session:
            return tuple(map(tuple, session.execute(query.group_by(Relation.status).order_by(Relation.status))))

    def relations(self, status: str | None = None, entity: str | None = None) -> list[Relation]:
        """Relations in the order in which they were kept.

        Args:
            status: only those that are `proposed`, `confirmed` or `rejected`.
            entity: only those that it takes part in.
        """
        query = select(Relation).order_by(Relation.relation_id)
        if status:
            query = query.where(Relation.status == status)
        if entity:
            query = query.where(or_(Relation.subject == entity, Relation.object == entity))
        with self._database.session() as session:
            return list(session.scalars(query))

    def replace(self, source: str, edges: Iterable[Edge]) -> int:
        """Keep what a source says, and drop what it said before and no person has decided upon.

        Returns:
            How many relations are new, gone, or of another status.
        """
        said = {edge.digest: edge for edge in edges}
        changed = 0
        with self._database.session() as session:
            for row in session.scalars(select(Relation).where(Relation.source == source, Relation.decided_by == "")):
                if row.digest not in said:
                    session.delete(row)
                    changed += 1
                elif row.status != said[row.digest].status:
                    row.status, row.changed_at = said[row.digest].status, self._now()
                    changed += 1
            fresh = self._fresh(session, said, None)
            session.add_all(fresh)
            return changed + len(fresh)

    def propose(self, edges: Iterable[Edge]) -> list[Relation]:
        """Keep relations for a person to decide upon; those that are known, proposed or rejected already are left alone."""
        said = {edge.digest: edge for edge in edges}
        with self._database.session() as session:
            fresh = self._fresh(session, said, PROPOSED)
            session.add_all(fresh)
            session.flush()
            return fresh

    def keep_reading(self, digest: str, edges: Iterable[Edge]) -> list[Relation]:
        """Note that the language model has read a passage, together with what it proposes; see `propose`.

        Args:
            digest: of all that the model was asked.

        Returns:
            What is new.
        """
        said = {edge.digest: edge for edge in edges}
        with self._database.session() as session:
            fresh = self._fresh(session, said, PROPOSED)
            session.add_all(fresh)
            session.merge(RelationReading(digest=digest, at=self._now()))
            session.flush()
            return fresh

    def readings(self) -> set[str]:
        """Digests of the passages that the language model has read."""
        with self._database.session() as session:
            return set(session.scalars(select(RelationReading.digest)))

    def carriers(self) -> list[str]:
        """Those that brought orders."""
        query = select(Order.carrier).where(Order.carrier.is_not(None)).distinct().order_by(Order.carrier)
        with self._database.session() as session:
            return list(session.scalars(query))

    def relation(self, relation_id: int) -> Relation:
        """A relation by its number.

        Raises:
            NoSuchRelation: there is none.
        """
        with self._database.session() as session:
            return _found(session, relation_id)

    def decide(self, relation_id: int, status: str, by: str, seen: str | None = None) -> Relation:
        """Confirm or reject a relation, whatever it was before.

        Args:
            seen: status that whoever decides has seen; None: any will do.

        Raises:
            NoSuchRelation: there is none.
            Conflict: it is of another status than the one seen.
        """
        assert status in (CONFIRMED, REJECTED)
        with self._database.session() as session:
            row = _found(session, relation_id)
            if seen is not None and row.status != seen:
                raise Conflict(f"Relation {relation_id} is {row.status} by now, by {row.decided_by or row.source}.")
            row.status, row.decided_by, row.changed_at = status, by, self._now()
            return row

    def doubt(self, relation_ids: Iterable[int]) -> int:
        """Have confirmed relations wait for a person again.

        Returns:
            How many were confirmed.
        """
        doubted = 0
        with self._database.session() as session:
            for relation_id in relation_ids:
                row = session.get(Relation, relation_id)
                if row is not None and row.status == CONFIRMED:
                    row.status, row.decided_by, row.changed_at = PROPOSED, "", self._now()
                    doubted += 1
        return doubted

    def state(self, edge: Edge, by: str) -> Relation:
        """Keep what a person states, confirmed by them; where it waits as a proposal, that is confirmed.

        Raises:
            Conflict: it is confirmed already, or somebody has rejected it.
        """
        with self._database.session() as session:
            row = session.scalars(select(Relation).where(Relation.digest == edge.digest)).first()
            if row is not None and row.status != PROPOSED:
                raise Conflict(f"This is relation {row.relation_id}, {row.status} by {row.decided_by or row.source}.")
            if row is None:
                (row,) = self._fresh(session, {edge.digest: edge}, CONFIRMED)
                session.add(row)
            row.status, row.decided_by, row.changed_at = CONFIRMED, by, self._now()
            session.flush()
            return row

    def carried(self) -> list[Edge]:
        """Which carrier brought orders to which country."""
        query = (
            select(Order.carrier, Customer.country, func.count(), func.min(Order.order_id))
            .join(Customer)
            .where(Order.carrier.is_not(None), Customer.country.is_not(None))
            .group_by(Order.carrier, Customer.country)
            .order_by(Order.carrier, Customer.country)
        )
        with self._database.session() as session:
            return [
                Edge(f"carrier:{carrier}", "delivers_in", f"country:{country}", {}, ORDERS, f"{count} order(s), e.g. {order_id}")
                for carrier, country, count, order_id in session.execute(query)
            ]

    def _fresh(self, session: Session, said: Mapping[str, Edge], status: str | None) -> list[Relation]:
        """Rows for those of the edges, by digest, that are not kept yet; of their own status where none is given."""
        kept = set(session.scalars(select(Relation.digest)))
        return [
            Relation(
                subject=edge.subject,
                name=edge.name,
                object=edge.object,
                figures=dict(edge.figures),
                digest=digest,
                status=status or edge.status,
                source=edge.source,
                evidence=edge.evidence,
                proposed_by=edge.proposed_by,
                changed_at=self._now(),
            )
            for digest, edge in said.items()
            if digest not in kept
        ]


def _found(session: Session, relation_id: int) -> Relation:
    row = session.get(Relation, relation_id)
    if row is None:
        raise NoSuchRelation(f"There is no relation {relation_id}; see `tongshi knowledge graph list`.")
    return row
