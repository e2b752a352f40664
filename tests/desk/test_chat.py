"""The chat's JSON interface: whose conversation it is, what is said in it, and what is said ahead."""

import html
import io
import json
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

import httpx
import jwt
import pytest
from PIL import Image

from tests.conversations.test_photos import drawn
from tests.desk.conftest import CARDS, CITED, RECOMMENDED, running
from tongshi.channels.continuing import NOT_ME
from tongshi.conversations.live import PATH, Spoken, as_json
from tongshi.conversations.photos import photo_file
from tongshi.conversations.tokens import signed
from tongshi.desk import chat, live
from tongshi.desk.chat import ChatApi
from tongshi.desk.sessions import CSRF_HEADER
from tongshi.errors import TongshiError
from tongshi.evaluation.running import is_reply
from tongshi.language.chinese import to_simplified, to_traditional
from tongshi.settings import Settings

KEY = "k" * 40


def say(client: httpx.Client, text: str, **more) -> list[dict]:
    response = client.post("/api/messages", json={"text": text, **more})
    assert response.status_code == 200, response.text
    return response.json()["messages"]


class Watching:
    """Reads a conversation's stream in the background.

    Attributes:
        events: name, data and the moment of each.
    """

    def __init__(self, client: httpx.Client) -> None:
        self.events: list[tuple[str, dict, float]] = []
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(client,), daemon=True)
        self._thread.start()
        assert self._open.wait(5)

    def ends(self) -> bool:
        """Whether the stream ends within two seconds."""
        self._thread.join(2)
        return not self._thread.is_alive()

    def _read(self, client: httpx.Client) -> None:
        with client.stream("GET", "/api/stream") as response:
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.events.append((name, json.loads(line.removeprefix("data: ")), time.monotonic()))
                    self._open.set()

    def sentences(self) -> list[str]:
        return [data["text"] for name, data, _ in self.events if name == "sentence"]

    def wait(self, count: int) -> None:
        deadline = time.monotonic() + 5
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.events) >= count


def test_a_conversation_is_its_tokens_and_nobody_elses(site):
    anna, ben = site.begun(), site.begun()
    (reply,) = say(anna, "hi", client_id="one")
    shown = anna.get("/api/session").json()["messages"]
    assert [(one["sender"], one["text"], one.get("client_id")) for one in shown] == [
        ("customer", "hi", "one"),
        ("bot", "Hello!", None),
    ]
    assert anna.get("/api/messages", params={"after": shown[0]["id"]}).json()["messages"] == [reply]
    assert ben.get("/api/session").json()["messages"] == []
    assert ben.post("/api/feedback", json={"message_id": reply["id"], "helpful": False}).status_code == 404


def test_a_browser_keeps_its_conversation_in_a_cookie(site):
    browser = site.client()
    assert browser.get("/api/messages").status_code == 401
    browser.get("/api/session")
    say(browser, "hi")
    assert len(browser.get("/api/session").json()["messages"]) == 2
    browser.post("/api/session", json={})
    assert browser.get("/api/session").json()["messages"] == []


def test_answers_name_their_conversation_so_that_a_page_notices_another(site):
    browser, tab = site.client(), site.client()
    begun = browser.get("/api/session").json()["conversation"]
    sent = browser.post("/api/messages", json={"text": "hi"}).json()
    assert sent["conversation"] == browser.get("/api/messages").json()["conversation"] == begun
    tab.cookies.update(browser.cookies)
    browser.post("/api/session", json={})
    tab.cookies.update(browser.cookies)
    shown = tab.get("/api/messages", params={"after": sent["messages"][-1]["id"]}).json()
    assert shown["messages"] == [] and shown["conversation"] == browser.get("/api/session").json()["conversation"] != begun


def test_ids_that_no_message_can_have_are_refused(site):
    client = site.begun()
    for number in (2**63, 10**19, "9" * 5000, "-1", "x"):
        assert client.get("/api/messages", params={"after": number}).status_code == 400
        assert client.get(f"/api/photos/{number}").status_code == 404
    assert client.get("/api/messages", params={"after": 2**63 - 1}).status_code == 200
    for number in (2**63, -(2**63) - 1, True):
        assert client.post("/api/feedback", json={"message_id": number, "helpful": True}).status_code == 400


