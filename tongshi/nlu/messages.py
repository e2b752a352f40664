"""Wordings as Rasa's training examples, in a form that tens of thousands of them pass a training quickly in."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import numpy as np
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.utils.io import deep_container_fingerprint

from tongshi.nlu.pipeline import prepare
from tongshi.nlu.wordings import Wording

_PREPARED = "prepared_text"


class TrainingExample(Message):
    """A message to learn from.

    Rasa copies all messages several times while it reads them, and asks each for its fingerprint before and after every step. Here a copy
    shares what nobody writes to, and a fingerprint, which rests on the same things as Rasa's, is taken at once.
    """

    def set(self, prop: str, info: Any, add_to_output: bool = False) -> None:
        """As `Message.set`; what is set to what it is keeps its fingerprint."""
        if add_to_output or self.data.get(prop) != info:
            super().set(prop, info, add_to_output)

    def fingerprint(self) -> str:
        if self._cached_fingerprint is None:
            content = json.dumps([self.data, self.features], sort_keys=True, default=_content)
            self._cached_fingerprint = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
        return self._cached_fingerprint

    def __deepcopy__(self, memo: dict[int, Any]) -> TrainingExample:
        data = {
            name: value if isinstance(value, str) or name == METADATA else copy.deepcopy(value, memo)
            for name, value in self.data.items()
        }
        copied = TrainingExample(data, set(self.output_properties), self.time, list(self.features))
        copied._cached_fingerprint = self._cached_fingerprint
        return copied


class QuickFeatures(Features):
    """Features whose fingerprint is taken from their bytes, without writing them out as text."""

    def fingerprint(self) -> str:
        if self._cached_fingerprint is None:
            matrix = self.features
            digest = hashlib.md5(f"{self.type} {self.origin} {self.attribute} {matrix.shape}".encode(), usedforsecurity=False)
            for part in (matrix,) if self.is_dense() else (matrix.row, matrix.col, matrix.data):
                digest.update(np.ascontiguousarray(part))
            self._cached_fingerprint = digest.hexdigest()
        return self._cached_fingerprint


def _content(value: Any) -> Any:
    """What JSON cannot write, as what it can."""
    if isinstance(value, Token):
        return [value.text, value.start, value.end, value.lemma, value.data]
    return deep_container_fingerprint(value)


def prepared(message: Message) -> str:
    """What features of a message are taken from, see `prepare`; worked out once for all who ask."""
    text = message.get(_PREPARED)
    if text is None:
        text = prepare(message.get(TEXT) or "")
        message.set(_PREPARED, text)
    return text


def example(wording: Wording, **properties: Any) -> TrainingExample:
    """A training example, its language in the metadata, where `LanguageDetector` finds it.

    Args:
        properties: what else the message has.
    """
    metadata = {METADATA_INTENT: {"language": wording.language}}
    return TrainingExample({TEXT: wording.text, INTENT: wording.intent, METADATA: metadata, **properties})
