"""How long training takes, and what of it is spared where little has changed, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tongshi.errors import TongshiError
from tongshi.evaluation.running import environment
from tongshi.evaluation.tables import Report
from tongshi.settings import ROOT, Settings

_COPIED = ("config.yml", "domain.yml", "credentials.yml", "endpoints.yml", "data", "tongshi")
_OURS = ("read", "bot-*")
"""What of the folder of models one training keeps for the next; the rest is shared."""


def report(settings: Settings) -> Report:
    """Seconds on the clock and memory of `tongshi train`, at first and after small changes.

    Vectors of the wordings are those that were kept before; without them, encoding comes on top of the first training.
    """
    table = Report("Training", "seconds", notes=f"`tongshi train` on {os.cpu_count()} cores, one change after the other")
    with tempfile.TemporaryDirectory() as folder:
        project = _copy(settings, Path(folder) / "project")
        for change, make in CHANGES.items():
            make(project)
            table.rows.append({"changed": change, **_trained(project)})
    return table


def _copy(settings: Settings, project: Path) -> Path:
    """A copy of the project that nothing has been trained in."""
    project.mkdir()
    for name in _COPIED:
        source = ROOT / name
        shutil.copytree(source, project / name) if source.is_dir() else shutil.copy(source, project / name)
    models = project / "models"
    models.mkdir()
    for one in settings.models.iterdir():
        if one.name == "vectors":
            shutil.copytree(one, models / one.name)
        elif not any(one.match(pattern) for pattern in _OURS):
            (models / one.name).symlink_to(one)
    return project


def _replace(name: str, before: str, after: str) -> Callable[[Path], Any]:
    def make(project: Path) -> None:
        path = project / name
        text = path.read_text("utf-8")
        if not re.search(before, text):
            raise TongshiError(f"{name} has nothing like {before!r}, which the measurement would change.")
        path.write_text(re.sub(before, after, text, count=1), "utf-8")

    return make


CHANGES: dict[str, Callable[[Path], Any]] = {
    "everything": lambda project: None,
    "a reply": _replace("data/responses/en.yml", r'(\n  utter_greet:\n +- ")', r"\1Well, "),
    "a wording": _replace("data/nlu/de.yml", r"(examples: \|\n)( +)- ", r"\1\2- guten tach auch zusammen\n\2- "),
    "a story": _replace(
        "data/stories.yml",
        r"(?m)^stories:\n",
        "stories:\n  - story: says hello and goodbye\n    steps:\n      - intent: greet\n      - action: utter_greet\n"
        "      - intent: goodbye\n      - action: utter_goodbye\n\n",
    ),
}
"""What is changed in the copy before each training, one after the other."""


def _trained(project: Path) -> dict[str, Any]:
    variables = environment(project / ".tongshi", models=str(project / "models"), data=str(project / "data"))
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tongshi.cli", "train"],
        cwd=project,
        env=variables | {"PYTHONPATH": str(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    log = process.stdout.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise TongshiError(f"The training failed:\n{log[-2000:]}")
    learnt = re.findall(r"Starting to train component '(\w+)'", log)
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor s": round(usage.ru_utime + usage.ru_stime, 1),
        "MB": usage.ru_maxrss // 1024,
        "learnt anew": ", ".join(learnt) or "nothing",
    }
