"""What Rasa trains on: the project's files, with what the rest of the project already knows."""

from __future__ import annotations

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.nlu.messages import example
from tongshi.nlu.moods import read_moods
from tongshi.nlu.sentiment import MOOD
from tongshi.nlu.wordings import Wording, article_questions
from tongshi.settings import get_settings

_NONE_OF_THESE = "inform"
"""Stands for no intent: a text without one makes Rasa learn stories end to end. `LinearIntentClassifier` learns none from a message with a mood."""


class TongshiImporter(RasaFileImporter):
    """Adds the names of replies to the domain, and to the wordings similar questions of the knowledge base and messages with a mood.

    Rasa wants each reply in the domain, with a text; the English ones of data/responses are put there, so that they are written once.
    """

    def get_domain(self) -> Domain:
        path = get_settings().data / "responses" / "en.yml"
        replies = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["replies"]
        responses = {name: [{"text": text} for text in texts] for name, texts in replies.items()}
        return super().get_domain().merge(Domain.from_dict({"responses": responses}))

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        wordings = super().get_nlu_data(language)
        if not wordings.training_examples:
            return wordings
        questions = [example(one) for one in article_questions(get_settings().data)]
        moods = [
            example(Wording(one.text, _NONE_OF_THESE, one.language), **{MOOD: {"sentiment": one.sentiment, "urgent": one.urgent}})
            for one in read_moods(get_settings().data)
        ]
        return wordings.merge(TrainingData([*questions, *moods]))
