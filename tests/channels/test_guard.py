"""What is kept of messages, and in which characters what is said without Rasa is written."""

from __future__ import annotations

import asyncio

import pytest

from tongshi.channels.guard import LONGEST, Guard
from tongshi.evaluation.running import is_reply
from tongshi.language.chinese import to_simplified, to_traditional
from tongshi.responses.catalog import get_replies

ANNA = "telegram:77"
TRADITIONAL, SIMPLIFIED = "請問我的訂單什麼時候會到？", "请问我的订单什么时候会到？"


@pytest.fixture
def guard(stores) -> Guard:
    return stores["guard"]


@pytest.fixture
def says(guard, bot):
    """Anna writes; gives the replies."""

    async def says(text, **options):
        return await guard.turn(bot.handle_message, sender=ANNA, text=text, channel="telegram", **options)

    return says


async def test_a_long_message_is_kept_whole_for_a_person_and_not_given_to_rasa(says, bot, store, handovers):
    text = "where is my parcel " * 500
    (reply,) = await says(text)
    assert is_reply("utter_message_too_long", "en", reply.text)
    handovers.take(ANNA)
    assert await says(text) == []
    assert [one.text for one in store.messages(ANNA) if one.author == "customer"] == [text.strip()] * 2
    handovers.release(ANNA, get_replies())
    await says("x" * 60_000)
    assert len(store.last_of_customer(ANNA).text) == 50_000 and bot.heard == []
    await says("y" * LONGEST)
    assert [len(message.text) for message in bot.heard] == [LONGEST]


@pytest.mark.parametrize(("text", "converted"), [(TRADITIONAL, to_traditional), (SIMPLIFIED, to_simplified)])
async def test_who_writes_traditional_characters_is_answered_in_them_without_rasa_too(says, bot, text, converted):
    bot.says = [{"text": "您好，请问有什么可以帮您？"}]
    await says(text)
    bot.says = []
    for message in ({"text": "好"}, {"text": ""}, {"text": "🖼", "instead": "utter_photo"}):
        (reply,) = await says(**message)
        assert (
            reply.language == "zh"
            and converted(reply.text) == reply.text
            and to_simplified(reply.text) != to_traditional(reply.text)
        )


async def test_the_words_of_a_button_tell_nothing_of_how_its_presser_writes(says, bot):
    bot.says = [{"text": "您好，请问有什么可以帮您？"}]
    await says(TRADITIONAL)
    (reply,) = await says("在别处继续", payload="/continue", instead="utter_photo")
    assert to_traditional(reply.text) == reply.text
    (reply,) = await says("")
    assert to_traditional(reply.text) == reply.text


async def test_who_is_asked_to_say_it_again_is_asked_in_their_characters_where_they_wrote_it(says, guard, store, outbox, bot):
    bot.seconds = 60
    turn = asyncio.create_task(says(TRADITIONAL, client_id="1", extras={"address": {"chat_id": 77}}))
    await bot.hears()
    turn.cancel()
    bot.seconds = 0
    await says("在嗎？", client_id="2", extras={"address": {"chat_id": 666}})
    await asyncio.to_thread(guard.apologise, ANNA, "1")
    last = store.messages(ANNA)[-1]
    assert is_reply("utter_trouble", "zh", to_simplified(last.text)) and to_traditional(last.text) == last.text
    assert outbox.of_message(last.message_id).address == {"chat_id": 77}
