"""A person, where one was asked for."""

import pytest

from actions import services
from actions.handoff import ActionRequestHuman
from tongshi.llm.answering import Answer
from tongshi.llm.citing import Citation


class Answerer:
    def answer(self, question, language, **_):
        known = (Citation("engraving", "We engrave.", "en", "Engraving"),) if "engrave" in question else ()
        return Answer("We engrave." if known else "", language, "quoted" if known else "unknown", known)


@pytest.mark.parametrize(
    ("text", "sure", "said"),
    [
        ("a person please", 0.97, "utter_handoff_queued"),
        ("can someone engrave it", 0.34, "utter_answer"),
        ("mate im off", 0.35, "utter_not_understood"),
    ],
)
def test_who_may_not_have_asked_for_a_person_is_offered_one(talk, monkeypatch, text, sure, said):
    monkeypatch.setattr(services, "answerer", Answerer)
    assert talk.run(ActionRequestHuman(), text=text, intent="request_human", sure=sure) == [said]
    if said == "utter_not_understood":
        assert [button["payload"] for button in talk.messages[0]["buttons"]] == ["/request_human"]
