"""A cross-encoder: multilingual-e5-small reads a question and a passage together, and says how surely the passage answers.

Two vectors made apart tell what texts are about; read together, one word of the question meets the word of the passage that answers it
(Nogueira and Cho 2019, arXiv:1901.04085). It costs a forward pass a passage, so that only the first of a search are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tongshi.language.e5 import E5, Checkpoint, Tokenizer, batches, has_bfloat16, head_of, merge
from tongshi.language.vectors import normalise
from tongshi.settings import get_settings
from tongshi.weights import path_of

ADAPTER = "cross"
"""Its folder among the adapters."""

_QUESTION = 64
_LONGEST = 224


class PairModel(nn.Module):
    """The model from token ids of pairs to logits: of the passage's answering the question, where 0 is as likely as that none does.

    Args:
        checkpoint: of multilingual-e5-small.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.body = E5(checkpoint)
        self.head = nn.Linear(2 * checkpoint.hidden, 1)

    def forward(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Logits, shape (len(ids),), of pairs as `encode_pair` gives them."""
        states, real = self.body.states(ids)
        mean = (states * real[..., None]).sum(1) / real.sum(1, keepdim=True)
        return self.head(torch.cat([states[:, 0], mean], 1))[:, 0]


def encode_pair(tokenizer: Tokenizer, question: str, passage: str) -> list[int]:
    """Token ids of a question and a passage between XLM-RoBERTa's markers of a pair; what is too long is cut off at the end of each."""
    asked, told = tokenizer.encode(normalise(question)), tokenizer.encode(normalise(passage))
    end = asked[-1]
    return [*asked[:_QUESTION], end, *told[1:]][:_LONGEST]


class CrossEncoder:
    """Judges passages on the CPU.

    Args:
        path: the model file, entry `e5-small` of the manifest.
        adapter: folder of the adapter of `tongshi.training.cross`.

    Raises:
        TongshiError: a file is missing, or is not what it should be.
    """

    def __init__(self, path: Path, adapter: Path) -> None:
        checkpoint = Checkpoint(path)
        self._tokenizer = Tokenizer(checkpoint)
        self._model = PairModel(checkpoint).eval()
        merge(self._model.body, adapter)
        self._model.head.load_state_dict(head_of(adapter))
        if has_bfloat16():
            self._model.body.shorten()

    def scores(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """Logits of each passage's answering the question, shape (len(passages),); 0 is as likely as that none does."""
        rows = [encode_pair(self._tokenizer, question, passage) for passage in passages]
        scores = np.zeros(len(rows), np.float32)
        with torch.inference_mode():
            for batch in batches([len(row) for row in rows]):
                scores[batch] = self._model([rows[place] for place in batch]).numpy()
        return scores


@lru_cache(maxsize=1)
def get_cross_encoder() -> CrossEncoder:
    """The cross-encoder of the settings' models, loaded once a process."""
    settings = get_settings()
    return CrossEncoder(path_of("e5-small", settings), settings.models / "adapters" / ADAPTER)
