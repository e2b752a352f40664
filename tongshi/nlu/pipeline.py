"""What config.yml says of the pipeline, for those who explain or measure it."""

from __future__ import annotations

from importlib import resources
from typing import Any

from tongshi.files import read_yaml
from tongshi.language.patterns import mask
from tongshi.language.vectors import normalise
from tongshi.settings import ROOT


def configured(component: str, key: str) -> Any:
    """A setting of a component; None where config.yml leaves it out.

    Args:
        component: the last part of its name, e.g. `FallbackClassifier`.
    """
    return next((one.get(key) for one in configured_pipeline() if one["name"].rpartition(".")[2] == component), None)


def configured_pipeline() -> list[dict[str, Any]]:
    """The steps of config.yml, each with its settings."""
    return read_yaml(ROOT / "config.yml")["pipeline"]


def default_pipeline() -> list[dict[str, Any]]:
    """The steps that Rasa takes where a config.yml names none, as that of `rasa init` does."""
    file = resources.files("rasa.engine.recipes") / "config_files" / "default_config.yml"
    return read_yaml(file)["pipeline"]


def prepare(text: str) -> str:
    """What features are taken from: the text normalised, with order numbers and e-mails masked."""
    return normalise(mask(text))
