from datetime import UTC, datetime, timedelta

import pytest

from tongshi.commerce import rules
from tongshi.commerce.rules import Verdict
from tongshi.storage.models import Order, OrderItem, Product

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def order(status="delivered", **times):
    """An order whose times are given as how long ago they were."""
    return Order(
        order_id="MD-10001",
        status=status,
        **{name: NOW - ago for name, ago in {"placed_at": timedelta(days=40), **times}.items()},
    )


def item(colour="black", **product):
    values = {"colours": ["black", "white"], "stock": 3, "final_sale": False, "hygiene_seal": False, **product}
    return OrderItem(colour=colour, quantity=1, product=Product(sku="X", name="Thing", **values))


def test_an_item_can_be_returned_on_the_thirtieth_day_and_not_after():
    assert rules.may_return(order(delivered_at=timedelta(days=30)), item(), NOW) is Verdict.ALLOWED
    assert rules.may_return(order(delivered_at=timedelta(days=30) + SECOND), item(), NOW) is Verdict.WINDOW_PASSED


def test_final_sale_is_not_returned_but_the_order_may_hold_something_else():
    delivered = order(delivered_at=timedelta(days=2))
    assert rules.may_return(delivered, item(final_sale=True), NOW) is Verdict.FINAL_SALE
    assert rules.may_return(delivered, None, NOW) is Verdict.ALLOWED


@pytest.mark.parametrize("status", ["processing", "shipped", "in_customs", "out_for_delivery", "lost"])
def test_nothing_is_returned_before_it_has_arrived(status):
    assert rules.may_return(order(status), item(), NOW) is Verdict.NOT_DELIVERED
    assert rules.may_exchange(order(status), item(), NOW) is Verdict.NOT_DELIVERED
    assert rules.may_report_damage(order(status), NOW) is Verdict.NOT_DELIVERED


@pytest.mark.parametrize("status", ["cancelled", "refunded"])
def test_a_closed_order_stays_closed_whatever_is_asked(status):
    closed = order(status, placed_at=timedelta(minutes=5), delivered_at=timedelta(hours=1), last_scan_at=timedelta(days=20))
    assert rules.may_return(closed, item(), NOW) is Verdict.CLOSED
    assert rules.may_exchange(closed, item(), NOW) is Verdict.CLOSED
    assert rules.may_cancel(closed, NOW) is Verdict.CLOSED
    assert rules.may_report_damage(closed, NOW) is Verdict.CLOSED
    assert rules.may_search(closed, NOW) is Verdict.CLOSED
    assert rules.may_change_address(closed) is Verdict.ADDRESS_FINISHED


def test_an_exchange_needs_another_colour_in_stock():
    delivered = order(delivered_at=timedelta(days=2))
    assert rules.may_exchange(delivered, item(), NOW) is Verdict.ALLOWED
    assert rules.may_exchange(delivered, item(colours=["black"]), NOW) is Verdict.NO_VARIANT
    assert rules.may_exchange(delivered, item(stock=0), NOW) is Verdict.OUT_OF_STOCK
    assert rules.may_exchange(delivered, item(final_sale=True), NOW) is Verdict.FINAL_SALE


def test_the_colour_that_one_has_is_not_offered():
    assert rules.other_colours(item("white", colours=["black", "white", "sand"])) == ["black", "sand"]


def test_an_order_is_cancelled_within_sixty_minutes_and_not_after():
    assert rules.may_cancel(order("processing", placed_at=timedelta(minutes=60)), NOW) is Verdict.ALLOWED
    assert rules.may_cancel(order("processing", placed_at=timedelta(minutes=60) + SECOND), NOW) is Verdict.CANCEL_TOO_LATE


@pytest.mark.parametrize("status", ["shipped", "delivered", "lost"])
def test_what_is_on_its_way_is_not_cancelled_even_within_the_hour(status):
    assert rules.may_cancel(order(status, placed_at=timedelta(minutes=10)), NOW) is Verdict.CANCEL_TOO_LATE


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("processing", Verdict.ALLOWED),
        ("shipped", Verdict.ADDRESS_TOO_LATE),
        ("in_customs", Verdict.ADDRESS_TOO_LATE),
        ("out_for_delivery", Verdict.ADDRESS_TOO_LATE),
        ("delivered", Verdict.ADDRESS_FINISHED),
        ("refunded", Verdict.ADDRESS_FINISHED),
    ],
)
def test_the_address_changes_until_the_parcel_leaves(status, verdict):
    assert rules.may_change_address(order(status)) is verdict


def test_damage_is_reported_within_forty_eight_hours_and_not_after():
    assert rules.may_report_damage(order(delivered_at=timedelta(hours=48)), NOW) is Verdict.ALLOWED
    assert rules.may_report_damage(order(delivered_at=timedelta(hours=48) + SECOND), NOW) is Verdict.DAMAGE_TOO_LATE


def test_a_search_is_opened_after_ten_days_without_movement():
    assert rules.may_search(order("shipped", last_scan_at=timedelta(days=10)), NOW) is Verdict.ALLOWED
    assert rules.may_search(order("shipped", last_scan_at=timedelta(days=10) - SECOND), NOW) is Verdict.LOST_TOO_EARLY
    assert rules.may_search(order("lost"), NOW) is Verdict.ALLOWED
    assert rules.may_search(order("processing"), NOW) is Verdict.LOST_NOT_SHIPPED
    assert rules.may_search(order("delivered", delivered_at=timedelta(days=1)), NOW) is Verdict.LOST_DELIVERED
