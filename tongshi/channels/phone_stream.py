"""A telephone call as a stream of sound: Twilio's Media Streams, heard and spoken to with the engines of this machine.

Twilio sends JSON over a WebSocket, an `event` each: `connected` and `start` first, `media` every 20 milliseconds with mu-law sound, `dtmf` for
keys, `mark` once the sound sent before a mark of ours has been played, `stop` at the end. It takes `media` and `mark`, and `clear`, which
makes it forget the sound that it has not played yet.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

import structlog
from sanic.exceptions import WebsocketClosed
from websockets.exceptions import ConnectionClosed

from tongshi.channels.phone_calls import Call, Calls, Said
from tongshi.errors import TongshiError
from tongshi.speech.audio import HEARING_RATE, PHONE_RATE, Sound, Unheard, from_mulaw
from tongshi.speech.endpointing import Ear
from tongshi.speech.voice import Voice
from tongshi.storage.calls import HUNG_UP
from tongshi.threads import beside

_SILENCE = 8.0
"""Seconds after which a caller who says nothing is asked once more."""

_KEYS = 2.0
"""Seconds after which keys count that no # ended."""

_IMPATIENT = 3.0
"""Seconds after which the caller is told that the answer takes a moment."""

_PATIENCE = 60.0
"""Seconds in which any turn has ended; the guard's own deadline is shorter."""

_SHORT = 1.5
"""Seconds of speech that tell too little of the language that it is in."""

_PLAYED = 30.0
"""Seconds in which Twilio has played what was sent to it."""

_PIECE = PHONE_RATE // 2
"""Samples that are sent at a time."""

log = structlog.get_logger()


