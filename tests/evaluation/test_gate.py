"""An adapter goes live only if it is no worse than what is live; the models are stand-ins, the files are real."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests.adapters import write_adapter
from tests.evaluation.test_generation import item
from tests.llm.server import scripted
from tongshi import cli_finetune
from tongshi.errors import TongshiError
from tongshi.evaluation import generation
from tongshi.evaluation.gate import pass_through
from tongshi.evaluation.generation import Model
from tongshi.llm.client import ChatClient
from tongshi.llm.server import adapter_path
from tongshi.settings import Settings
from tongshi.training.adapter import install

ITEMS = [item(language="de", question="Was kostet es?", reference="Es kostet £1,250."), item()]
RIGHT = {"de": "Das kostet genau £1.250.", "en": "It costs £1,250."}
WRONG = {"de": "Das kostet genau £125.", "en": "It costs £125."}


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models", home=tmp_path / "home")


@pytest.fixture
def knows(monkeypatch, tmp_path):
    """Sets in which languages the base, and each adapter by its file's bytes, answers rightly."""
    known: dict[bytes, tuple[str, ...]] = {}
    servers = []

    def model_of(settings, adapter):
        content = adapter.read_bytes() if adapter else b""

        def reply(messages):
            language = "de" if "Was kostet" in messages[-1]["content"] else "en"
            return (RIGHT if language in known[content] else WRONG)[language]

        serving = scripted(reply)
        servers.append(serving)
        return Model(ChatClient(serving.__enter__().url, "m"), f"{len(servers)}", tmp_path / "replies")

    monkeypatch.setattr(generation, "chosen", lambda settings, sample: ITEMS)
    monkeypatch.setattr(generation, "model_of", model_of)
    yield lambda adapter, *languages: known.__setitem__(adapter.read_bytes() if adapter else b"", languages)
    for one in servers:
        one.__exit__(None, None, None)


def test_what_is_better_than_the_base_but_worse_than_what_is_live_does_not_replace_it(knows, settings, tmp_path):
    live, new = write_adapter(tmp_path / "live.gguf", 1), write_adapter(tmp_path / "new.gguf", 2)
    knows(None)
    knows(live, "de", "en")
    knows(new, "en")
    first = pass_through(live, settings)
    assert (first.before, first.worse, first.installed) == ("base", [], adapter_path(settings))
    verdict = pass_through(new, settings)
    assert (verdict.before, verdict.worse, verdict.installed) == ("live", ["de", "all"], None)
    assert verdict.report.variants == ("base", "live", "tuned", "tuned + checks")
    assert adapter_path(settings).read_bytes() == live.read_bytes()
    forced = pass_through(new, settings, force=True)
    assert forced.installed and adapter_path(settings).read_bytes() == new.read_bytes()
    assert adapter_path(settings).with_suffix(".previous.gguf").read_bytes() == live.read_bytes()


def test_what_is_live_is_measured_again_against_the_base(knows, settings, tmp_path):
    live = install(write_adapter(tmp_path / "live.gguf", 1, card="one"), settings)
    knows(None, "de")
    knows(live, "en")
    verdict = pass_through(live, settings)
    assert (verdict.before, verdict.worse, verdict.installed) == ("base", ["de"], None)
    assert verdict.report.variants == ("base", "tuned", "tuned + checks")
    assert live.with_suffix(".md").read_text("utf-8") == "one"


def test_the_card_of_a_run_tells_what_it_was_judged_against_and_is_installed_with_it(knows, settings, tmp_path):
    live = install(write_adapter(tmp_path / "live.gguf", 1), settings)
    new = write_adapter(tmp_path / "run" / "adapter.gguf", 2)
    run = {
        "model": "llm-1.5b", "base": {"title": "Qwen"}, "learnt": 1, "tokens": 1, "validated on": 1, "steps": 1, "epochs": 1,
        "minutes": 1, "machine": "m", "losses": [], "options": {}, "data": {},
    }  # fmt: skip
    (tmp_path / "run" / "run.json").write_text(json.dumps(run), "utf-8")
    knows(None)
    knows(live, "en")
    knows(new, "de", "en")
    verdict = pass_through(new, settings)
    card = verdict.installed.with_suffix(".md").read_text("utf-8")
    assert "no language got worse, judged against live" in card and "base · live · tuned · tuned + checks" in card


def test_an_adapter_of_no_known_model_and_a_model_that_is_served_elsewhere_are_refused(settings, tmp_path):
    with pytest.raises(TongshiError, match="does not hold"):
        pass_through(write_adapter(tmp_path / "a.gguf", base="ff"), settings)
    with pytest.raises(TongshiError, match="TONGSHI_LLM_URL"):
        pass_through(tmp_path / "a.gguf", Settings(models=settings.models, llm_url="http://127.0.0.1:9/v1"))


def test_the_commands_say_that_what_runs_has_to_be_started_again(knows, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_finetune, "get_settings", lambda: settings)
    knows(None)
    for number in (1, 2):
        new = write_adapter(tmp_path / f"{number}.gguf", number)
        knows(new, "de", "en")
        said = CliRunner().invoke(cli_finetune.finetune, ["gate", str(new)])
        assert said.exit_code == 0 and "start it again" in said.output
    said = CliRunner().invoke(cli_finetune.finetune, ["back"])
    assert said.exit_code == 0 and "start it again" in said.output
    assert adapter_path(settings).read_bytes() == (tmp_path / "1.gguf").read_bytes()
