"""Voice messages over Telegram's Bot API: files over real HTTP, real Opus; only the engines are in the tests' own hands."""

from __future__ import annotations

import asyncio
import html
from datetime import timedelta

import numpy as np
import pytest
from aiohttp import web

from tests.channels.platforms import TelegramServer
from tests.channels.test_platform import kill
from tests.channels.test_telegram import ANNA, SECRET, pressed, send, update
from tongshi.channels import platform
from tongshi.channels.listening import Listener
from tongshi.channels.telegram import LARGEST_VOICE, TelegramChannel
from tongshi.errors import TongshiError
from tongshi.evaluation.running import is_reply
from tongshi.language.chinese import to_simplified, to_traditional
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.speech.audio import Sound, Unheard, read
from tongshi.speech.recognition import Heard
from tongshi.speech.voice import Voice
from tongshi.storage.inbox import InboxStore

SECOND = Sound(np.sin(np.arange(24_000) / 10).astype(np.float32) * 0.3, 24_000)


class Engines:
    """Hears `text` in any sound, and says every clause as a second of a tone.

    Attributes:
        lengths: seconds of the sounds that it heard.
        likely: the language that it was told to expect.
        said: clauses.
        trouble: what goes wrong.
    """

    def __init__(self) -> None:
        self.text = "where is em dee one zero two three four"
        self.language = "en"
        self.lengths: list[float] = []
        self.said: list[tuple[str, str]] = []
        self.likely: str | None = None
        self.trouble: Exception | None = None

    def recognise(self, sound, language=None, *, likely=None):
        if self.trouble:
            raise self.trouble
        self.lengths.append(sound.seconds)
        self.likely = likely
        return Heard(self.text, self.language, sound.seconds, 0.1)

    def figures(self, sound, language, before, count):
        return []

    def speaks(self, language):
        return True

    def say(self, text, language):
        self.said.append((text, language))
        return SECOND


