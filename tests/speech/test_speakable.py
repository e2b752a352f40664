"""Replies as they are said."""

import pytest

from tongshi.settings import LANGUAGES
from tongshi.speech.speakable import speakable, spell_all
from tongshi.speech.synthesis import clauses, shortened


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "Your order **MD-10234** costs €129.50.", "Your order M D, one zero two three four costs 129 euros 50."),
        ("en", "See [the rules](https://shop.example/r) or https://shop.example/r.", "See the rules or."),
        ("en", "You have 30 days. [1]\n\n📄 [Returning](https://x.example)", "You have 30 days."),
        ("en", "- 2 × Pico In-Ear Buds\n- Tide Speaker", "2 Pico In-Ear Buds. Tide Speaker"),
        ("en", "Done! 🎉 Write to anna@example.com", "Done! Write to anna at example dot com"),
        ("en", "20% off", "20 percent off"),
        ("de", "Das kostet 1.299 €.", "Das kostet 1299 Euro."),
        ("zh", "订单MD-10234优惠20%，价格49.90欧元。", "订单M D, 幺，零，二，三，四优惠百分之20，价格49点90欧元。"),
        ("ja", "MD-10234は129ユーロです", "エムディー, イチ、ゼロ、ニー、サン、ヨンは129ユーロです"),
        ("ru", "Заказ MD-10234", "Заказ эм дэ, один,ноль,два,три,четыре"),
        ("ar", "طلبك \u2068MD-10234\u2069", "طلبك إم دي, واحد صفر اثنان ثلاثة أربعة"),
    ],
)
def test_what_only_the_eye_can_read_is_put_into_words(language, text, said):
    assert speakable(text, language) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_number_is_spelled_in_every_language(language):
    said = speakable("MD-10234", language)
    assert "10234" not in said and "MD" not in said.replace("M D", "")
    assert spell_all(["MD-10234", "a@example.com"], language).startswith(said)


def test_clauses_are_short_first_and_none_is_lost():
    text = "Your order is on its way, and it should be with you on Thursday. Yes. You can return every item within 30 days of delivery."
    assert clauses(text) == [
        "Your order is on its way,",
        "and it should be with you on Thursday.",
        "Yes.",
        "You can return every item within 30 days of delivery.",
    ]
    assert clauses("您的订单已经在路上了，预计星期四送到。所有商品都可以退货。") == [
        "您的订单已经在路上了，",
        "预计星期四送到。",
        "所有商品都可以退货。",
    ]
    assert clauses("您的订单M D, 幺，零，二，三，四已经在路上了。") == ["您的订单M D,", "幺，零，二，三，四已经在路上了。"]
    assert clauses("You can return every item within thirty days of delivery.")[0] == "You can return every item within thirty"
    assert clauses("... !") == []
    long = "word " * 100
    assert "".join(clauses(long)).replace(" ", "") == long.replace(" ", "") and max(map(len, clauses(long))) <= 160


def test_a_long_reply_is_cut_after_whole_sentences():
    assert shortened("One is here. Two is there. Three is gone.", 26) == "One is here. Two is there."
    assert shortened("A very long sentence stays whole.", 5) == "A very long sentence stays whole."
