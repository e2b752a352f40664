"""The shop's rules, applied to an order's own dates. The figures are those of data/store/policies.yml."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from tongshi.storage.models import Order, OrderItem

RETURN_WINDOW = timedelta(days=30)
CANCEL_WINDOW = timedelta(minutes=60)
DAMAGE_WINDOW = timedelta(hours=48)
NO_MOVEMENT = timedelta(days=10)

IN_TRANSIT = {"shipped", "in_customs", "out_for_delivery"}
CLOSED = {"cancelled", "refunded"}


class Verdict(Enum):
    """Whether something may be done, or why not; the values are the names of the replies that say so."""

    ALLOWED = "allowed"
    NOT_DELIVERED = "utter_not_delivered"
    CLOSED = "utter_order_closed"
    WINDOW_PASSED = "utter_window_passed"
    FINAL_SALE = "utter_final_sale"
    SEAL_BROKEN = "utter_seal_broken"
    NO_VARIANT = "utter_exchange_no_variant"
    OUT_OF_STOCK = "utter_exchange_out_of_stock"
    CANCEL_TOO_LATE = "utter_cancel_too_late"
    ADDRESS_TOO_LATE = "utter_address_too_late"
    ADDRESS_FINISHED = "utter_address_order_finished"
    DAMAGE_TOO_LATE = "utter_damage_too_late"
    LOST_DELIVERED = "utter_lost_delivered"
    LOST_NOT_SHIPPED = "utter_lost_not_shipped"
    LOST_TOO_EARLY = "utter_lost_too_early"


def may_return(order: Order, item: OrderItem | None, now: datetime) -> Verdict:
    """Whether an item can be sent back; without an item, whether anything of the order can.

    The hygiene seal is asked for where the rules let the item through, see `needs_seal`.
    """
    if order.status in CLOSED:
        return Verdict.CLOSED
    if order.delivered_at is None:
        return Verdict.NOT_DELIVERED
    if now - order.delivered_at > RETURN_WINDOW:
        return Verdict.WINDOW_PASSED
    if item is not None and item.product.final_sale:
        return Verdict.FINAL_SALE
    return Verdict.ALLOWED


def needs_seal(item: OrderItem) -> bool:
    return item.product.hygiene_seal


def may_exchange(order: Order, item: OrderItem | None, now: datetime) -> Verdict:
    """Whether an item can be exchanged for another colour."""
    verdict = may_return(order, item, now)
    if verdict is not Verdict.ALLOWED or item is None:
        return verdict
    if not other_colours(item):
        return Verdict.NO_VARIANT
    return Verdict.ALLOWED if item.product.stock else Verdict.OUT_OF_STOCK


def other_colours(item: OrderItem) -> list[str]:
    return [colour for colour in item.product.colours if colour != item.colour]


def may_cancel(order: Order, now: datetime) -> Verdict:
    if order.status in CLOSED:
        return Verdict.CLOSED
    return Verdict.ALLOWED if order.status == "processing" and now - order.placed_at <= CANCEL_WINDOW else Verdict.CANCEL_TOO_LATE


def may_change_address(order: Order) -> Verdict:
    if order.status == "processing":
        return Verdict.ALLOWED
    return Verdict.ADDRESS_TOO_LATE if order.status in IN_TRANSIT else Verdict.ADDRESS_FINISHED


def may_report_damage(order: Order, now: datetime) -> Verdict:
    if order.status in CLOSED:
        return Verdict.CLOSED
    if order.delivered_at is None:
        return Verdict.NOT_DELIVERED
    return Verdict.ALLOWED if now - order.delivered_at <= DAMAGE_WINDOW else Verdict.DAMAGE_TOO_LATE


def may_search(order: Order, now: datetime) -> Verdict:
    """Whether a search with the carrier is due; for an order that is known to be lost it is past that: allowed."""
    if order.status in CLOSED:
        return Verdict.CLOSED
    if order.status == "lost":
        return Verdict.ALLOWED
    if order.delivered_at is not None:
        return Verdict.LOST_DELIVERED
    if order.status == "processing" or order.last_scan_at is None:
        return Verdict.LOST_NOT_SHIPPED
    return Verdict.ALLOWED if now - order.last_scan_at >= NO_MOVEMENT else Verdict.LOST_TOO_EARLY
