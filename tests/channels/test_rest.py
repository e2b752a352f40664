"""REST: open to this machine, or to whoever shows a token that one's own server has signed."""

import pytest

from tongshi.channels.rest import RestChannel
from tongshi.conversations.tokens import signed
from tongshi.responses.catalog import get_replies

KEY = "k" * 40


@pytest.fixture
def channel(stores):
    return lambda **options: RestChannel(stores["guard"], stores["store"], **options)


async def test_without_a_key_the_body_names_the_sender(serve, channel, bot):
    client = await serve(channel())
    assert (await client.post("/webhook", json={"sender": "anna", "message": "hi"})).json()[0]["text"] == "Hello!"
    assert bot.heard[0].sender_id == "anna"
    assert (await client.post("/webhook", json={"message": "hi"})).status_code == 400


async def test_a_sender_whose_page_no_browser_opens_is_refused(serve, channel, bot):
    client = await serve(channel())
    for sender in (".", ".."):
        answer = await client.post("/webhook", json={"sender": sender, "message": "hi"})
        assert answer.status_code == 400 and repr(sender) in answer.json()["error"]
    assert (await client.post("/webhook", json={"sender": "...", "message": "hi"})).status_code == 200 and len(bot.heard) == 1


async def test_with_a_key_the_token_names_the_sender_and_nothing_else_does(serve, channel, bot):
    client = await serve(channel(client_key=KEY))
    body = {"sender": "somebody else", "message": "hi"}
    for token in (None, "x", signed("anna", "l" * 40, 60), signed("anna", KEY, -1)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert (await client.post("/webhook", json=body, headers=headers)).status_code == 401
    answer = await client.post("/webhook", json=body, headers={"Authorization": f"Bearer {signed('anna', KEY, 60)}"})
    assert answer.json() == [{"recipient_id": "client-anna", "text": "Hello!"}]
    assert [one.sender_id for one in bot.heard] == ["client-anna"]


async def test_a_message_sent_again_is_answered_alike_and_handled_once(serve, channel, bot, handovers):
    client = await serve(channel())
    await client.post("/webhook", json={"sender": "anna", "message": "hello"})
    handovers.say("anna", "Kim here.", "rest", "en")
    handovers.release("anna", get_replies())
    body = {"sender": "anna", "message": "hi", "client_id": "1"}
    first = (await client.post("/webhook", json=body)).json()
    assert first[0]["text"] == "Kim here." and first[-1]["text"] == "Hello!"
    assert (await client.post("/webhook", json=body)).json() == first and len(bot.heard) == 2
    for client_id in ("2", "3", None, 7, ""):
        await client.post("/webhook", json={**body, "client_id": client_id})
    assert len(bot.heard) == 7
    assert (await client.post("/webhook", json={**body, "client_id": "x" * 65})).status_code == 400


async def test_with_a_key_a_sender_may_write_so_often_and_without_one_as_often_as_they_like(serve, channel):
    client = await serve(channel(client_key=KEY, rate=2))

    async def ask(sender):
        return await client.post(
            "/webhook", json={"message": "hi"}, headers={"Authorization": f"Bearer {signed(sender, KEY, 60)}"}
        )

    answers = [await ask("anna") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429] and 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert (await ask("ben")).status_code == 200
    client = await serve(channel(rate=2))
    for _ in range(5):
        assert (await client.post("/webhook", json={"sender": "anna", "message": "hi"})).status_code == 200
