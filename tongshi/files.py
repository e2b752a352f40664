"""How files of the project are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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


def digest_of(files: Iterable[Path]) -> str:
    """Tells whether files hold what they held before."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
