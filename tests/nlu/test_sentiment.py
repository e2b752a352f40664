"""How mood is learnt and told, by vectors whose meaning is known."""

from __future__ import annotations

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.nlu.classifier import LinearIntentClassifier
from tongshi.nlu.moods import read_moods
from tongshi.nlu.sentiment import MOOD, SentimentClassifier
from tongshi.settings import LANGUAGES, ROOT


def message(sentiment, urgent, noise=0.0, **values):
    """Its vector says in its first number how one feels, in its second whether it presses."""
    told = Message({TEXT: "text", **values})
    vector = np.array([[sentiment + noise, urgent - noise, noise]], np.float32)
    told.add_features(Features(vector, FEATURE_TYPE_SENTENCE, TEXT, "vector"))
    return told


@pytest.fixture
def classifier(tmp_path):
    storage, context = LocalModelStorage(tmp_path), ExecutionContext(GraphSchema({}))
    config = {**SentimentClassifier.get_default_config(), "strength": 1.0}
    trained = SentimentClassifier.create(config, storage, Resource("mood"), context)
    noises = np.linspace(-0.3, 0.3, 20)
    labelled = [
        message(sentiment, urgent, noise, **{MOOD: {"sentiment": sentiment, "urgent": bool(urgent)}})
        for sentiment in (-1, 0, 1) for urgent in (0, 1) for noise in noises
    ]  # fmt: skip
    telling = [message(-1, 0, noise, **{INTENT: "complaint"}) for noise in noises]
    trained.train(TrainingData([*labelled, *telling]))
    return SentimentClassifier.load(config, storage, Resource("mood"), context)


def test_mood_is_told_from_the_vector(classifier):
    unhappy, pressing, happy = classifier.process([message(-1, 0), message(0, 1), message(1, 0)])
    assert unhappy.get(MOOD)["sentiment"] < -0.6 < 0.6 < happy.get(MOOD)["sentiment"]
    assert abs(pressing.get(MOOD)["sentiment"]) < 0.3
    assert pressing.get(MOOD)["urgency"] > 0.8 > 0.2 > unhappy.get(MOOD)["urgency"]
    assert pressing.as_dict(only_output_properties=True)[MOOD] == pressing.get(MOOD)


def test_messages_without_words_have_no_mood(classifier):
    (empty,) = classifier.process([Message({TEXT: ""})])
    assert empty.get(MOOD) is None


def test_messages_with_a_mood_teach_no_intent_and_are_no_stories(tmp_path):
    storage, context = LocalModelStorage(tmp_path), ExecutionContext(GraphSchema({}))
    intents = LinearIntentClassifier.create(LinearIntentClassifier.get_default_config(), storage, Resource("intent"), context)
    noises = np.linspace(-0.3, 0.3, 20)
    names = {-1: "complaint", 0: "greet", 1: "praise"}
    wordings = [message(value, 0, noise, **{INTENT: name}) for value, name in names.items() for noise in noises]
    labelled = [message(0, 1, noise, **{INTENT: "inform", MOOD: {"sentiment": 0, "urgent": True}}) for noise in noises]
    data = TrainingData(wordings + labelled)
    intents.train(data)
    (read,) = intents.process([message(0, 1)])
    assert {one["name"] for one in read.get("intent_ranking")} == set(names.values())
    assert not data.has_e2e_examples()


def test_each_language_tells_as_many_moods():
    examples = read_moods(ROOT / "data")
    for language in LANGUAGES:
        mine = [one for one in examples if one.language == language]
        assert len({one.text for one in mine}) == len(mine) == 120
        assert [sum(one.sentiment == value for one in mine) for value in (-1, 0, 1)] == [40, 40, 40]
        assert sum(one.urgent for one in mine) == 40
