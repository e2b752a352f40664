"""Two pipelines trained and tested on a small set of public form, by the real Rasa; the figures by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from tongshi.errors import TongshiError
from tongshi.evaluation import benchmarks
from tongshi.evaluation.benchmark_sets import BenchmarkSet, own
from tongshi.nlu import featurizers, learnt
from tongshi.nlu.wordings import Wording
from tongshi.settings import Settings

WORDS = {"card": "card lost stolen", "transfer": "transfer money abroad", "weather": "weather rain sun"}


@pytest.fixture
def settings(tmp_path):
    """Settings whose public sets are a few invented lines."""
    folder = tmp_path / "public"
    folder.mkdir()
    rows = [
        (f"{word} please {number}", intent) for intent, words in WORDS.items() for word in words.split() for number in range(4)
    ]
    for name in ("banking77_train.csv", "banking77_test.csv"):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "category"), *rows])
    foreign = [(f"purple elephants {number}", "oos") for number in range(4)]
    splits = {"train": rows, "val": rows, "test": rows, "oos_train": foreign, "oos_val": foreign, "oos_test": foreign}
    (folder / "clinc150_full.json").write_text(json.dumps(splits), "utf-8")
    return replace(Settings.load(), home=tmp_path / "home", benchmarks=folder)


def test_a_pair_is_trained_and_tested_once_and_leaves_only_figures(settings, monkeypatch):
    report = benchmarks.report(settings, sets=["clinc150"], systems=["tongshi"])
    (row,), (refused,) = report.rows, report.parts[0].rows
    assert (row["set"], row["learnt"], row["tested"]) == ("clinc150", 36, 40)
    assert row["accuracy"] == 1.0 and refused["oos recall at P 0.9"] == 1.0
    assert min(row[name] for name in ("train s", "train MB", "parse p50", "parse MB")) > 0
    left = {path.suffix for path in (settings.home / "benchmarks").rglob("*") if path.is_file()}
    assert left <= {".json", ".yml", ".log"}
    assert "please" not in "".join(path.read_text() for path in (settings.home / "benchmarks").rglob("*.json"))
    monkeypatch.setattr(benchmarks, "_work", lambda *_: pytest.fail("measured again"))
    assert benchmarks.report(settings, sets=["clinc150"], systems=["tongshi"]).as_dict() == report.as_dict()


def test_what_was_measured_with_another_adapter_or_other_code_is_measured_again(settings, tmp_path, monkeypatch):
    asked = []

    def work(folder, what, title):
        asked.append((title.split(": ")[1].split()[0], what))
        (folder / f"{what}ed.json").write_text("{}")

    monkeypatch.setattr(benchmarks, "_work", work)
    monkeypatch.setattr(featurizers, "get_settings", lambda: replace(settings, models=tmp_path))
    benchmark = BenchmarkSet("small", [], [])
    adapter = tmp_path / "adapters" / "intents" / "adapter.json"
    adapter.parent.mkdir(parents=True)
    for text, code in (("one", "same"), ("one", "same"), ("two", "same"), ("two", "other")):
        adapter.write_text(text)
        featurizers._adapters.cache_clear()
        monkeypatch.setattr(learnt, "_code", lambda code=code: code)
        for system in (benchmarks.tongshi(), benchmarks.rasa_default()):
            benchmarks._measured(settings, benchmark, system)
    featurizers._adapters.cache_clear()
    assert [asked.count((name, "train")) for name in ("tongshi", "rasa")] == [3, 1]


def test_rasas_default_takes_the_epochs_that_it_is_given():
    ours, short, whole = benchmarks.tongshi(), benchmarks.rasa_default(7), benchmarks.rasa_default()
    assert next(one for one in short.config["pipeline"] if one["name"] == "DIETClassifier")["epochs"] == 7
    assert "7 epochs of 100" in short.remark and not whole.remark
    assert "tongshi.nlu.tokenizer.MultilingualTokenizer" in [one["name"] for one in ours.config["pipeline"]]


def test_what_is_not_there_is_told_before_anything_is_trained(settings, tmp_path):
    with pytest.raises(TongshiError, match=r"banking77_train.csv.*TONGSHI_BENCHMARKS"):
        benchmarks.report(settings, folder=tmp_path)
    with pytest.raises(TongshiError, match="no system bert"):
        benchmarks.report(settings, systems=["bert"])


def test_a_failed_training_tells_its_last_words(settings, monkeypatch):
    broken = benchmarks.System("tongshi", {"recipe": "default.v1", "language": "en", "pipeline": [{"name": "NoSuchComponent"}]})
    monkeypatch.setattr(benchmarks, "tongshi", lambda: broken)
    with pytest.raises(TongshiError, match="NoSuchComponent"):
        benchmarks.report(settings, sets=["banking77"], systems=["tongshi"])


def test_recall_at_a_precision_parts_no_wordings_of_one_confidence():
    foreign = np.array([True, True, False, True, False])
    assert benchmarks.recall_at(1.0, foreign, np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == pytest.approx(2 / 3)
    assert benchmarks.recall_at(0.7, foreign, np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == 1.0
    assert benchmarks.recall_at(1.0, foreign, np.array([0.1, 0.3, 0.3, 0.4, 0.5])) == pytest.approx(1 / 3)


def test_progress_of_epochs_is_read_from_the_bar():
    assert benchmarks._epochs("Epochs:  35%|███▌      | 7/20 [00:10<00:20]") == 35
    assert benchmarks._epochs("a warning at 35%") is None


def test_samples_take_as_many_of_each_intent_and_language():
    wordings = [
        Wording(f"{intent} {number}", intent, language) for intent in "ab" for language in ("en", "th") for number in range(5)
    ]
    few = BenchmarkSet("some", wordings, wordings).sampled(2)
    assert len(few.training) == len(few.test) == 8 and few.name == "some/2"


def test_what_learns_from_some_languages_is_tested_in_all():
    english = own(Settings.load(), ("en",))
    assert {one.language for one in english.training} == {"en"} and len({one.language for one in english.test}) == 12
