"""The telephone, through Twilio: a call is a conversation.

Twilio calls `webhook` when somebody rings. Either it hears and speaks itself: it calls `said` with what it understood, and `reply` while an
answer takes long, and each call is answered in TwiML with what is said next. Or the call's sound goes through a stream (`phone_stream`), after
which Twilio calls `after`. It calls `dialled` when the person whom a caller was put through to has hung up, or has not picked up.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import regex
import structlog
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from twilio.twiml.voice_response import Connect, Gather, VoiceResponse

from tongshi.channels.channel import Channel, add_health
from tongshi.channels.guard import Guard, Handler, make_guard
from tongshi.channels.phone_calls import Call, Calls, Said
from tongshi.channels.phone_stream import PhoneStream
from tongshi.channels.twilio import TwilioCalls
from tongshi.channels.websockets import mend
from tongshi.errors import TongshiError
from tongshi.responses.catalog import Replies, get_replies
from tongshi.settings import Settings, is_class
from tongshi.speech.voice import Voice, get_voice
from tongshi.storage.calls import HUNG_UP, PUT_THROUGH, CallStore
from tongshi.storage.database import get_database
from tongshi.threads import beside

_HEARS = {
    "ar": "ar-AE", "de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "pt": "pt-PT",
    "ru": "ru-RU", "th": "th-TH", "zh": "cmn-Hans-CN",
}  # fmt: skip
"""Twilio's names of the languages that it recognises."""

_SPEAKS = {
    "ar": {"language": "arb", "voice": "Polly.Zeina"}, "th": {"language": "th-TH", "voice": "Google.th-TH-Standard-A"},
    "zh": {"language": "cmn-CN", "voice": "Polly.Zhiyu"},
}  # fmt: skip
"""Twilio's voices where a language alone does not choose one."""

_PATIENCE = 8.0
"""Seconds until Twilio is told to ask again; it hangs up after 15."""

_RINGS = 20
"""Seconds in which a person is to pick up."""

_PLAIN = ("ar", "th")
"""Languages in which Twilio speaks, unless a voice is one's own, since only espeak-ng has one for them here."""

_MOST_STREAMS = 4
"""Calls that are heard and spoken to on this machine at a time; Twilio hears and speaks in the others."""

_STREAM = "stream"
_ENDS = {"hang_up": HUNG_UP, "dial": PUT_THROUGH}
_OVER = ("completed", "busy", "failed", "no-answer", "canceled")
_NUMBER = re.compile(r"\+\d{6,15}")

log = structlog.get_logger()