class TelegramWithFiles(TelegramServer):
    """Keeps voice messages as well.

    Attributes:
        files: what lies at each path.
        voices: what was sent to the customer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files = {"voice/file_1.oga": SECOND.opus()}
        self.voices: list[bytes] = []

    def answer(self, request: web.Request, call) -> web.Response:
        if request.path.startswith(f"/file/bot{self.token}/"):
            path = request.path.removeprefix(f"/file/bot{self.token}/")
            return web.Response(body=self.files[path]) if path in self.files else web.Response(status=404)
        if call.method == "getFile":
            known = call.values["file_id"] == "a"
            result = {"ok": True, "result": {"file_id": "a", "file_path": "voice/file_1.oga"}}
            refusal = {"ok": False, "description": "Bad Request: invalid file_id"}
            return web.json_response(result if known else refusal, status=200 if known else 400)
        if call.method == "sendVoice":
            self.voices.append(call.values["voice"].file.read())
        return super().answer(request, call)


@pytest.fixture
async def telegram():
    server = TelegramWithFiles()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def engines():
    return Engines()


@pytest.fixture
async def client(telegram, serve, stores, engines):
    voice = Voice(Settings(voice="on"))
    voice.recogniser = voice.synthesiser = engines
    settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)
    channel = TelegramChannel.from_settings(settings, **stores, listener=Listener(voice, get_replies()))
    client = await serve(channel)
    await channel._warming
    engines.lengths.clear()
    engines.said.clear()
    return client


def voice(**values):
    return {"voice": {"file_id": "a", "duration": 1, "file_size": 5000, "mime_type": "audio/ogg", **values}}


async def test_a_voice_message_is_said_back_and_answered_in_text_and_aloud(client, telegram, bot, store, engines):
    bot.says, engines.text = [{"text": "Your order **MD-10234** arrives on Thursday."}], "where is it"
    await send(client, update(language="pt-br", **voice()))
    said_back, answer = await telegram.until("sendMessage", 2)
    assert said_back["text"] == "🎤 I heard: “where is it”"
    assert answer["text"] == "Your order <b>MD-10234</b> arrives on Thursday."
    assert await bot.hears() == ["where is it"]
    assert bot.heard[0].metadata["language"] == "en" and engines.likely == "pt"
    assert engines.lengths == [pytest.approx(1.0, abs=0.1)]
    await telegram.until("sendVoice")
    assert engines.said == [("Your order M D,", "en"), ("one zero two three four arrives on Thursday.", "en")]
    assert read(telegram.voices[0]).seconds == pytest.approx(2.0, abs=0.1)
    assert [message.text for message in store.messages(ANNA)] == [
        "where is it",
        "Your order **MD-10234** arrives on Thursday.",
    ]


@pytest.mark.parametrize("agreement", ["button", "Yes, that's right", "spoken"])
async def test_a_number_that_was_heard_counts_once_it_is_agreed_to(client, telegram, bot, store, engines, agreement):
    await send(client, update(**voice()))
    _, check = await telegram.until("sendMessage", 2)
    assert check["text"] == "I understood MD-10234. Is that right?" and bot.heard == []
    (button,) = store.messages(ANNA)[-1].extras["buttons"]
    assert button["payload"] == "where is MD-10234"
    if agreement == "spoken":
        engines.text = "yes"
        await send(client, update(702, **voice()))
    elif agreement == "button":
        reference = check["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        await send(client, pressed(reference))
    else:
        await send(client, update(702, text=agreement))
    assert await bot.hears() == ["where is MD-10234"]


async def test_a_number_that_was_misheard_is_said_again(client, telegram, bot):
    await send(client, update(**voice()))
    await telegram.until("sendMessage", 2)
    await send(client, update(702, text="no"))
    assert is_reply("utter_phone_again", "en", (await telegram.until("sendMessage", 3))[-1]["text"])
    await send(client, update(703, text="no, MD-10235"))
    assert await bot.hears() == ["no, MD-10235"]


async def test_a_voice_message_brought_again_is_heard_once(client, telegram, bot, engines):
    engines.text = "hello"
    for _ in range(3):
        await send(client, update(5000, **voice()))
    await send(client, update(5001, text="hello"))
    assert await bot.hears(2) == ["hello", "hello"]
    await telegram.until("sendMessage", 3)
    assert len(engines.lengths) == 1 and len(telegram.messages) == 3


@pytest.mark.parametrize(
    ("trouble", "values", "reply"),
    [
        (Unheard("nothing", "empty"), {}, "utter_voice_unclear"),
        (TongshiError("no model"), {}, "utter_trouble"),
        (None, {"duration": 500}, "utter_voice_too_long"),
        (None, {"file_size": LARGEST_VOICE + 1}, "utter_voice_too_long"),
        (None, {"file_id": "gone"}, "utter_trouble"),
    ],
)
async def test_a_voice_message_that_cannot_be_heard_gets_a_word(client, telegram, bot, engines, store, trouble, values, reply):
    engines.trouble = trouble
    await send(client, update(language="ja", **voice(**values)))
    (message,) = await telegram.until("sendMessage")
    assert is_reply(reply, "ja", html.unescape(message["text"])) and bot.heard == [] and telegram.voices == []
    assert store.messages(ANNA)[0].text == "🎤"


@pytest.mark.parametrize(
    ("data", "reply"),
    [(b"no sound", "utter_voice_unclear"), (b"", "utter_voice_unclear"), (b"x" * (LARGEST_VOICE + 1), "utter_voice_too_long")],
)
async def test_a_file_that_is_no_voice_does_no_harm(client, telegram, bot, data, reply):
    telegram.files["voice/file_1.oga"] = data
    await send(client, update(**voice()))
    (message,) = await telegram.until("sendMessage")
    assert is_reply(reply, "en", html.unescape(message["text"])) and bot.heard == []


async def test_a_person_who_has_the_conversation_gets_the_words_and_the_recording_and_the_bot_says_nothing(
    client, telegram, bot, engines, store, attachments, handovers
):
    handovers.take(ANNA)
    for engines.text, engines.trouble, count in (("where is it", None, 1), ("", Unheard("nothing", "empty"), 2)):
        await send(client, update(**voice()))
        async with asyncio.timeout(8):
            while len(said := store.messages(ANNA)) < count:
                await asyncio.sleep(0.02)
    assert [one.text for one in said] == ["where is it", "🎤"]
    for one in said:
        ((kept),) = one.extras["attachments"]
        assert attachments.get(kept["id"]).data == telegram.files["voice/file_1.oga"]
    await asyncio.sleep(0.3)
    assert telegram.messages == [] and telegram.voices == [] and bot.heard == []


async def test_what_was_heard_is_said_back_once_though_the_system_ends(
    telegram, serve, stores, database, engines, bot, monkeypatch
):
    monkeypatch.setattr(platform, "_LAST_WORDS", 0.01)
    engines.text = "where is MD-10234"

    async def begin():
        voice = Voice(Settings(voice="on"))
        voice.recogniser = voice.synthesiser = engines
        settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)
        own = {**stores, "inbox": InboxStore(database, timedelta(seconds=0.5)), "listener": Listener(voice, get_replies())}
        channel = TelegramChannel.from_settings(settings, **own)
        return channel, await serve(channel)

    first, client = await begin()
    telegram.troubles = ["hang"]
    await send(client, update(**voice()))
    await telegram.until("sendMessage")
    await kill(first)
    engines.text = "it is not heard again"
    await begin()
    said_back, check = await telegram.until("sendMessage", 2)
    assert is_reply("utter_voice_heard", "en", html.unescape(said_back["text"]))
    assert check["text"] == "I understood MD-10234. Is that right?" and bot.heard == []


async def test_what_was_heard_is_said_back_in_the_characters_that_are_written(client, telegram, engines):
    await send(client, update(text="請問我的訂單什麼時候會到？"))
    await telegram.until("sendMessage")
    engines.text, engines.language = "你好", "zh"
    await send(client, update(**voice()))
    said_back = (await telegram.until("sendMessage", 2))[1]["text"]
    assert is_reply("utter_voice_heard", "zh", to_simplified(html.unescape(said_back)))
    assert to_traditional(said_back) == said_back != to_simplified(said_back)


async def test_where_the_reply_cannot_be_spoken_it_stands_in_text(client, telegram, engines, monkeypatch):
    engines.text = "hello"
    monkeypatch.setattr(engines, "speaks", lambda language: False)
    await send(client, update(**voice()))
    await telegram.until("sendMessage", 2)
    assert telegram.messages[1]["text"] == "Hello!" and telegram.voices == []


async def test_where_the_voice_cannot_be_sent_nothing_more_is_said(client, telegram, engines, monkeypatch):
    engines.text = "hello"
    monkeypatch.setattr(TelegramChannel, "send_recording", None)
    await send(client, update(**voice()))
    await telegram.until("sendMessage", 2)
    await asyncio.sleep(0.5)
    assert [one["text"] for one in telegram.messages][1:] == ["Hello!"]


async def test_the_token_stands_in_no_log_where_a_file_is_missing(client, telegram, caplog, capsys):
    telegram.files.clear()
    await send(client, update(**voice()))
    await telegram.until("sendMessage")
    assert telegram.token not in caplog.text + capsys.readouterr().out