def test_a_conversation_goes_on_in_another_browser_with_its_photos_and_nobody_else_reads_it(site):
    laptop, phone, other = site.begun(), site.client(), site.begun()
    send_photo(laptop, photo())
    (address,), _ = (one["photos"] for one in laptop.get("/api/session").json()["messages"])
    (reply,) = say(laptop, "/continue")
    code = re.search(r"\w{5}-\w{5}", reply["text"])[0]
    phone.get("/api/session")
    assert phone.get(address).status_code == 404
    (reply,) = say(phone, code)
    assert is_reply("utter_continued", "en", reply["text"])
    for client in (laptop, phone):
        shown = client.get("/api/session").json()["messages"]
        assert [one["text"] for one in shown if one["sender"] == "customer"] == ["🖼", "/continue", "🔗"]
        assert client.get(address).status_code == 200
    assert is_reply("utter_continue_failed", "en", say(other, code)[0]["text"]) and other.get(address).status_code == 404
    phone.post("/api/session", json={})
    assert phone.get("/api/session").json()["messages"] == [] and phone.get(address).status_code == 404


@pytest.mark.parametrize("quiet", [False, True], ids=["speaking", "quiet"])
def test_who_is_put_out_of_a_conversation_hears_no_more_of_it(site, monkeypatch, quiet):
    monkeypatch.setattr(live, "_PING", 0.2 if quiet else 60)
    laptop, phone = site.begun(), site.begun()
    say(phone, site.invite(laptop.headers["authorization"].split()[1]))
    owners, others = Watching(laptop), Watching(phone)
    say(laptop, NOT_ME)
    sender = jwt.decode(laptop.headers["authorization"].split()[1], options={"verify_signature": False})["sub"]
    if not quiet:
        site.bot.announcer.announce(Spoken(sender, "q2", 0, "Your order MD-10234.", "en"))
    assert others.ends() and others.sentences() == []
    assert not owners.ends() and owners.sentences() == ([] if quiet else ["Your order MD-10234."])


def test_a_stream_ends_when_its_token_does(site, monkeypatch):
    monkeypatch.setattr(live, "_PING", 0.2)
    sender = jwt.decode(site.begun().headers["authorization"].split()[1], options={"verify_signature": False})["sub"]
    token = signed(sender, site.settings.secret("sessions"), 1, aud="tongshi chat")
    assert Watching(site.client(Authorization=f"Bearer {token}")).ends()


def test_forged_and_outdated_tokens_open_nothing(site):
    good = site.begun().headers["authorization"].removeprefix("Bearer ")
    sender = jwt.decode(good, options={"verify_signature": False})["sub"]
    secret = site.settings.secret("sessions")
    forged = [
        signed(sender, KEY, 60, aud="tongshi chat"),
        signed(sender, secret, -1, aud="tongshi chat"),
        signed(sender, secret, 60),
        jwt.encode({"sub": sender, "exp": 2**40, "aud": "tongshi chat"}, "", "none"),
        good[:-2],
        "x",
    ]
    for token in forged:
        client = site.client(Authorization=f"Bearer {token}")
        assert client.get("/api/session").status_code == client.get("/api/stream").status_code == 401