class PhoneStream:
    """The stream of one call.

    Args:
        socket: `recv` gives its messages, and `send` takes them.
        number: of the call, as Twilio names it.
        speaks: whether the call is spoken here in a language; in others the stream ends, and the call goes on as Twilio hears and speaks.
    """

    def __init__(
        self, socket: Any, calls: Calls, call: Call, number: str, voice: Voice, *, speaks: Callable[[str], bool]
    ) -> None:
        self._socket = socket
        self._calls = calls
        self._call = call
        self._number = number
        self._voice = voice
        self._speaks = speaks
        self._ear = Ear()
        self._stream = ""
        self._keys = ""
        self._since_key = 0.0
        self._waiting: asyncio.Queue[Sound | str] = asyncio.Queue()
        self._is_working = False
        self._is_dialling = False
        self._speech: asyncio.Task[None] | None = None
        self._marks = 0
        self._unplayed: set[str] = set()
        self._played = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Until the caller hangs up, or the call goes on elsewhere; `Call.left` then tells how."""
        self._call.is_streamed = True
        tasks = [asyncio.create_task(one) for one in (self._receive(), self._work(), self._over.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and (error := task.exception()):
                    log.error("phone.stream_broke", call=self._number, error=repr(error))
        finally:
            self._call.is_streamed = False
            for task in (*tasks, *([self._speech] if self._speech else [])):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # What comes from Twilio

    async def _receive(self) -> None:
        while True:
            try:
                message = json.loads(await self._socket.recv() or "{}")
                event = message.get("event")
                if event == "stop" and self._call.left is None:
                    await self._calls.ended(self._number, HUNG_UP)
                if event == "stop" or not await self._take(event, message):
                    return
            except (ConnectionClosed, WebsocketClosed):
                return
            except (ValueError, LookupError, TypeError, AttributeError, binascii.Error) as error:
                log.warning("phone.strange_message", call=self._number, error=repr(error))

    async def _take(self, event: str | None, message: dict[str, Any]) -> bool:
        """Handle a message; False where the stream is not the one that was asked for."""
        if event == "start":
            start = message["start"]
            if start["callSid"] != self._number or start["mediaFormat"]["encoding"] != "audio/x-mulaw":
                log.warning("phone.wrong_stream", call=self._number, named=start["callSid"])
                return False
            self._stream = start["streamSid"]
            self._say(self._calls.welcome(self._call))
        elif event == "media" and message["media"].get("track", "inbound") == "inbound":
            await self._listen(from_mulaw(base64.b64decode(message["media"]["payload"], validate=True)))
        elif event == "dtmf":
            await self._press(message["dtmf"]["digit"])
        elif event == "mark":
            self._unplayed.discard(message["mark"]["name"])
            if not self._unplayed:
                self._played.set()
        return True

    async def _listen(self, sound: Sound) -> None:
        was_hearing = self._ear.is_hearing
        for said in self._ear.take(sound.samples):
            self._waiting.put_nowait(said)
        if self._ear.is_hearing and not was_hearing:
            await self._interrupt()
        if self._keys:
            self._since_key += sound.seconds
            if self._since_key >= _KEYS:
                self._enter_keys()
        if self._is_speaking or self._is_working or not self._waiting.empty():
            self._ear.quiet = 0.0
        elif self._ear.quiet >= _SILENCE:
            self._ear.quiet = 0.0
            self._waiting.put_nowait("")

    async def _press(self, key: str) -> None:
        await self._interrupt()
        self._since_key = 0.0
        if key != "#":
            self._keys += key
        if key == "#" or self._call.unsure:
            self._enter_keys()

    def _enter_keys(self) -> None:
        keys, self._keys = self._keys, ""
        if keys:
            self._waiting.put_nowait(keys)

    # What goes to Twilio

    @property
    def _is_speaking(self) -> bool:
        return bool(self._unplayed) or (self._speech is not None and not self._speech.done())

    async def _interrupt(self) -> None:
        """Fall silent, since the caller speaks; but not while the caller is put through."""
        if self._is_speaking and not self._is_dialling:
            self._speech.cancel()
            self._unplayed.clear()
            self._played.set()
            await self._send("clear")

    def _say(self, said: Said) -> None:
        self._is_dialling = said.then == "dial"
        if self._speech and not self._speech.done():
            self._speech.cancel()
        self._speech = asyncio.create_task(self._speak(said))

    async def _speak(self, said: Said) -> None:
        """Say it clause by clause, each as soon as there is sound of it, and do what comes after."""
        try:
            sounds = self._voice.speak(said.text, self._call.language) if said.text else iter(())
            while sound := await beside("speaking", next, sounds, None):
                await self._play(sound)
        except TongshiError as error:
            log.error("phone.not_spoken", call=self._number, error=str(error))
        if said.then in ("dial", "hang_up"):
            await self._leave(Said("", said.then))

    async def _play(self, sound: Sound) -> None:
        data = sound.mulaw()
        self._marks += 1
        self._unplayed.add(str(self._marks))
        self._played.clear()
        for at in range(0, len(data), _PIECE):
            await self._send("media", media={"payload": base64.b64encode(data[at : at + _PIECE]).decode()})
        await self._send("mark", mark={"name": str(self._marks)})

    async def _send(self, event: str, **values: Any) -> None:
        try:
            await self._socket.send(json.dumps({"event": event, "streamSid": self._stream, **values}))
        except (ConnectionClosed, WebsocketClosed):
            self._over.set()

    async def _leave(self, left: Said) -> None:
        """End the stream once everything has been played; the call goes on as `left` says."""
        if self._unplayed:
            try:
                await asyncio.wait_for(self._played.wait(), _PLAYED)
            except TimeoutError:
                log.warning("phone.not_played", call=self._number)
        self._call.left = left
        self._over.set()

    # Turns

    async def _work(self) -> None:
        """Answer what was said, one after the other."""
        while True:
            said = await self._waiting.get()
            self._is_working = True
            try:
                await self._turn(said)
            finally:
                self._is_working = False

    async def _turn(self, said: Sound | str) -> None:
        text = "" if isinstance(said, str) else await self._heard(said)
        if not text and not isinstance(said, str):
            return
        answer = await self._calls.hear(self._call, text, said if isinstance(said, str) else "")
        if answer is None:
            answer = await self._answered()
        if self._speaks(self._call.language):
            self._say(answer)
        else:
            await self._leave(answer)

    async def _heard(self, sound: Sound) -> str:
        """What was said; nothing where it was no speech."""
        likely = self._call.language
        try:
            heard = await beside(
                "hearing",
                self._voice.listen,
                sound.at(HEARING_RATE),
                likely if sound.seconds < _SHORT or self._call.unsure else None,
                likely=likely,
            )
        except Unheard:
            return ""
        except TongshiError as error:
            log.error("phone.not_heard", call=self._number, error=str(error))
            await self._leave(Said(self._calls.text(self._call, "utter_trouble")))
            return ""
        self._call.language = heard.language
        return heard.text

    async def _answered(self) -> Said:
        answer = await self._calls.answered(self._call, _IMPATIENT)
        if answer.then == "wait":
            self._say(Said(self._calls.text(self._call, "utter_phone_wait")))
            answer = await self._calls.answered(self._call, _PATIENCE)
        return answer
