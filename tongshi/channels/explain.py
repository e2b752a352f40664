"""What the desk and the command line ask for explanations: the bot that serves the customers gives them itself."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa.core.agent import Agent
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from tongshi.channels.channel import Channel, json_body, shows
from tongshi.channels.guard import LONGEST, Handler
from tongshi.explanation.message import Explainer, Explanation, make_explainer
from tongshi.language.text import clean
from tongshi.nlu.understanding import parse
from tongshi.settings import Settings, get_settings


class ExplainChannel(Channel):
    """`POST /webhooks/explain/message {"text"}` answers an `Explanation` as a dictionary. It takes no part in conversations.

    One message is explained at a time, beside the event loop, so that customers need not wait for it.

    Args:
        secret: who asks has to show it.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._one_at_a_time = asyncio.Lock()
        self._explainer: tuple[Agent, Explainer] | None = None

    @classmethod
    def name(cls) -> str:
        return "explain"

    @classmethod
    def from_settings(cls, settings: Settings, **parts: Any) -> ExplainChannel:
        return cls(settings.secret("web-channel"), **parts)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = self.empty_blueprint()

        @webhook.route("/message", methods=["POST"])
        async def explain(request: Request) -> HTTPResponse:
            if not shows(request, self._secret):
                return response.json({"error": "This needs the secret of the channel."}, 401)
            text = (json_body(request) or {}).get("text")
            text = clean(text) if isinstance(text, str) else ""
            if not text or len(text) > LONGEST:
                return response.json({"error": f"Send a text of 1 to {LONGEST} characters."}, 400)
            async with self._one_at_a_time:
                found = await asyncio.to_thread(self._explain, request.app.ctx.agent, text)
            return response.json(found.as_dict())

        return webhook

    def _explain(self, agent: Agent, text: str) -> Explanation:
        """With an explainer of the bot that is loaded just then."""
        if self._explainer is None or self._explainer[0] is not agent:
            self._explainer = agent, make_explainer(get_settings(), lambda texts: parse(agent, texts))
        return self._explainer[1](text)