class PhoneChannel(Channel):
    """`POST /webhooks/phone/webhook`, `/said`, `/reply`, `/dialled`, `/after` and `/status`, signed by Twilio together with the public address
    that it called; and the WebSocket `/webhooks/phone/stream/CALL/TOKEN`, whose address only they tell.

    Args:
        token: of the Twilio account; nothing is open without one.
        address: the public address, up to `/webhooks/phone`.
        language: in which a call begins.
        person: a number that callers are put through to when the bot hands over; without one they go on with the bot.
        voice: hears and speaks in place of Twilio; None leaves it to Twilio.
    """

    def __init__(
        self,
        token: str,
        address: str,
        language: str = "en",
        person: str = "",
        voice: Voice | None = None,
        guard: Guard | None = None,
        replies: Replies | None = None,
        calls: CallStore | None = None,
        plain: Collection[str] = _PLAIN,
    ) -> None:
        self._token = token
        self._address = address
        self._twilio = TwilioCalls(token, address)
        self._language = language
        self._person = person
        self._voice = voice
        self._is_voice_ready = False
        self._guard = guard
        self._replies = replies
        self._call_store = calls
        self._plain = plain

    @classmethod
    def name(cls) -> str:
        return "phone"

    @classmethod
    def from_settings(cls, settings: Settings, **parts: Any) -> PhoneChannel:
        """The channel, closed where it has no token.

        Args:
            parts: `voice`, `guard`, `replies` and `calls` in place of the settings' own.
        """
        address = f"{settings.public_url.rstrip('/')}/webhooks/phone"
        parts = {"voice": get_voice() if settings.phone_voice == "own" else None, **parts}
        parts["plain"] = () if is_class(settings.synthesiser) else _PLAIN
        return cls(settings.phone_token, address, settings.language, settings.phone_person, **parts)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = self.empty_blueprint()
        if not self._token:
            return webhook
        self._calls = Calls(
            self._guard or make_guard(),
            self._call_store or CallStore(get_database()),
            self._replies or get_replies(),
            on_new_message,
            language=self._language,
            has_person=bool(self._person),
            channel=self.name(),
        )

        add_health(webhook)
        paths = {
            "webhook": self._rings, "said": self._said, "reply": self._reply, "dialled": self._dialled, "after": self._after,
        }  # fmt: skip
        for path, answer in paths.items():
            self._add(webhook, path, answer)
        self._add_status(webhook)
        if self._voice:
            self._open_streams(webhook)
        return webhook

    def _add(
        self, webhook: Blueprint, path: str, answer: Callable[[Call, dict[str, str]], Awaitable[Said | VoiceResponse]]
    ) -> None:
        @webhook.route(f"/{path}", methods=["POST"], name=path)
        async def answered(request: Request) -> HTTPResponse:
            values = self._twilio.values(request, path)
            if values is None or not values.get("CallSid"):
                return _refused()
            call = self._calls.open(values["CallSid"])
            said = await answer(call, values)
            twiml = self._twiml(call, said) if isinstance(said, Said) else said
            if isinstance(said, Said) and said.then in _ENDS:
                await self._calls.ended(values["CallSid"], _ENDS[said.then])
            return response.text(str(twiml), content_type="text/xml")

    def _add_status(self, webhook: Blueprint) -> None:
        """Where Twilio tells that a call has ended, whoever ended it."""

        @webhook.route("/status", methods=["POST"])
        async def status(request: Request) -> HTTPResponse:
            values = self._twilio.values(request, "status")
            if values is None or not values.get("CallSid"):
                return _refused()
            if values.get("CallStatus") in _OVER:
                await self._calls.ended(values["CallSid"], HUNG_UP)
            return response.empty()

    # A call that Twilio hears and speaks in

    async def _rings(self, call: Call, values: dict[str, str]) -> Said | VoiceResponse:
        call.number = values["From"] if _NUMBER.fullmatch(values.get("From", "")) else ""
        await self._calls.stirs(call)
        if self._can_stream(call):
            return self._connected(call, values["CallSid"])
        return self._calls.welcome(call)

    async def _said(self, call: Call, values: dict[str, str]) -> Said:
        said = await self._calls.hear(call, values.get("SpeechResult", ""), values.get("Digits", ""))
        if said is None:
            said = await self._calls.answered(call, _PATIENCE)
            if said.then == "wait":
                said = Said(self._calls.text(call, "utter_phone_wait"), "wait")
        return said

    async def _reply(self, call: Call, values: dict[str, str]) -> Said:
        return await self._calls.answered(call, _PATIENCE)

    async def _dialled(self, call: Call, values: dict[str, str]) -> Said:
        """What is to be done after the caller was put through, or was to be."""
        if values.get("DialCallStatus") == "completed":
            return Said("", "hang_up")
        # Nobody picked up; who has hung up while it rang was not put through either.
        await self._calls.stirs(call)
        return Said("", "hang_up") if values.get("CallStatus") in _OVER else self._calls.unanswered(call)

    def _twiml(self, call: Call, said: Said) -> VoiceResponse:
        twiml = VoiceResponse()
        if said.then in ("listen", "check"):
            gather = self._gather(call, is_check=said.then == "check")
            self._say(gather, call, said.text)
            twiml.append(gather)
            return twiml
        self._say(twiml, call, said.text)
        if said.then == "wait":
            twiml.pause(length=1)
            twiml.redirect(f"{self._address}/reply", method="POST")
        elif said.then == "dial":
            twiml.dial(self._person, action=f"{self._address}/dialled", method="POST", timeout=_RINGS)
        else:
            twiml.hangup()
        return twiml

    def _gather(self, call: Call, *, is_check: bool) -> Gather:
        """Listen; the caller may interrupt what is said in it."""
        return Gather(
            input="speech dtmf", action=f"{self._address}/said", method="POST", language=_HEARS[call.language], speech_timeout="auto",
            action_on_empty_result=True, barge_in=True, hints="MD, RT, EX, CL, $OOV_CLASS_ALPHANUMERIC_SEQUENCE",
            **({"num_digits": 1} if is_check else {"finish_on_key": "#"}),
        )  # fmt: skip

    def _say(self, twiml: VoiceResponse | Gather, call: Call, text: str) -> None:
        if regex.search(r"\w", text):
            twiml.say(text, **_SPEAKS.get(call.language, {"language": _HEARS[call.language]}))

    # A call whose sound goes through a stream

    def _open_streams(self, webhook: Blueprint) -> None:
        mend()

        @webhook.listener("after_server_start")
        async def warm_up(app: Any, loop: asyncio.AbstractEventLoop) -> None:
            self._warming = asyncio.create_task(self._warm_up())

        @webhook.middleware("request")
        async def refuse(request: Request) -> HTTPResponse | None:
            """Before the handshake, so that nothing is opened."""
            values = request.match_info
            if "token" in values and not self._may_stream(values["number"], values["token"]):
                return response.json({"error": "There is no such call."}, 403)
            return None

        @webhook.websocket(f"/{_STREAM}/<number:str>/<token:str>")
        async def stream(request: Request, socket: Any, number: str, token: str) -> None:
            await PhoneStream(socket, self._calls, self._calls.open(number), number, self._voice, speaks=self._speaks).run()

    async def _warm_up(self) -> None:
        try:
            await beside("speaking", self._voice.warm_up)
            self._is_voice_ready = True
            await beside("speaking", self._voice.rehearse, self._calls.fixed_texts(), self._language)
        except TongshiError as error:
            log.error(
                "phone.no_voice", error=str(error), hint="`tongshi models pull whisper-base kokoro`; Twilio hears and speaks"
            )

    def _can_stream(self, call: Call) -> bool:
        return self._is_voice_ready and self._speaks(call.language) and self._calls.streamed() < _MOST_STREAMS

    def _speaks(self, language: str) -> bool:
        return language not in self._plain and self._voice.synthesiser.speaks(language)

    def _may_stream(self, number: str, token: str) -> bool:
        call = self._calls.known(number)
        return call is not None and not call.is_streamed and hmac.compare_digest(token, self._stream_token(number))

    def _stream_token(self, number: str) -> str:
        """What opens the stream of one call."""
        return hmac.new(self._token.encode(), f"{_STREAM}:{number}".encode(), hashlib.sha256).hexdigest()

    def _connected(self, call: Call, number: str) -> VoiceResponse:
        call.left = None
        twiml, connect = VoiceResponse(), Connect()
        address = self._address.replace("http", "ws", 1)
        connect.stream(url=f"{address}/{_STREAM}/{number}/{self._stream_token(number)}")
        twiml.append(connect)
        twiml.redirect(f"{self._address}/after", method="POST")
        return twiml

    async def _after(self, call: Call, values: dict[str, str]) -> Said:
        """What is to be done after a stream; one that broke is made good by Twilio's own ears and voice."""
        await self._calls.stirs(call)
        left, call.left = call.left or Said(self._calls.text(call, "utter_trouble")), None
        return left


def _refused() -> HTTPResponse:
    return response.json({"error": "The signature is missing or wrong."}, 403)
