"""The forms about an order."""

import pytest

from actions import order_forms, services
from actions.orders import (
    ActionSubmitCancelForm,
    ActionSubmitOrderStatusForm,
    ValidateAddressForm,
    ValidateCancelForm,
    ValidateLostForm,
    ValidateOrderStatusForm,
)
from actions.returns import ActionSubmitExchangeForm, ActionSubmitReturnForm, ValidateExchangeForm, ValidateReturnForm
from tongshi.llm.answering import Answer
from tongshi.llm.citing import Citation

ANNA = {"order_number": "MD-10235", "email": "anna.becker@example.com"}


def test_number_and_email_are_asked_for_in_turn_then_the_form_is_done(talk):
    assert talk.run(ValidateOrderStatusForm()) == ["utter_request_order_number"]
    assert talk.run(ValidateOrderStatusForm(), order_number="MD-10235") == ["utter_request_email"]
    assert talk.run(ValidateOrderStatusForm(), email="anna.becker@example.com") == []
    assert talk.requested is None
    assert talk.run(ActionSubmitOrderStatusForm()) == ["utter_order_delivered"]
    assert talk.messages[0]["order_number"] == "MD-10235"


def test_who_gives_both_at_once_is_asked_for_neither(talk):
    assert talk.run(ValidateOrderStatusForm(), **ANNA) == []
    assert talk.requested is None


def test_of_two_numbers_in_one_sentence_the_later_one_counts(talk):
    talk.run(ValidateOrderStatusForm(), order_number=["MD-10234", "MD-10235"], email=ANNA["email"])
    assert talk.slots["order_number"] == "MD-10235"
    assert talk.run(ActionSubmitOrderStatusForm()) == ["utter_order_delivered"]


def test_what_is_meant_as_a_number_or_an_email_but_cannot_be_one_is_told_apart(talk):
    talk.run(ValidateOrderStatusForm())
    assert talk.run(ValidateOrderStatusForm(), text="MD-123") == ["utter_invalid_order_number"]
    talk.run(ValidateOrderStatusForm(), text="MD-10235", order_number="MD-10235")
    assert talk.run(ValidateOrderStatusForm(), text="anna.becker@example") == ["utter_invalid_email"]
    assert talk.run(ValidateOrderStatusForm(), text="why do you need it?") == ["utter_request_email"]
    assert talk.requested == "email"


def taken(talk):
    """Whether the form has set a slot in this turn, which is how Rasa knows that it took the message."""
    last = max(index for index, event in enumerate(talk.events) if event["event"] == "user")
    return any(event["event"] == "slot" and event["name"] != "requested_slot" for event in talk.events[last:])


def test_a_vain_answer_is_met_by_the_question_alone_and_a_question_is_left_to_others(talk):
    talk.run(ValidateOrderStatusForm())
    assert talk.run(ValidateOrderStatusForm(), text="yes", intent="affirm") == ["utter_request_order_number"]
    assert taken(talk)
    talk.run(ValidateOrderStatusForm(), text="how long do refunds take?", intent="policy_question")
    assert not taken(talk)


def test_a_question_is_left_to_others_while_a_choice_is_open(talk):
    irina = {"order_number": "MD-10245", "email": "irina.petrova@example.com"}
    assert talk.run(ValidateLostForm(), **irina) == ["utter_request_lost_resolution"]
    talk.run(ValidateLostForm(), text="what does express shipping cost?", intent="policy_question")
    assert not taken(talk)


def test_a_bare_no_to_an_open_question_is_left_to_who_breaks_off(talk):
    talk.run(ValidateAddressForm(), order_number="MD-10236", email="lucia.fernandez@example.com")
    assert talk.requested == "address"
    talk.run(ValidateAddressForm(), text="nah forget about it", intent="deny")
    assert not taken(talk)


@pytest.mark.parametrize(("sure", "is_told"), [(0.6, True), (0.97, False)])
def test_what_is_wrong_with_the_item_is_told_apart_from_a_wrong_answer(talk, sure, is_told):
    talk.run(ValidateReturnForm(), **ANNA)
    assert talk.requested == "reason"
    talk.run(ValidateReturnForm(), text="not at all what the page promised", intent="report_bad_answer", sure=sure)
    assert taken(talk) is is_told


