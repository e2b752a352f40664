"""What a reviewer accepts is learnt by the system that runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tongshi import clock
from tongshi.nlu.wordings import REVIEWED, Wording, read
from tongshi.settings import ROOT, get_settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import Database
from tongshi.storage.models import Message, Review
from tongshi.storage.review import ReviewStore
from tongshi.system import bot_path

TEXT = "any whereabouts of the doodah i paid you for"


@pytest.fixture
def restored(tmp_path):
    """The folder of accepted wordings; as it was again after the test, and without the bots that were trained meanwhile."""
    folder, kept = ROOT / "data" / "nlu" / REVIEWED, tmp_path / "kept"
    bots = set((ROOT / "models").glob("*.tar.gz"))
    if folder.exists():
        shutil.copytree(folder, kept)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    if kept.exists():
        shutil.copytree(kept, folder)
    for bot in set((ROOT / "models").glob("*.tar.gz")) - bots:
        bot.unlink()


@pytest.fixture
def review(system, language_model):
    """Runs `tongshi review …` beside the running system; gives what it prints as JSON."""
    settings = {"HOME": str(system.home), "RASA_PORT": str(system.ports["RASA"]), "LLM_URL": language_model.url}
    environment = {**os.environ, **{f"TONGSHI_{name}": value for name, value in settings.items()}}

    def review(*words):
        command = [sys.executable, "-m", "tongshi.cli", "review", *words, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    return review


@pytest.fixture
def number(system, sender):
    """Of a message that waits for a decision."""
    database = Database(f"sqlite:///{system.home / 'tongshi.db'}")
    message = Message(sender=sender, channel="web", author="customer", text=TEXT, language="en", at=clock.now())
    ConversationStore(database).add(message)
    waiting = Review(
        message_id=message.message_id, reason="fallback", text=TEXT, language="en", intent="order_status", at=clock.now()
    )
    ReviewStore(database).add(waiting)
    yield waiting.review_id
    database.engine.dispose()


def served(system):
    """The name of the bot's file, as Rasa tells it."""
    token = (system.home / "secrets" / "rasa-api").read_text().strip()
    return Path(httpx.get(f"{system.address('RASA')}/status", params={"token": token}, timeout=20).json()["model_file"]).name


def test_an_accepted_wording_is_learnt_and_served(system, sender, review, number, restored):
    before = served(system)
    (accepted,) = review("accept", str(number))
    assert (accepted["status"], accepted["wanted"]) == ("accepted", "order_status")
    told = review("train", "--force")
    assert (told["learnt"], told["live"], told["serving"]) == (1, True, True)
    assert Wording(TEXT, "order_status", "en") in read(restored / "en.yml", "en")
    assert served(system) == bot_path(get_settings()).name != before
    assert system.say(sender, "hello")
    assert review("show", str(number))["status"] == "learnt"
