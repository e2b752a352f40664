"""The client against servers that keep to the protocol and servers that do not, over real HTTP."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tongshi.errors import Unavailable
from tongshi.llm.client import ChatClient

PIECES = b'data: {"choices": [{"delta": {"content": "30 "}}]}\n\ndata: {"choices": [{"delta": {"content": "days."}}]}\n\n'


@pytest.fixture
def serve():
    """Starts a server that sends these bytes and closes the connection; gives a client of it."""
    servers = []

    def start(reply, status=200):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return ChatClient(f"http://127.0.0.1:{servers[-1].server_port}/v1", "model")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def read(client):
    return list(client.stream([{"role": "user", "content": "?"}], deadline=time.monotonic() + 5))


def test_a_whole_reply_comes_in_pieces(serve):
    assert read(serve(PIECES + b"data: [DONE]\n\n")) == ["30 ", "days."]


@pytest.mark.parametrize(("reply", "status"), [(PIECES, 200), (b"data: {\n\n", 200), (b"", 503)])
def test_half_a_reply_nonsense_and_a_refusal_are_no_reply(serve, reply, status):
    with pytest.raises(Unavailable):
        read(serve(reply, status))
