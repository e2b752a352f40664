"""Photos and files of customers on platforms land with the conversation, and come from nowhere but the platform."""

from __future__ import annotations

import html
import io

import httpx
import pytest
from aiohttp import web
from PIL import Image

from tests.channels import platforms
from tests.channels.test_messenger import event
from tests.channels.test_messenger import send as facebook_sends
from tests.channels.test_telegram import SECRET, send, update
from tongshi.channels import platform
from tongshi.channels.media import NotFetched, Places, TooLarge, download
from tongshi.channels.messenger import MessengerChannel
from tongshi.channels.slack import SlackPlatform
from tongshi.channels.telegram import TelegramChannel
from tongshi.channels.wechat import WeChatPlatform
from tongshi.channels.whatsapp import WhatsAppPlatform
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(kept, "PNG")
    return kept.getvalue()


class Files(platforms.PlatformServer):
    """A server of files: names with bytes, a response to be given once, or where to look instead."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, bytes | str | web.Response] = {}

    def answer(self, request: web.Request, call: platforms.Call) -> web.Response:
        found = self.kept.get(call.method)
        if isinstance(found, str):
            return web.Response(status=302, headers={"Location": found})
        return found if isinstance(found, web.Response) else web.Response(body=found) if found else web.Response(status=404)


@pytest.fixture
async def files():
    server = Files()
    server.kept = {"a.png": picture(), "bill.pdf": b"%PDF-1.4 a bill", "large": b"x" * 2000}
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def elsewhere():
    """A server that nobody has any business with."""
    server = Files()
    server.kept = {"a.png": picture()}
    await server.start()
    yield server
    assert server.calls == []
    await server.stop()


@pytest.fixture
async def telegram(files, serve, stores):
    """A Telegram of which every file's path is its id."""

    class Telegram(platforms.TelegramServer):
        def answer(self, request, call):
            if call.method == "getFile":
                return web.json_response({"ok": True, "result": {"file_path": call.values["file_id"]}})
            if request.path.startswith(f"/file/bot{self.token}/"):
                return files.answer(request, call)
            return super().answer(request, call)

    server = Telegram()
    await server.start()
    settings = Settings(telegram_token=server.token, telegram_secret=SECRET, telegram_url=server.address)
    server.client = await serve(TelegramChannel.from_settings(settings, **stores))
    yield server
    await server.stop()


@pytest.mark.parametrize(
    ("values", "kept", "reply"),
    [
        ({"photo": [{"file_id": "small"}, {"file_id": "a.png"}]}, ("photo.jpg", "image/jpeg"), "utter_photo"),
        ({"document": {"file_id": "a.png", "file_name": "a.png"}}, ("photo.jpg", "image/jpeg"), "utter_photo"),
        ({"document": {"file_id": "bill.pdf", "file_name": "Bill.pdf", "mime_type": "application/pdf"}}, ("Bill.pdf", "application/pdf"), "utter_file"),
        ({"document": {"file_id": "bill.pdf", "mime_type": "image/jpeg"}}, ("file", "application/octet-stream"), "utter_file"),
        ({"document": {"file_id": "bill.pdf", "file_size": 11 * 2**20}}, None, "utter_file_refused"),
        ({"document": {"file_id": "gone"}}, None, "utter_file_refused"),
        ({"document": {"file_id": "../../a.png"}}, None, "utter_file_refused"),
    ],
)  # fmt: skip
async def test_what_is_sent_in_telegram_lands_with_the_conversation(telegram, store, attachments, values, kept, reply):
    for _ in range(2):
        await send(telegram.client, update(5, **values))
    (said,) = await telegram.until("sendMessage")
    asked, answer = store.messages("telegram:77")
    assert answer.extras["reply"] == reply
    shown = [(one["name"], one["kind"]) for one in asked.extras.get("attachments", [])]
    assert shown == ([kept] if kept else [])
    if kept and kept[0] == "photo.jpg":
        data = attachments.get(asked.extras["attachments"][0]["id"]).data
        assert Image.open(io.BytesIO(data)).size == (60, 40)


@pytest.mark.parametrize(("caption", "heard"), [(None, []), ("it arrived broken", ["it arrived broken"])])
async def test_an_album_has_one_reply_and_all_its_photos_are_kept(telegram, bot, store, caption, heard):
    words = {"caption": caption} if caption else {}
    await send(telegram.client, update(5, photo=[{"file_id": "a.png"}], media_group_id="album", **words))
    for number in (6, 7):
        await send(telegram.client, update(number, photo=[{"file_id": "a.png"}], media_group_id="album"))
    await send(telegram.client, update(8, photo=[{"file_id": "a.png"}], media_group_id="another"))
    await telegram.until("sendMessage", 2)
    said = store.messages("telegram:77")
    photos = [message for message in said if message.author == "customer"]
    assert [len(one.extras["attachments"]) for one in photos] == [1, 1, 1, 1] and len(said) == len(photos) + 2
    assert [message.text for message in bot.heard] == heard


