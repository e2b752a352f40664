"""Which products a message names, and what is left of it without their names."""

import pytest

from tongshi.knowledge.products import ProductFacts, compared, mentioned, product_finder, told_apart, without
from tongshi.responses.catalog import get_replies
from tongshi.settings import ROOT

BOOK, CHARGER_30, CHARGER_65 = "MER-LP-140", "MER-CH-030", "MER-CH-065"


@pytest.fixture
def catalogue(shop):
    return shop.products()


@pytest.fixture
def finder(catalogue):
    return product_finder(ROOT / "data", tuple((product.name, product.sku) for product in catalogue))


@pytest.mark.parametrize(
    ("text", "skus", "rest"),
    [
        ("qto tá o book de 14 polegadas", [BOOK], "qto tá de"),
        ("kriegt das 30 w netzteil auch mein handy voll", [CHARGER_30], "kriegt das auch mein handy voll"),
        ("passt der 65er lader dort in die dose?", [CHARGER_65], "passt der lader dort in die dose?"),
        ("30瓦的充电器多少钱", [CHARGER_30], "多少钱"),
        ("how long do 30 days take to pass", [], "how long do 30 days take to pass"),
    ],
)
def test_figures_with_their_unit_name_products_and_go_with_the_name(finder, catalogue, text, skus, rest):
    assert [product.sku for product in mentioned(finder, text, catalogue)] == skus
    assert without(finder, text, catalogue) == rest


def test_a_figure_alone_tells_products_of_the_kind_that_is_spoken_of_apart(finder, catalogue):
    spoken_of = mentioned(finder, "how much is the 65 watt charger", catalogue)
    assert [product.sku for product in told_apart("and the one with 30?", spoken_of, catalogue)] == [CHARGER_30]
    assert told_apart("and the other?", spoken_of, catalogue) == []


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("der volt mit 65 watt oder der 30er, also 30, was ist der unterschied", [CHARGER_65, CHARGER_30]),
        ("65瓦的充电器和30的哪个便宜", [CHARGER_65, CHARGER_30]),
        ("can I send the 65 watt charger back within 30 days", [CHARGER_65]),
    ],
)
def test_a_bare_figure_sets_a_second_product_beside_the_first(finder, catalogue, text, skus):
    found = compared(text, mentioned(finder, text, catalogue), catalogue)
    assert {product.sku for product in found} == set(skus)


@pytest.mark.parametrize(
    "text",
    [
        "за сколько рабочих часов вы обычно отвечаете",
        "вернёте деньги через 12 часов?",
        "до восьми часов вечера кто-то есть?",
        "أقل من ساعة ويوصل الرد؟",
        "خدمة العملاء تفتح الساعة ثمانية؟",
        "Bis wie viel Uhr kann ich anrufen?",
        "geht um zehn uhr jemand ran",
        "โทรคุยได้ถึงกี่นาฬิกา",
        "montrez-moi... enfin, montre-moi mes commandes",
        "mi blocco in cassa, la carta non passa",
        "can I watch my parcel move on a map",
    ],
)
def test_a_word_for_a_product_in_another_sense_names_none(finder, catalogue, text):
    assert mentioned(finder, text, catalogue) == []


@pytest.mark.parametrize(
    "text",
    [
        "сколько стоят ваши часы",
        "у часов есть гарантия?",
        "сколько батарея часов держит",
        "بكم الساعة عندكم",
        "الساعة كم سعرها الحين",
        "Welche Farbe hat die Uhr?",
        "นาฬิกาใส่ว่ายน้ำได้ไหม",
        "la montre est en rupture ?",
        "is the watch any good in the pool",
    ],
)
def test_a_watch_is_a_watch(finder, catalogue, text):
    assert [product.sku for product in mentioned(finder, text, catalogue)] == ["MER-WT-050"]


def test_a_summary_has_a_line_for_each_thing_that_the_catalogue_says_and_none_for_what_it_does_not(catalogue):
    facts, watch = ProductFacts(ROOT / "data", get_replies()), next(one for one in catalogue if one.sku == "MER-WT-050")
    what, *lines = facts.summary(watch, catalogue, "de").splitlines()
    assert what == "Pulse Sports Watch: Sportuhr"
    said = ("price", "stock", "water", "battery", "plug", "colours")
    assert lines == [f"• {facts.sentence(one, watch, catalogue, 'de')}" for one in said]


def test_what_may_be_sent_back_only_sealed_is_said_to_be(catalogue):
    facts, buds = ProductFacts(ROOT / "data", get_replies()), next(one for one in catalogue if one.sku == "MER-HP-110")
    assert "seal is unbroken" in facts.sentence("final_sale", buds, catalogue, "en")


def test_a_difference_says_of_each_what_the_other_has_otherwise_or_not_at_all(catalogue):
    facts = ProductFacts(ROOT / "data", get_replies())
    small, large = (next(one for one in catalogue if one.sku == sku) for sku in ("MER-CH-030", "MER-CH-065"))
    told = facts.difference(small, [large], catalogue, "en")
    assert told.startswith("Volt 30W Charger") and "€24" in told and "is a Final Sale item" in told
    assert facts.sentence("stock", small, catalogue, "en") not in told
