"""`tongshi translate` with a translator that says what it is told to."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from typer.testing import CliRunner

from tests.llm.test_translation import Engine
from tongshi.cli import app
from tongshi.llm import translation
from tongshi.llm.translation import Translator


class Model:
    """Counts how often it was seen to that it is up."""

    started = 0

    def before(self):
        self.started += 1


@pytest.fixture
def run(monkeypatch, identify, database):
    monkeypatch.setattr("tongshi.storage.database.get_database", lambda: database)
    monkeypatch.setattr("tongshi.llm.server.language_model", lambda *_: nullcontext())

    def run(reply, *arguments):
        made = Translator([Engine(reply)], identify)
        made.model = Model()
        monkeypatch.setattr(translation, "make_translator", lambda *_: made)
        return CliRunner().invoke(app, ["translate", *arguments]), made.model

    return run


def test_the_model_is_up_before_the_time_runs(run):
    done, model = run("Wo ist mein Paket?", "Where is my parcel?", "--to", "de", "--json")
    assert json.loads(done.stdout)["text"] == "Wo ist mein Paket?"
    assert model.started == 1


def test_names_that_only_one_of_the_two_has_are_named(run):
    text = "Ms Schneider looks after your order in Dresden."
    done, _ = run("Frau Petersen kümmert sich in Hamburg um Ihre Bestellung.", text, "--to", "de")
    assert "Not in the translation: Schneider, Dresden." in done.stderr
