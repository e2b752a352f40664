"""`tongshi answer` and the report of the same name: who has to load the language model, and when."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tongshi import cli
from tongshi.evaluation import reports
from tongshi.llm import answering, server
from tongshi.llm.answering import Answer
from tongshi.settings import Settings


class World:
    """A machine on which no language model runs until it is started; notes what happens, in its order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.models = [self]
        self.before = lambda: None
        self.runs = False

    # The process

    def __call__(self, command, **options):
        self.happened.append(" ".join(command[-2:]))
        self.runs = True
        return self

    def poll(self):
        return None

    def terminate(self):
        self.runs = False
        self.happened.append("ended")

    def wait(self):
        pass

    # The model, and who asks it

    def is_up(self):
        return self.runs

    def warm_up(self, collection="shop"):
        pass

    def answer(self, question, language, **options):
        self.happened.append("asked")
        return Answer("30 days.", language, "generated", (), 0.2)


@pytest.fixture
def world(monkeypatch, database):
    world = World()
    monkeypatch.setattr(server.subprocess, "Popen", world)
    monkeypatch.setattr(answering, "make_answerer", lambda *_: world)
    monkeypatch.setattr("tongshi.storage.database.get_database", lambda: database)
    monkeypatch.setattr(reports, "asked_questions", lambda _: [{"question": "?", "article": one} for one in (None, "x")])
    monkeypatch.setattr(reports, "generation", lambda *_: reports.Report("", "right"))
    return world


@pytest.mark.parametrize(
    ("mode", "happens"),
    [("auto", ["llm serve", "asked", "ended"]), ("generate", ["llm serve", "asked", "ended"]), ("quote", ["asked"])],
)
def test_the_model_is_loaded_before_the_clock_runs_and_only_where_it_may_be_asked(world, monkeypatch, tmp_path, mode, happens):
    monkeypatch.setattr(cli, "ready", lambda: Settings(home=tmp_path, answer_mode=mode))
    result = CliRunner().invoke(cli.app, ["answer", "how long?", "--json"])
    assert json.loads(result.stdout)["text"] == "30 days."
    assert world.happened == happens

    world.happened.clear()
    report = reports.answers(Settings(home=tmp_path, answer_mode=mode))
    assert list(dict.fromkeys(world.happened)) == happens and "no language model" not in report.notes


def test_a_model_that_runs_is_asked_and_left_running(world, tmp_path):
    world.runs = True
    reports.answers(Settings(home=tmp_path))
    assert set(world.happened) == {"asked"} and world.runs


def test_figures_without_a_model_say_so(world, monkeypatch, tmp_path):
    monkeypatch.setattr(world, "is_up", lambda: False)
    monkeypatch.setattr(world, "poll", lambda: 1)
    assert "no language model" in reports.answers(Settings(home=tmp_path)).notes