class Answerer:
    """Knows about postage, and keeps what it was asked."""

    asked = []

    def answer(self, question, language, **_):
        self.asked.append(question)
        known = "postage" in question
        citations = (Citation("returns-cost", "Returns are free.", "en", "Returns"),) if known else ()
        return Answer("Returns are free." if known else "", language, "quoted" if known else "unknown", citations)


@pytest.mark.parametrize(
    ("text", "intent", "said"),
    [
        ("anna.becker@example.com. oh and is the postage on me?", "policy_question", ["utter_answer"]),
        ("anna.becker@example.com! what colour is the moon?", "policy_question", []),
        ("my postage address: anna.becker@example.com", "inform", []),
        ("anna.becker@example.com ok?", "policy_question", []),
    ],
)
def test_what_is_asked_along_with_an_address_is_answered_before_the_form_goes_on(talk, monkeypatch, text, intent, said):
    monkeypatch.setattr(services, "answerer", Answerer)
    talk.run(ValidateReturnForm(), order_number="MD-10235")
    told = talk.run(ValidateReturnForm(), text=text, intent=intent, entities=[("email", ANNA["email"])], email=ANNA["email"])
    assert told[:-1] == said and told[-1].startswith("utter_request_")
    assert not any("@" in question for question in Answerer.asked)


def test_a_wrong_pair_is_refused_and_asked_for_again(talk):
    assert talk.run(ValidateOrderStatusForm(), **{**ANNA, "email": "else@example.com"}) == ["utter_identity_refused"]
    assert (talk.slots["order_number"], talk.slots["email"], talk.requested) == (None, None, "order_number")


def test_after_a_refusal_the_half_that_was_wrong_is_enough(talk):
    talk.run(ValidateOrderStatusForm(), **{**ANNA, "email": "else@example.com"})
    assert talk.run(ValidateOrderStatusForm(), email=ANNA["email"]) == []
    assert talk.run(ActionSubmitOrderStatusForm()) == ["utter_order_delivered"]


def test_the_fifth_wrong_pair_locks_and_says_for_how_long(talk, clock):
    for number in range(4):
        assert talk.run(ValidateOrderStatusForm(), **{**ANNA, "email": f"wrong{number}@example.com"}) == [
            "utter_identity_refused"
        ]
    assert talk.run(ValidateOrderStatusForm(), **{**ANNA, "email": "wrong5@example.com"}) == []
    assert talk.requested is None
    assert talk.run(ActionSubmitOrderStatusForm()) == ["utter_identity_locked"]
    assert talk.messages[0]["duration"] == 15 * 60
    assert talk.slots["email"] is None
    clock.forward(minutes=15)
    talk.run(ValidateOrderStatusForm(), **ANNA)
    assert talk.run(ActionSubmitOrderStatusForm()) == ["utter_order_delivered"]


def test_a_return_is_led_through_and_its_answers_forgotten_but_not_who_asks(talk, shop):
    assert talk.run(ValidateReturnForm(), **ANNA) == ["utter_request_return_reason"]
    assert talk.run(ValidateReturnForm(), reason="quality") == ["utter_request_return_confirm"]
    assert talk.run(ValidateReturnForm(), confirm=True) == []
    assert talk.run(ActionSubmitReturnForm()) == ["utter_return_created"]
    assert talk.messages[0]["return_number"] == shop.cases("MD-10235")[0].number
    assert (talk.slots["reason"], talk.slots["confirm"]) == (None, None)
    assert talk.slots["email"] == ANNA["email"]


def test_a_no_to_the_last_question_changes_nothing(talk, shop):
    talk.run(ValidateReturnForm(), **ANNA, reason="quality")
    talk.run(ValidateReturnForm(), confirm=False)
    assert talk.run(ActionSubmitReturnForm()) == ["utter_nothing_changed"]
    assert shop.cases("MD-10235") == []


