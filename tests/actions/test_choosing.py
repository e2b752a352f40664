"""Words of a customer's own that pick one of the bot's buttons."""

import pytest

from actions.orders import ValidateLostForm
from actions.returns import ActionSubmitExchangeForm, ValidateDamageForm, ValidateExchangeForm, ValidateReturnForm
from tongshi.llm.answering import Answer
from tongshi.responses.catalog import get_replies

pytestmark = pytest.mark.usefixtures("encoded")

OMAR = {"order_number": "MD-10251", "email": "omar.haddad@example.com"}
KIM = {"order_number": "MD-10250", "email": "kim.minjun@example.com"}
IRINA = {"order_number": "MD-10245", "email": "irina.petrova@example.com"}
ITEMS = {"Volt Power Bank 20000": '/inform{"product": "MER-PB-020"}', "Pico In-Ear Buds": '/inform{"product": "MER-HP-110"}'}
MONEY_OR_NEW = {"Geld zurück": '/inform{"resolution": "refund"}', "Neu schicken": '/inform{"resolution": "resend"}'}


def offer(talk, buttons):
    """Put titled buttons under the bot's last message, as Rasa's generator does."""
    talk.events[-1]["data"] = {"buttons": [{"title": title, "payload": payload} for title, payload in buttons.items()]}


@pytest.mark.parametrize(
    ("text", "intent", "sure", "picked"),
    [
        ("バッテリーのほう", "inform", 0.9, "MER-PB-020"),
        ("ตัวที่ใส่หู", "inform", 0.9, "MER-HP-110"),
        ("the heavier of the two", "inform", 0.9, None),
        ("what is the battery one?", "inform", 0.9, None),
        ("forget the battery one", "stop", 0.9, None),
    ],
)
def test_an_item_is_picked_by_what_comes_near_to_it(talk, text, intent, sure, picked):
    assert talk.run(ValidateReturnForm(), **OMAR) == ["utter_request_item"]
    offer(talk, ITEMS)
    talk.run(ValidateReturnForm(), text=text, intent=intent, sure=sure)
    assert talk.slots.get("product") == picked


@pytest.mark.parametrize(
    ("text", "intent", "sure", "picked"),
    [("lieber Kohle zurück", "inform", 0.6, "refund"), ("schickt das Zeug einfach neu", "return_item", 0.9, "resend")],
)
def test_what_is_to_become_of_a_lost_parcel_likewise(talk, text, intent, sure, picked):
    talk.slots["language"] = "de"
    assert talk.run(ValidateLostForm(), **IRINA) == ["utter_request_lost_resolution"]
    offer(talk, MONEY_OR_NEW)
    talk.run(ValidateLostForm(), text=text, intent=intent, sure=sure)
    assert talk.slots.get("resolution") == picked


@pytest.mark.parametrize(
    ("language", "text", "picked"),
    [("ar", "ابعتولي واحد تاني", "resend"), ("ar", "رجعولي فلوسي", "refund"), ("fr", "je préfère récupérer mes sous", "refund")],
)
def test_the_words_that_customers_have_for_it_are_known(talk, language, text, picked):
    talk.slots["language"] = language
    assert talk.run(ValidateLostForm(), **IRINA) == ["utter_request_lost_resolution"]
    offer(talk, {one["title"]: one["payload"] for one in get_replies().buttons(("refund", "resend"), language)})
    talk.run(ValidateLostForm(), text=text)
    assert talk.slots.get("resolution") == picked


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("de", "ich möchte die Powerbank aus MD-10251 zurückschicken, ich brauche sie doch nicht mehr.", "changed_mind"),
        ("ja", "こちらの商品を返品したいです。買ってみたけど使い道が見つからず", "changed_mind"),
        ("ja", "返品希望です。思ってたより小さい", "does_not_fit"),
        ("en", "I'd like to send the power bank back please, MD-10251", None),
        ("es", "buenas tardes, quiero devolver la batería del pedido MD-10251", None),
        ("ru", "примите товар обратно, заказ MD-10251", None),
    ],
)
def test_the_reason_that_comes_along_with_the_wish_is_told_by_what_it_is_near_to(talk_in, language, text, reason):
    talk = talk_in(language)
    talk.run(ValidateReturnForm(), text=text, intent="return_item", **OMAR)
    assert talk.slots.get("reason") == reason


@pytest.mark.parametrize(("sure", "reason"), [(0.97, None), (0.4, "does_not_fit")])
def test_what_a_part_of_the_message_surely_asks_is_no_reason(talk, monkeypatch, sure, reason):
    async def nothing(tracker, question):
        return Answer("", "en", "unknown")

    monkeypatch.setattr("actions.order_forms.answer_last", nothing)
    wish, question = "I'd like to return the power bank,", "it is too big for my bag"
    parts = [
        {"text": wish, "intent": "return_item", "confidence": 0.99},
        {"text": question, "intent": "policy_question", "confidence": sure},
    ]
    talk.run(ValidateReturnForm(), text=f"{wish} {question}", intent="return_item", parts=parts, **OMAR)
    assert talk.slots.get("reason") == reason


