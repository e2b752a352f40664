"""Customers of one's own clients, named by signed tokens, are answered by a system that really runs: over Socket.IO and over REST."""

from __future__ import annotations

import shutil

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tests.channels.all_platforms import until
from tongshi.conversations.tokens import signed
from tongshi.evaluation.running import is_reply, running

KEY = "k" * 40


@pytest.fixture(scope="module")
def opened(tmp_path_factory, prepared):
    """A system of its own, since with a key REST is closed to whoever has no token."""
    home = shutil.copytree(prepared, tmp_path_factory.mktemp("clients") / "home")
    with running(home, client_key=KEY, socketio="on", session_rate="3") as started:
        yield started


def connect(system, token: str, said: list[dict], refused: list[dict]) -> socketio.Client:
    client = socketio.Client(reconnection=False)
    client.on("bot_uttered", said.append)
    client.on("refused", refused.append)
    client.connect(system.address("RASA"), auth={"token": token}, transports=["websocket"], wait_timeout=10)
    return client


def test_a_client_over_socket_io_is_answered_and_one_without_a_token_is_not_let_in(opened):
    said, refused = [], []
    with pytest.raises(NotConnected):
        connect(opened, signed("anna", "l" * 40, 60), said, refused)
    client = connect(opened, signed("anna", KEY, 600), said, refused)
    for name in ("1", "1", "2"):
        client.emit("user_uttered", {"message": "bist du ein roboter?", "client_id": name})
    until(lambda: len(said) >= 2)
    client.emit("user_uttered", {"message": "hallo", "client_id": "3"})
    until(lambda: refused)
    assert [is_reply("utter_bot", "de", one["text"]) for one in said] == [True, True] and refused[0]["retry_after"] > 0
    client.disconnect()


def test_rest_answers_who_shows_a_token_and_nobody_else(opened):
    def ask(token: str | None, **body: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{opened.address('RASA')}/webhooks/rest/webhook"
        return httpx.post(url, json={"sender": "ben", "message": "bist du ein roboter?", **body}, headers=headers, timeout=60)

    assert [ask(token).status_code for token in (None, signed("ben", "l" * 40, 60))] == [401, 401]
    token = signed("ben", KEY, 600)
    first, again = (ask(token, client_id="1").raise_for_status().json() for _ in range(2))
    assert first == again and first[0]["recipient_id"] == "client-ben" and is_reply("utter_bot", "de", first[0]["text"])
    assert [ask(token).status_code for _ in range(2)] == [200, 429]
