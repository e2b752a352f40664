"""What Rasa trains on: the project's files, with what the rest of the project already knows."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import rasa
from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

from tongshi.files import read_yaml
from tongshi.nlu.messages import TrainingExample, example
from tongshi.nlu.moods import read_moods
from tongshi.nlu.sentiment import MOOD
from tongshi.nlu.wordings import Wording, article_questions
from tongshi.settings import get_settings

_NONE_OF_THESE = "inform"
"""Stands for no intent: a text without one makes Rasa learn stories end to end. `LinearIntentClassifier` learns none from a message with a mood."""

_MOST_KEPT = 64 * 2**20
"""Bytes of what files held, kept for the next training; all of data/nlu takes a tenth of it."""


class TongshiImporter(RasaFileImporter):
    """Adds the names of replies to the domain, and to the wordings similar questions of the knowledge base and messages with a mood.

    Rasa wants each reply in the domain, with a text; the English ones of data/responses are put there, so that they are written once.
    A file of wordings that has not changed since it was last read is not read again.
    """

    def get_domain(self) -> Domain:
        path = get_settings().data / "responses" / "en.yml"
        replies = read_yaml(path)["replies"]
        responses = {name: [{"text": text} for text in texts] for name, texts in replies.items()}
        return super().get_domain().merge(Domain.from_dict({"responses": responses}))

    @cached_method
    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        memory = joblib.Memory(get_settings().models / "read", verbose=0)
        read = memory.cache(_read, ignore=["path"])
        files = [pickle.loads(read(Path(path).read_bytes(), rasa.__version__, language, path)) for path in self._nlu_files]
        memory.reduce_size(bytes_limit=_MOST_KEPT)
        if not any(one.training_examples for one in files):
            return TrainingData().merge(*files)
        questions = [example(one) for one in article_questions(get_settings().data)]
        moods = [
            example(Wording(one.text, _NONE_OF_THESE, one.language), **{MOOD: {"sentiment": one.sentiment, "urgent": one.urgent}})
            for one in read_moods(get_settings().data)
        ]
        return TrainingData().merge(*files, TrainingData([*questions, *moods]))


def _read(content: bytes, version: str, language: str | None, path: str) -> bytes:
    """What Rasa reads in a file, pickled; content and version tell whether it would read the same again."""
    found = load_data(path, language)
    examples = [TrainingExample(one.data) for one in found.training_examples]
    # joblib itself would pickle it in Python, and take four times as long to read it back.
    return pickle.dumps(TrainingData(examples, found.entity_synonyms, found.regex_features, found.lookup_tables, found.responses))
