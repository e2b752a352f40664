"""The client against servers that keep to the protocol and servers that do not, over real HTTP."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.llm.server import scripted
from tongshi.errors import Unavailable
from tongshi.llm import client as clients
from tongshi.llm.client import Cancelled, ChatClient, Cut, read_reply

PIECES = b'data: {"choices": [{"delta": {"content": "30 "}}]}\n\ndata: {"choices": [{"delta": {"content": "days."}}]}\n\n'
DONE = b"data: [DONE]\n\n"
KNOWN = {"model", "messages", "max_tokens", "temperature", "stream", "response_format"}
"""Fields of a request that the protocol has."""


@pytest.fixture
def serve():
    """Starts a server that refuses fields it does not know, sends these bytes and closes the connection; gives a client of it."""
    servers = []

    def start(reply, status=200):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                unknown = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).keys() - KNOWN
                self.send_response(400 if unknown else status)
                self.end_headers()
                self.wfile.write(json.dumps({"error": {"message": f"unknown: {unknown}"}}).encode() if unknown else reply)

            def log_message(self, *_):
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return ChatClient(f"http://127.0.0.1:{servers[-1].server_port}/v1", "model")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(client, **options):
    return client.stream([{"role": "user", "content": "?"}], **{"deadline": time.monotonic() + 5, **options})


def read(client):
    return list(ask(client))


def test_a_whole_reply_comes_in_pieces(serve):
    assert read(serve(PIECES + DONE)) == ["30 ", "days."]


def test_lines_without_a_space_other_fields_and_events_without_a_piece_are_taken_as_the_protocol_has_them(serve):
    rest = b': waiting\n\nevent: usage\ndata:{"choices": [], "usage": {}}\n\ndata:[DONE]\n\n'
    assert read(serve(PIECES.replace(b"data: ", b"data:") + rest)) == ["30 ", "days."]


def test_a_server_that_refuses_fields_it_does_not_know_answers(serve):
    form = {"type": "string", "enum": ["yes", "no"]}
    assert list(ask(serve(PIECES + DONE), form=form)) == ["30 ", "days."]


def test_why_a_server_refuses_is_told_as_far_as_it_is_short(serve):
    with pytest.raises(Unavailable, match="status 400: .*max_completion_tokens instead") as refused:
        read(serve(json.dumps({"error": {"message": "use max_completion_tokens instead " + "x" * 1000}}).encode(), 400))
    assert len(str(refused.value)) < 450


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (PIECES, 200),
        (b"data: {\n\n", 200),
        (b"", 503),
        *[
            (b"data: " + event + b"\n\n" + DONE, 200)
            for event in (b"null", b"[1]", b"1", b'{"choices": [null]}', b'{"choices": 3}', b'{"choices": [{"delta": "x"}]}')
        ],
        (b'data: {"choices": [{"delta": {"content": ["30"]}}]}\n\n' + DONE, 200),
    ],
)
def test_half_a_reply_nonsense_and_a_refusal_are_no_reply(serve, reply, status):
    began = time.monotonic()
    with pytest.raises(Unavailable):
        read(serve(reply, status))
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("url", ["http://127.0.0.1:notaport/v1", "http://[::1/v1", "127.0.0.1/v1", ""])
def test_what_is_no_address_is_unavailable_at_once(url):
    client = ChatClient(url, "model")
    with pytest.raises(Unavailable):
        list(ask(client, gone=threading.Event()))
    assert not client.is_up()


@pytest.mark.parametrize(
    ("error", "told"), [({"message": "out of memory", "code": 500}, "out of memory"), ("overloaded", "overloaded")]
)
def test_an_error_after_the_first_piece_is_no_end(serve, error, told):
    with pytest.raises(Unavailable, match=told):
        read(serve(PIECES + b"data: " + json.dumps({"error": error}).encode() + b"\n\n" + DONE))


@pytest.mark.parametrize(("reason", "error"), [("length", Cut), ("content_filter", Unavailable), ("stop", None)])
def test_a_reply_that_was_cut_is_told_from_a_whole_one(serve, reason, error):
    end = json.dumps({"choices": [{"delta": {}, "finish_reason": reason}]}).encode()
    client = serve(PIECES + b"data: " + end + b"\n\n" + DONE)
    if error is None:
        assert read(client) == ["30 ", "days."]
    else:
        with pytest.raises(error):
            read(client)


def test_who_can_use_a_cut_reply_gets_what_came_of_it(serve):
    end = b'data: {"choices": [{"delta": {}, "finish_reason": "length"}]}\n\n'
    assert read_reply(ask(serve(PIECES + end + DONE))) == ("30 days.", False)
    assert read_reply(ask(serve(PIECES + DONE))) == ("30 days.", True)
    with pytest.raises(Unavailable):
        read_reply(ask(serve(PIECES)))


def test_an_event_loop_that_is_gone_keeps_nobody_past_the_deadline(monkeypatch):
    """As in a process that was forked: the loop is there, its thread is not."""
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(clients, "_loop", lambda: loop)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        list(ask(ChatClient("http://127.0.0.1:9/v1", "model"), deadline=began + 0.2))
    assert time.monotonic() - began < 3


def test_those_who_ask_first_at_once_share_one_event_loop(monkeypatch):
    made = []

    def slowly():
        time.sleep(0.1)
        made.append(asyncio.SelectorEventLoop())
        return made[-1]

    monkeypatch.setattr(clients.asyncio, "new_event_loop", slowly)
    clients._made_loop.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: clients._loop(), range(8)))) == len(made) == 1


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
