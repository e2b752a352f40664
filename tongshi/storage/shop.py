"""Customers, orders, products and cases: reading and writing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from tongshi.storage.database import Database
from tongshi.storage.models import (
    Case,
    Customer,
    Handover,
    IdentityAttempt,
    Order,
    OrderItem,
    Product,
)


class ShopStore:
    """The shop's tables; an adapter of `commerce.ports.ShopSystem`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def order(self, order_id: str) -> Order | None:
        with self._database.session() as session:
            return session.get(Order, order_id)

    def products(self) -> list[Product]:
        with self._database.session() as session:
            return list(session.scalars(select(Product).order_by(Product.sku)))

    def owned_skus(self, customer_id: str) -> set[str]:
        query = select(OrderItem.sku).join(Order).where(Order.customer_id == customer_id)
        with self._database.session() as session:
            return set(session.scalars(query.where(Order.status.not_in(("cancelled", "refunded")))))

    def set_status(self, order_id: str, before: str, status: str) -> bool:
        """Change an order's status if it still is `before`; says whether it was."""
        with self._database.session() as session:
            return bool(session.query(Order).filter_by(order_id=order_id, status=before).update({"status": status}))

    def set_address(self, order_id: str, before: str, address: str) -> bool:
        """Change where an order goes if its status still is `before`; says whether it was."""
        with self._database.session() as session:
            return bool(session.query(Order).filter_by(order_id=order_id, status=before).update({"address": address}))

    def cases(self, order_id: str) -> list[Case]:
        """What is registered for an order, oldest first."""
        with self._database.session() as session:
            return list(session.scalars(select(Case).where(Case.order_id == order_id).order_by(Case.case_id)))

    def open_case(self, case: Case) -> Case:
        """Keep a new case; where one with the same `once` exists already, that one is returned instead."""
        try:
            with self._database.session() as session:
                session.add(case)
                session.flush()
                session.refresh(case)
            return case
        except IntegrityError:
            with self._database.session() as session:
                return session.scalars(select(Case).where(Case.once == case.once)).one()

    def failed_attempts(self, sender: str, order_id: str, since: datetime) -> tuple[list[datetime], list[datetime]]:
        """When pairs failed after `since`: in this conversation, and for this order."""
        query = select(IdentityAttempt.at).where(IdentityAttempt.at > since).order_by(IdentityAttempt.at)
        with self._database.session() as session:
            return (
                list(session.scalars(query.where(IdentityAttempt.sender == sender))),
                list(session.scalars(query.where(IdentityAttempt.order_id == order_id))),
            )

    def record_failed_attempt(self, sender: str, order_id: str, at: datetime) -> None:
        with self._database.session() as session:
            session.add(IdentityAttempt(sender=sender, order_id=order_id, at=at))

    def begin_anew(self, order_id: str, placed_at: datetime) -> None:
        """Forget what customers have registered and who asked for a person, and have one order be placed at a moment and nothing else."""
        with self._database.session() as session:
            for table in (Handover, Case, IdentityAttempt):
                session.execute(delete(table))
            session.execute(update(Order).values(address=None))
            session.execute(update(Order).filter_by(order_id=order_id).values(status="processing", placed_at=placed_at))

    def is_empty(self) -> bool:
        with self._database.session() as session:
            return not session.scalar(select(func.count()).select_from(Order))

    def add_all(self, rows: Sequence[Customer | Product | Order | OrderItem]) -> None:
        """Keep new rows, all or none."""
        with self._database.session() as session:
            for row in rows:
                session.add(row)
                session.flush()


def make_shop(database: Database) -> ShopStore:
    """The shop's own system, wherever one is needed: here another class takes its place that has the methods of `tongshi.commerce.ports.ShopSystem`."""
    return ShopStore(database)
