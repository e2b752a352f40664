"""Explanations of messages, with a bot of a few words whose reasons are known."""

from __future__ import annotations

import re

import pytest

from tongshi.errors import TongshiError
from tongshi.explanation.message import Explainer, Explanation, percent
from tongshi.explanation.neighbours import Neighbour
from tongshi.explanation.page import coloured, heat, page
from tongshi.explanation.words import split

# What each word adds to an intent's points.
POINTS = {
    "return": ("return_item", 3), "parcel": ("order_status", 2), "where": ("order_status", 2), "not": ("return_item", -1),
    "退货": ("return_item", 3), "返品": ("return_item", 3), "คืน": ("return_item", 3),
}  # fmt: skip


def bot(texts):
    """Reads texts as Rasa would tell of it."""
    parsed = []
    for text in texts:
        points = {"return_item": 1.0, "order_status": 1.0, "greet": 1.0}
        for word, (intent, value) in POINTS.items():
            points[intent] += value * text.lower().count(word)
        points = {intent: max(value, 0.1) for intent, value in points.items()}
        ranking = [
            {"name": intent, "confidence": value / sum(points.values())}
            for intent, value in sorted(points.items(), key=lambda item: -item[1])
        ]
        if ranking[0]["confidence"] < 0.4:
            ranking.insert(0, {"name": "nlu_fallback", "confidence": 0.6})
        language = (
            "zh"
            if re.search("[一-龥]", text)
            else "ja"
            if re.search("[ぁ-ん]", text)
            else "th"
            if "ก" <= text[:1] <= "๙"
            else "en"
        )
        parsed.append({"intent": ranking[0], "intent_ranking": ranking, "language": {"code": language}})
    return parsed


@pytest.fixture
def explain():
    def nearest(text):
        return [Neighbour("i want to return it", "return_item", "en", 0.8), Neighbour("hi", "greet", "en", 0.3)]

    return Explainer(bot, nearest, 0.4, "en")


@pytest.mark.parametrize(
    ("text", "decisive"),
    [
        ("I would like to return this, please", "return"),
        ("我想把这个耳机退货", "退货"),
        ("この商品を返品したいです", "返品"),
        ("อยากคืนสินค้าค่ะ", "คืน"),
    ],
)
def test_the_word_that_decides_is_named_in_any_script(explain, text, decisive):
    found = explain(text)
    assert max(found.words, key=lambda word: word.weight).text == decisive
    assert "".join(piece for piece, _, _ in heat(found)) == text
    assert any(f"“{decisive}”" in sentence for sentence in found.sentences())


def test_what_speaks_against_it_and_what_it_would_be_otherwise(explain):
    found = explain("where is my parcel, I did not want to return it")
    by_word = {word.text: word for word in found.words}
    assert found.best[0] == "order_status" and found.runner_up[0] == "return_item"
    assert by_word["return"].weight < 0 < by_word["parcel"].weight
    assert by_word["return"].rival > 0
    assert by_word["where"].without[0] == "return_item"
    assert "Without “where” the bot would believe that the customer wants to send something back" in " ".join(found.sentences())


def test_why_nothing_was_understood(explain):
    found = explain("hm yes")
    assert found.is_fallback
    said = " ".join(found.sentences())
    assert "did not understand" in said and "acts on a guess from 40 % on" in said and "very short" in said


def test_a_page_shows_and_escapes_the_message(explain):
    found = explain('return <script>alert("x")</script> & more')
    html = page(found, {"plain": ["Nothing."], "passages": []})
    assert "<script>" not in html and "&lt;" in html
    assert re.search(r'<span style="background: rgba\(22,128,60,[^"]+" title="\+\d+ points">return</span>', html)
    assert 'dir="ltr"' in html
    assert coloured(found).plain == found.text


def test_an_explanation_travels_as_json(explain):
    found = explain("where is my parcel")
    assert Explanation.from_dict(found.as_dict()) == found


def test_numbers_and_addresses_stay_whole():
    assert [word for word, _ in split("it's MD 10234, li@example.com!", "en")] == ["it's", "MD 10234", "li@example.com"]


def test_nothing_is_called_certain():
    assert [percent(value) for value in (0.9999, 0.97, 0.004, 0)] == ["over 99 %", "97 %", "under 1 %", "under 1 %"]


@pytest.mark.parametrize(
    "text",
    [
        "🎉🎉 👍🏽", "?!?!", "退 货 退货退货 return return", "สั่งMD-10234แล้ว ส่ง li@example.com", "شحن ٣ أيام؟ 返品OK", "ｍｄ－１０２３４",
        "a\n\tb  c", "<b>MD-10234</b> MD-10234", "x" * 300, "word " * 400, "a.b,c-d_e’f",
    ],
)  # fmt: skip
def test_any_message_is_explained_whole(explain, text):
    found = explain(text)
    assert "".join(piece for piece, _, _ in heat(found)) == found.text
    assert all(found.text[word.start : word.end] == word.text for word in found.words)
    assert found.sentences() and page(found)


def test_where_there_is_nothing_to_read_it_is_said_so(explain):
    with pytest.raises(TongshiError, match="nothing to read"):
        explain(" \u200b\n")
