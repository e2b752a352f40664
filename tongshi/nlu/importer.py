"""What Rasa trains on: the project's files, with what the rest of the project already knows."""

from __future__ import annotations

from typing import Any

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from tongshi.knowledge.articles import ATTRIBUTE, UNANSWERABLE, shop_articles
from tongshi.settings import get_settings

_KNOWN_QUESTIONS = 3
"""How many of an article's similar questions are taken as wordings; all of them would drown the other intents."""

_UNKNOWN_QUESTIONS = 40
"""How many of the unanswerable ones: they are questions to the shop all the same, and the search says that it does not know."""


class TongshiImporter(RasaFileImporter):
    """Adds the names of replies to the domain, and similar questions of the knowledge base to the wordings.

    Rasa wants each reply in the domain, with a text; the English ones of data/responses are put there, so that they are written once.
    """

    def get_domain(self) -> Domain:
        path = get_settings().data / "responses" / "en.yml"
        replies = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["replies"]
        responses = {name: [{"text": text} for text in texts] for name, texts in replies.items()}
        return super().get_domain().merge(Domain.from_dict({"responses": responses}))

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        wordings = super().get_nlu_data(language)
        return wordings.merge(TrainingData(list(_questions()))) if wordings.training_examples else wordings


def _questions():
    for article in shop_articles(get_settings().data):
        most = _UNKNOWN_QUESTIONS if article.article_id == UNANSWERABLE else _KNOWN_QUESTIONS
        intent = "product_question" if article.article_id.startswith(ATTRIBUTE) else "policy_question"
        for question in article.questions[:most]:
            metadata: dict[str, Any] = {METADATA_INTENT: {"language": article.language}}
            yield Message({TEXT: question, INTENT: intent, METADATA: metadata})
