"""What components share that learn one thing and keep it with the bot."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Self

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from tongshi.files import digest_of
from tongshi.settings import ROOT

_FILE = "model.joblib"


@lru_cache(maxsize=1)
def _code() -> str:
    return digest_of([*(ROOT / "tongshi" / "nlu").glob("*.py"), *(ROOT / "tongshi" / "language").glob("*.py")])


class OwnComponent(GraphComponent):
    """A component that rests on the code beside it.

    Rasa takes what a component did in an earlier training where its class and what it is given are the same; the functions that it calls
    count as well.
    """

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return _code()


class LearntComponent(OwnComponent):
    """A component with a model of its own, None until it is trained."""

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: Any = None) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> Self:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, joblib.load(folder / _FILE))

    def _keep(self) -> Resource:
        """Keep the model with the bot."""
        with self._storage.write_to(self._resource) as folder:
            joblib.dump(self._model, folder / _FILE)
        return self._resource
