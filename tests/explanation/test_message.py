"""Explanations of messages, with a bot of a few words whose reasons are known."""

from __future__ import annotations

import re
import time

import pytest

from tongshi.errors import TongshiError
from tongshi.explanation.message import Explainer, Explanation, percent
from tongshi.explanation.neighbours import Neighbour
from tongshi.explanation.page import coloured, heat, page
from tongshi.explanation.words import decisive_words, split, units

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


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("so bad ❤️👍🏽🇩🇪 👨‍👩‍👧 1️⃣ bye", "en", ["so", "bad", "❤️", "👍🏽", "🇩🇪", "👨‍👩‍👧", "1️⃣", "bye"]),
        ("แย่มาก😡😡", "th", ["แย่มาก", "😡", "😡"]),
        ("ありがとう〜 ™", "ja", ["ありがとう"]),
    ],
)
def test_an_emoji_is_one_word_however_many_characters_it_has(text, language, words):
    assert [word for word, _ in split(text, language)] == words


def test_a_long_message_is_looked_at_in_groups_that_end_where_sentences_do():
    text = "I waited for the parcel all day. Nobody came! " * 20
    groups = units(text, "en")
    assert 8 <= len(groups) <= 15
    assert all(text[start : start + len(group)] == group for group, start in groups)
    assert sum(text[start + len(group)] in ".!" for group, start in groups) > len(groups) / 2
    assert len(units("我等了一整天的包裹。没有人来！" * 20, "zh")) <= 30


def test_a_long_message_is_tried_for_seconds_only_and_it_is_said_so(monkeypatch):
    def slow(texts):
        time.sleep(0.01 * len(texts))
        return bot(texts)

    monkeypatch.setattr("tongshi.explanation.words._SECONDS", 0.6)
    text = "where is it? I waited for my parcel all day and nobody came, so now I want to return it. " * 8
    began = time.monotonic()
    found = Explainer(slow, lambda text: [], 0.4, "en")(text)
    assert time.monotonic() - began < 2 and found.cut_short
    assert "no time to try its words as often" in " ".join(found.sentences())
    assert not decisive_words("where is my parcel", "en", slow)[1]


def test_a_word_without_which_nothing_would_be_understood_is_told(explain):
    found = explain("return")
    assert found.intent == "return_item" and found.words[0].without[0] == "nlu_fallback"
    assert "Without “return” the bot would not have understood the message." in found.sentences()
    assert "not understood" in page(found)


def test_the_part_that_decided_is_named_and_its_wordings_are_the_nearest():
    def of_parts(texts):
        return [{**one, "deciding_part": "I want to return it."} for one in bot(texts)]

    asked = []
    found = Explainer(of_parts, lambda text: asked.append(text) or [Neighbour("return", "return_item", "en", 0.8)], 0.4, "en")(
        "Hello there. I want to return it."
    )
    assert asked == ["I want to return it."] and Explanation.from_dict(found.as_dict()) == found
    said = " ".join(found.sentences())
    assert "what one part of it says: “I want to return it.”" in said and "nearest thing to that part" in said
