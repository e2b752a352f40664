"""Another job in the middle of one."""

import pytest

from actions import switching
from actions.conversation import ActionAffirm, ActionDeny, ActionStop
from actions.orders import ActionSubmitOrderStatusForm, ValidateAddressForm, ValidateCancelForm, ValidateOrderStatusForm
from actions.returns import ValidateExchangeForm, ValidateReturnForm
from actions.switching import ActionSwitchJob
from tongshi.llm.answering import Answer
from tongshi.llm.citing import Citation

OMAR = {"order_number": "MD-10251", "email": "omar.haddad@example.com"}
LUCIA = {"order_number": "MD-10249", "email": "lucia.fernandez@example.com"}


def test_a_change_of_mind_about_the_order_takes_over_what_is_known(talk):
    talk.run(ValidateReturnForm(), **OMAR, product="earbuds", seal=True)
    assert talk.requested == "reason"
    assert talk.run(ActionSwitchJob(), intent="exchange_item") == ["utter_job_replaced"]
    assert talk.form is None
    assert talk.follow(ValidateExchangeForm()) == ["utter_request_exchange_confirm"]


def test_an_address_is_not_changed_where_the_order_is_cancelled_instead(talk):
    talk.run(ValidateAddressForm(), **LUCIA, address="Calle Mayor 12, 28013 Madrid")
    assert talk.run(ActionSwitchJob(), intent="cancel_order") == ["utter_job_replaced"]
    assert talk.follow(ValidateCancelForm()) == ["utter_request_cancel_confirm"]
    assert talk.slots["address"] is None


def test_where_the_order_is_is_told_at_once_and_the_form_goes_on(talk):
    talk.run(ValidateCancelForm(), **LUCIA)
    assert talk.run(ActionSwitchJob(), intent="order_status") == ["utter_order_processing"]
    assert talk.follow(ValidateCancelForm()) == ["utter_request_cancel_confirm"]


def test_of_another_order_that_is_named_too_and_the_form_keeps_its_own(talk):
    talk.run(ValidateReturnForm(), **OMAR)
    other = {"order_number": "MD-10239"}
    assert talk.run(ActionSwitchJob(), intent="order_status", entities=other.items(), **other) == ["utter_order_in_customs"]
    assert talk.slots["order_number"] == "MD-10251"
    assert talk.follow(ValidateReturnForm()) == ["utter_request_item"]


@pytest.mark.parametrize(
    ("outcome", "said"), [("quoted", ["utter_answer"]), ("unknown", ["utter_job_put_aside"])], ids=["known", "unknown"]
)
def test_when_the_exchange_that_waits_for_a_yes_will_come_is_told_within_it(talk, monkeypatch, outcome, said):
    async def answer(tracker, question):
        assert question == "when will the new one get here"
        days = Citation("shipping-standard", "In 3 to 5 days.", "en", "Shipping")
        return Answer(days.quote, "en", "quoted", (days,)) if outcome == "quoted" else Answer("", "en", "unknown")

    monkeypatch.setattr(switching, "answer_last", answer)
    assert talk.run(ValidateExchangeForm(), **OMAR, product="earbuds", seal=True)[-1] == "utter_request_exchange_confirm"
    assert talk.run(ActionSwitchJob(), text="when will the new one get here", intent="order_status") == said
    assert (talk.slots["order_number"] == OMAR["order_number"]) is (outcome == "quoted")


@pytest.fixture
def waiting(talk):
    """A return that waits for the status of another order, which has just been told."""
    talk.run(ValidateReturnForm(), **OMAR, product="power_bank")
    assert talk.run(ActionSwitchJob(), intent="order_status") == ["utter_job_put_aside"]
    assert talk.messages[0]["job"] == "return_form"
    assert talk.follow(ValidateOrderStatusForm()) == ["utter_request_order_number"]
    talk.run(ValidateOrderStatusForm(), order_number="MD-10239")
    assert talk.run(ActionSubmitOrderStatusForm()) == ["utter_order_in_customs", "utter_request_resume"]
    talk.form = None
    return talk


def test_what_was_put_aside_goes_on_where_it_was(waiting):
    waiting.run(ActionAffirm(), intent="affirm")
    assert waiting.follow(ValidateReturnForm()) == ["utter_request_return_reason"]
    assert waiting.slots["order_number"] == "MD-10251"
    assert waiting.slots["put_aside"] is None


def test_a_no_leaves_it(waiting):
    assert waiting.run(ActionDeny(), intent="deny") == ["utter_deny_idle"]
    assert waiting.slots["put_aside"] is None


def test_beginning_it_anew_with_another_order_begins_it_anew(waiting):
    other = {"order_number": "MD-10239"}
    assert waiting.run(ValidateReturnForm(), intent="return_item", entities=other.items(), **other) == []
    assert (waiting.slots["order_number"], waiting.slots["put_aside"], waiting.slots["product"]) == ("MD-10239", None, None)


def test_stopping_the_second_job_offers_the_first_again(talk):
    talk.run(ValidateReturnForm(), **OMAR, product="power_bank")
    talk.run(ActionSwitchJob(), intent="cancel_order")
    talk.follow(ValidateCancelForm())
    assert talk.run(ActionStop(), intent="stop") == ["utter_stopped", "utter_request_resume"]
    talk.run(ActionAffirm(), intent="affirm")
    assert talk.follow(ValidateReturnForm()) == ["utter_request_return_reason"]
