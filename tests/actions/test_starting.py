import asyncio
import threading

from rasa_sdk.plugin import plugin_manager
from sanic import Sanic

from actions import services, starting
from tongshi.errors import TongshiError


async def test_what_answers_is_loaded_when_the_action_server_starts(monkeypatch):
    assert any(isinstance(plugin, starting.WarmStart) for plugin in plugin_manager().get_plugins())
    loaded = threading.Event()
    monkeypatch.setattr(services, "_answerer", lambda: type("Loads", (), {"warm_up": staticmethod(loaded.set)}))
    app = Sanic("warm_start", configure_logging=False)
    plugin_manager().hook.attach_sanic_app_extensions(app=app)
    app.signal_router.finalize()
    await app.dispatch("server.init.after", context={"app": app, "loop": None}, inline=True)
    assert await asyncio.to_thread(loaded.wait, 5)


def test_missing_model_files_do_not_keep_it_from_starting(monkeypatch, capsys):
    def refuse():
        raise TongshiError("The model file is missing.")

    monkeypatch.setattr(services, "_answerer", refuse)
    starting._warm_up()
    assert "The model file is missing." in capsys.readouterr().out
