"""A whole system of its own for measuring and testing: on free ports, with a data folder of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from tongshi import clock
from tongshi.errors import TongshiError
from tongshi.language.chinese import to_simplified
from tongshi.responses.catalog import get_replies
from tongshi.settings import ROOT
from tongshi.storage.database import Database
from tongshi.storage.shop import ShopStore

PARTS = ("RASA", "ACTION", "LLM", "WEB")

_LET_THROUGH = {
    f"TONGSHI_{name.upper()}"
    for name in (
        "models", "data", "shop", "language", "llm", "llm_url", "llm_key", "llm_threads", "translation_url", "translation_key",
        "encoder", "reranker", "answer_mode", "answer_deadline", "turn_deadline", "ocr", "voice", "recogniser", "synthesiser",
    )
}  # fmt: skip
"""What a system of its own has from the environment: all else may name a live system's data, ports, platforms or customers."""


def environment(home: Path, **settings: str) -> dict[str, str]:
    """What a process is started with that works in a data folder of its own, whatever system is set up on this machine.

    Args:
        settings: as in `TONGSHI_<NAME>`, lower case.
    """
    passed = {name: value for name, value in os.environ.items() if not name.startswith("TONGSHI_") or name in _LET_THROUGH}
    return passed | {f"TONGSHI_{name.upper()}": value for name, value in {"home": str(home), **settings}.items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(port: int) -> list[int]:
    """Processes that listen on a port."""
    found = subprocess.run(["ss", "-ltnpH", f"sport = :{port}"], capture_output=True, text=True).stdout
    return [int(pid) for pid in re.findall(r"pid=(\d+)", found)]


@dataclass
class System:
    """A running system.

    Attributes:
        ports: by part, see `PARTS`.
        home: its data folder.
    """

    home: Path
    ports: dict[str, int]
    process: subprocess.Popen
    log: Path

    def address(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}"

    def say(self, sender: str, text: Any, language: str | None = None) -> list[dict[str, Any]]:
        """What the bot replies to a message on the REST channel."""
        body = {"sender": sender, "message": text, "metadata": {"language": language} if language else {}}
        response = httpx.post(f"{self.address('RASA')}/webhooks/rest/webhook", json=body, timeout=60)
        response.raise_for_status()
        return response.json()

    def texts(self, sender: str, text: Any, language: str | None = None) -> list[str]:
        return [message["text"] for message in self.say(sender, text, language)]

    def warm_up(self) -> None:
        """Ask until there is an answer: what the first questions need is loaded then, on a busy machine for longer than a turn."""
        for question in ("how long do I have to return something?", "保修期是多久？"):
            any("custom" in self.say("warm-up", question)[-1] for _ in range(10))

    def slots(self, sender: str) -> dict[str, Any]:
        token = (self.home / "secrets" / "rasa-api").read_text().strip()
        url = f"{self.address('RASA')}/conversations/{sender}/tracker"
        return httpx.get(url, params={"token": token}, timeout=20).json()["slots"]

    def forget_cases(self) -> None:
        """As if nobody had registered anything, so that each language starts alike."""
        database = Database(f"sqlite:///{self.home / 'tongshi.db'}")
        # The one order that can be cancelled is as fresh as on the day it was seeded.
        ShopStore(database).begin_anew("MD-10249", clock.now() - timedelta(minutes=20))
        database.engine.dispose()

    def pids(self, part: str) -> list[int]:
        """Processes that listen on a part's port."""
        return listening(self.ports[part])


@contextmanager
def running(home: Path, **settings: str) -> Iterator[System]:
    """Start a system in `home`, wait until it is up, and stop it as Ctrl-C does.

    Args:
        settings: as in `TONGSHI_<NAME>`, lower case; what else it has from the environment, `environment` tells.

    Raises:
        TongshiError: it did not come up; its last words are told.
    """
    ports = {part: free_port() for part in PARTS}
    variables = environment(home, **{f"{part.lower()}_port": str(port) for part, port in ports.items()}, **settings)
    home.mkdir(parents=True, exist_ok=True)
    log = home / f"system-{ports['RASA']}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tongshi.cli", "up"], cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    system = System(home, ports, process, log)
    try:
        deadline = time.monotonic() + 900
        while "Tongshi is up" not in log.read_text("utf-8", "replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise TongshiError(f"The system did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.5)
        yield system
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@dataclass(frozen=True)
class Played:
    """A turn of a scripted conversation: what was said, which replies were expected, which texts came, and whether they are right."""

    say: str
    expected: list[str]
    texts: list[str]
    right: bool


def play(system: System, dialogue: dict[str, Any], language: str) -> Iterator[Played]:
    """Hold a scripted conversation of tests/dialogues or tests/evaluation/dialogues with a system.

    Args:
        language: of the replies; a turn's `lang` changes it from there on.
    """
    sender = f"play-{uuid.uuid4().hex[:8]}"
    for turn in dialogue["turns"]:
        expected = turn["expect"]
        texts = system.texts(sender, turn["say"], language)
        language = turn.get("lang", language)
        named = len(texts) == len(expected) and all(is_reply(name, language, text) for name, text in zip(expected, texts))
        right = named and all(part in "\n".join(texts) for part in turn.get("contains", []))
        yield Played(turn["say"], expected, texts, right)


def is_reply(name: str, language: str, text: str) -> bool:
    """Whether a text is one of the variations of a reply, softer ones included, whatever its placeholders hold, and in either script of Chinese."""
    replies = get_replies()
    written = {text, to_simplified(text)} if language == "zh" else {text}
    for variation in (*replies.variations(name, language), *replies.softer(name, language)):
        pattern = ".*".join(re.escape(part) for part in re.split(r"{\w+}", variation))
        if any(re.search(pattern, one, re.DOTALL) for one in written):
            return True
    return False
