"""The whole system, started as `make run` starts it, on free ports and with a data folder of its own."""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.channels.all_platforms import Platforms
from tongshi.evaluation.running import running


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
