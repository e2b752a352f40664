import threading

from rasa_sdk.plugin import plugin_manager
from sanic import Sanic

from actions import services, starting
from tongshi.errors import TongshiError


def test_what_answers_is_loaded_when_the_action_server_starts(monkeypatch):
    assert any(isinstance(plugin, starting.WarmStart) for plugin in plugin_manager().get_plugins())
    loaded = threading.Event()
    monkeypatch.setattr(services, "_answerer", lambda: type("Loads", (), {"warm_up": staticmethod(loaded.set)}))
    app = Sanic("warm_start", configure_logging=False)
    starting.WarmStart().attach_sanic_app_extensions(app)
    (listener,) = app.listeners["after_server_start"]
    listener(app, None)
    assert loaded.wait(5)


def test_missing_model_files_do_not_keep_it_from_starting(monkeypatch, capsys):
    def refuse():
        raise TongshiError("The model file is missing.")

    monkeypatch.setattr(services, "_answerer", refuse)
    starting._warm_up()
    assert "The model file is missing." in capsys.readouterr().out
