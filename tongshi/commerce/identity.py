"""Who is asking: an order number and the e-mail address of the order, both of them right."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from tongshi.commerce.ports import ShopSystem
from tongshi.errors import TongshiError
from tongshi.storage.models import Order

ATTEMPTS = 5
LOCK = timedelta(minutes=15)


class Refused(TongshiError):
    """The pair is wrong; which half is not told, since that would help to guess the other."""


class Locked(TongshiError):
    """Too many wrong pairs.

    Attributes:
        remaining: how long look-ups stay locked.
    """

    def __init__(self, remaining: timedelta) -> None:
        super().__init__("Too many wrong pairs of order number and e-mail.")
        self.remaining = remaining


class Identity:
    """Checks pairs of order number and e-mail, and locks look-ups for 15 minutes after five wrong ones in 15 minutes.

    The lock holds for the conversation and for the order, so that neither many orders from one conversation nor one order
    from many conversations can be tried.

    Args:
        proved: told of each right pair, the conversation and the e-mail.
    """

    def __init__(self, shop: ShopSystem, now: Callable[[], datetime], proved: Callable[[str, str], None] | None = None) -> None:
        self._shop = shop
        self._now = now
        self._proved = proved

    def order_of(self, sender: str, order_id: str, email: str) -> Order:
        """The order that this pair proves.

        Args:
            sender: the conversation.
            order_id: canonical order number.
            email: as the customer typed it; case does not count.

        Raises:
            Refused: the pair is wrong.
            Locked: look-ups are locked, also for a right pair.
        """
        now = self._now()
        self._refuse_if_locked(sender, order_id, now)
        order = self._shop.order(order_id)
        expected = order.customer.email if order else "nobody"
        if order and hmac.compare_digest(expected.casefold().encode(), email.strip().casefold().encode()):
            if self._proved:
                self._proved(sender, expected)
            return order
        self._shop.record_failed_attempt(sender, order_id, now)
        self._refuse_if_locked(sender, order_id, now)
        raise Refused("This order number and e-mail address do not belong together.")

    def _refuse_if_locked(self, sender: str, order_id: str, now: datetime) -> None:
        # Twice the time: the first of five that lock now may be that much older than the end of the lock.
        for attempts in self._shop.failed_attempts(sender, order_id, now - 2 * LOCK):
            for first, last in zip(attempts, attempts[ATTEMPTS - 1 :]):
                if last - first <= LOCK and last + LOCK > now:
                    raise Locked(last + LOCK - now)
