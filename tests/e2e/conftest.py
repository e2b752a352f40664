"""The whole system, started as `make run` starts it, on free ports and with a data folder of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.channels.all_platforms import Platforms
from tongshi.evaluation.running import environment, running
from tongshi.settings import ROOT


class LanguageModel(ThreadingHTTPServer):
    """Shaped like OpenAI's interface, and broken in the way that a test sets.

    Attributes:
        breaks: `refuses` every request, `hangs` in the middle of a reply, or `dies` there; "" writes `sentences`, one a second.
        asked: how many replies were begun.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.breaks = "refuses"
        self.sentences: list[str] = []
        self.asked = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: LanguageModel

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.breaks == "refuses":
            return self.send_error(503)
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for text in ["30"] if self.server.breaks else self.server.sentences:
            piece = {"choices": [{"delta": {"content": text}}]}
            self.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
            self.wfile.flush()
            self.server.over.wait(0 if self.server.breaks else 1)
        if not self.server.breaks:
            self.wfile.write(b"data: [DONE]\n\n")
        if self.server.breaks == "hangs":
            self.server.over.wait(60)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="session")
def language_model():
    server = LanguageModel()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def platforms():
    """Slack, Telegram and the others on loopback, and mail servers."""
    all_of_them = Platforms()
    all_of_them.start()
    yield all_of_them
    all_of_them.stop()


_preparing = pytest.StashKey[tuple[subprocess.Popen, Path]]()


def pytest_collection_modifyitems(items):
    """Whole systems come last: what they need is prepared while other tests run."""
    items.sort(key=lambda one: "prepared" in getattr(one, "fixturenames", ()))


def pytest_collection_finish(session):
    """Begin to prepare a data folder, which takes minutes, since all knowledge is encoded."""
    if not session.config.option.collectonly and any("prepared" in getattr(one, "fixturenames", ()) for one in session.items):
        home = Path(tempfile.mkdtemp(prefix="tongshi-prepared-")) / "home"
        command = ["nice", sys.executable, "-m", "tongshi.cli", "prepare"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(home), stdout=subprocess.DEVNULL)
        session.config.stash[_preparing] = process, home


def pytest_unconfigure(config):
    process, home = config.stash.get(_preparing, (None, None))
    if process:
        process.kill()
        process.wait()
        shutil.rmtree(home.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared(pytestconfig):
    """A data folder that has taken in the knowledge; systems begin with copies."""
    process, home = pytestconfig.stash[_preparing]
    assert process.wait() == 0
    return home


@pytest.fixture
def home(tmp_path, prepared):
    return shutil.copytree(prepared, tmp_path / "home")


@pytest.fixture(scope="session")
def system(tmp_path_factory, prepared, language_model, platforms):
    """Open on every channel. Asks the language model for each answer; one that refuses leaves the article's own words."""
    home = shutil.copytree(prepared, tmp_path_factory.mktemp("system") / "home")
    settings = {"answer_mode": "generate", "llm_url": language_model.url, **platforms.settings()}
    with running(home, support_hours="always", answer_deadline="4", turn_deadline="8", **settings) as started:
        started.warm_up()
        yield started


@pytest.fixture
def sender() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"
