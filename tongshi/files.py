"""How files of the project are read."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path | Traversable) -> Any:
    """What a YAML file says, by the loader written in C, which takes a tenth of the time of Python's; a byte-order mark counts for nothing.

    Raises:
        OSError: the file is not there, or cannot be read.
        yaml.YAMLError: it is no YAML.
    """
    return yaml.load(path.read_text("utf-8-sig"), yaml.CSafeLoader)
