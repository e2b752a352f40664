"""Engines of one's own: classes that a setting names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

from tongshi.errors import TongshiError
from tongshi.settings import Settings


def own_engine(name: str, settings: Settings, needed: Sequence[str]) -> Any:
    """An engine of a class `package.module:Class`, which is called with the settings.

    Args:
        needed: the methods that an engine of its kind has.

    Raises:
        TongshiError: there is no such class, it lacks one of them, or fails; so do the methods of what is given.
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
    return _Told(name, _told(name, engine)(settings), needed)


class _Told:
    """An engine of one's own, whatever of which fails is told as any engine's failure."""

    def __init__(self, name: str, engine: Any, methods: Sequence[str]) -> None:
        for method in methods:
            setattr(self, method, _told(name, getattr(engine, method)))


def _told(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def told(*arguments: Any, **named: Any) -> Any:
        try:
            return work(*arguments, **named)
        except TongshiError:
            raise
        except Exception as error:
            raise TongshiError(f"The engine {name} failed: {error or type(error).__name__}") from error

    return told
