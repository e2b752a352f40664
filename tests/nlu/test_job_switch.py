"""Which messages in the middle of a form are another wish, and which are answers."""

import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.nlu.policies import SWITCH_JOB, JobSwitchPolicy
from tongshi.settings import ROOT


@pytest.fixture(scope="module")
def domain():
    return Domain.load(ROOT / "domain.yml")


@pytest.fixture(scope="module")
def policy():
    policies = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["policies"]
    written = next(one for one in policies if one["name"].endswith("JobSwitchPolicy"))
    config = {**JobSwitchPolicy.get_default_config(), **written}
    return JobSwitchPolicy(config, None, Resource("policy"), ExecutionContext(GraphSchema({})))


def switches(policy, domain, form, requested, intent, *after, confidence=0.99, beside=()):
    """Whether a message is taken for another wish; `after` is what Rasa made of it, `beside` what else it may be."""
    ranking = [{"name": name, "confidence": likely} for name, likely in [(intent, confidence), *beside]]
    events = [
        ActionExecuted(form), ActiveLoop(form), SlotSet("requested_slot", requested), ActionExecuted("action_listen"),
        UserUttered("what they say", {"name": intent, "confidence": confidence}, parse_data={"intent_ranking": ranking}), *after,
    ]  # fmt: skip
    tracker = DialogueStateTracker.from_events("sender", events, slots=domain.slots)
    prediction = policy.predict_action_probabilities(tracker, domain)
    predicted = prediction.probabilities[domain.index_for_action(SWITCH_JOB)] == 1.0
    assert predicted is prediction.is_no_user_prediction
    return predicted


@pytest.mark.parametrize(
    ("form", "requested", "intent", "after", "is_wish"),
    [
        ("return_form", "product", "exchange_item", [], True),
        ("return_form", "confirm", "exchange_item", [SlotSet("confirm", None)], True),
        ("return_form", "confirm", "return_item", [], False),
        ("return_form", "confirm", "policy_question", [], False),
        # Any text is a reason, but a wish is a wish; damage is as often the reason.
        ("return_form", "reason", "exchange_item", [SlotSet("reason", "what they say")], True),
        ("return_form", "reason", "damaged_or_wrong_item", [SlotSet("reason", "defective")], False),
        # What is to become of it.
        ("damage_form", "resolution", "return_item", [SlotSet("resolution", "refund")], False),
        ("damage_form", "resolution", "cancel_order", [], True),
        # A number that comes along.
        ("order_status_form", "order_number", "return_item", [SlotSet("order_number", "MD-10244")], True),
        ("return_form", "order_number", "order_status", [SlotSet("order_number", "MD-10244")], False),
        ("return_form", "order_number", "order_status", [], True),
    ],
)
def test_a_wish_is_told_from_an_answer(policy, domain, form, requested, intent, after, is_wish):
    assert switches(policy, domain, form, requested, intent, *after) is is_wish


def test_what_may_be_a_wish_is_none(policy, domain):
    assert not switches(policy, domain, "return_form", "product", "exchange_item", confidence=0.5)


@pytest.mark.parametrize(("requested", "is_wish"), [("confirm", True), ("product", False)])
def test_asked_for_a_yes_who_speaks_of_both_jobs_wants_the_other(policy, domain, requested, is_wish):
    beside = [("cancel_order", 0.32)]
    assert switches(policy, domain, "cancel_form", requested, "change_address", confidence=0.55, beside=beside) is is_wish


def test_a_form_that_has_turned_the_message_down_is_left_to_the_others(policy, domain):
    assert not switches(policy, domain, "return_form", "product", "exchange_item", ActionExecutionRejected("return_form"))
