"""Calls as Twilio's Media Streams bring them: its JSON over a real WebSocket to the real server; only the engines are in the tests' hands."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from contextlib import asynccontextmanager

import numpy as np
import pytest
import websockets

from tests.channels.test_phone import PUBLIC, SID, TOKEN, Caller
from tests.channels.test_telegram_voice import Engines
from tongshi import clock
from tongshi.channels import phone_stream
from tongshi.channels.phone import PhoneChannel
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.speech.audio import Sound, Unheard
from tongshi.speech.voice import Voice
from tongshi.storage.calls import HUNG_UP

SPEECH = Sound((np.sin(np.arange(16_000) / 3) * 0.3).astype(np.float32), 8_000)
WELCOME = "Hello, this is Meridian's virtual assistant. How can I help you?"
PAUSE = Sound(np.zeros(12_000, np.float32), 8_000)


class Line:
    """Twilio's end of a stream.

    Attributes:
        events: what was sent to it, in order.
    """

    def __init__(self, socket):
        self._socket = socket
        self._number = itertools.count(1)
        self.events = []
        self.played = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        async for text in self._socket:
            self.events.append(json.loads(text))
        self.events.append({"event": "closed"})

    async def send(self, event, **values):
        await self._socket.send(
            json.dumps({"event": event, "sequenceNumber": str(next(self._number)), "streamSid": "MZ1", **values})
        )

    async def start(self, call=SID, encoding="audio/x-mulaw"):
        await self._socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        form = {"encoding": encoding, "sampleRate": 8000, "channels": 1}
        start = {
            "accountSid": "AC1", "streamSid": "MZ1", "callSid": call, "tracks": ["inbound"], "mediaFormat": form, "customParameters": {},
        }  # fmt: skip
        await self.send("start", start=start)

    async def sounds(self, *sounds):
        data = b"".join(one.mulaw() for one in sounds)
        for at in range(0, len(data), 160):
            payload = base64.b64encode(data[at : at + 160]).decode()
            await self.send(
                "media", media={"track": "inbound", "chunk": str(at // 160 + 1), "timestamp": str(at // 8), "payload": payload}
            )

    async def says(self):
        """Two seconds of speech, and the pause that ends them."""
        await self.sounds(PAUSE, SPEECH, PAUSE)

    async def presses(self, key):
        await self.send("dtmf", dtmf={"track": "inbound_track", "digit": key})

    async def plays(self):
        """Tell that everything has been played."""
        for event in [event for event in self.events if event["event"] == "mark" and event not in self.played]:
            self.played.append(event)
            await self.send("mark", mark=event["mark"])

    async def until(self, event, count=1):
        async with asyncio.timeout(8):
            while sum(one["event"] == event for one in self.events) < count:
                await asyncio.sleep(0.01)
        return [one for one in self.events if one["event"] == event]


@pytest.fixture
def engines():
    return Engines()


@pytest.fixture
async def caller(serve, stores, engines, call_store):
    settings = Settings(phone_token=TOKEN, public_url=PUBLIC, phone_voice="own", phone_person="+4930999")
    voice = Voice(settings)
    voice.recogniser = voice.synthesiser = engines
    channel = PhoneChannel.from_settings(settings, guard=stores["guard"], replies=get_replies(), voice=voice, calls=call_store)
    caller = Caller(await serve(channel))
    async with asyncio.timeout(8):
        while not channel._warming.done():
            await asyncio.sleep(0.01)
    engines.said.clear()
    engines.lengths.clear()
    return caller


@pytest.fixture
def connect(caller):
    """Rings, and opens the stream that Twilio is told to open."""

    def address(url):
        assert url.startswith("wss://help.example/webhooks/phone/stream/")
        base = caller._client.base_url
        return url.replace("wss://help.example", f"ws://{base.host}:{base.port}")

    @asynccontextmanager
    async def connect(change=lambda url: url):
        await caller.rings()
        stream = caller.twiml.find("Connect/Stream")
        async with websockets.connect(address(change(stream.attrib["url"]))) as socket:
            yield Line(socket)

    return connect


@pytest.fixture
async def line(connect, engines):
    async with connect() as line:
        await line.start()
        await spoken(engines, line, WELCOME)
        yield line


async def spoken(engines, line, text):
    """Wait until a text was said since the last one, and played."""
    async with asyncio.timeout(8):
        while " ".join(clause for clause, _ in engines.said) != text:
            await asyncio.sleep(0.01)
    await line.until("mark", len(line.played) + len(engines.said))
    engines.said.clear()
    await line.plays()


async def test_a_call_is_welcomed_in_our_own_voice(line, engines, caller):
    media = [base64.b64decode(event["media"]["payload"]) for event in await line.until("media")]
    assert sum(map(len, media)) == pytest.approx(len(line.played) * 8000, abs=20) and {
        event["streamSid"] for event in line.events
    } == {"MZ1"}
    assert caller.twiml[-1].tag == "Redirect" and caller.twiml[-1].text == f"{PUBLIC}/webhooks/phone/after"


async def test_what_is_heard_is_read_back_and_answered(line, engines, bot):
    await line.says()
    await spoken(engines, line, "I understood M D, one zero two three four. Is that right?")
    assert engines.lengths == [pytest.approx(2 + 0.4 + 1, abs=0.3)] and bot.heard == []
    engines.text, bot.says = "Yes, that's right.", [{"text": "It is on its way, and it arrives on Thursday."}]
    await line.says()
    assert await bot.hears() == ["where is MD-10234"]
    await spoken(engines, line, "It is on its way, and it arrives on Thursday.")


async def test_a_key_agrees_and_keys_are_a_number(line, engines, bot):
    await line.says()
    await spoken(engines, line, "I understood M D, one zero two three four. Is that right?")
    await line.presses("1")
    assert await bot.hears() == ["where is MD-10234"]
    for key in "42#":
        await line.presses(key)
    assert await bot.hears(2) == ["where is MD-10234", "42"]


async def test_the_caller_interrupts(line, engines, bot):
    engines.text, bot.says = "tell me all", [{"text": " ".join(f"This is sentence number {n}." for n in range(12))}]
    await line.says()
    await line.until("mark", len(line.played) + 1)
    await line.sounds(SPEECH)
    await line.until("clear")
    said = len(engines.said)
    await asyncio.sleep(0.3)
    assert len(engines.said) <= said + 1
    bot.says = [{"text": "All right."}]
    await line.sounds(PAUSE)
    assert await bot.hears(2) == ["tell me all", "tell me all"]


async def test_a_noise_that_is_no_speech_is_nothing(line, engines, bot, monkeypatch):
    listened = []

    def hears_nothing(sound, *args, **values):
        listened.append(sound)
        raise Unheard("nothing", "empty")

    monkeypatch.setattr(engines, "recognise", hears_nothing)
    await line.says()
    async with asyncio.timeout(8):
        while not listened:
            await asyncio.sleep(0.01)
    monkeypatch.undo()
    engines.text = "hello"
    await line.sounds(Sound(SPEECH.samples[:600], 8000), PAUSE)  # a click: not even listened to
    await line.says()
    assert await bot.hears() == ["hello"]


async def test_a_silent_caller_is_asked_once_and_then_left_in_peace(line, engines, caller):
    await line.sounds(*[PAUSE] * 6)
    await spoken(engines, line, "I can't hear you. What can I do for you?")
    await line.sounds(*[PAUSE] * 6)
    await spoken(engines, line, "I still can't hear anything, so I'll hang up. Goodbye!")
    await line.until("closed")
    await caller.call("after")
    assert [verb.tag for verb in caller.twiml] == ["Hangup"]


async def test_what_a_person_writes_is_said_at_the_next_pause(line, engines, handovers):
    await asyncio.to_thread(handovers.say, f"phone:{SID}", "Kim here, what can I do?", "phone", "en")
    await line.sounds(*[PAUSE] * 6)
    await spoken(engines, line, "Kim here, what can I do?")
    await line.sounds(*[PAUSE] * 6)
    await asyncio.sleep(0.2)
    assert engines.said == []


async def test_a_slow_answer_is_announced(line, engines, bot, monkeypatch):
    monkeypatch.setattr(phone_stream, "_IMPATIENT", 0.1)
    engines.text, bot.seconds = "hello", 0.5
    await line.says()
    await spoken(engines, line, "One moment, please. Hello!")


async def test_a_person_is_dialled_after_the_words_were_played(line, engines, bot, caller):
    engines.text, bot.says = "a person", [{"text": "I'm passing you on.", "utter_action": "utter_handoff_queued"}]
    await line.says()
    await line.until("mark", len(line.played) + 1)
    await asyncio.sleep(0.1)
    assert line.events[-1]["event"] != "closed"
    await line.plays()
    await line.until("closed")
    await caller.call("after")
    assert [verb.tag for verb in caller.twiml] == ["Dial"]


async def test_arabic_goes_on_with_twilios_voice(line, engines, bot, caller):
    engines.text, engines.language, bot.says = "أين طردي", "ar", [{"text": "طلبك في الطريق"}]
    await line.says()
    await line.until("closed")
    assert await caller.call("after") == "طلبك في الطريق"
    assert caller.twiml[0].attrib["language"] == "ar-AE"
    await caller.rings()
    assert caller.twiml.find("Connect") is None


async def test_a_stream_that_breaks_goes_on_with_twilios_voice(line, engines, caller):
    engines.trouble = RuntimeError("out of memory")
    await line.says()
    await line.until("closed")
    assert "Nothing was lost" in await caller.call("after")
    assert caller.twiml[0].tag == "Gather"


async def test_who_hangs_up_is_gone(line, caller, bot, call_store, engines):
    engines.text = "hello"
    await line.says()
    await bot.hears()
    assert call_store.line(f"phone:{SID}", clock.now()).end is None
    await line.send("stop", stop={"accountSid": "AC1", "callSid": SID})
    await line.until("closed")
    assert call_store.line(f"phone:{SID}", clock.now()).end == HUNG_UP
    await caller.rings()
    assert call_store.line(f"phone:{SID}", clock.now()).end is None
    assert caller.twiml.find("Connect/Stream") is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
        lambda url: url.replace(SID, "CA2"),
        lambda url: url.rsplit("/", 1)[0] + "/x",
    ],
)
async def test_an_address_that_was_not_told_is_refused(connect, change):
    with pytest.raises(websockets.exceptions.InvalidStatusCode) as error:
        async with connect(change):
            pass
    assert error.value.status_code == 403


async def test_a_call_has_one_stream_and_it_is_its_own(connect, line, bot):
    with pytest.raises(websockets.exceptions.InvalidStatusCode):
        async with connect():
            pass
    await line.send("stop", stop={})
    await line.until("closed")
    for start in ({"call": "CA2"}, {"encoding": "audio/opus"}):
        async with connect() as other:
            await other.start(**start)
            await other.until("closed")
    assert bot.heard == []


async def test_what_no_stream_sends_changes_nothing(line, engines, bot):
    for text in (
        "",
        "no json",
        "[]",
        "7",
        '{"event": "media"}',
        '{"event": "media", "media": {"payload": "%%%"}}',
        '{"event": "dtmf"}',
        '{"event": "new"}',
    ):
        await line._socket.send(text)
    engines.text = "hello"
    await line.says()
    assert await bot.hears() == ["hello"]


async def test_streams_are_closed_by_default(serve, stores):
    settings = Settings(phone_token=TOKEN, public_url=PUBLIC)
    caller = Caller(await serve(PhoneChannel.from_settings(settings, guard=stores["guard"], replies=get_replies())))
    await caller.rings()
    assert caller.twiml.find("Connect") is None
    assert (await caller._client.get(f"/stream/{SID}/x")).status_code == 404
