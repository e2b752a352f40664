"""Engines of one's own: classes that a setting names."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from tongshi.errors import TongshiError
from tongshi.settings import Settings


def own_engine(name: str, settings: Settings, needed: Sequence[str]) -> Any:
    """An engine of a class `package.module:Class`, which is called with the settings.

    Args:
        needed: the methods that an engine of its kind has.

    Raises:
        TongshiError: there is no such class, or it lacks one of them.
    """
    module, _, kind = name.partition(":")
    try:
        engine = getattr(import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise TongshiError(
            f"The engine {name} cannot be imported: {error}. Is its package installed, or on PYTHONPATH?"
        ) from error
    if missing := [method for method in needed if not callable(getattr(engine, method, None))]:
        raise TongshiError(f"The engine {name} lacks {' and '.join(missing)}; docs/voice.md says what an engine has.")
    return engine(settings)
