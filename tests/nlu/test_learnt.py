"""What components learn is there again when the bot is loaded."""

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.files import digest_of
from tongshi.nlu import featurizers
from tongshi.nlu.entities import SynonymEntityExtractor
from tongshi.nlu.featurizers import CharacterNgramFeaturizer, SentenceVectorFeaturizer
from tongshi.settings import Settings

LEARNT = TrainingData(
    [Message({TEXT: text, INTENT: "greet"}) for text in ("hello there", "hello you", "good day")],
    entity_synonyms={"cans": "product:headphones", "crimson": "color:red"},
    lookup_tables=[
        {"name": "product", "elements": ["product:headphones"]},
        {"name": "color", "elements": ["color:red"]},
    ],
)


@pytest.fixture
def trained_and_loaded(tmp_path):
    """Makes a component that has learnt, and the one that is loaded from what it kept."""
    storage, resource, context = (
        LocalModelStorage.create(tmp_path),
        Resource("learnt"),
        ExecutionContext(GraphSchema({}), "model"),
    )

    def make(kind):
        component = kind.create(kind.get_default_config(), storage, resource, context)
        component.train(LEARNT)
        return component, kind.load(kind.get_default_config(), storage, resource, context)

    return make


def test_names(trained_and_loaded):
    for component in trained_and_loaded(SynonymEntityExtractor):
        (message,) = component.process([Message({TEXT: "crimson cans"})])
        assert [(one["entity"], one["value"]) for one in message.get(ENTITIES)] == [("color", "red"), ("product", "headphones")]


def test_character_ngrams(trained_and_loaded):
    features = []
    for component in trained_and_loaded(CharacterNgramFeaturizer):
        (message,) = component.process([Message({TEXT: "hello"})])
        features.append(message.get_sparse_features(TEXT)[1].features.toarray())
    assert features[0].any() and np.array_equal(*features)


def test_what_is_learnt_depends_on_the_code_and_the_adapter_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(featurizers, "get_settings", lambda: Settings(models=tmp_path))
    adapter = tmp_path / "adapters" / "intents" / "adapter.json"
    adapter.parent.mkdir(parents=True)
    seen = set()
    for text in ("one", "two"):
        adapter.write_text(text)
        featurizers._adapters.cache_clear()
        seen |= {SentenceVectorFeaturizer.fingerprint_addon({"encoder": name}) for name in ("use", "use*0.8+intents*0.2")}
    featurizers._adapters.cache_clear()
    assert len(seen) == 3
    assert digest_of([adapter]) != digest_of([]) and CharacterNgramFeaturizer.fingerprint_addon({}) in min(seen, key=len)