def test_our_tokens_are_renewed_and_those_of_other_servers_are_not(tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", client_key=KEY)) as site:
        client = site.begun()
        fresh = client.get("/api/session").json()["token"]
        say(site.client(Authorization=f"Bearer {fresh}"), "hi")
        assert len(client.get("/api/session").json()["messages"]) == 2
        assert "token" not in site.client(Authorization=f"Bearer {signed('anna', KEY, 60)}").get("/api/session").json()


def test_an_address_may_not_write_without_end_from_many_conversations(tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", address_rate=3)) as site:
        clients = [site.begun() for _ in range(3)]
        answers = [client.post("/api/messages", json={"text": "hi"}).status_code for client in clients for _ in range(2)]
        assert answers == [200, 200, 200, 429, 429, 429]
        assert site.client().post("/api/session", json={}).status_code == 429


def test_a_message_that_comes_twice_is_handled_once(site):
    client = site.begun()
    assert say(client, "hi", client_id="same") == say(client, "hi", client_id="same")
    assert len(site.bot.heard) == 1 and len(client.get("/api/session").json()["messages"]) == 2


def test_sentences_come_ahead_of_the_reply_on_every_page(site):
    client = site.begun()
    site.bot.says = [{"text": "You have 30 days. It must be unused.", "custom": CITED}]
    site.bot.sentences, site.bot.pause = ["You have 30 days.", "It must be unused."], 0.3
    pages = [Watching(client), Watching(client)]
    (reply,) = say(client, "how long?", client_id="q1")
    over = time.monotonic()
    for page in pages:
        page.wait(4)
        names = [name for name, _, _ in page.events]
        assert names == ["changed", "sentence", "sentence", "changed"]
        assert page.events[1][1] == {"turn": "q1", "number": 0, "text": "You have 30 days.", "lang": "en"}
        assert page.events[1][2] < over - 0.5, "the first sentence came no earlier than the reply"
    assert reply["citations"] == CITED["citations"]


def test_who_comes_in_the_middle_sees_what_was_said_and_late_words_are_dropped(site):
    client = site.begun()
    sender = jwt.decode(client.headers["authorization"].split()[1], options={"verify_signature": False})["sub"]
    announce = site.bot.announcer.announce
    announce(Spoken(sender, "q1", 0, "One.", "en"))
    late = Watching(client)
    late.wait(2)
    assert late.sentences() == ["One."]
    say(client, "hi", client_id="q1")
    announce(Spoken(sender, "q1", 1, "Two.", "en"))
    announce(Spoken(sender, "q2", 0, "Three.", "en"))
    late.wait(4)
    assert late.sentences() == ["One.", "Three."]


def test_nobody_else_may_put_words_into_the_stream(site):
    event = as_json(Spoken("web-x", "t", 0, "Buy this.", "en"))
    assert httpx.post(site.url + PATH, json=event).status_code == 401
    assert httpx.post(site.url + PATH, json=event, headers={"Authorization": "Bearer x"}).status_code == 401
    right = {"Authorization": f"Bearer {site.settings.secret('live')}"}
    assert httpx.post(site.url + PATH, json={"kind": "spoken"}, headers=right).status_code == 400
    assert httpx.post(site.url + PATH, json=event, headers=right).status_code == 204


def test_a_person_at_the_desk_is_heard_at_once(site):
    client = site.begun()
    say(client, "hi")
    sender = jwt.decode(client.headers["authorization"].split()[1], options={"verify_signature": False})["sub"]
    page = Watching(client)
    agent = site.agent()
    for what in ("take", "reply"):
        agent.post(f"/desk/conversations/{sender}/{what}", data={"csrf": agent.headers[CSRF_HEADER], "text": "Ana here."})
    page.wait(3)
    assert client.get("/api/session").json()["messages"][-1]["text"] == "Ana here."


@pytest.mark.parametrize("customer", ["shop/7", "a/take", "50%2F?x=1#y ü"])
def test_a_customer_of_any_name_is_taken_over(tmp_path, customer):
    with running(Settings(home=tmp_path / "home", encoder="use", client_key=KEY)) as site:
        agent, client = site.agent(), site.client(Authorization=f"Bearer {signed(customer, KEY, 60)}")
        send_photo(client, photo())
        (page,) = set(re.findall(r'href="(/desk/conversations/[^"]+)"', agent.get("/desk").text))
        shown = agent.get(page).text
        assert f">client-{html.escape(customer)}<" in shown
        file = re.search(r'src="(/desk/conversations/[^"]+/files/\d+)"', shown)[1]
        assert agent.get(file).headers["content-type"] == "image/jpeg"
        for what in ("take", "reply", "release"):
            done = agent.post(f"{page}/{what}", data={"csrf": agent.headers[CSRF_HEADER], "text": "Ana here."})
            assert (done.status_code, done.headers["location"]) == (303, page)
        texts = [one["text"] for one in client.get("/api/session").json()["messages"] if one["sender"] == "agent"]
        assert texts == ["Ana here."]


def test_ones_own_server_signs_for_its_customers(tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", client_key=KEY, session_rate=2)) as site:
        client = site.client(Authorization=f"Bearer {signed('customer 7', KEY, 60)}")
        say(client, "hi")
        assert site.bot.heard[0].sender_id == "client-customer 7"
        assert site.client(Authorization=f"Bearer {signed('x' * 200, KEY, 60)}").get("/api/session").status_code == 401
        say(client, "and again")
        refused = client.post("/api/messages", json={"text": "too fast"})
        assert refused.status_code == 429 and 1 <= int(refused.headers["retry-after"]) <= 61
    with pytest.raises(TongshiError, match="32 characters"):
        Settings(client_key="short")


def photo(kind: str = "PNG", size: tuple[int, int] = (3000, 20), **more) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, kind, **more)
    return data.getvalue()


def send_photo(client: httpx.Client, data: bytes, **fields: str) -> httpx.Response:
    return client.post("/api/photos", files={"photo": ("holiday.png", data, "image/png")}, data=fields)


def test_a_photo_is_kept_small_and_without_its_place_and_shown_to_its_owner_and_the_desk(site):
    client = site.begun()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SecretCamera"  # lying on its side
    for _ in range(2):
        (reply,) = send_photo(client, photo("JPEG", exif=exif), client_id="p1", hint="de").json()["messages"]
    assert is_reply("utter_photo", "de", reply["text"]) and site.bot.heard == []
    asked, _ = client.get("/api/session").json()["messages"]
    assert (asked["text"], len(asked["photos"])) == ("🖼", 1)
    kept = client.get(asked["photos"][0])
    image = Image.open(io.BytesIO(kept.content))
    assert (kept.headers["content-type"], image.format) == ("image/jpeg", "JPEG")
    assert image.height == 2048 and not image.getexif() and b"SecretCamera" not in kept.content
    assert site.begun().get(asked["photos"][0]).status_code == 404


def test_words_that_come_with_a_photo_are_answered(site):
    client = site.begun()
    assert send_photo(client, photo("WEBP"), text="it is broken").json()["messages"][0]["text"] == "Hello!"
    assert [one.text for one in site.bot.heard] == ["it is broken"]


def test_an_address_may_not_send_photos_without_end_from_many_conversations(tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", address_rate=2)) as site:
        clients = [site.begun() for _ in range(2)]
        answers = [send_photo(client, photo()) for client in (*clients, *clients)]
        assert [one.status_code for one in answers] == [200, 200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) > 3000


def test_only_so_many_photos_wait_to_be_read(site, monkeypatch):
    client, may = site.begun(), threading.Event()
    monkeypatch.setattr(chat, "photo_file", lambda *values: may.wait(20) and photo_file(*values))
    with ThreadPoolExecutor(10) as threads:
        asked = [threads.submit(send_photo, client, photo()) for _ in range(10)]
        refused = [one.result().status_code for _, one in zip(range(2), as_completed(asked))]
        may.set()
    assert refused == [503, 503] and sorted(one.result().status_code for one in asked) == [200] * 8 + [503] * 2
    assert send_photo(client, photo()).status_code == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"<svg onload=alert(1)>", 415),
        (photo()[:100], 415),
        (photo("TIFF"), 415),
        (b"", 400),
        (photo(size=(9000, 9000)), 415),
        (b"\xff\xd8" + bytes(11 * 2**20), 413),
    ],
    ids=["markup", "cut off", "kind", "empty", "pixels", "bytes"],
)
def test_what_is_no_photo_is_refused(site, data, status):
    assert send_photo(site.begun(), data).status_code == status
    assert site.bot.heard == []


