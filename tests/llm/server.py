"""A server shaped like OpenAI's interface that says what a test wants, over real HTTP."""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ScriptedModel(ThreadingHTTPServer):
    """Streams replies word by word.

    Attributes:
        reply: makes the reply to a request's messages.
        asked: the messages of each request.
        bodies: each request whole.
        pause: seconds before the first word and between words.
        refusal: why every request is refused, "" where none is.
        left: is set when a client went before its reply was whole.
    """

    daemon_threads = True

    def __init__(self, reply: Callable[[list[dict[str, str]]], str], pause: float = 0.0, refusal: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.pause = pause
        self.refusal = refusal
        self.asked: list[list[dict[str, str]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedModel

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body["messages"])
        self.server.bodies.append(body)
        self.send_response(400 if self.server.refusal else 200)
        self.end_headers()
        if self.server.refusal:
            self.wfile.write(json.dumps({"error": {"message": self.server.refusal}}).encode())
            return
        try:
            for word in self.server.reply(body["messages"]).split(" "):
                self._pause()
                self._send({"choices": [{"delta": {"content": f"{word} "}}]})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            self.server.left.set()

    def _pause(self) -> None:
        """Writing to a client that has gone succeeds at first: that it closed its end is what can be read."""
        if select.select([self.connection], [], [], self.server.pause)[0]:
            raise ConnectionResetError

    def _send(self, value: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def scripted(reply: Callable[[list[dict[str, str]]], str], pause: float = 0.0, refusal: str = "") -> Iterator[ScriptedModel]:
    """Serves until the block ends."""
    server = ScriptedModel(reply, pause, refusal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
