"""How long the system takes to start, and how much memory its parts hold, beside the bot of `rasa init`."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tongshi.evaluation.latency import make_rasa_init, rasa_init
from tongshi.evaluation.running import System, listening, running
from tongshi.evaluation.tables import TESTS, Report
from tongshi.files import read_yaml
from tongshi.settings import LANGUAGES, Settings

_PARTS = {"RASA": "Rasa", "ACTION": "action server", "WEB": "desk", "LLM": "language model"}


def report(settings: Settings) -> Report:
    """Seconds until everything answers, and what each part has used of the processor and of memory until then and after a few turns.

    The system has been started before: its database and index are there, copied from this one's data folder if it has one, since to make
    them takes minutes. `rasa init` is that bot's server alone, which has the same to do as the part `Rasa`.
    """
    table = Report(
        "Starting",
        "seconds",
        notes=f"{os.cpu_count()} cores; MB: what a part does not share with others, and its share of the rest",
    )
    with tempfile.TemporaryDirectory() as folder:
        home, plain = Path(folder) / "home", Path(folder) / "init"
        if settings.home.exists():
            shutil.copytree(settings.home, home, ignore=shutil.ignore_patterns("qdrant", "run"))
        with running(home):
            pass
        began = time.monotonic()
        with running(home) as system:
            seconds = time.monotonic() - began
            pids = {name: system.pids(part)[0] for part, name in _PARTS.items()}
            table.rows += _rows(pids, seconds, lambda: _talk(system))
        make_rasa_init(plain)
        began = time.monotonic()
        with rasa_init(plain) as address:
            seconds = time.monotonic() - began
            table.rows += _rows({"rasa init": listening(int(address.rsplit(":", 1)[1]))[0]}, seconds, lambda: None)
    return table


def _talk(system: System) -> None:
    """A greeting, a look-up and a question in each language."""
    system.warm_up()
    for language in LANGUAGES:
        scripted = read_yaml(TESTS / "dialogues" / f"{language}.yml")["dialogues"]
        for turn in (*scripted[0]["turns"][:1], *scripted[1]["turns"][:1]):
            system.say(f"startup-{language}", turn["say"], language)


def _rows(pids: dict[str, int], seconds: float, talk: Callable[[], None]) -> Iterable[dict[str, Any]]:
    """One row a part; `seconds` are the whole system's."""
    rows = [
        {"part": name, "seconds": round(seconds, 1), "processor s": processor_seconds(pid), "MB": megabytes(pid)}
        for name, pid in pids.items()
    ]
    talk()
    return [{**row, "MB after turns": megabytes(pid)} for row, pid in zip(rows, pids.values())]


def megabytes(pid: int) -> int:
    """Memory that a process holds, of what it shares with others its share."""
    return int(re.search(r"(?m)^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())[1]) // 1024


def processor_seconds(pid: int) -> float:
    """What a process has used of the processors since its start."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return round((int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK"), 1)