def test_thumbs_and_a_score_reach_the_desk(site):
    client = site.begun()
    (reply,) = say(client, "hi")
    assert client.post("/api/feedback", json={"message_id": reply["id"], "helpful": False, "reason": "wrong"}).status_code == 204
    assert [client.post("/api/score", json={"score": score}).status_code for score in (0, 6, True, "5", None)] == [400] * 5
    assert client.post("/api/score", json={"score": 2, "comment": "slow"}).status_code == 204
    assert client.post("/api/score", json={"score": 4, "comment": "after all"}).status_code == 204
    assert site.store.feedback()[0].reason == "wrong"
    assert [(one.score, one.comment) for one in site.store.scores()][:1] == [(4, "after all")]


def test_cards_come_beside_the_whole_text_are_kept_and_their_buttons_count(site):
    client, (aurora, *_) = site.begun(), CARDS["cards"]
    site.bot.says = [RECOMMENDED]
    (reply,) = say(client, "headphones under 150 euro?")
    assert reply["text"] == RECOMMENDED["text"] and reply["cards"] == CARDS["cards"]
    assert client.get("/api/session").json()["messages"][-1] == reply
    site.bot.says = [{"text": "Over-ear headphones."}]
    say(client, aurora["button"]["text"], payload=aurora["button"]["payload"])
    say(client, "Aurora", payload='/product_question{"product": "MER-LP-140"}')
    assert [message.text for message in site.bot.heard][1:] == [aurora["button"]["payload"], "Aurora"]
    assert client.get("/api/session").json()["messages"][2]["text"] == "Tell me more about Aurora Wireless Headphones"


