"""The telephone, through Twilio: a call is a conversation, its platform hears and speaks.

Twilio calls `webhook` when somebody rings, `said` with what it understood, and `reply` while an answer takes long; each call is answered in
TwiML with what is said next. Order numbers, case numbers and e-mail addresses are read back, and count once the caller has agreed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import regex
import structlog
from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from tongshi.channels.guard import Guard, Handler, make_guard
from tongshi.language import formats
from tongshi.responses.catalog import Replies, get_replies
from tongshi.settings import LANGUAGES, Settings, get_settings
from tongshi.speech.hearing import agrees, corrected, identifiers, readable
from tongshi.speech.speakable import speakable, spell_all
from tongshi.speech.synthesis import shortened
from tongshi.storage.models import Message

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

_MOST_CALLS = 1000
_MOST_SPOKEN = 500
_YES, _NO = "1", "2"
_PEOPLE = frozenset({"utter_handoff_queued"})

log = structlog.get_logger()


@dataclass
class Call:
    """What is known of a call while it lasts.

    Attributes:
        sender: its conversation.
        language: that is spoken.
        unsure: what the caller said, with an order number or address that has just been read back.
        misheard: the same after the caller has refused it.
        silences: how often in a row nothing was heard.
        turns: how many messages went to the bot, which names them.
        answer: the turn that is being answered.
    """

    sender: str
    language: str
    unsure: str = ""
    misheard: str = ""
    silences: int = 0
    turns: int = 0
    answer: asyncio.Task[list[Message]] | None = field(default=None, repr=False)


class PhoneChannel(InputChannel):
    """`POST /webhooks/phone/webhook`, `/said` and `/reply`, signed by Twilio together with the public address that it called.

    Args:
        token: of the Twilio account; nothing is open without one.
        address: the public address, up to `/webhooks/phone`.
        language: in which a call begins.
        person: a number that callers are put through to when the bot hands over; without one they go on with the bot.
    """

    def __init__(
        self,
        token: str,
        address: str,
        language: str = "en",
        person: str = "",
        guard: Guard | None = None,
        replies: Replies | None = None,
    ) -> None:
        self._token = token
        self._validator = RequestValidator(token)
        self._address = address
        self._language = language
        self._person = person
        self._guard = guard
        self._replies = replies
        self._calls: OrderedDict[str, Call] = OrderedDict()

    @classmethod
    def name(cls) -> str:
        return "phone"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> PhoneChannel:
        return cls.from_settings(get_settings())

    @classmethod
    def from_settings(cls, settings: Settings, **parts: Any) -> PhoneChannel:
        """The channel, closed where it has no token.

        Args:
            parts: `guard` and `replies` in place of the settings' own.
        """
        address = f"{settings.public_url.rstrip('/')}/webhooks/phone"
        return cls(settings.phone_token, address, settings.language, settings.phone_person, **parts)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        webhook = Blueprint("tongshi_phone", __name__)
        if not self._token:
            return webhook
        self._guard = self._guard or make_guard()
        self._replies = self._replies or get_replies()
        self._on_new_message = on_new_message

        @webhook.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @webhook.route("/webhook", methods=["POST"])
        async def rings(request: Request) -> HTTPResponse:
            return await self._respond(request, "webhook", self._welcome)

        @webhook.route("/said", methods=["POST"])
        async def said(request: Request) -> HTTPResponse:
            return await self._respond(request, "said", self._said)

        @webhook.route("/reply", methods=["POST"])
        async def reply(request: Request) -> HTTPResponse:
            return await self._respond(request, "reply", self._reply)

        return webhook

    async def _respond(self, request: Request, path: str, answer: Callable[[Call, dict[str, str]], Any]) -> HTTPResponse:
        values = self._signed(request, path)
        if values is None or not values.get("CallSid"):
            return response.json({"error": "The signature is missing or wrong."}, 403)
        twiml = await answer(self._call(values["CallSid"]), values)
        return response.text(str(twiml), content_type="text/xml")

    def _signed(self, request: Request, path: str) -> dict[str, str] | None:
        """What Twilio says, None where it is not Twilio that says it."""
        try:
            # Sanic leaves out what is empty, which Twilio signs too.
            fields = parse_qs(request.body.decode(), keep_blank_values=True, max_num_fields=200)
            values = {name: value[-1] for name, value in fields.items()}
            is_right = self._validator.validate(f"{self._address}/{path}", values, request.headers.get("x-twilio-signature", ""))
        except ValueError:
            return None
        return values if is_right else None

    def _call(self, number: str) -> Call:
        """A call by its number; calls that ended long ago are forgotten."""
        call = self._calls.setdefault(number, Call(f"phone:{number}", self._language))
        self._calls.move_to_end(number)
        while len(self._calls) > _MOST_CALLS:
            self._calls.popitem(last=False)
        return call

    async def _welcome(self, call: Call, values: dict[str, str]) -> VoiceResponse:
        return self._ask(call, self._text(call, "utter_phone_welcome"))

    async def _said(self, call: Call, values: dict[str, str]) -> VoiceResponse:
        text, key = readable(values.get("SpeechResult", ""), call.language).strip(), values.get("Digits", "")
        if not text and not key:
            return self._nothing_heard(call)
        call.silences = 0
        if call.unsure:
            agreed = {_YES: True, _NO: False}.get(key) if key else agrees(text, call.language)
            unsure, call.unsure = call.unsure, ""
            if agreed:
                return await self._pass_on(call, unsure)
            if agreed is False:
                call.misheard = unsure
                if not identifiers(text):
                    return self._ask(call, self._text(call, "utter_phone_again"))
        misheard, call.misheard = call.misheard, ""
        if found := identifiers(text):
            call.unsure = corrected(misheard, text) if misheard else text
            spelled = spell_all(found, call.language)
            return self._ask(call, self._text(call, "utter_phone_check", spelled=spelled), is_check=True)
        return await self._pass_on(call, text or key)

    def _nothing_heard(self, call: Call) -> VoiceResponse:
        call.silences += 1
        if call.silences == 1:
            return self._ask(call, self._text(call, "utter_phone_silence"), is_check=bool(call.unsure))
        twiml = VoiceResponse()
        self._say(twiml, call, self._text(call, "utter_phone_goodbye"))
        twiml.hangup()
        return twiml

    async def _pass_on(self, call: Call, text: str) -> VoiceResponse:
        if call.answer is None:
            call.turns += 1
            turn = self._guard.turn(
                self._on_new_message,
                sender=call.sender,
                text=text,
                channel=self.name(),
                hint=call.language,
                client_id=f"turn:{call.turns}",
            )
            call.answer = asyncio.create_task(turn)
        return await self._reply(call, {})

    async def _reply(self, call: Call, values: dict[str, str]) -> VoiceResponse:
        """What the bot says, or a pause after which Twilio asks again."""
        if call.answer is None:
            return self._ask(call, "")
        done, _ = await asyncio.wait([call.answer], timeout=_PATIENCE)
        twiml = VoiceResponse()
        if not done:
            twiml.pause(length=1)
            twiml.redirect(f"{self._address}/reply", method="POST")
            return twiml
        task, call.answer = call.answer, None
        replies = task.result()
        call.language = next((one.language for one in replies if one.language in LANGUAGES), call.language)
        text = self._spoken(call, replies)
        if self._person and (not replies or any(one.extras.get("reply") in _PEOPLE for one in replies)):
            self._say(twiml, call, text)
            twiml.dial(self._person)
            return twiml
        return self._ask(call, text)

    def _spoken(self, call: Call, replies: list[Message]) -> str:
        """Replies as they are said, with the choices of their buttons."""
        lines = [one.text for one in replies if one.text]
        titles = [button["title"] for one in replies[-1:] for button in one.extras.get("buttons", [])]
        lines += [formats.listing(titles, call.language)] if titles else []
        return shortened(speakable("\n".join(lines), call.language), _MOST_SPOKEN)

    def _text(self, call: Call, name: str, **values: str) -> str:
        return self._replies.render(name, call.language, values).text

    def _ask(self, call: Call, text: str, *, is_check: bool = False) -> VoiceResponse:
        """Say something and listen; the caller may interrupt."""
        twiml = VoiceResponse()
        gather = Gather(
            input="speech dtmf", action=f"{self._address}/said", method="POST", language=_HEARS[call.language], speech_timeout="auto",
            action_on_empty_result=True, barge_in=True, hints="MD, RT, EX, CL, $OOV_CLASS_ALPHANUMERIC_SEQUENCE",
            **({"num_digits": 1} if is_check else {"finish_on_key": "#"}),
        )  # fmt: skip
        self._say(gather, call, text)
        twiml.append(gather)
        return twiml

    def _say(self, twiml: VoiceResponse | Gather, call: Call, text: str) -> None:
        if regex.search(r"\w", text):
            twiml.say(text, **_SPEAKS.get(call.language, {"language": _HEARS[call.language]}))