def test_a_no_with_a_correction_asks_again_with_what_was_corrected(talk):
    talk.run(ValidateReturnForm(), **ANNA, reason="quality")
    assert talk.run(ValidateReturnForm(), confirm=False, reason="defective") == ["utter_request_return_confirm"]
    assert talk.messages[0]["reason"] == "defective"
    assert talk.slots["confirm"] is None


def test_a_changed_mind_is_a_no_and_no_other_reason(talk, shop):
    talk.run(ValidateReturnForm(), **ANNA, reason="quality")
    assert talk.run(ValidateReturnForm(), confirm=False, reason="changed_mind") == []
    assert talk.run(ActionSubmitReturnForm()) == ["utter_nothing_changed"]
    assert shop.cases("MD-10235") == []


def test_words_for_what_is_not_in_the_order_name_no_item_where_none_was_asked_for(talk):
    talk.run(ValidateReturnForm(), **ANNA, product=["laptop"], reason="quality")
    assert talk.run(ValidateReturnForm(), confirm=True, product=["speaker"]) == []
    assert talk.slots["product"] == ["laptop"]
    talk.run(ValidateReturnForm(), confirm=None)
    assert talk.run(ValidateReturnForm(), intent="deny", product=["speaker"]) == ["utter_item_unknown"]


def test_what_the_rules_forbid_is_said_without_a_question(talk):
    assert talk.run(ValidateReturnForm(), order_number="MD-10237", email="claire.moreau@example.com") == []
    assert talk.run(ActionSubmitReturnForm()) == ["utter_window_passed"]


def test_an_answer_that_was_no_use_is_forgotten(talk):
    lucia = {"order_number": "MD-10236", "email": "lucia.fernandez@example.com"}
    assert talk.run(ValidateAddressForm(), **lucia, address="at home") == ["utter_invalid_address"]
    assert (talk.slots["address"], talk.requested) == (None, "address")


def test_buttons_for_colours_have_the_customers_words(talk_in):
    talk = talk_in("de")
    assert talk.run(ValidateExchangeForm(), **ANNA, colour="red") == ["utter_exchange_colour_unavailable"]
    assert [button["title"].lower() for button in talk.messages[0]["buttons"]] == ["silber"]
    talk.run(ValidateExchangeForm(), colour="silver")
    talk.run(ValidateExchangeForm(), confirm=True)
    assert talk.run(ActionSubmitExchangeForm()) == ["utter_exchange_created"]


def test_an_hour_that_passes_between_question_and_yes_counts(talk, clock, shop):
    lucia = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}
    assert talk.run(ValidateCancelForm(), **lucia) == ["utter_request_cancel_confirm"]
    clock.forward(minutes=41)
    assert talk.run(ValidateCancelForm(), confirm=True) == []
    assert talk.run(ActionSubmitCancelForm()) == ["utter_cancel_too_late"]
    assert shop.order("MD-10249").status == "processing"


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        ("fr", "alors oui annulez", True),
        ("zh", "可以，取消吧", True),
        ("ko", "넵 취소요", True),
        ("ar", "إيه ألغها", True),
        ("de", "bitte nicht stornieren", False),
        ("zh", "不要取消", False),
        ("en", "dont cancel it", False),
        ("ko", "헐 잠만요 엄마가 걍 쓰래요 취소 안할래요", False),
        ("ja", "キャンセルはなしで", False),
        ("ru", "нельзя отменять", False),
        ("ar", "لاتلغي الطلب", False),
        ("ko", "취소 싫어요", False),
        ("th", "ยกเลิกเลยครับ", True),
        ("zh", "没问题，取消吧", True),
        ("ja", "キャンセルで構いません", True),
        ("de", "kein Problem, stornieren", True),
        # A no further on may be the reason; nothing is done on such a wish.
        ("pt", "não quero mais, cancela", None),
        ("en", "cancel it, i dont need it", None),
        ("fr", "ça coûte quelque chose, annuler comme ça ?", None),
    ],
)
def test_the_wish_said_once_more_is_a_yes_unless_it_is_negated_or_asked(talk, language, text, answer):
    talk.slots["language"] = language
    lucia = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}
    assert talk.run(ValidateCancelForm(), **lucia) == ["utter_request_cancel_confirm"]
    asked = talk.run(ValidateCancelForm(), text=text, intent="cancel_order")
    assert asked == (["utter_request_cancel_confirm"] if answer is None else [])
    assert talk.slots.get("confirm") is answer


