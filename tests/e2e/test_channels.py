"""Customers of platforms and of e-mail are answered by a system that really runs, and each of its words arrives once."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import signal
import time
import uuid
from email.message import EmailMessage
from xml.etree import ElementTree

import httpx
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

from tests.channels.all_platforms import NUMBER, PUBLIC, SECRET, post_json, until
from tests.channels.mailservers import USER, Dovecot
from tongshi.evaluation.running import is_reply

QUESTION = "Wie lange habe ich Zeit, um etwas zurückzugeben?"


def webhook(system, channel: str) -> str:
    return f"{system.address('RASA')}/webhooks/{channel}/webhook"


def slack_says(system, text: str, user: str, secret: str = SECRET, stamp: str = "1700000000.1") -> httpx.Response:
    def sign(body: str) -> dict[str, str]:
        now = str(int(time.time()))
        signature = SignatureVerifier(secret).generate_signature(timestamp=now, body=body)
        return {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": signature}

    event = {"type": "message", "channel_type": "im", "channel": f"D{user}", "user": user, "text": text, "ts": stamp}
    return post_json(webhook(system, "slack"), {"type": "event_callback", "team_id": "T1", "event": event}, sign)


def slack_answers(platforms, user: str) -> list[str]:
    return [one["text"] for one in platforms.slack.messages if one["channel"] == f"D{user}"]


def telegram_says(system, text: str, number: int, secret: str = SECRET) -> httpx.Response:
    message = {
        "chat": {"id": number, "type": "private"},
        "from": {"id": number, "is_bot": False, "language_code": "en"},
        "text": text,
    }
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
    return post_json(webhook(system, "telegram"), {"update_id": number, "message": message}, lambda _: headers)


def test_slack_is_answered_once_however_often_it_asks(system, platforms):
    user = f"U{uuid.uuid4().hex}"
    assert slack_says(system, "Guten Tag!", user, secret="another").status_code == 401
    platforms.slack.troubles = [web.Response(status=503), "drop"]
    assert [slack_says(system, "Guten Tag!", user).status_code for _ in range(3)] == [200] * 3
    (answer,) = until(lambda: slack_answers(platforms, user))
    assert is_reply("utter_greet", "de", answer)
    time.sleep(5)
    assert len(slack_answers(platforms, user)) == 1 and platforms.slack.of("conversations.history")


def test_what_slack_brought_before_rasa_was_killed_is_taken_up_after_it(system, platforms):
    user, actions = f"U{uuid.uuid4().hex}", system.pids("ACTION")
    for pid in actions:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert slack_says(system, QUESTION, user, stamp="1700000000.1").status_code == 200
        assert slack_says(system, "Guten Tag!", user, stamp="1700000000.2").status_code == 200
        time.sleep(2)
        for pid in system.pids("RASA"):
            os.kill(pid, signal.SIGKILL)
    finally:
        for pid in actions:
            os.kill(pid, signal.SIGCONT)
    begun, waiting = until(lambda: slack_answers(platforms, user)[1:] and slack_answers(platforms, user), 240)
    assert is_reply("utter_trouble", "de", begun) and is_reply("utter_greet", "de", waiting)


def test_slack_shows_what_an_answer_rests_on_as_links(system, platforms):
    for _ in range(3):  # on a busy machine an answer may take longer than a turn
        user = f"U{uuid.uuid4().hex}"
        slack_says(system, QUESTION, user)
        answer = until(lambda user=user: slack_answers(platforms, user))[0]
        if not is_reply("utter_timeout", "de", answer):
            break
    assert "30" in answer and f"<{PUBLIC}/help/de/articles/" in answer


def test_telegram_is_answered_once_though_it_asks_for_time(system, platforms):
    number = int(time.time() * 1000)
    assert telegram_says(system, "hello", number, secret="another").status_code == 401
    platforms.telegram.troubles = [web.json_response({"ok": False, "parameters": {"retry_after": 1}}, status=429)]
    assert [telegram_says(system, "where is my order MD-10234?", number).status_code for _ in range(2)] == [200] * 2
    until(lambda: [one for one in platforms.telegram.messages if is_reply("utter_request_email", "en", one["text"])])
    time.sleep(2)
    assert len([one for one in platforms.telegram.messages if one["chat_id"] == number]) == 1


@pytest.mark.skipif(not Dovecot.is_there(), reason="needs Debian's dovecot-imapd")
def test_an_e_mail_thread_is_a_conversation_and_what_is_uncertain_waits_for_a_person(system, platforms):
    def write(text: str, subject: str, answered: EmailMessage | None = None) -> list[EmailMessage]:
        before = len(platforms.smtp.messages)
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Lukas <lukas@x.example>", USER, subject
        message["Message-ID"] = f"<{uuid.uuid4().hex}@x.example>"
        if answered:
            message["In-Reply-To"] = answered["Message-ID"]
            message["References"] = f"{answered['References']} {answered['Message-ID']}"
            quoted = "".join(f"> {line}\n" for line in answered.get_body("plain").get_content().splitlines())
            text += f"\n\nAm Mo., 16. Nov. 2026 um 10:12 Uhr schrieb Meridian <{USER}>:\n{quoted}"
        message.set_content(text)
        platforms.dovecot.deliver(message)
        return until(lambda: platforms.smtp.messages[before:])

    (first,) = write(f"Guten Tag,\n\n{QUESTION}\n\nViele Grüße\nLukas", "Rückgabe")
    text = first.get_body("plain").get_content()
    assert "30" in text and f"({PUBLIC}/help/de/articles/" in text and first["Auto-Submitted"] == "auto-replied"
    (second,) = write("Wo ist denn meine Bestellung MD-10234?", "AW: Rückgabe", first)
    assert is_reply("utter_request_email", "de", second.get_body("plain").get_content())
    (third,) = write("Verleihen Sie auch Zelte fürs Wochenende?", "Zelte")
    text = third.get_body("plain").get_content()
    assert is_reply("utter_email_waits", "de", text) and re.search(r"CL-\d+", text)


def test_messenger_whatsapp_and_wechat_are_answered(system, platforms):
    def sign(body: str) -> dict[str, str]:
        return {
            "X-Hub-Signature-256": "sha256="
            + hmac.new(platforms.messenger.secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        }

    new = uuid.uuid4().hex
    event = {"sender": {"id": new}, "recipient": {"id": "P1"}, "message": {"mid": f"m_{new}", "text": "bist du ein roboter?"}}
    body = {"object": "page", "entry": [{"messaging": [event, event]}]}
    assert post_json(webhook(system, "messenger"), body, sign).status_code == 200
    values = {
        "From": f"whatsapp:+{int(new[:12], 16)}",
        "To": f"whatsapp:{NUMBER}",
        "Body": "bist du ein roboter?",
        "MessageSid": f"SM{new}",
        "NumMedia": "0",
    }
    signature = RequestValidator(platforms.twilio.token).compute_signature(f"{PUBLIC}/webhooks/whatsapp/webhook", values)
    for _ in range(2):
        httpx.post(webhook(system, "whatsapp"), data=values, headers={"X-Twilio-Signature": signature}).raise_for_status()
    stamp = str(int(time.time()))
    params = {
        "timestamp": stamp,
        "nonce": "n",
        "signature": hashlib.sha1("".join(sorted((SECRET, stamp, "n"))).encode()).hexdigest(),
    }
    fields = {"ToUserName": "gh_1", "FromUserName": f"o_{new}", "MsgType": "text", "MsgId": "1", "Content": "你是机器人吗？"}
    xml = "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()) + "</xml>"
    for _ in range(2):
        assert httpx.post(webhook(system, "wechat"), params=params, content=xml.encode(), timeout=5).text == "success"
    until(lambda: platforms.messenger.messages and platforms.twilio.messages and platforms.wechat.messages)
    time.sleep(1)
    assert [is_reply("utter_bot", "de", one["message"]["text"]) for one in platforms.messenger.messages] == [True]
    assert [is_reply("utter_bot", "de", one["Body"]) for one in platforms.twilio.messages] == [True]
    (chinese,) = platforms.wechat.messages
    assert is_reply("utter_bot", "zh", chinese["text"]["content"])


def test_a_telephone_call_is_answered_and_reads_back_what_it_heard(system, platforms):
    call = f"CA{uuid.uuid4().hex}"

    def post(path: str, **values: str) -> str:
        """What the caller hears, an answer that takes longer included."""
        body = {"CallSid": call, "From": "+4915112345678", "To": "+4930123456", **values}
        signature = RequestValidator(platforms.twilio.token).compute_signature(f"{PUBLIC}/webhooks/phone/{path}", body)
        address = f"{system.address('RASA')}/webhooks/phone/{path}"
        answer = httpx.post(address, data=body, headers={"X-Twilio-Signature": signature}, timeout=20)
        twiml = ElementTree.fromstring(answer.raise_for_status().text)
        redirected = twiml.find("Redirect") is not None
        return post("reply") if redirected else " ".join(say.text for say in twiml.iter("Say"))

    assert is_reply("utter_phone_welcome", "en", post("webhook"))
    assert "M D, one zero two three four" in post("said", SpeechResult="where is my order em dee one zero two three four")
    assert is_reply("utter_request_email", "en", post("said", SpeechResult="Yes."))
    assert httpx.post(f"{system.address('RASA')}/webhooks/phone/said", data={"CallSid": call}, timeout=20).status_code == 403