def test_what_is_too_large_is_refused_before_it_is_read(site):
    client = site.begun()
    assert client.post("/api/messages", json={"text": "x" * 70_000}).status_code == 413
    assert client.post("/api/messages", content=iter([b"{}"])).status_code == 413
    assert client.post("/api/messages", json={"text": "x", "client_id": "y" * 65}).status_code == 400
    assert client.post("/api/messages", content=b"[1]", headers={"Content-Type": "application/json"}).status_code == 400


def test_only_sites_that_are_listed_may_show_the_chat(tmp_path, site):
    assert "frame-ancestors 'none'" in site.client().get("/").headers["content-security-policy"]
    assert "frame-ancestors 'self';" in site.client().get("/widget").headers["content-security-policy"]
    listed = replace(site.settings, home=tmp_path / "home", widget_origins="https://shop.example https://*.shop.example:8443")
    with running(listed) as other:
        policy = other.client().get("/widget").headers["content-security-policy"]
        assert "frame-ancestors 'self' https://shop.example https://*.shop.example:8443;" in policy
        allowed = [
            other.client(Origin=origin).get("/api/session").headers.get("access-control-allow-origin")
            for origin in (
                "https://shop.example",
                "https://a.shop.example:8443",
                "https://evil.example",
                "https://shop.example.evil.example",
            )
        ]
        assert allowed == ["https://shop.example", "https://a.shop.example:8443", None, None]
    with pytest.raises(TongshiError, match="WIDGET_ORIGINS"):
        Settings(widget_origins="*")


@pytest.mark.skipif(not shutil.which("tesseract"), reason="needs Debian's tesseract-ocr")
def test_an_order_number_in_a_photo_is_offered_and_taken_only_when_the_customer_confirms_it(tmp_path):
    with running(Settings(home=tmp_path / "home", encoder="use", ocr="on")) as site:
        client = site.begun()
        (reply,) = send_photo(client, drawn("Order MD-10234")).json()["messages"]
        assert is_reply("utter_photo_number", "en", reply["text"]) and "MD-10234" in reply["text"]
        assert site.bot.heard == []
        (button,) = reply["buttons"]
        say(client, button["title"], payload=button["payload"])
        assert [message.text for message in site.bot.heard] == ["MD-10234"]
        kept = [message for message in site.store.messages(site.bot.heard[0].sender_id) if message.extras.get("attachments")]
        assert "MD-10234" in kept[0].extras["attachments"][0]["text"]


@pytest.mark.parametrize(("text", "is_converted"), [("請問我的訂單什麼時候會到？", True), ("请问我的订单什么时候会到？", False)])
def test_where_rasa_does_not_answer_a_customer_is_told_so_in_the_characters_that_they_write(text, is_converted):
    told = ChatApi(*[None] * 7, Settings(), None)._trouble({"text": text})["text"]
    assert is_reply("utter_trouble", "zh", to_simplified(told)) and (to_traditional(told) == told) == is_converted
