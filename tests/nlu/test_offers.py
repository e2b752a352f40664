"""Which messages, outside of forms, are taken for what the bot's last reply makes of them."""

import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.nlu.policies import FollowUpPolicy, OfferPolicy
from tongshi.settings import ROOT

ANOTHER_ORDER = [{"entity": "order_number", "value": "MD-10234"}]


@pytest.mark.parametrize(
    ("reply", "intent", "entities", "is_answer"),
    [
        ("utter_order_lost", "return_item", [], True),
        ("utter_order_lost", "cancel_order", [], True),
        ("utter_order_lost", "return_item", ANOTHER_ORDER, False),
        ("utter_order_lost", "policy_question", [], False),
        ("utter_order_shipped", "return_item", [], False),
    ],
)
def test_a_wish_that_picks_from_what_was_offered_answers_it(reply, intent, entities, is_answer):
    message = UserUttered("send it again", {"name": intent, "confidence": 0.9}, entities)
    assert (predicted(OfferPolicy, reply, message) == "action_inform") is is_answer


@pytest.mark.parametrize(
    ("reply", "language", "text", "confidence", "is_question"),
    [
        ("utter_answer", "zh", "瑞士呢？", 0.4, True),
        ("utter_answer", "th", "แล้วแบตเตอรี่ล่ะ", 0.53, True),
        ("utter_answer", "en", "and bye", 0.99, False),
        ("utter_answer", "it", "boh", 0.3, False),
        ("utter_greet", "zh", "瑞士呢？", 0.4, False),
    ],
)
def test_what_hangs_on_an_answer_and_is_like_nothing_else_is_a_question(reply, language, text, confidence, is_question):
    message = UserUttered(text, {"name": "goodbye", "confidence": confidence})
    assert (predicted(FollowUpPolicy, reply, message, language) == "action_answer") is is_question


@pytest.mark.parametrize(
    ("text", "kinds", "is_question"),
    [("那台灯呢？", ["product"], True), ("那台灯呢？", ["product", "order_number"], False), ("台灯到哪了", ["product"], False)],
)
def test_a_product_named_after_an_answer_is_asked_about(text, kinds, is_question):
    message = UserUttered(text, {"name": "order_status", "confidence": 0.85}, [{"entity": kind, "value": "x"} for kind in kinds])
    assert (predicted(FollowUpPolicy, "utter_answer", message, "zh") == "action_answer") is is_question


@pytest.mark.parametrize(
    ("text", "intent", "sure", "is_question"),
    [
        ("hi, what's the watch going for?", "greet", 0.9, True),
        ("hi, about the watch", "greet", 0.9, False),
        ("could you print on the keyboard?", "return_item", 0.4, True),
        ("could you print on the keyboard", "return_item", 0.4, False),
    ],
)
def test_a_question_mark_and_a_product_ask_where_no_wish_is_likely(text, intent, sure, is_question):
    message = UserUttered(text, {"name": intent, "confidence": sure}, [{"entity": "product", "value": "watch"}])
    assert (predicted(FollowUpPolicy, "utter_greet", message) == "action_answer") is is_question


@pytest.mark.parametrize(
    ("sure", "rival", "entities", "is_question"),
    [(0.53, 0.39, [], True), (0.9, 0.09, [], False), (0.53, 0.1, [], False), (0.53, 0.39, ANOTHER_ORDER, False)],
)
def test_what_is_hardly_likelier_a_wish_than_a_question_and_names_no_order_is_answered(sure, rival, entities, is_question):
    ranking = [{"name": "order_status", "confidence": sure}, {"name": "product_question", "confidence": rival}]
    message = UserUttered("how many are there?", ranking[0], entities, {"intent": ranking[0], "intent_ranking": ranking})
    assert (predicted(FollowUpPolicy, "utter_answer", message) == "action_answer") is is_question
    assert predicted(FollowUpPolicy, "utter_greet", message) is None


@pytest.mark.parametrize(
    ("kind", "reply", "intent", "action"),
    [
        (FollowUpPolicy, "utter_answer", "ask_bot", "action_answer"),
        (OfferPolicy, "utter_order_lost", "return_item", "action_inform"),
    ],
)
def test_after_its_action_the_customer_speaks(kind, reply, intent, action):
    message = UserUttered("and Switzerland?", {"name": intent, "confidence": 0.4})
    done = [ActionExecuted(action), BotUttered("…", metadata={"utter_action": "utter_answer"})]
    assert predicted(kind, reply, message, then=done) == "action_listen"


def predicted(kind, reply, message, language="en", then=()):
    """The action that a policy, configured as in config.yml, predicts for a message after a reply; None for none.

    Args:
        then: what has happened since the message.
    """
    written = next(
        one for one in yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["policies"] if one["name"].endswith(kind.__name__)
    )
    policy = kind({**kind.get_default_config(), **written}, None, Resource("policy"), ExecutionContext(GraphSchema({})))
    domain = Domain.load(ROOT / "domain.yml")
    said = BotUttered("…", metadata={"utter_action": reply})
    events = [SlotSet("language", language), said, ActionExecuted("action_listen"), message, *then]
    tracker = DialogueStateTracker.from_events("sender", events, slots=domain.slots)
    probabilities = policy.predict_action_probabilities(tracker, domain).probabilities
    return domain.action_names_or_texts[probabilities.index(1.0)] if 1.0 in probabilities else None
