"""What is recommended, and the cards that go along with it."""

import pytest

from actions import services
from actions.answers import ActionAnswer
from actions.products import ActionRecommend
from tongshi.language.patterns import find
from tongshi.llm.answering import Answer
from tongshi.llm.citing import Citation
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES

CITED = Citation("product:MER-HP-110", "…", "de", "Pico In-Ear Buds")
WISHES = [("product", "headphones"), ("price", "150")]


def recommended(talk):
    assert talk.run(ActionRecommend(), intent="recommend_product", entities=WISHES) == ["utter_recommendations"]
    return talk.messages[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_recommended_product_has_a_card_that_says_what_its_line_says(talk_in, language):
    message = recommended(talk_in(language))
    text = get_replies().render("utter_recommendations", language, message).text
    cards = message["custom"]["cards"]
    assert [card["name"] for card in cards] == [product["name"] for product in message["products"]]
    for card in cards:
        assert card["line"] in text
        assert card["name"] in card["line"] and card["price"] in card["line"] and card["colours"] in card["line"]
        assert card["button"]["title"] and card["name"] in card["button"]["text"]


def test_a_card_has_the_customers_words(talk_in):
    aurora, _ = recommended(talk_in("de"))["custom"]["cards"]
    assert aurora == {
        "name": "Aurora Wireless Headphones",
        "price": "129\xa0€",
        "colours": "Schwarz, Sand und Blau",
        "line": "• Aurora Wireless Headphones – 129\xa0€ (Schwarz, Sand und Blau)",
        "button": {
            "title": "Details",
            "text": "Mehr über Aurora Wireless Headphones erfahren",
            "payload": '/product_question{"product": "MER-HP-200"}',
        },
    }


def test_cards_are_in_traditional_characters_for_who_writes_them(talk_in):
    talk = talk_in("zh")
    talk.slots["traditional_chinese"] = True
    card = recommended(talk)["custom"]["cards"][0]
    assert card["colours"].startswith("黑色、沙色和藍色") and card["button"]["title"] == "查看詳情"


def test_the_button_of_a_card_is_answered_with_all_that_the_catalogue_says(talk_in, monkeypatch):
    class Catalogue:
        def describe(self, sku, language):
            return Answer(f"{sku} {language}", language, "unknown" if sku == "gone" else "quoted", (CITED,))

    talk, press = talk_in("de"), {"intent": "product_question"}
    monkeypatch.setattr(services, "answerer", Catalogue)
    payload = recommended(talk)["custom"]["cards"][1]["button"]["payload"]
    said = talk.run(ActionAnswer(), text=payload, entities=[("product", "MER-HP-110")], **press)
    assert said == ["utter_answer"] and talk.messages[0]["answer"] == "MER-HP-110 de"
    assert talk.run(ActionAnswer(), text='/product_question{"product": "gone"}', entities=[("product", "gone")], **press) == [
        "utter_answer_unknown"
    ]


def test_of_a_span_of_prices_the_upper_end_is_the_budget(talk_in):
    talk = talk_in("en")
    span = [("product", "headphones"), *((match.kind, match.value) for match in find("between 100 and 150 euros"))]
    assert talk.run(ActionRecommend(), intent="recommend_product", entities=span) == ["utter_recommendations"]
    assert talk.messages[0]["products"] == recommended(talk_in("en"))["products"]
