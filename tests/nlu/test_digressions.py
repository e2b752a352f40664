"""When a form comes back after something else was said, and when it is let go."""

import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.nlu.policies import DigressionPolicy
from tongshi.settings import ROOT

FORM = "order_status_form"
LET_GO = "action_deactivate_loop"


def answered(intent, action, confidence=0.95):
    """A message that a rule answers in the middle of the form."""
    message = UserUttered("…", {"name": intent, "confidence": confidence})
    return [message, ActionExecutionRejected(FORM), ActionExecuted(action)]


BEGUN = [
    SlotSet("language", "en"),
    UserUttered("where's my order", {"name": "order_status", "confidence": 0.9}),
    ActionExecuted(FORM),
    ActiveLoop(FORM),
    SlotSet("requested_slot", "order_number"),
    ActionExecuted("action_listen"),
]
ASIDE = answered("policy_question", "action_answer")
AGAIN = [ActionExecuted(FORM), ActionExecuted("action_listen")]


@pytest.mark.parametrize(
    ("events", "action"),
    [
        (ASIDE, FORM),
        ([*ASIDE, *AGAIN, *ASIDE], LET_GO),
        ([SlotSet("order_number", "MD-10234"), *ASIDE, *AGAIN, *ASIDE], FORM),
        (answered("goodbye", "utter_goodbye"), LET_GO),
        (answered("goodbye", "utter_goodbye", 0.5), FORM),
        ([*answered("goodbye", "utter_goodbye"), ActionExecuted(LET_GO), ActiveLoop(None)], "action_listen"),
    ],
)
def test_a_form_comes_back_until_the_customer_has_turned_away_from_it(events, action):
    assert predicted([*BEGUN, *events]) == action


def predicted(events):
    """What the policy, configured as in config.yml, predicts; None for nothing."""
    written = next(
        one
        for one in yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["policies"]
        if one["name"].endswith(DigressionPolicy.__name__)
    )
    settings = {**DigressionPolicy.get_default_config(), **written}
    policy = DigressionPolicy(settings, None, Resource("policy"), ExecutionContext(GraphSchema({})))
    domain = Domain.load(ROOT / "domain.yml")
    tracker = DialogueStateTracker.from_events("sender", events, slots=domain.slots)
    probabilities = policy.predict_action_probabilities(tracker, domain).probabilities
    return domain.action_names_or_texts[probabilities.index(1.0)] if 1.0 in probabilities else None