def test_the_wish_said_once_more_with_a_question_is_no_yes(talk):
    talk.slots["language"] = "zh"
    lucia = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}
    talk.run(ValidateCancelForm(), **lucia)
    asks = [{"text": "要另外收钱吗", "intent": "policy_question", "confidence": 0.6}]
    assert talk.run(ValidateCancelForm(), text="取消一下要另外收钱吗", intent="cancel_order", parts=asks) == [
        "utter_request_cancel_confirm"
    ]
    assert talk.slots.get("confirm") is None


def test_a_question_is_no_reason(talk, monkeypatch):
    asked = []

    async def answer(tracker, question, **_):
        asked.append(question)
        return Answer("", "it", "unknown")

    monkeypatch.setattr(order_forms, "answer_last", answer)
    talk.run(ValidateReturnForm(), **ANNA)
    text, likely = "ma l'etichetta per rispedirlo la devo pagare io?", {"return_item": 0.75, "policy_question": 0.24}
    assert talk.run(ValidateReturnForm(), text=text, intent="return_item", likely=likely, reason=text) == [
        "utter_request_return_reason"
    ]
    assert asked == [text] and talk.slots.get("reason") is None


@pytest.mark.parametrize(
    "text", ["no hang on I've read that wrong, it's 10235", "sorry, cut off: 10235", "١٠٢٣٥ كتبتها غلط آسف جدا"]
)
@pytest.mark.parametrize("wrong", [None, "MD-10234"])
def test_a_number_without_its_letters_is_the_order_where_that_is_asked_for(talk, text, wrong):
    talk.run(ValidateOrderStatusForm(), order_number=wrong)
    assert talk.run(ValidateOrderStatusForm(), text=text, intent="nlu_fallback") == ["utter_request_email"]
    assert talk.slots["order_number"] == "MD-10235"


def test_a_product_that_is_only_asked_about_is_not_the_item(talk):
    wish, question = "I want to return the earbuds from MD-10251, omar.haddad@example.com.", "May the power bank fly?"
    text = f"{wish} {question}"
    parts = [
        {"text": wish, "intent": "return_item", "confidence": 0.99},
        {"text": question, "intent": "policy_question", "confidence": 0.5},
    ]
    named = [("product", "earbuds"), ("product", "power bank")]
    omar = {"order_number": "MD-10251", "email": "omar.haddad@example.com", "product": ["earbuds", "power bank"]}
    asked = talk.run(ValidateReturnForm(), text=text, intent="return_item", entities=named, parts=parts, **omar)
    assert (asked, talk.slots["product"]) == (["utter_request_seal"], ["earbuds"])


def test_what_a_part_of_a_message_asks_is_answered_beside_the_wish(talk, monkeypatch):
    asked = []

    async def answer(tracker, question):
        asked.append(question)
        return Answer("", "en", "unknown")

    monkeypatch.setattr("actions.order_forms.answer_last", answer)
    parts = [
        {"text": "I want to send the laptop back.", "intent": "return_item", "confidence": 0.99},
        {"text": "Who pays the postage?", "intent": "policy_question", "confidence": 0.98},
        {"text": "Or perhaps not", "intent": "policy_question", "confidence": 0.4},
    ]
    assert talk.run(ValidateReturnForm(), **ANNA, intent="return_item", parts=parts) == ["utter_request_return_reason"]
    assert asked == ["Who pays the postage?"]


