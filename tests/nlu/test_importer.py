"""What Rasa trains on is read as Rasa reads it, only once, and tells apart what differs."""

import copy

import numpy as np
import pytest
import scipy.sparse
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT

from tongshi.nlu import importer
from tongshi.nlu.importer import TongshiImporter
from tongshi.nlu.messages import QuickFeatures, TrainingExample
from tongshi.settings import Settings

WORDINGS = """\
version: "3.1"
nlu:
- intent: greet
  metadata: {language: en}
  examples: |
    - hello
    - hello [Ada](name)
- intent: goodbye
  examples:
  - text: bye \\o/
- synonym: product:headphones
  examples: |
    - cans
- lookup: product
  examples: |
    - product:headphones
"""


@pytest.fixture
def wordings(tmp_path, monkeypatch):
    """A file of wordings; nothing else is learnt, and what was read is kept beside it."""
    (tmp_path / "data" / "sentiment").mkdir(parents=True)
    settings = Settings(models=tmp_path / "models", data=tmp_path / "data")
    monkeypatch.setattr(importer, "get_settings", lambda: settings)
    monkeypatch.setattr(importer, "article_questions", lambda data: [])
    file = tmp_path / "data" / "nlu.yml"
    file.write_text(WORDINGS)
    return file


def told(training_data):
    return [(one.data, one.output_properties) for one in training_data.training_examples]


def test_files_are_read_as_rasa_reads_them_and_again_once_they_changed(wordings, monkeypatch):
    ours, rasas = (kind(training_data_paths=[str(wordings)]).get_nlu_data() for kind in (TongshiImporter, RasaFileImporter))
    assert told(ours) == told(rasas)
    assert (ours.entity_synonyms, ours.lookup_tables) == (rasas.entity_synonyms, rasas.lookup_tables)

    monkeypatch.setattr(importer, "load_data", lambda path, language: pytest.fail("read again"))
    again = TongshiImporter(training_data_paths=[str(wordings)]).get_nlu_data()
    assert again.fingerprint() == ours.fingerprint()

    monkeypatch.undo()
    monkeypatch.setattr(importer, "get_settings", lambda: Settings(models=wordings.parents[1] / "models", data=wordings.parent))
    monkeypatch.setattr(importer, "article_questions", lambda data: [])
    wordings.write_text(WORDINGS.replace("- hello\n", "- hello there\n"))
    changed = TongshiImporter(training_data_paths=[str(wordings)]).get_nlu_data()
    assert changed.training_examples[0].get(TEXT) == "hello there"


def features(matrix, origin="vectors"):
    return QuickFeatures(matrix, FEATURE_TYPE_SENTENCE, TEXT, origin)


def test_examples_that_differ_in_anything_have_different_fingerprints():
    row = scipy.sparse.coo_matrix(np.array([[0, 1, 2]], np.float32))
    changes = [
        lambda one: one.set(INTENT, "goodbye"),
        lambda one: one.set("text_tokens", [Token("hello", 0)]),
        lambda one: one.set("text_tokens", [Token("hello", 0, lemma="hallo")]),
        lambda one: one.add_features(features(np.zeros((1, 3), np.float32))),
        lambda one: one.add_features(features(np.ones((1, 3), np.float32))),
        lambda one: one.add_features(features(np.ones((1, 3), np.float32), "others")),
        lambda one: one.add_features(features(row)),
        lambda one: one.add_features(features(row * 2)),
    ]
    seen = {(base := TrainingExample({TEXT: "hello", INTENT: "greet", "mood": {"urgent": True}})).fingerprint()}
    for change in changes:
        example = copy.deepcopy(base)
        assert example == base
        change(example)
        seen.add(example.fingerprint())
    assert len(seen) == len(changes) + 1


def test_a_copy_stands_alone():
    example = TrainingExample({TEXT: "hello", "entities": [{"value": "Ada"}]})
    before = example.fingerprint()
    copied = copy.deepcopy(example)
    copied.get("entities")[0]["value"] = "Eve"
    copied.set(INTENT, "greet")
    assert example.get("entities") == [{"value": "Ada"}] and example.get(INTENT) is None and example.fingerprint() == before
    copied.set(INTENT, "greet")
    assert copied.fingerprint() != before
