from decimal import Decimal

import pytest

from tongshi.commerce.catalogue import companions, recommend, skus_of


@pytest.fixture
def catalogue(shop):
    return shop.products()


def skus(products):
    return [product.sku for product in products]


def test_a_kind_means_its_products_and_a_sku_means_itself():
    assert skus_of("charger") == ["MER-CH-065", "MER-CH-030"]
    assert skus_of("MER-LP-140") == ["MER-LP-140"]


def test_headphones_in_the_broad_sense_take_in_earbuds():
    assert skus_of("headphones") == ["MER-HP-200"]
    assert skus_of("headphones", broad=True) == ["MER-HP-200", "MER-HP-110"]


def test_the_dearest_within_the_budget_comes_first(catalogue):
    assert skus(recommend(catalogue, kinds=["headphones"], price=Decimal(150))) == ["MER-HP-200", "MER-HP-110"]
    assert skus(recommend(catalogue, kinds=["headphones"], price=Decimal("59.00"))) == ["MER-HP-110"]


def test_nothing_is_recommended_that_costs_more_than_wished(catalogue):
    assert recommend(catalogue, kinds=["laptop"], price=Decimal("998.99")) == []


def test_without_a_budget_what_is_most_in_stock_comes_first(catalogue):
    found = recommend(catalogue, kinds=[])
    assert skus(found) == ["MER-CH-065", "MER-HP-110", "MER-PB-020"]


def test_what_is_sold_out_is_not_recommended(catalogue):
    assert recommend(catalogue, kinds=["lamp"]) == []


def test_a_wished_colour_must_be_had(catalogue):
    assert skus(recommend(catalogue, kinds=["headphones"], colour="sand")) == ["MER-HP-200"]
    assert recommend(catalogue, kinds=["speaker"], colour="green") == []


def test_what_the_customer_owns_is_left_out(catalogue):
    assert skus(recommend(catalogue, kinds=["headphones"], owned={"MER-HP-200"})) == ["MER-HP-110"]


def test_what_goes_with_something_is_found_from_either_side(catalogue):
    laptop = skus(recommend(catalogue, kinds=[], goes_with=["MER-LP-140"]))
    assert set(laptop) == {"MER-CH-065", "MER-BG-025", "MER-KB-087"}
    assert skus(recommend(catalogue, kinds=["charger"], goes_with=["MER-LP-140"])) == ["MER-CH-065"]
    charger = next(product for product in catalogue if product.sku == "MER-CH-065")
    assert set(skus(companions(charger, catalogue))) == {"MER-LP-140", "MER-PB-020", "MER-TB-110", "MER-HP-200"}


def test_no_more_are_shown_than_asked_for(catalogue):
    assert len(recommend(catalogue, kinds=[])) == 3
    assert len(recommend(catalogue, kinds=[], most=1)) == 1
