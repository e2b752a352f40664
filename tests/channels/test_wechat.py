"""A WeChat official account over real HTTP: XML in, customer-service messages out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import struct
import time

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.channels.platforms import WeChatServer
from tongshi import clock
from tongshi.channels.wechat import WeChatChannel
from tongshi.errors import TongshiError
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings

TOKEN = "a-token"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ANNA = "wechat:gh_1:o_anna"
_numbers = itertools.count(1)


@pytest.fixture
async def wechat():
    server = WeChatServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def settings(wechat):
    return {"wechat_id": wechat.app_id, "wechat_secret": wechat.secret, "wechat_token": TOKEN, "wechat_url": wechat.address}


@pytest.fixture
async def client(settings, serve, stores):
    return await serve(WeChatChannel.from_settings(Settings(**settings), **stores))


def xml(text: str | None = None, **values: str) -> str:
    values = {
        "ToUserName": "gh_1", "FromUserName": "o_anna", "CreateTime": "1700000000", "MsgType": "text",
        "MsgId": str(next(_numbers)), **({"Content": text} if text is not None else {}), **values,
    }  # fmt: skip
    return f"<xml>{''.join(f'<{name}><![CDATA[{value}]]></{name}>' for name, value in values.items())}</xml>"


def signature(*values: str) -> str:
    return hashlib.sha1("".join(sorted(values)).encode()).hexdigest()


def signed(at: float | None = None, token: str = TOKEN) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    return {"signature": signature(token, stamp, "n"), "timestamp": stamp, "nonce": "n"}


async def send(client, body: str | bytes, **params: str):
    return await client.post("/webhook", params=params or signed(), content=body if isinstance(body, bytes) else body.encode())


def sealed(message: str, app_id: str = WeChatServer.app_id) -> str:
    """A message as WeChat encrypts it."""
    key = base64.b64decode(KEY + "=")
    plain = b"r" * 16 + struct.pack("!I", len(message.encode())) + message.encode() + app_id.encode()
    fill = 32 - len(plain) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()).decode()


async def test_without_secrets_there_is_no_channel(serve, stores):
    client = await serve(WeChatChannel.from_settings(Settings(), **stores))
    assert (await send(client, xml("你好"))).status_code == 404


async def test_the_address_is_verified_by_its_echo(client):
    assert (await client.get("/webhook", params={**signed(), "echostr": "5938"})).text == "5938"
    assert (await client.get("/webhook", params={**signed(token="another"), "echostr": "5938"})).status_code == 401


@pytest.mark.parametrize("params", [{"x": "1"}, signed(token="another"), signed(at=time.time() - 3600), {"timestamp": "soon"}])
async def test_what_wechat_did_not_sign_within_five_minutes_is_refused(client, wechat, bot, params):
    assert (await send(client, xml("你好"), **params)).status_code == 401
    assert bot.heard == [] and wechat.calls == []


BOMB = '<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><MsgType>text</MsgType><Content>&b;</Content></xml>'
LEAK = '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Content>&a;</Content></xml>'


@pytest.mark.parametrize("body", [BOMB, LEAK, "<xml>", "", b"\xff\xfe", "x" * 70_000])
async def test_xml_that_does_more_than_hold_values_is_refused(client, bot, body):
    assert (await send(client, body)).status_code == 401 and bot.heard == []


async def test_a_slow_answer_comes_as_a_customer_service_message(client, wechat, bot, store):
    wechat.languages["o_anna"] = "zh_CN"
    bot.seconds = 1
    bot.says = [{"text": "**30天**内可以退货 <好>。", "buttons": [{"title": "我要退货", "payload": "/return"}]}]
    began = time.monotonic()
    answer = await send(client, xml("MD-10234"))
    assert answer.text == "success" and time.monotonic() - began < 0.8
    (message,) = await wechat.until("send")
    assert message["touser"] == "o_anna" and message["msgtype"] == "msgmenu"
    assert message["msgmenu"]["head_content"] == "30天内可以退货 <好>。"
    (choice,) = message["msgmenu"]["list"]
    assert bot.heard[0].metadata == {"language": "zh"}
    await send(client, xml("我要退货", bizmsgmenuid=choice["id"]))
    assert (await bot.hears(2))[1] == "/return"
    assert [one.author for one in store.messages(ANNA)][:3] == ["customer", "bot", "customer"]
    await wechat.until("send", 2)
    assert wechat.tokens == 1


async def test_a_message_brought_again_is_answered_once(client, wechat, bot):
    for _ in range(3):
        await send(client, xml("你好", MsgId="77"))
    await send(client, xml("在吗？"))
    assert await bot.hears(2) == ["你好", "在吗？"]


@pytest.mark.parametrize(
    ("values", "reply", "kept"),
    [
        ({"MsgType": "image", "MediaId": "1"}, "utter_file_refused", "🖼"),
        ({"MsgType": "voice", "MediaId": "1"}, "utter_file_refused", "🎤"),
        (
            {"MsgType": "location", "Location_X": "31.2", "Location_Y": "121.5", "Label": "上海"},
            "utter_only_text",
            "📍 31.2, 121.5",
        ),
        ({"MsgType": "link", "Title": "A page", "Url": "https://x.example/a"}, "utter_only_text", "📎 https://x.example/a"),
        ({"MsgType": "miniprogrampage", "Title": "Shop"}, "utter_only_text", "📎"),
        ({"Content": "【收到不支持的消息类型，暂无法显示】"}, "utter_only_text", "📎"),
        ({"MsgType": "event", "Event": "subscribe"}, "utter_capabilities", "👋"),
    ],
)
async def test_what_is_no_question_gets_a_word(client, wechat, bot, store, values, reply, kept):
    wechat.languages["o_anna"] = "zh_CN"
    await send(client, xml(**values))
    (message,) = await wechat.until("send")
    assert is_reply(reply, "zh", message.get("text", {}).get("content") or message["msgmenu"]["head_content"])
    assert bot.heard == [] and store.messages(ANNA)[0].text == kept


async def test_words_that_wechat_heard_are_read_and_events_are_not_answered(client, wechat, bot):
    await send(client, xml(MsgType="event", Event="unsubscribe"))
    await send(client, xml(MsgType="voice", MediaId="1", Recognition="我的包裹在哪里"))
    assert await bot.hears() == ["我的包裹在哪里"]
    await wechat.until("send")


async def test_a_long_answer_comes_in_pieces_of_its_bytes(client, wechat, bot):
    bot.says = [{"text": "\n\n".join("退货说明。" * 60 for _ in range(6))}]
    await send(client, xml("告诉我全部"))
    messages = await wechat.until("send", 3)
    assert all(len(one["text"]["content"].encode()) <= 2048 for one in messages)


async def test_a_token_that_ended_is_asked_for_again(client, wechat):
    wechat.troubles = [web.json_response({"errcode": 40001, "errmsg": "invalid credential"})]
    await send(client, xml("你好"))
    await wechat.until("send", 2)
    assert wechat.tokens == 2 and len(wechat.messages) == 1


async def test_a_busy_wechat_is_asked_again_and_who_is_gone_is_given_up(client, wechat, outbox):
    wechat.troubles = [
        web.json_response({"errcode": -1, "errmsg": "system error"}),
        web.Response(text="<html>", content_type="text/html"),
        web.json_response({"errcode": 45015, "errmsg": "response out of time limit"}),
    ]
    began = clock.now()
    await send(client, xml("你好"))
    async with asyncio.timeout(9):
        while not (backlogs := outbox.backlogs(began)) or backlogs[0].waiting:
            await asyncio.sleep(0.05)
    assert (backlogs[0].given_up, backlogs[0].error) == (1, "45015 response out of time limit")


async def test_in_safe_mode_only_what_is_encrypted_for_this_account_is_read(settings, serve, stores, bot, wechat):
    client = await serve(WeChatChannel.from_settings(Settings(**settings, wechat_key=KEY), **stores))

    async def send_sealed(encrypted: str, **changed: str):
        params = signed()
        params["msg_signature"] = signature(TOKEN, params["timestamp"], "n", encrypted)
        return await send(client, f"<xml><Encrypt>{encrypted}</Encrypt></xml>", **{**params, **changed})

    refused = [
        await send(client, xml("plain")),
        await send_sealed(sealed(xml("你好")), msg_signature="00"),
        await send_sealed(sealed(xml("你好"), app_id="wx2")),
        await send_sealed(base64.b64encode(b"damaged").decode()),
        await send_sealed("?"),
    ]
    assert [answer.status_code for answer in refused] == [401] * 5 and bot.heard == []
    assert (await send_sealed(sealed(xml("你好")))).text == "success"
    assert await bot.hears() == ["你好"]
    await wechat.until("send")


def test_a_key_that_is_none_stops_the_start(settings):
    with pytest.raises(TongshiError, match="TONGSHI_WECHAT_KEY"):
        WeChatChannel.from_settings(Settings(**settings, wechat_key="short"))
