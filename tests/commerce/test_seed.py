from datetime import timedelta
from decimal import Decimal

from tongshi.commerce.seed import seed
from tongshi.settings import ROOT
from tongshi.storage.models import Case


def test_the_demo_shop_is_dated_relative_to_now(shop, clock):
    order = shop.order("MD-10235")
    assert order.customer.name == "Anna Becker"
    assert clock() - order.delivered_at == timedelta(days=12)
    assert clock() - shop.order("MD-10249").placed_at == timedelta(minutes=20)
    assert shop.order("MD-10234").eta == (clock() + timedelta(days=2)).date()


def test_an_order_of_two_lines_holds_both_items(shop):
    order = shop.order("MD-10251")
    assert [(item.product.name, item.colour, item.quantity) for item in order.items] == [
        ("Volt Power Bank 20000", "black", 1),
        ("Pico In-Ear Buds", "white", 1),
    ]


def test_products_keep_their_prices_to_the_cent_and_their_lists(shop):
    products = {product.sku: product for product in shop.products()}
    assert len(products) == 12
    assert products["MER-HP-200"].price == Decimal("129.00")
    assert products["MER-CH-065"].plug == ["EU", "UK", "US", "JP"]
    assert products["MER-CH-030"].final_sale and products["MER-HP-110"].hygiene_seal
    assert products["MER-BG-025"].battery_wh is None


def test_a_shop_that_has_orders_is_not_filled_again(shop, clock):
    assert shop.set_status("MD-10236", "processing", "shipped")
    assert seed(shop, ROOT / "data" / "store", clock()) is False
    assert shop.order("MD-10236").status == "shipped"


def test_a_demonstration_may_begin_anew(shop, clock):
    shop.open_case(Case(kind="return", order_id="MD-10235", sender="anna", created_at=clock()))
    shop.set_address("MD-10236", "processing", "Musterweg 5")
    shop.set_status("MD-10249", "processing", "cancelled")
    shop.begin_anew("MD-10249", clock())
    assert shop.cases("MD-10235") == [] and shop.order("MD-10236").address is None
    assert (shop.order("MD-10249").status, shop.order("MD-10249").placed_at) == ("processing", clock())


def test_what_was_sent_back_or_cancelled_is_not_owned(shop):
    assert shop.owned_skus("C-001") == {"MER-HP-200", "MER-PB-020"}
    assert shop.owned_skus("C-008") == set()
