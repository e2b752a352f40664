"""How long customers wait: turns over REST beside the bot of `rasa init`, and answers as the chat page shows them."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.progress import track

from tongshi.evaluation.running import free_port, running
from tongshi.evaluation.tables import TESTS, Report, asked_questions
from tongshi.files import read_yaml
from tongshi.settings import LANGUAGES, Settings

_TURNS = 40
_ANSWERS = 12
_GENERATED = 3
_FIRST_TURNS = 4
"""Turns of each kind that are made first and not counted."""


def report(settings: Settings, sample: int | None = None) -> Report:
    """Milliseconds of turns without an action and with look-ups, and seconds until an answer's first sentence and its end.

    The plain bot's turns are taken between the languages', so that a machine that others use too is as busy for both.

    Args:
        sample: questions a language that the language model answers, which takes seconds each; three by default.
    """
    table = Report(
        "Latency of turns (ms)",
        "plain p50",
        notes="plain: no action, and its ratio to the bot of `rasa init`; look-up: an order's status, and its ratio to the same",
    )
    with tempfile.TemporaryDirectory() as folder, _plain(Path(folder) / "init") as plain:
        with _measured(Path(folder) / "home") as system:
            say, say_plain = _speaker(system.address("RASA")), _speaker(plain)
            for language in track(LANGUAGES, "turns", transient=True):
                table.rows.append(_turns(language, say, say_plain))
            shown = [
                _answers(language, system.address("WEB"), _ANSWERS) for language in track(LANGUAGES, "answers", transient=True)
            ]
        table.parts.append(Report("Latency of answers (s), as in the shop", "first sentence p50", shown))
        with _measured(Path(folder) / "home", answer_mode="generate") as system:
            written = [
                _answers(language, system.address("WEB"), sample or _GENERATED)
                for language in track(LANGUAGES, "written answers", transient=True)
            ]
        table.parts.append(Report("Latency of answers (s), all written by the language model", "first sentence p50", written))
    return table


@contextmanager
def _measured(home: Path, **settings: str) -> Iterator[Any]:
    with running(home, support_hours="always", session_rate="1000", address_rate="10000", **settings) as system:
        system.warm_up()
        yield system


def _turns(language: str, say: Callable[[str], Any], say_plain: Callable[[str], Any]) -> dict[str, Any]:
    """One row; the two bots take turns."""
    greeting, look_up = _first_turns(language)
    seconds: dict[str, list[float]] = {"init": [], "plain": [], "look-up": []}
    for _ in range(_FIRST_TURNS + _TURNS):
        seconds["init"].append(_timed(say_plain, "hello"))
        seconds["plain"].append(_timed(say, greeting))
        seconds["look-up"].append(_timed(say, look_up))
    counted = {kind: [1000 * value for value in values[_FIRST_TURNS:]] for kind, values in seconds.items()}
    base = statistics.median(counted["init"])
    row: dict[str, Any] = {"language": language, "rasa init p50": round(base, 1)}
    for kind in ("plain", "look-up"):
        median = statistics.median(counted[kind])
        row |= {
            f"{kind} p50": round(median, 1),
            f"{kind} p95": round(float(np.quantile(counted[kind], 0.95)), 1),
            f"{kind} ratio": round(median / base, 2),
        }
    return row


def _answers(language: str, address: str, count: int) -> dict[str, Any]:
    questions = [one["question"] for one in asked_questions(language) if one["article"]]
    first, whole = zip(*(_watched(address, question, language) for question in questions[:: len(questions) // count][:count]))
    return {
        "language": language,
        "first sentence p50": statistics.median(first),
        "first sentence p95": float(np.quantile(first, 0.95)),
        "whole p50": statistics.median(whole),
        "whole p95": float(np.quantile(whole, 0.95)),
    }


def _watched(address: str, question: str, language: str) -> tuple[float, float]:
    """Seconds until the chat page shows a first sentence of the answer, and until it has the whole."""
    seen = threading.Event()
    opened = threading.Event()
    moments: list[float] = []

    def watch(page: httpx.Client) -> None:
        with page.stream("GET", "/api/stream") as stream:
            event = ""
            for line in stream.iter_lines():
                opened.set()
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and (event == "sentence" or json.loads(line.removeprefix("data: ")).get("turn")):
                    moments.append(time.perf_counter())
                    seen.set()
                    return

    with httpx.Client(base_url=address, timeout=60) as page:
        token = page.post("/api/session", json={"carry": "token"}).raise_for_status().json()["token"]
        page.headers["Authorization"] = f"Bearer {token}"
        watcher = threading.Thread(target=watch, args=(page,), daemon=True)
        watcher.start()
        opened.wait(10)
        began = time.perf_counter()
        page.post("/api/messages", json={"text": question, "hint": language}).raise_for_status()
        whole = time.perf_counter()
        seen.wait(1)
        watcher.join(1)
    return min([*moments, whole]) - began, whole - began


def _first_turns(language: str) -> tuple[str, str]:
    """A greeting and an order's status in one message, from the scripted dialogues."""
    scripted = read_yaml(TESTS / "dialogues" / f"{language}.yml")["dialogues"]
    return scripted[0]["turns"][0]["say"], scripted[1]["turns"][0]["say"]


def _speaker(address: str) -> Callable[[str], Any]:
    client = httpx.Client(timeout=60)

    def say(text: str) -> Any:
        body = {"sender": uuid.uuid4().hex, "message": text}
        return client.post(f"{address}/webhooks/rest/webhook", json=body).raise_for_status()

    return say


def _timed(say: Callable[[str], Any], text: str) -> float:
    began = time.perf_counter()
    say(text)
    return time.perf_counter() - began


@contextmanager
def _plain(folder: Path) -> Iterator[str]:
    make_rasa_init(folder)
    with rasa_init(folder) as address:
        yield address


def make_rasa_init(folder: Path) -> None:
    """Have `rasa init` make its bot in a folder, trained."""
    folder.mkdir()
    command = [sys.executable, "-m", "rasa", "init", "--no-prompt", "--init-dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def rasa_init(folder: Path) -> Iterator[str]:
    """Serve the bot that `make_rasa_init` made; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "rasa", "run", "--interface", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                if httpx.get(f"{address}/webhooks/rest/", timeout=2).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()
