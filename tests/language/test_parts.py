"""Where a message says several things, and what it then is."""

import time

import pytest
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from tongshi.language.parts import parts_of
from tongshi.nlu.parts import PARTS, MessageSplitter, PartReader


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("where is my parcel", ["where is my parcel"]),
        ("I'd like to return the watch. Who pays the postage?", ["I'd like to return the watch.", "Who pays the postage?"]),
        ("no. send me another one", ["no. send me another one"]),
        (
            "return MD-10235, anna.becker@example.com and by the way do you take old laptops?",
            ["return MD-10235", "anna.becker@example.com", "and by the way do you take old laptops?"],
        ),
        (
            "я плохо русский. Где мой заказ? MD-10243 kim@example.com. И ещё вопрос сколько стоит доставка",
            ["я плохо русский.", "Где мой заказ?", "MD-10243 kim@example.com.", "И ещё вопрос сколько стоит доставка"],
        ),
        ("我想换个颜色，另外换货要不要钱", ["我想换个颜色", "另外换货要不要钱"]),
        (
            "이어폰을 검정으로 바꾸고 싶구요 그리고 교환하면 돈 내야 돼요",
            ["이어폰을 검정으로 바꾸고 싶구요", "그리고 교환하면 돈 내야 돼요"],
        ),
        ("2 Dinge: 1) wo ist mein Paket 2) was kostet Express", ["2 Dinge: 1) wo ist mein Paket", "2) was kostet Express"]),
        (
            "annullate MD-10249, eva@example.com, ma costa qualcosa?",
            ["annullate MD-10249, eva@example.com", "ma costa qualcosa?"],
        ),
        ("if I send it back, do I pay the postage?", ["if I send it back, do I pay the postage?"]),
        ("", []),
    ],
)
def test_parts_end_with_sentences_and_begin_at_words_for_another_matter(text, parts):
    assert [part.text for part in parts_of(text)] == parts


def test_a_message_of_white_space_takes_no_time():
    began = time.perf_counter()
    parts_of("hello" + " " * 980 + "kim@example.com" + " " * 980 + "x")
    assert time.perf_counter() - began < 0.2


def read(text, whole, *parts):
    """A message after the pipeline, which took it and its parts for these intents."""
    messages = MessageSplitter().process([Message({TEXT: text})])
    for message, (intent, confidence) in zip(messages, [whole, *parts], strict=True):
        ranking = [{"name": intent, "confidence": confidence}, {"name": "other", "confidence": 1 - confidence}]
        message.set(INTENT, ranking[0])
        message.set(INTENT_RANKING_KEY, ranking)
        message.set("entities", [{"entity": "order_number"}] if "MD-" in text else [])
    (message,) = PartReader().process(messages)
    return message


TWO = "I want to send the watch back. How long does the refund take?"
TWO_WITH_ORDER = TWO.replace("watch", "watch, MD-10250,")
QUESTION = ("policy_question", 0.98)


@pytest.mark.parametrize(
    ("text", "whole", "parts", "intent"),
    [
        (TWO, ("policy_question", 0.8), [("return_item", 0.95), QUESTION], "return_item"),
        (TWO, ("policy_question", 0.8), [("return_item", 0.85), QUESTION], "policy_question"),
        (TWO_WITH_ORDER, ("policy_question", 0.8), [("return_item", 0.85), QUESTION], "return_item"),
        (TWO, ("change_language", 0.7), [("greet", 0.6), QUESTION], "policy_question"),
        (TWO, ("return_item", 0.7), [("order_status", 0.95), QUESTION], "order_status"),
        (TWO, ("return_item", 0.7), [("return_item", 0.5), ("order_status", 0.95)], "return_item"),
        (TWO, ("request_human", 0.9), [("return_item", 0.99), QUESTION], "request_human"),
    ],
)
def test_a_message_is_what_its_parts_surely_are(text, whole, parts, intent):
    message = read(text, whole, *parts)
    assert message.get(INTENT)["name"] == message.get(INTENT_RANKING_KEY)[0]["name"] == intent
    assert [part["intent"] for part in message.get(PARTS)] == [name for name, _ in parts]
    assert sum(one["confidence"] for one in message.get(INTENT_RANKING_KEY)) == pytest.approx(1.0, abs=0.21)


ONE = "I want to send a charger back, is the postage on me or on you?"


@pytest.mark.parametrize(
    ("whole", "clauses", "intent", "is_read"),
    [
        (("order_status", 0.3), [("return_item", 0.9), QUESTION], "return_item", True),
        (("return_item", 0.8), [("return_item", 0.6), QUESTION], "return_item", True),
        (("policy_question", 0.95), [("return_item", 0.9), QUESTION], "policy_question", False),
        (("return_item", 0.8), [("return_item", 0.9), ("policy_question", 0.6)], "return_item", False),
    ],
)
def test_a_sentence_may_be_a_wish_and_a_question_besides(whole, clauses, intent, is_read):
    message = read(ONE, whole, *clauses)
    assert message.get(INTENT)["name"] == intent
    assert [part["text"] for part in message.get(PARTS) or ()] == (ONE.split(", ") if is_read else [])


def test_commands_and_what_says_one_thing_pass_whole():
    for text in ("/inform. Something else here.", "where is my parcel", "a long story. " * 200):
        messages = [Message({TEXT: text})]
        assert MessageSplitter().process(messages) == messages


def test_a_question_beside_number_and_address_is_cut_off_behind_them_only():
    text = "Ich will sie zurückschicken, MD-10251, omar@example.com. Und wie lange dauert, bis mein Geld wieder da ist?"
    assert [part.text for part in parts_of(text)][-1] == "Und wie lange dauert, bis mein Geld wieder da ist?"
    assert parts_of("MD-10251, omar@example.com, wann kommt sie denn?")[-1].text == "wann kommt sie denn?"
