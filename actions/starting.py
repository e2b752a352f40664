"""What the action server does when it starts, however it is started (`tongshi up`, `rasa run actions`)."""

from __future__ import annotations

import threading

import structlog
from pluggy import HookimplMarker
from rasa_sdk.plugin import plugin_manager
from sanic import Sanic

from actions import services
from tongshi.errors import TongshiError

log = structlog.get_logger()


class WarmStart:
    """Loads encoders and index beside the server's start, so that the first customer does not wait for them."""

    @HookimplMarker("rasa_sdk")
    def attach_sanic_app_extensions(self, app: Sanic) -> None:
        app.register_listener(self._begin, "after_server_start")

    @staticmethod
    def _begin(app: Sanic, loop: object) -> None:
        threading.Thread(target=_warm_up, name="warm start", daemon=True).start()


def _warm_up() -> None:
    try:
        services.answerer().warm_up()
    except TongshiError as error:
        log.warning("answers.not_loaded", error=str(error))


plugin_manager().register(WarmStart())
