"""The client against servers that keep to the protocol and servers that do not, over real HTTP."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.llm.server import scripted
from tongshi.errors import Unavailable
from tongshi.llm.client import Cancelled, ChatClient

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


@pytest.mark.parametrize("pause", [0.05, 30.0])
def test_a_reply_that_nobody_waits_for_is_broken_off_at_the_server(pause):
    """Between two words, and while the server reads the prompt."""
    gone = threading.Event()
    with scripted(lambda messages: "word " * 2000, pause) as server:
        threading.Timer(0.3, gone.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            list(ChatClient(server.url, "model").stream([], deadline=began + 60, gone=gone))
        assert time.monotonic() - began < 1
        assert server.left.wait(5)


def test_closing_the_iterator_breaks_the_reply_off():
    with scripted(lambda messages: "word " * 2000, 0.01) as server:
        reply = ChatClient(server.url, "model").stream([], deadline=time.monotonic() + 60)
        assert next(reply) == "word "
        reply.close()
        assert server.left.wait(5)


def test_a_reply_that_takes_too_long_is_broken_off():
    with scripted(lambda messages: "word " * 2000, 0.02) as server, pytest.raises(Unavailable, match="in time"):
        list(ChatClient(server.url, "model").stream([], deadline=time.monotonic() + 0.3))
    assert server.left.wait(5)


def test_customers_who_ask_at_once_are_served_at_once():
    with scripted(lambda messages: messages[0]["content"], 0.2) as server:
        client = ChatClient(server.url, "model")
        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            asked = [[{"role": "user", "content": f"{number} and more"}] for number in range(8)]
            replies = list(pool.map(lambda one: "".join(client.stream(one, deadline=began + 20)), asked))
        assert replies == [f"{number} and more " for number in range(8)]
        assert time.monotonic() - began < 3
