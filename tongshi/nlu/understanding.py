"""What the trained bot makes of single messages, outside a conversation."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import structlog
from rasa.core.agent import Agent


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
        """Intent, ranking, entities and language of a message, as Rasa's `/model/parse` gives them."""
        return asyncio.run(self._agent.parse_message(text))
