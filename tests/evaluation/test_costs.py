"""What training, starting and single messages cost is measured on what is really there."""

import os
import shutil
import time

import pytest
import yaml

from tongshi.errors import TongshiError
from tongshi.evaluation import startup, training
from tongshi.nlu.pipeline import configured_pipeline
from tongshi.settings import ROOT


def test_changes_of_the_project_change_it(tmp_path):
    for name in ("data/responses/en.yml", "data/nlu/de.yml", "data/stories.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    def content():
        return {path: path.read_text("utf-8") for path in tmp_path.rglob("*.yml")}

    for name, change in training.CHANGES.items():
        before = content()
        change(tmp_path)
        changed = [path for path, text in content().items() if text != before[path]]
        assert len(changed) == (name != "everything") and all(yaml.safe_load(path.read_text("utf-8")) for path in changed)
    (tmp_path / "data" / "stories.yml").write_text("rules: []")
    with pytest.raises(TongshiError, match="stories.yml has nothing like"):
        training.CHANGES["a story"](tmp_path)


def test_memory_and_processor_of_a_process():
    began = startup.processor_seconds(os.getpid())
    held = startup.megabytes(os.getpid())
    kept = bytearray(os.urandom(1)) * 50_000_000
    busy = time.process_time()
    while time.process_time() - busy < 0.2:
        pass
    assert startup.processor_seconds(os.getpid()) - began > 0.1
    assert 45 <= startup.megabytes(os.getpid()) - held <= 60 and kept


def test_each_step_is_timed(trained):
    from tongshi.nlu.profiling import Profiler

    profiler = Profiler(trained)
    steps = list(profiler.understanding("where is my order?"))
    configured = [one["name"].rpartition(".")[2] for one in configured_pipeline()]
    assert [step for step in steps if step in configured] == configured
    assert {"LanguagePolicy", "RulePolicy", "TransformerPolicy"} <= profiler.dialogue("where is my order?").keys()
