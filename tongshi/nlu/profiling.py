"""What each step of the trained bot costs for one message."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog
from rasa.core.channels.channel import UserMessage
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.engine.graph import ExecutionContext, GraphNodeHook
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker


class _Stopwatch(GraphNodeHook):
    """Notes the processor's milliseconds of each step.

    Attributes:
        noted: of the run that came last, by the name of the step's class.
    """

    def __init__(self) -> None:
        self.noted: dict[str, float] = {}

    def on_before_node(
        self, node_name: str, execution_context: ExecutionContext, config: dict[str, Any], received_inputs: dict[str, Any]
    ) -> dict[str, float]:
        return {"began": time.process_time()}

    def on_after_node(
        self,
        node_name: str,
        execution_context: ExecutionContext,
        config: dict[str, Any],
        output: Any,
        input_hook_data: dict[str, float],
    ) -> None:
        step = execution_context.graph_schema.nodes[node_name].uses.__name__
        self.noted[step] = (time.process_time() - input_hook_data["began"]) * 1000


class _TimedRunner(DaskGraphRunner):
    """Rasa's runner with a watch at each step."""

    def __init__(self, graph_schema: Any, model_storage: Any, execution_context: Any, hooks: Any = None) -> None:
        self.watch = _Stopwatch()
        super().__init__(graph_schema, model_storage, execution_context, [self.watch])


class Profiler:
    """A trained bot whose steps are timed.

    Args:
        model: a file that `rasa train` made.
    """

    def __init__(self, model: Path) -> None:
        # Writing down what was found would count as finding it.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        with tempfile.TemporaryDirectory() as folder:
            self._metadata, self._runner = load_predict_graph_runner(Path(folder), model, LocalModelStorage, _TimedRunner)

    def understanding(self, text: str) -> dict[str, float]:
        """Processor's milliseconds of each step from the message to intent and entities, in their order."""
        return self._parsed(text)[1]

    def dialogue(self, text: str) -> dict[str, float]:
        """Those of each policy that is asked what to do, where the message begins a conversation."""
        parsed, _ = self._parsed(text)
        tracker = DialogueStateTracker("profile", self._metadata.domain.slots)
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        tracker.update(UserUttered(text, parsed["intent"], parsed["entities"], parsed))
        return self._run({PLACEHOLDER_TRACKER: tracker}, self._metadata.core_target)[1]

    def _parsed(self, text: str) -> tuple[dict[str, Any], dict[str, float]]:
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text)], PLACEHOLDER_TRACKER: None}
        (message,), noted = self._run(inputs, self._metadata.nlu_target)
        return message.as_dict(only_output_properties=True), noted

    def _run(self, inputs: dict[str, Any], target: str) -> tuple[Any, dict[str, float]]:
        self._runner.watch.noted = {}
        output = self._runner.run(inputs=inputs, targets=[target])[target]
        return output, self._runner.watch.noted
