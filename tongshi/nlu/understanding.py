"""What the trained bot makes of single messages, outside a conversation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.model_training import train_nlu


def learn(config: Path, wordings: Path, bot: Path) -> None:
    """Train understanding alone, without dialogue.

    Args:
        config: what config.yml is to the project.
        wordings: a file of Rasa's NLU format.
        bot: the file to be made, `*.tar.gz`.
    """
    train_nlu(str(config), str(wordings), str(bot.parent), fixed_model_name=bot.name.removesuffix(".tar.gz"))


def parse(agent: Agent, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Intent, ranking, entities and language of messages, as Rasa's `/model/parse` gives them.

    They pass the pipeline together, which takes a fraction of the time that one after the other does.
    """
    processor = agent.processor
    target = processor.model_metadata.nlu_target
    inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text) for text in texts], PLACEHOLDER_TRACKER: None}
    messages = processor.graph_runner.run(inputs=inputs, targets=[target])[target]
    return [message.as_dict(only_output_properties=True) for message in messages]


class Understanding:
    """The bot's natural-language understanding.

    Args:
        model: a file that `rasa train` made.
    """

    def __init__(self, model: Path) -> None:
        # Rasa logs each parsed message for debugging unless its own command line has set up logging.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        self._agent = Agent.load(str(model))

    def __call__(self, text: str) -> dict[str, Any]:
        """What it makes of one message, see `parse`."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """What it makes of messages, in their order."""
        return parse(self._agent, texts)
