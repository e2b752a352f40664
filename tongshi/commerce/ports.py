"""What the agent needs of a shop's system. An adapter for another shop implements this and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tongshi.storage.models import Case, Order, Product


class ShopSystem(Protocol):
    """Orders, products and cases; `storage.shop.ShopStore` keeps them in our own database.

    Each call may raise `tongshi.errors.Unavailable`.
    """

    def order(self, order_id: str) -> Order | None:
        """An order with its customer and items, by its canonical number (`MD-10234`)."""

    def products(self) -> list[Product]:
        """The whole catalogue."""

    def owned_skus(self, customer_id: str) -> set[str]:
        """What a customer has bought and not cancelled or sent back."""

    def set_status(self, order_id: str, before: str, status: str) -> bool:
        """Change an order's status if it still is `before`; says whether it was."""

    def set_address(self, order_id: str, before: str, address: str) -> bool:
        """Change where an order goes if its status still is `before`; says whether it was."""

    def cases(self, order_id: str) -> list[Case]:
        """What is registered for an order, oldest first."""

    def open_case(self, case: Case) -> Case:
        """Keep a new case; where one with the same `once` exists already, that one is returned instead."""

    def failed_attempts(self, sender: str, order_id: str, since: datetime) -> tuple[list[datetime], list[datetime]]:
        """When wrong pairs of number and e-mail came after `since`: in this conversation, and for this order."""

    def record_failed_attempt(self, sender: str, order_id: str, at: datetime) -> None:
        """Remember a wrong pair."""
