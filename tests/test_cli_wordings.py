"""`tongshi wordings`: what the model drafts is kept only where a person says so."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from tests.llm.test_answering import Model, pieces
from tongshi import cli_wordings
from tongshi.errors import TongshiError
from tongshi.explanation import neighbours
from tongshi.llm import drafting
from tongshi.llm.drafting import Drafter
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.nlu.wordings import REVIEWED, read
from tongshi.settings import ROOT, Settings

DRAFTS = "ist mein Päckchen verloren gegangen?\nkönnt ihr mal gucken wo es steckt"


@pytest.fixture
def draft(database, tmp_path, identify, monkeypatch):
    """Runs `tongshi wordings draft …` over a copy of the wordings; gives what it prints and the folder of what is kept."""
    shutil.copytree(ROOT / "data" / "nlu", tmp_path / "data" / "nlu")
    for one in (ROOT / "data").iterdir():
        if one.name != "nlu":
            (tmp_path / "data" / one.name).symlink_to(one)
    model = Model(pieces(DRAFTS))
    model.is_up = lambda: True
    drafter = Drafter(model, identify, Translator([ModelEngine(model)], identify))
    near = neighbours.Neighbour("Wo ist mein Paket", "track_order", "de", 0.9)
    settings = Settings(home=tmp_path, data=tmp_path / "data")
    monkeypatch.setattr(cli_wordings, "get_settings", lambda: settings)
    monkeypatch.setattr("tongshi.storage.database.get_database", lambda: database)
    monkeypatch.setattr(drafting, "make_drafter", lambda *_: drafter)
    monkeypatch.setattr(neighbours, "make_nearest_wordings", lambda _: lambda text, most: [near])

    def run(*words: str, stdin: str = ""):
        result = CliRunner().invoke(cli_wordings.wordings, list(words), input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    run.kept = settings.data / "nlu" / REVIEWED / "de.yml"
    return run


def test_a_person_chooses_what_is_kept(draft):
    intent = read(ROOT / "data" / "nlu" / "de.yml", "de")[0].intent
    before = [one.text for one in read(draft.kept, "de")]
    shown = draft(intent, "--lang", "de", "--approve", stdin="n\ny\n")
    assert "nearer to track_order" in shown and "1 kept" in shown
    assert [one.text for one in read(draft.kept, "de")] == [*before, "könnt ihr mal gucken wo es steckt"]


def test_what_nobody_approved_is_only_shown(draft):
    intent = read(ROOT / "data" / "nlu" / "de.yml", "de")[0].intent
    before = read(draft.kept, "de")
    assert "Päckchen" in draft(intent, "--lang", "de")
    assert read(draft.kept, "de") == before


def test_an_intent_that_there_is_not_is_named_with_those_there_are(draft):
    with pytest.raises(TongshiError, match="no intent 'teleport'; there are .*greet"):
        draft("teleport", "--lang", "de")
