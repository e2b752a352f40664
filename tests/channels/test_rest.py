"""REST: open to this machine, or to whoever shows a token that one's own server has signed."""

import pytest

from tongshi.channels.rest import RestChannel
from tongshi.conversations.tokens import signed

KEY = "k" * 40


@pytest.fixture
def channel(stores):
    return lambda **options: RestChannel(stores["guard"], stores["store"], **options)


async def test_without_a_key_the_body_names_the_sender(serve, channel, bot):
    client = await serve(channel())
    assert (await client.post("/webhook", json={"sender": "anna", "message": "hi"})).json()[0]["text"] == "Hello!"
    assert bot.heard[0].sender_id == "anna"
    assert (await client.post("/webhook", json={"message": "hi"})).status_code == 400


async def test_with_a_key_the_token_names_the_sender_and_nothing_else_does(serve, channel, bot):
    client = await serve(channel(client_key=KEY))
    body = {"sender": "somebody else", "message": "hi"}
    for token in (None, "x", signed("anna", "l" * 40, 60), signed("anna", KEY, -1)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert (await client.post("/webhook", json=body, headers=headers)).status_code == 401
    answer = await client.post("/webhook", json=body, headers={"Authorization": f"Bearer {signed('anna', KEY, 60)}"})
    assert answer.json() == [{"recipient_id": "client-anna", "text": "Hello!"}]
    assert [one.sender_id for one in bot.heard] == ["client-anna"]