@pytest.mark.parametrize(
    ("text", "likely", "asked"),
    [
        ("jaaa bitte 🙏", {"thank": 0.88, "affirm": 0.07}, []),
        ("certíssimo", {"praise": 0.88, "affirm": 0.1, "deny": 0.01}, []),
        ("thanks a lot", {"thank": 0.99, "affirm": 0.01}, ["utter_request_cancel_confirm"]),
        ("hm", {"greet": 0.5, "affirm": 0.2, "deny": 0.2}, ["utter_request_cancel_confirm"]),
    ],
)
def test_what_comes_close_to_a_yes_is_one_where_yes_or_no_was_asked(talk, text, likely, asked):
    lucia = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}
    assert talk.run(ValidateCancelForm(), **lucia) == ["utter_request_cancel_confirm"]
    assert talk.run(ValidateCancelForm(), text=text, intent=next(iter(likely)), likely=likely) == asked


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        # "Does cancelling like this cost anything", without a question mark.
        ("ยกเลิกแบบนี้เสียตังค์มั้ย", {"cancel_order": 0.76, "policy_question": 0.2}),
        ("yes, the new address is right", {"affirm": 0.68, "change_address": 0.3}),
    ],
)
def test_what_may_ask_or_wish_for_something_else_is_no_yes(talk, shop, text, likely):
    lucia = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}
    talk.run(ValidateCancelForm(), **lucia)
    said = {"confirm": True} if "affirm" in likely else {}
    assert talk.run(ValidateCancelForm(), text=text, intent=next(iter(likely)), likely=likely, **said) == [
        "utter_request_cancel_confirm"
    ]


def test_an_order_that_changed_hands_midway_is_checked_anew(talk):
    talk.run(ValidateReturnForm(), **ANNA, reason="quality")
    assert talk.run(ValidateReturnForm(), order_number="MD-10234") == ["utter_identity_refused"]


def test_a_yes_to_the_person_that_was_offered_is_no_answer_to_the_form(talk):
    talk.run(ValidateOrderStatusForm())
    talk.events[-1]["data"] = {"buttons": [{"title": "Talk to a person", "payload": "/request_human"}]}
    assert talk.run(ValidateOrderStatusForm(), text="yes please", intent="affirm") == ["utter_handoff_queued"]


def test_a_postcode_where_an_address_is_asked_for_is_no_other_order(talk):
    lucia = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}
    talk.run(ValidateAddressForm(), **lucia)
    assert talk.run(ValidateAddressForm(), text="الرياض 12211", order_number="MD-12211", address="الرياض 12211") == [
        "utter_request_address_confirm"
    ]
    assert talk.slots["order_number"] == "MD-10249"


@pytest.mark.parametrize("address", ["東京都港区芝1-2-3", "上海市南京路八十八号", "Rua A 1, Faro"])
def test_an_address_is_taken_in_any_script(talk, address):
    talk.run(ValidateAddressForm(), order_number="MD-10236", email="lucia.fernandez@example.com")
    assert talk.run(ValidateAddressForm(), text=address, address=address) == ["utter_request_address_confirm"]
    assert talk.messages[0]["address"] == address


@pytest.mark.parametrize(
    ("text", "intent", "address"),
    [
        ("아뇨 동이 틀렸어요, 세종시 한누리대로 411, 302동 1502호", "inform", "세종시 한누리대로 411, 302동 1502호"),
        ("no. 세종시 한누리대로 12", "deny", "세종시 한누리대로 12"),
        ("haha 411", "inform", "세종시 한누리대로 411, 203동 1502호"),
    ],
)
def test_an_address_said_anew_where_a_yes_was_asked_for_takes_the_place_of_the_first(talk, text, intent, address):
    lucia = {"order_number": "MD-10236", "email": "lucia.fernandez@example.com"}
    talk.run(ValidateAddressForm(), **lucia, address="세종시 한누리대로 411, 203동 1502호")
    said = {"confirm": False} if intent == "deny" else {}
    assert talk.run(ValidateAddressForm(), text=text, intent=intent, **said) == ["utter_request_address_confirm"]
    assert (talk.slots["address"], talk.requested) == (address, "confirm")


def test_a_yes_that_repeats_the_address_leaves_it_as_it_is(talk):
    lucia = {"order_number": "MD-10236", "email": "lucia.fernandez@example.com"}
    talk.run(ValidateAddressForm(), **lucia, address="Garden Street 12, 1010 Vienna")
    assert talk.run(ValidateAddressForm(), text="yes, Garden Street 12 is right", intent="affirm", confirm=True) == []
    assert talk.slots["address"] == "Garden Street 12, 1010 Vienna"
