"""How well the mood of messages is told: sentiment and urgency, by messages that the model has not seen in any language."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold

from tongshi.evaluation.tables import Report, with_mean
from tongshi.language.vectors import VectorCache, get_encoder
from tongshi.nlu.moods import read_moods
from tongshi.nlu.pipeline import configured, prepare
from tongshi.nlu.wordings import training_wordings
from tongshi.settings import LANGUAGES, Settings

_FOLDS = 5


def report(settings: Settings) -> Report:
    """Five-fold: what stands at one place of the languages' files, which is much the same message, is held out together."""
    from tongshi.nlu.sentiment import MoodModel, SentimentClassifier

    config = SentimentClassifier.get_default_config()
    examples = read_moods(settings.data)
    telling = [one for one in training_wordings(settings.data) if one.intent in config["sentiments"]]
    encoder = get_encoder(configured("SentenceVectorFeaturizer", "encoder") or settings.encoder)
    vectors = VectorCache(encoder, settings.models / "vectors").encode([prepare(one.text) for one in [*examples, *telling]])
    vectors = vectors.astype(np.float32)
    sentiments = np.array([one.sentiment for one in examples] + [config["sentiments"][one.intent] for one in telling])
    urgent = np.array([int(one.urgent) for one in examples] + [0 if one.intent in config["calm"] else -1 for one in telling])
    counts = {intent: sum(one.intent == intent for one in telling) for intent in config["sentiments"]}
    weights = np.array([1.0] * len(examples) + [config["weight"] / counts[one.intent] for one in telling])
    groups = [f"{one.sentiment} {one.urgent} {one.number}" for one in examples]
    cells = [f"{one.sentiment} {one.urgent}" for one in examples]
    felt, pressing = np.zeros(len(examples)), np.zeros(len(examples))
    always = np.arange(len(examples), len(vectors))
    for seen, held in StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0).split(cells, cells, groups):
        known = np.concatenate([seen, always])
        model = MoodModel(config["strength"]).fit(vectors[known], sentiments[known], urgent[known], weights[known])
        felt[held], pressing[held] = model.labels(vectors[held])
    found = Report(
        "Mood of unseen messages", "sentiment", notes="data/sentiment, five-fold; a message is unseen in every language"
    )
    for language in LANGUAGES:
        rows = np.array([place for place, one in enumerate(examples) if one.language == language])
        found.rows.append(
            {
                "language": language,
                "messages": len(rows),
                "sentiment": float(np.mean(felt[rows] == sentiments[rows])),
                "sentiment F1": float(f1_score(sentiments[rows], felt[rows], average="macro")),
                "opposite": float(np.mean(felt[rows] * sentiments[rows] == -1)),
                "urgency": float(np.mean(pressing[rows] == urgent[rows])),
                "urgency F1": float(f1_score(urgent[rows], pressing[rows])),
            }
        )
    return with_mean(found)
