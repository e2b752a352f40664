"""Which messages after a question of the bot's, outside of forms, answer it."""

import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.nlu.policies import OfferPolicy
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
    written = next(
        one for one in yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["policies"] if one["name"].endswith("OfferPolicy")
    )
    config = {**OfferPolicy.get_default_config(), **written}
    policy = OfferPolicy(config, None, Resource("policy"), ExecutionContext(GraphSchema({})))
    domain = Domain.load(ROOT / "domain.yml")
    events = [
        BotUttered("…", metadata={"utter_action": reply}), ActionExecuted("action_listen"),
        UserUttered("send it again", {"name": intent, "confidence": 0.9}, entities),
    ]  # fmt: skip
    tracker = DialogueStateTracker.from_events("sender", events, slots=domain.slots)
    probabilities = policy.predict_action_probabilities(tracker, domain).probabilities
    assert (probabilities[domain.index_for_action("action_inform")] == 1.0) is is_answer
