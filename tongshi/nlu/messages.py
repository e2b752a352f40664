"""Wordings as Rasa's training examples."""

from __future__ import annotations

from typing import Any

from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from tongshi.nlu.wordings import Wording


def example(wording: Wording, **properties: Any) -> Message:
    """A training example, its language in the metadata, where `LanguageDetector` finds it.

    Args:
        properties: what else the message has.
    """
    metadata = {METADATA_INTENT: {"language": wording.language}}
    return Message({TEXT: wording.text, INTENT: wording.intent, METADATA: metadata, **properties})