async def test_a_file_that_makes_us_stumble_is_asked_for_again(telegram, store, monkeypatch):
    monkeypatch.setattr(platform, "photo_file", None)
    await send(telegram.client, update(7, photo=[{"file_id": "a.png"}], caption="Es kam kaputt an, was kann ich jetzt tun?"))
    (said,) = await telegram.until("sendMessage")
    assert is_reply("utter_trouble", "de", html.unescape(said["text"])) and store.messages("telegram:77") == []


async def test_words_under_a_photo_are_answered_and_the_photo_is_kept(telegram, bot, store):
    await send(telegram.client, update(photo=[{"file_id": "a.png"}], caption="it arrived broken"))
    await telegram.until("sendMessage")
    asked = store.messages("telegram:77")[0]
    assert [message.text for message in bot.heard] == [asked.text] == ["it arrived broken"] and len(
        asked.extras["attachments"]
    ) == 1


async def test_a_photo_in_messenger_comes_from_facebooks_servers_and_from_no_other(files, elsewhere, serve, stores, store):
    class Messenger(platforms.MessengerServer):
        def answer(self, request, call):
            return files.answer(request, call) if call.method == "a.png" else super().answer(request, call)

    server = Messenger()
    await server.start()
    settings = Settings(
        messenger_token=server.token, messenger_secret=server.secret, messenger_verify="v", messenger_url=server.address
    )
    client = await serve(MessengerChannel.from_settings(settings, **stores))
    for number, address in enumerate((server.address, elsewhere.address, "http://169.254.169.254", "file:///etc/passwd")):
        attachment = {"type": "image", "payload": {"url": f"{address}/a.png"}}
        await facebook_sends(client, event(f"m{number}", attachments=[attachment]))
    await server.until_sent(4)
    asked = [message for message in store.messages("messenger:P1:A1") if message.author == "customer"]
    assert [len(message.extras.get("attachments", [])) for message in asked] == [1, 0, 0, 0]
    await server.stop()


async def test_no_file_of_another_host_is_asked_for_and_no_token_shown_to_one(files, elsewhere):
    places = Places([files.address, "https://files.slack.com"], ["fbcdn.net"])
    host = files.address.removeprefix("http://")
    refused = [
        elsewhere.address, "http://files.slack.com", "https://files.slack.com.evil.example", "https://evilfbcdn.net", "https://fbcdn.net:8443",
        f"http://{host}@{elsewhere.address.removeprefix('http://')}", "http://x.fbcdn.net", "https://[::1", "//a", "",
    ]  # fmt: skip
    assert [address for address in refused if places.include(f"{address}/a.png")] == []
    assert places.include("https://x.y.fbcdn.net/a") and places.include("https://FILES.slack.com/a")
    async with httpx.AsyncClient() as client:
        for address in (elsewhere.address, ""):
            with pytest.raises(NotFetched):
                await download(client, f"{address}/a.png", places, headers={"Authorization": "Bearer secret"})
        files.kept["moved"] = web.Response(status=302, headers={"Location": f"{elsewhere.address}/a.png"})
        with pytest.raises(NotFetched, match="not fetched"):
            await download(client, f"{files.address}/moved", places)
        files.kept["within"] = web.Response(status=307, headers={"Location": "/a.png"})
        assert await download(client, f"{files.address}/within", places, auth=("a", "b")) == picture()
        assert ["Authorization" in call.headers for call in files.calls[-2:]] == [True, False]
        files.kept["round"] = "/round"
        with pytest.raises(NotFetched, match="again"):
            await download(client, f"{files.address}/round", places)


async def test_what_is_too_large_is_left(files):
    async with httpx.AsyncClient() as client:
        with pytest.raises(TooLarge):
            await download(client, f"{files.address}/large", Places([files.address]), 1000)


async def test_slack_twilio_and_wechat_are_asked_as_they_wish(files):
    from slack_sdk.web.async_client import AsyncWebClient

    slack = SlackPlatform(AsyncWebClient("xoxb-1", base_url=f"{files.address}/api/"))
    assert await slack.file(f"{files.address}/files-pri/T1/a.png") == picture()
    client = httpx.AsyncClient(base_url=f"{files.address}/2010/", auth=("AC1", "token"))
    assert await WhatsAppPlatform(client, "+1", "").file(f"{files.address}/Media/a.png") == picture()
    assert [call.headers["Authorization"].split()[0] for call in files.calls] == ["Bearer", "Basic"]
    files.kept |= {"stable_token": web.json_response({"access_token": "t", "expires_in": 7200}), "get": picture()}
    wechat = WeChatPlatform(httpx.AsyncClient(base_url=f"{files.address}/cgi-bin/"), "wx1", "s")
    assert await wechat.file("m1") == picture() and files.of("get") == [{"access_token": "t", "media_id": "m1"}]
    files.kept["get"] = b'{"errcode":40007,"errmsg":"invalid media_id"}'
    with pytest.raises(NotFetched, match="40007"):
        await wechat.file("m2")
