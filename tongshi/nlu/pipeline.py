"""What config.yml says of the pipeline, for those who explain or measure it."""

from __future__ import annotations

from typing import Any

import yaml

from tongshi.language.patterns import mask
from tongshi.language.vectors import normalise
from tongshi.settings import ROOT


def configured(component: str, key: str) -> Any:
    """A setting of a component; None where config.yml leaves it out.

    Args:
        component: the last part of its name, e.g. `FallbackClassifier`.
    """
    pipeline = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))["pipeline"]
    return next((one.get(key) for one in pipeline if one["name"].rpartition(".")[2] == component), None)


def prepare(text: str) -> str:
    """What features are taken from: the text normalised, with order numbers and e-mails masked."""
    return normalise(mask(text))
