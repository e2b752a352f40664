"""What the parts of the system are started with, and what is told of a language model elsewhere."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from typer.testing import CliRunner

from tests.llm.server import scripted
from tongshi import cli, system
from tongshi.settings import ROOT, Settings
from tongshi.system import model_elsewhere, part_environment


def test_parts_that_encode_single_messages_take_one_thread_unless_told_otherwise(tmp_path, monkeypatch):
    settings = Settings(home=tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    threads = {part: part_environment(settings, part).get("OMP_NUM_THREADS") for part in ("rasa", "actions", "desk", "llm")}
    assert threads == {"rasa": "1", "actions": "1", "desk": None, "llm": None}
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert part_environment(settings, "rasa")["OMP_NUM_THREADS"] == "2"


def test_parts_import_the_project_first_and_then_what_the_user_has_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/engines:/more")
    assert system.environment(Settings(home=tmp_path))["PYTHONPATH"] == f"{ROOT}:/engines:/more"
    monkeypatch.delenv("PYTHONPATH")
    assert system.environment(Settings(home=tmp_path))["PYTHONPATH"] == str(ROOT)


def test_of_two_that_need_the_bot_at_once_one_trains_it(tmp_path, monkeypatch):
    trained = []

    def train(settings, path):
        trained.append(path)
        time.sleep(0.2)
        path.touch()

    monkeypatch.setattr(system, "_rasa_train", train)
    with ThreadPoolExecutor() as pool:
        bots = set(pool.map(system.train, [Settings(home=tmp_path, models=tmp_path)] * 2))
    assert [*bots] == trained


@pytest.fixture
def status(tmp_path, monkeypatch):
    """`tongshi status` of a system of which nothing runs, with the language model at an address; what it prints."""

    def run(url: str, *words: str) -> str:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        settings = Settings(home=tmp_path, llm_url=url, llm="large", rasa_port=port, action_port=port, web_port=port)
        monkeypatch.setattr(cli, "get_settings", lambda: settings)
        monkeypatch.setattr(system, "undelivered", lambda: [])
        result = CliRunner().invoke(cli.app, ["status", *words], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return run


def test_a_language_model_elsewhere_is_asked_for_one_token(status):
    with scripted(lambda messages: "Yes, it is.") as server:
        assert json.loads(status(server.url, "--json")) == {"actions": False, "rasa": False, "desk": False, "llm": True}
    assert [(one["model"], one["max_tokens"]) for one in server.bodies] == [("large", 1)]


def test_why_a_language_model_elsewhere_does_not_answer_is_told_as_it_says_it(status):
    told = 'Unsupported parameter: [/max_tokens] is not supported, use "max_completion_tokens"'
    with scripted(lambda messages: "", refusal=told) as server:
        found = json.loads(status(server.url, "--json"))
        assert not found["llm"] and "status 400" in found["llm_error"] and "max_completion_tokens" in found["llm_error"]
        printed = status(server.url)
    assert "llm        no answer" in printed and "[/max_tokens] is not supported" in printed


def test_our_own_language_model_and_one_in_the_process_are_not_asked():
    assert model_elsewhere(Settings()) is None
    assert model_elsewhere(Settings(llm_url="transformers", llm="llm-0.5b")) is None
    assert "did not answer" in model_elsewhere(Settings(llm_url="http://127.0.0.1:notaport/v1"))
