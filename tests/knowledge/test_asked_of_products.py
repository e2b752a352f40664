"""What a question asks of the products that it names or that were spoken of: which attributes, of which products, or nothing at all."""

import pytest

from tests.knowledge.test_index import WordEncoder
from tongshi.knowledge.articles import ATTRIBUTE, UNANSWERABLE, Article
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.graph_reading import asks_only, attributes_named
from tongshi.knowledge.products import ProductFacts
from tongshi.llm.followups import Turn, look_up
from tongshi.responses.catalog import get_replies
from tongshi.settings import ROOT
from tongshi.storage.knowledge import KnowledgeStore

QUESTIONS = {
    ATTRIBUTE + "price": ["how much is it", "what does it cost", "price please", "the price of it", "what price"],
    ATTRIBUTE + "stock": ["is it in stock", "is it available", "how many are left", "in stock right now", "sold out yet"],
    ATTRIBUTE + "battery": [
        "how big is the battery",
        "which has the bigger battery",
        "battery please",
        "the battery of it",
        "what battery",
    ],
    "price-match": ["what if the price drops after I buy", "do you match a lower price", "price difference back after a drop"],
    "order-cancel": [
        "how much time is left to cancel",
        "can I cancel my order",
        "until when can I cancel",
        "cancel an order please",
    ],
    UNANSWERABLE: ["how many pockets inside", "does it have lumens", "is it dimmable", "how bright in lumens", "what lumens"],
}


@pytest.fixture
def knowledge(database, shop, tmp_path) -> KnowledgeBase:
    facts = ProductFacts(ROOT / "data", get_replies())
    base = KnowledgeBase(KnowledgeStore(database), WordEncoder(), tmp_path, shop, facts, ROOT / "data")
    base.put(Article(name, "en", name, "Said in the policy.", tuple(questions)) for name, questions in QUESTIONS.items())
    return base


def answered(knowledge: KnowledgeBase, question: str, *before: str) -> str:
    history = [Turn("bot" if place % 2 else "customer", text) for place, text in enumerate(before)]
    found = look_up(knowledge, question, "en", history, "shop")[1]
    return " ".join(one.text for one in found.passages if one.score == found.passages[0].score) if found.confident else ""


TALK = (
    "which has the bigger battery, the tablet or the laptop",
    "The battery of Meridian Tab 11 holds 30 Wh. Meridian Book 14: 56 Wh.",
)


def test_a_follow_up_that_names_another_attribute_is_about_that_of_both_products(knowledge):
    said = answered(knowledge, "and what price is the one and the other", *TALK)
    assert "€379" in said and "€999" in said and "Wh" not in said


def test_two_attributes_that_are_named_are_both_said(knowledge):
    said = answered(knowledge, "what price is the tablet and is it in stock")
    assert "€379" in said and "in stock" in said


def test_two_products_compared_by_price_are_no_matter_of_policy(knowledge):
    said = answered(knowledge, "price difference of the volt with 65 watts and the one with 30?")
    assert "€39" in said and "€24" in said


def test_what_asks_for_no_attribute_is_not_answered_by_one_of_a_product_spoken_of_before(knowledge):
    assert "€" not in answered(
        knowledge, "how much time is left", "cancel my order of the keyboard", "The order of Tactile Keyboard 87?"
    )


def test_what_no_catalogue_says_stays_unanswered_though_a_product_is_named(knowledge):
    assert answered(knowledge, "how bright in lumens is the desk lamp") == ""


@pytest.mark.parametrize(
    ("language", "text", "attributes"),
    [
        ("ar", "بكام وايه الألوان", ["price", "colours"]),
        ("de", "wie teuer, und welche Farben gibt es", ["price", "colours"]),
        ("en", "what about colours and the price", ["colours", "price"]),
        ("es", "¿y el precio? ¿qué colores?", ["price", "colours"]),
        ("fr", "niveau prix et couleurs", ["price", "colours"]),
        ("it", "il prezzo e i colori", ["price", "colours"]),
        ("ja", "在庫と値段は", ["stock", "price"]),
        ("ko", "가격이랑 재고는요", ["price", "stock"]),
        ("pt", "o preço e as cores", ["price", "colours"]),
        ("ru", "по цене и по наличию", ["price"]),
        ("th", "ราคาเท่าไหร่ มีสีอะไร", ["price", "colours"]),
        ("zh", "價格和顏色", ["price", "colours"]),
        ("de", "wie viel Zeit bleibt mir", []),
    ],
)
def test_attributes_are_read_from_plain_words(language, text, attributes):
    assert attributes_named(ROOT / "data", text, language) == attributes


@pytest.mark.parametrize(
    ("language", "text", "only"),
    [
        ("en", "what does the cost", True),
        ("de", "was kostet denn die bei euch?", True),
        ("ja", "の と の値段は?", True),
        ("zh", "这个多少钱呢", True),
        ("ar", "بكم ؟", True),
        ("ko", "는 얼마예요", True),
        ("en", "how much is the repair of the", False),
        ("pt", "quanto custa gravar o", False),
        ("zh", "维修多少钱", False),
        ("en", "price for 20", False),
        ("en", "does it have lumens", False),
        ("ar", "بكم هذه من فضلك", True),
        ("it", "e quanto costa la", True),
        ("th", "ราคาเท่าไหร่คะ", True),
        ("zh", "請問一下這個多少錢", True),
        ("de", "was kostet die neue", False),
        ("en", "price of a used", False),
        ("es", "cuánto vale otra", False),
        ("ja", "箱の値段は?", False),
        ("ko", "줄 얼마예요", False),
        ("ru", "сколько стоит отправить назад", False),
        ("th", "ส่งราคาเท่าไหร่", False),
        ("zh", "修多少钱", False),
        ("zh", "租一天多少钱", False),
        ("zh", "旧的多少钱", False),
    ],
)
def test_who_asks_for_an_attribute_and_nothing_else_is_known_by_the_words_that_are_left(language, text, only):
    assert asks_only(ROOT / "data", text, language) is only


def test_a_plain_question_for_an_attribute_is_answered_whatever_else_it_is_like(knowledge):
    unanswerable = Article(UNANSWERABLE, "en", UNANSWERABLE, "", ("price?", "the price of?"))
    knowledge.put([unanswerable])
    assert "€129" in answered(knowledge, "Aurora price?")


def test_after_a_comparison_the_compared_are_spoken_of_and_not_what_goes_with_them(knowledge):
    said = answered(
        knowledge, "is it in stock?", "Aurora or Pico?", "Aurora works with Volt 30W and Volt 65W. Pico works with Volt 30W."
    )
    assert "Aurora" in said and "Pico" in said and "Volt" not in said
