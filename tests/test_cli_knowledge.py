"""The commands for articles, over a database of their own; what they do is tested in tests/knowledge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.knowledge.helpers import HashEncoder
from tongshi import cli_knowledge
from tongshi.errors import TongshiError, Unavailable
from tongshi.knowledge import base as knowledge_base
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.editing import Editor
from tongshi.llm import drafting
from tongshi.llm.drafting import Drafter
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.settings import Settings
from tongshi.storage.knowledge import KnowledgeStore

ARTICLE = "---\ntitle: Returning\nquestions: [how long]\n---\n\nWithin 30 days.\n"


@pytest.fixture
def run(database, clock, tmp_path, monkeypatch):
    """Runs `tongshi knowledge …`; gives what it prints, JSON as values."""
    store = KnowledgeStore(database, clock)
    base = KnowledgeBase(store, HashEncoder(), tmp_path / "index")
    monkeypatch.setattr(cli_knowledge, "_editor", lambda collection: Editor(store, base.writer, collection))
    monkeypatch.setattr(cli_knowledge, "ready", lambda: Settings(home=tmp_path))
    monkeypatch.setattr(knowledge_base, "make_knowledge_base", lambda *_: base)
    monkeypatch.setattr("tongshi.storage.database.get_database", lambda: database)

    def run(*words: str, stdin: str = ""):
        result = CliRunner().invoke(cli_knowledge.knowledge, list(words), input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout) if "--json" in words else result.output

    return run


def editor_that(monkeypatch, folder: Path, change: str) -> None:
    """Has `EDITOR` be a program that changes files by a command of sed."""
    program = folder / "editor"
    program.write_text(f"#!/bin/sh\nsed -i '{change}' \"$1\"\n")
    program.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(program))


def test_an_article_is_written_edited_approved_and_brought_back(run, tmp_path, monkeypatch):
    made = run("new", "returns", "--lang", "en", "--file", "-", "--by", "ana", "--json", stdin=ARTICLE)
    assert (made["status"], made["title"], made["questions"]) == ("draft", "Returning", ["how long"])
    assert [one["article"] for one in run("approve", "returns", "--json")] == ["returns"]
    editor_that(monkeypatch, tmp_path, "s/30/14/")
    assert run("edit", "returns", "--note", "law") == "returns (en): approved, version 2, version 3 waits for approval.\n"
    assert "+Within 14 days." in run("diff", "returns")
    run("approve", "--all")
    assert "Within 14 days." in run("show", "returns")
    assert run("rollback", "returns", "2", "--json")["text"] == "Within 30 days."
    assert run("retire", "returns", "--json")["status"] == "retired"
    assert [(one["version"], one["note"]) for one in run("history", "returns", "--json")][2:4] == [(4, "version 3"), (3, "law")]
    assert run("list", "--status", "retired", "--json")[0]["lang"] == "en"
    assert run("outdated", "--json") == []


def test_what_retiring_leaves_in_search_is_told(run):
    for language in ("en", "de", "fr"):
        run("new", "returns", "--lang", language, "--file", "-", "--approve", stdin=ARTICLE)
    told = run("retire", "returns", "--lang", "en")
    assert "answered from it in de fr; --all-languages" in " ".join(told.split())
    assert run("retire", "returns", "--all-languages", "--json")["live_in"] == []
    assert {one["status"] for one in run("list", "--json")} == {"retired"}


def test_a_draft_that_an_import_has_overtaken_is_left_and_told(run, tmp_path):
    file = tmp_path / "faq.en.md"
    file.write_text("# FAQ\n\nWithin 30 days.")
    run("import", str(file), "--collection", "kb")
    run("edit", "faq", "--collection", "kb", "--file", "-", stdin=ARTICLE)
    file.write_text("# FAQ\n\nWithin 14 days.")
    run("import", str(file), "--collection", "kb")
    run("new", "other", "--lang", "en", "--collection", "kb", "--file", "-", stdin=ARTICLE)
    with pytest.raises(TongshiError, match="faq .en., version 2, is older than version 3(.|\n)*--over-newer"):
        run("approve", "--all", "--collection", "kb")
    stood = {one["article"]: (one["status"], one["draft"]) for one in run("list", "--collection", "kb", "--json")}
    assert stood == {"faq": ("approved", 2), "other": ("approved", None)}
    assert run("approve", "faq", "--over-newer", "--collection", "kb", "--json")[0]["title"] == "Returning"


def test_an_editor_left_without_a_change_changes_nothing(run, tmp_path, monkeypatch):
    run("new", "returns", "--lang", "en", "--file", "-", stdin=ARTICLE)
    editor_that(monkeypatch, tmp_path, "")
    assert run("edit", "returns") == "Nothing was changed.\n"


def test_what_was_written_is_not_lost_with_an_error(run, tmp_path, monkeypatch):
    run("new", "returns", "--lang", "en", "--file", "-", stdin=ARTICLE)
    editor_that(monkeypatch, tmp_path, "s/title:/tittle:/")
    with pytest.raises(TongshiError, match="has tittle") as error:
        run("edit", "returns")
    path = Path(str(error.value).split("What you wrote is in ")[1].split(";")[0])
    assert "Within 30 days." in path.read_text("utf-8")
    path.unlink()


def test_what_was_written_is_not_lost_with_a_day_that_is_none(run, tmp_path, monkeypatch):
    run("new", "returns", "--lang", "en", "--file", "-", stdin=ARTICLE)
    editor_that(monkeypatch, tmp_path, "s/title:/valid_until: 2026-06-31\\ntitle:/")
    with pytest.raises(TongshiError, match="What you wrote is in") as error:
        run("edit", "returns")
    path = Path(str(error.value).split("What you wrote is in ")[1].split(";")[0])
    assert "2026-06-31" in path.read_text("utf-8")
    path.unlink()


def test_a_file_may_begin_with_a_byte_order_mark(run, tmp_path):
    (tmp_path / "a.md").write_text(ARTICLE, "utf-8-sig")
    assert run("new", "a", "--lang", "en", "--file", str(tmp_path / "a.md"), "--json")["title"] == "Returning"
    assert run("new", "b", "--lang", "en", "--file", "-", "--json", stdin=f"\ufeff{ARTICLE}")["title"] == "Returning"


def test_the_language_has_to_be_said_where_there_are_several(run):
    for language in ("en", "de"):
        run("new", "returns", "--lang", language, "--file", "-", stdin=ARTICLE)
    with pytest.raises(TongshiError, match="is there in de en; say which with --lang"):
        run("approve", "returns")
    with pytest.raises(TongshiError, match="use `tongshi knowledge edit`"):
        run("new", "returns", "--lang", "en", "--file", "-", stdin=ARTICLE)


def test_a_folder_is_imported_as_drafts(run, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "returns.md").write_text(ARTICLE)
    (folder / "broken.pdf").write_text("none")
    found = run("import", str(folder), "--collection", "kb", "--draft", "--json")
    assert (found["added"], found["failed"][0]["file"]) == (1, "broken.pdf")
    assert run("import", str(folder), "--collection", "kb", "--json")["same"] == 1
    assert [one["status"] for one in run("list", "--collection", "kb", "--json")] == ["draft"]
    with pytest.raises(TongshiError, match="Name a file"):
        run("import")


def test_what_is_imported_into_the_shop_waits_unless_it_is_approved_at_once(run, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "returns.md").write_text(ARTICLE)
    (folder / "faq.csv").write_text("question,answer\nare you open on sundays,We are closed on Sundays.\n")
    run("import", str(folder / "returns.md"), "--collection", "shop")
    assert run("import", str(folder), "--collection", "shop", "--approve", "--json")["added"] == 1
    stood = {one["article"].split("/")[0]: (one["status"], one["verbatim"]) for one in run("list", "--json")}
    assert stood == {"faq": ("approved", True), "returns": ("draft", False)}
    run("approve", "returns")
    assert run("import", str(folder), "--collection", "shop", "--json")["same"] == 2


def test_the_model_drafts_and_a_person_approves(run, identify, monkeypatch):
    from tests.llm.test_answering import Model, pieces

    wrong = [pieces("Innerhalb von 60 Tagen.")] * 2
    model = Model(pieces("Rückgabe eines Artikels"), *wrong, pieces("Wie lange habe ich Zeit?"))
    model.is_up = lambda: True
    translator = Translator([ModelEngine(model)] * 2, identify)
    monkeypatch.setattr(drafting, "make_drafter", lambda *_: Drafter(model, identify, translator))
    run("new", "returns", "--lang", "en", "--file", "-", "--approve", stdin=ARTICLE)
    drafted = run("translate", "returns", "--to", "de", "--json")
    assert (drafted["status"], drafted["translation_of"], drafted["text"]) == ("draft", "en", "Innerhalb von 60 Tagen.")
    assert [("60" in one, "30" in one) for one in drafted["differences"]] == [(True, False), (False, True)]
    found = run("questions", "returns", "--lang", "de", "--json")
    assert found["drafted"] == found["questions"] == ["Wie lange habe ich Zeit?"]
    assert run("approve", "returns", "--lang", "de", "--json")[0]["questions"] == ["Wie lange habe ich Zeit?"]


def test_questions_are_drafted_for_all_articles_that_have_few_and_the_work_goes_on_where_it_was_broken_off(
    run, identify, monkeypatch
):
    from tests.llm.test_answering import Model, pieces

    model = Model(pieces("Can I send it back to you?"), [KeyboardInterrupt()])
    model.is_up = lambda: True
    monkeypatch.setattr(
        drafting, "make_drafter", lambda *_: Drafter(model, identify, Translator([ModelEngine(model)] * 2, identify))
    )
    for name in ("changes", "orders", "returns"):
        run("new", name, "--lang", "en", "--file", "-", "--approve", stdin=ARTICLE)
    run("new", "unfinished", "--lang", "en", "--file", "-", stdin=ARTICLE)
    full = ARTICLE.replace("how long", "how long, how many days, until which day")
    run("new", "full", "--lang", "en", "--file", "-", "--approve", stdin=full)
    asked = ("questions", "--all", "--fewer-than", "3", "--lang", "en", "--json")
    assert [one["article"] for one in run(*asked)["drafted"]] == ["changes"]
    model.replies = [pieces("Wie lange habe ich Zeit?"), pieces("How many days do I have to decide?")]
    found = run(*asked)
    assert [(one["article"], one["questions"]) for one in found["drafted"]] == [
        ("returns", ["How many days do I have to decide?"])
    ]
    assert [one["article"] for one in found["failed"]] == ["orders"]
    approved = {one["article"]: one["questions"] for one in run("approve", "--all", "--json")}
    assert approved["changes"] == ["how long", "Can I send it back to you?"]
    with pytest.raises(TongshiError, match="Name an article, or give --all"):
        run("questions")


def test_a_model_that_does_not_answer_breaks_off_the_questions_for_all(run, identify, monkeypatch):
    from tests.llm.test_answering import Model

    model = Model([Unavailable("The language model is down.")])
    model.is_up = lambda: True
    monkeypatch.setattr(
        drafting, "make_drafter", lambda *_: Drafter(model, identify, Translator([ModelEngine(model)] * 2, identify))
    )
    run("new", "returns", "--lang", "en", "--file", "-", "--approve", stdin=ARTICLE)
    with pytest.raises(Unavailable, match="is down"):
        run("questions", "--all")