@pytest.mark.parametrize(("sure", "reason"), [(0.95, None), (0.5, "changed_mind")])
def test_what_sounds_like_calling_it_off_tells_the_reason_where_it_was_asked_for(talk_in, sure, reason):
    talk = talk_in("de")
    talk.run(ValidateReturnForm(), **OMAR, product="power_bank")
    assert talk.requested == "reason"
    talk.run(ValidateReturnForm(), text="ich brauch sie einfach nicht mehr", intent="stop", sure=sure)
    assert talk.slots.get("reason") == reason


@pytest.mark.parametrize(
    ("language", "text", "intent", "sure", "sealed"),
    [
        ("zh", "还没拆封呢", "inform", 0.9, True),
        ("zh", "封膜没撕才能退吗", "policy_question", 0.9, None),
        ("ja", "未開封じゃないと返品できないんですか", "policy_question", 0.9, None),
        ("th", "ต้องยังไม่แกะซีลถึงจะคืนได้เหรอ", "policy_question", 0.9, None),
    ],
)
def test_a_question_without_a_mark_says_nothing_of_the_seal(talk_in, language, text, intent, sure, sealed):
    talk = talk_in(language)
    assert talk.run(ValidateReturnForm(), **OMAR, product="earbuds", reason="changed_mind") == ["utter_request_seal"]
    talk.run(ValidateReturnForm(), text=text, intent=intent, sure=sure)
    assert talk.slots.get("seal") is sealed


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("en", "the strap was torn off at the buckle when I opened the box", "utter_request_resolution"),
        ("zh", "一开箱就看到表盘上裂了一道长长的缝", "utter_request_resolution"),
        ("en", "i got a damaged item", "utter_request_damage_description"),
        ("de", "defekt", "utter_request_damage_description"),
    ],
)
def test_what_is_wrong_is_asked_for_only_where_the_report_does_not_say_it(talk_in, language, text, asked):
    talk = talk_in(language)
    assert talk.run(ValidateDamageForm(), **KIM, text=f"MD-10250: {text}", intent="damaged_or_wrong_item") == [asked]
    assert talk.slots.get("description") == (text if asked == "utter_request_resolution" else None)


def test_more_of_what_is_wrong_chooses_nothing(talk):
    talk.run(ValidateDamageForm(), **KIM, text="the strap was torn off at the buckle", intent="damaged_or_wrong_item")
    again = talk.run(ValidateDamageForm(), text="and the glass has a crack right across", intent="damaged_or_wrong_item")
    assert again == ["utter_request_resolution"]
    assert talk.slots["description"] == "the strap was torn off at the buckle – and the glass has a crack right across"


def test_who_would_rather_keep_the_colour_says_no_to_the_exchange(talk):
    assert talk.run(ValidateExchangeForm(), **KIM) == ["utter_request_exchange_confirm"]
    talk.run(ValidateExchangeForm(), text="hm, I'll stay with the black one", intent="exchange_item", colour="black")
    assert talk.run(ActionSubmitExchangeForm()) == ["utter_nothing_changed"]


@pytest.mark.parametrize(
    ("text", "intent", "state"),
    [
        ("あ、シールはまだ貼ったままです", "deny", True),
        ("never opened it", "deny", True),
        ("封条还在", "order_status", True),
        ("não, nunca abri", "deny", True),
        ("ja hab sie schon ausgepackt", "affirm", False),
        ("já abri", "affirm", False),
        ("l'ho già aperto", "inform", False),
        ("이미 뜯었어요", "affirm", False),
        ("yes", "affirm", True),
        ("нет", "deny", False),
    ],
)
def test_a_seal_is_as_the_customer_says_whatever_yes_or_no_it_sounds_like(talk, text, intent, state):
    assert talk.run(ValidateReturnForm(), **OMAR, product="earbuds") == ["utter_request_seal"]
    plain = {"seal": intent == "affirm"} if intent in ("affirm", "deny") else {}
    talk.run(ValidateReturnForm(), text=text, intent=intent, **plain)
    assert talk.slots["seal"] is state


def test_who_says_something_of_a_seal_that_is_not_clear_is_asked_again(talk):
    assert talk.run(ValidateReturnForm(), **OMAR, product="earbuds") == ["utter_request_seal"]
    talk.slots["language"] = "fr"
    unclear = {"text": "hm le film est un peu décollé", "intent": "affirm", "seal": True}
    assert talk.run(ValidateReturnForm(), **unclear, sure=0.5) == ["utter_request_seal"]


@pytest.mark.parametrize(
    ("language", "text"), [("es", "no, ya los he abierto"), ("it", "no, li ho aperti"), ("pt", "não, já os abri")]
)
def test_a_sure_no_counts_where_the_rest_is_not_clear(talk, language, text):
    assert talk.run(ValidateReturnForm(), **OMAR, product="earbuds") == ["utter_request_seal"]
    talk.slots["language"] = language
    assert talk.run(ValidateReturnForm(), text=text, intent="deny", sure=0.97, seal=False) == []
    assert talk.slots["seal"] is False
