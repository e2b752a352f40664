"""What has been learnt from reviews is served by the system that runs."""

import shutil
from dataclasses import replace
from pathlib import Path

import httpx

from tongshi.settings import get_settings
from tongshi.system import bot_path, put_live


def served(system):
    """The name of the bot's file, as Rasa tells it."""
    token = (system.home / "secrets" / "rasa-api").read_text().strip()
    return Path(httpx.get(f"{system.address('RASA')}/status", params={"token": token}, timeout=20).json()["model_file"]).name


def test_a_bot_that_is_put_live_is_served_without_a_restart(system, sender, tmp_path):
    settings = replace(get_settings(), home=system.home, rasa_port=system.ports["RASA"], models=tmp_path)
    candidate = shutil.copy(get_settings().models / served(system), tmp_path / "candidate.tar.gz")
    assert put_live(settings, Path(candidate))
    assert served(system) == bot_path(settings).name != bot_path(get_settings()).name
    assert system.say(sender, "hello")
