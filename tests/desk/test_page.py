"""The chat page, the widget, the help centre and the desk in headless Chromium, and what axe says of them."""

from __future__ import annotations

import io
import re
import threading
import time
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import violations
from tests.desk.conftest import CARDS, CITED, RECOMMENDED, running
from tongshi import clock
from tongshi.storage.calls import HUNG_UP, CallStore
from tongshi.storage.models import Message
from tongshi.storage.outbox import OutboxStore


@pytest.fixture
def context(browser):
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context, site):
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.url + "/")
    expect(page.locator("#messages")).to_have_attribute("aria-busy", "false")
    yield page
    assert errors == []


def send(page, text):
    page.locator("#composer textarea").fill(text)
    page.locator("#composer textarea").press("Enter")


def of(page, sender):
    return page.locator(f'.message[data-sender="{sender}"]:not(.spoken)')


def test_a_conversation_goes_on_in_another_browser_by_a_link(browser, context, page, site):
    send(page, "hello")
    expect(of(page, "bot")).to_have_count(1)
    page.locator("#elsewhere").click()
    expect(of(page, "bot")).to_have_count(2)
    code = re.search(r"\w{5}-\w{5}", of(page, "bot").last.inner_text())[0]
    token = site.invite(page.context.cookies()[0]["value"])
    other = browser.new_context(locale="en-GB", reduced_motion="reduce").new_page()
    other.goto(f"{site.url}/#continue={token}")
    expect(other.locator("#confirm-join")).to_be_visible()
    assert violations(other) == []
    assert token not in other.url
    other.locator("#join-yes").click()
    expect(of(other, "customer").first).to_contain_text("hello")
    expect(of(other, "bot").last).to_contain_text("/leave")
    send(other, code)
    expect(of(other, "bot").last).to_contain_text("no longer works")
    other.context.close()


# So that all is typed before the first answer comes.
_SLOW_POST = """() => {
  const send = window.fetch;
  window.fetch = async (path, options) => {
    if (options.method === "POST") await new Promise((resolve) => setTimeout(resolve, 700));
    return send(path, options);
  };
}"""


def assert_once(page, *, asked=1, answered=1):
    """So many messages, also after the page has asked the server again."""
    expect(of(page, "bot")).to_have_count(answered, timeout=15_000)
    page.reload()
    expect(of(page, "bot")).to_have_count(answered)
    expect(of(page, "customer")).to_have_count(asked)


def test_sentences_are_shown_as_they_come_and_the_reply_takes_their_place(page, site):
    site.bot.says = [{"text": "You have 30 days. It must be unused.", "custom": CITED}]
    site.bot.sentences, site.bot.pause = ["You have 30 days.", "It must be unused."], 0.7
    send(page, "how long?")
    spoken = page.locator(".message.spoken .bubble")
    expect(spoken).to_have_text("You have 30 days.")
    expect(of(page, "bot")).to_have_count(0)
    expect(spoken).to_have_text("You have 30 days. It must be unused.")
    expect(of(page, "bot").locator(".citation")).to_have_text("Returning an item")
    expect(spoken).to_have_count(0)
    of(page, "bot").locator(".citation").click()
    expect(page.locator("#article-link")).to_have_attribute("href", "/help/en/articles/returns-window")
    page.keyboard.press("Escape")
    assert_once(page)


@pytest.mark.parametrize(("locale", "scheme", "width"), [("en", "light", 1200), ("ar", "dark", 320)])
def test_cards_take_the_place_of_their_lines_also_after_a_reload_and_ask_by_keyboard(browser, site, locale, scheme, width):
    options = {"locale": locale, "color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    context = browser.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(site.url + "/")
    site.bot.says = [{**RECOMMENDED, "text": RECOMMENDED["text"] + " Would you rather talk to a person?"}]
    send(page, "headphones?")
    cards = of(page, "bot").locator(".cards > .card")
    for _ in range(2):
        expect(cards).to_have_count(3)
        expect(of(page, "bot").locator(".bubble")).to_have_text(["This could suit you:", "Would you rather talk to a person?"])
        page.reload()
    expect(cards.nth(2)).to_contain_text("€24.50")
    assert violations(page) == []
    assert page.locator("#scroller").evaluate("one => one.scrollWidth <= one.clientWidth")
    site.bot.says = [{"text": "In-ear buds."}]
    button = page.get_by_role("button", name="Details: Pico In-Ear Buds")
    cards.first.get_by_role("button").focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(of(page, "customer").last).to_contain_text("Tell me more about Pico In-Ear Buds")
    expect(of(page, "bot")).to_have_count(2)
    assert site.bot.heard[-1].text == CARDS["cards"][1]["button"]["payload"]
    expect(button).to_be_enabled()
    context.close()


def test_a_reload_in_the_middle_of_a_turn_loses_and_doubles_nothing(page, site):
    site.bot.pause = 1.5
    send(page, "hi")
    page.wait_for_timeout(300)
    page.reload()
    assert_once(page)
    assert len(site.bot.heard) == 1


def test_a_message_that_a_reload_kept_from_leaving_is_sent_after_it(page, site):
    page.route("**/api/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    send(page, "hi")
    page.unroute("**/api/messages")
    page.reload()
    assert_once(page)


def test_a_lost_connection_is_waited_for(page, context, site):
    context.set_offline(True)
    send(page, "hi")
    expect(of(page, "customer")).to_have_attribute("data-state", "failed")
    context.set_offline(False)
    assert_once(page)
    assert len(site.bot.heard) == 1


def test_two_tabs_show_the_same(page, context, site):
    other = context.new_page()
    other.goto(site.url + "/")
    send(page, "hi")
    for tab in (page, other):
        expect(of(tab, "bot")).to_have_count(1)
        expect(of(tab, "customer")).to_have_count(1)
    send(other, "and again")
    expect(of(page, "bot")).to_have_count(2)
    assert_once(other, asked=2, answered=2)


def test_a_tab_follows_into_the_conversation_that_another_has_begun(page, context, site):
    other = context.new_page()
    other.goto(site.url + "/")
    send(page, "old")
    expect(of(other, "bot")).to_have_count(1)
    page.locator("#new-chat").click()
    page.locator("#confirm-yes").click()
    expect(page.locator("#welcome")).to_be_visible()
    send(page, "new")
    for _ in range(2):
        expect(of(other, "customer")).to_have_count(1, timeout=30_000)
        expect(of(other, "customer")).to_contain_text("new")
        expect(of(other, "bot")).to_have_count(1)
        other.evaluate("window.dispatchEvent(new Event('online'))")
    other.locator("#new-chat").click()
    other.locator("#confirm-yes").click()
    expect(other.locator("#welcome")).to_be_visible()
    send(page, "newest")
    expect(of(page, "customer")).to_have_count(1)
    assert_once(page)


def test_what_is_typed_right_after_a_code_is_said_in_the_conversation_that_it_leads_to(browser, page, site):
    send(page, "hello")
    expect(of(page, "bot")).to_have_count(1)
    page.locator("#elsewhere").click()
    expect(of(page, "bot")).to_have_count(2)
    code = re.search(r"\w{5}-\w{5}", of(page, "bot").last.inner_text())[0]
    other = browser.new_context(locale="en-GB", reduced_motion="reduce").new_page()
    other.goto(site.url + "/")
    expect(other.locator("#messages")).to_have_attribute("aria-busy", "false")
    other.evaluate(_SLOW_POST)
    send(other, code)
    send(other, "and my parcel?")
    other.locator("#photo").set_input_files(picture())
    expect(of(other, "bot")).to_have_count(5)
    said = [one.inner_text() for one in of(other, "customer").locator(".bubble").all()]
    assert [said[0], said[3]] == ["hello", "and my parcel?"] and len(said) == 5
    assert [one.text for one in site.bot.heard] == ["hello", "and my parcel?"]
    other.context.close()


def test_who_waits_is_told_so_in_their_language(browser, site):
    site.bot.pause = 5
    page = browser.new_context(locale="de", reduced_motion="reduce").new_page()
    page.goto(site.url + "/")
    send(page, "hallo")
    expect(page.locator("#typing-text")).to_have_text("Einen Moment bitte …", timeout=6000)
    page.context.close()


def picture() -> dict:
    data = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(data, "PNG")
    return {"name": "broken.png", "mimeType": "image/png", "buffer": data.getvalue()}


def test_a_photo_is_sent_shown_and_seen_at_the_desk(page, site, context):
    page.locator("#photo").set_input_files(picture())
    expect(of(page, "bot")).to_contain_text("photo")
    page.reload()
    shown = of(page, "customer").locator("img.photo")
    expect(shown).to_have_js_property("naturalWidth", 300)
    page.locator("#photo").set_input_files({**picture(), "buffer": b"no photo at all"})
    expect(page.locator(".failure-text:not(:empty)")).to_contain_text("no photo")
    agent = signed_in(context.new_page(), site)
    senders = (last.sender for last, _ in site.store.recent(20))
    with_photo = next(one for one in senders if any(said.extras.get("attachments") for said in site.store.messages(one)))
    agent.goto(f"{site.url}/desk/conversations/{with_photo}")
    expect(agent.locator("a.photo img")).to_have_js_property("naturalWidth", 300)


def test_a_conversation_ends_with_a_score_and_a_new_one_is_empty(page, site):
    send(page, "hi")
    expect(of(page, "bot")).to_have_count(1)
    page.locator("#new-chat").click()
    page.locator('.stars label[for="star-4"]').click()
    page.locator("#comment").fill("quick")
    page.locator("#confirm-yes").click()
    expect(page.locator("#welcome")).to_be_visible()
    assert [(one.score, one.comment) for one in site.store.scores(1)] == [(4, "quick")]


def signed_in(page: Page, site) -> Page:
    page.goto(site.url + "/desk/login")
    page.locator("#password").fill(site.settings.secret("desk-password"))
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/desk")
    return page


# The widget


class Shop(ThreadingHTTPServer):
    """Another site, whose every page carries the script tag."""

    def __init__(self, script: str) -> None:
        self.markup = f'<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1></main>{script}</html>'.encode()
        super().__init__(("127.0.0.1", 0), _ShopPage)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _ShopPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        # A strict site: our script and our frame, and no styles in its markup.
        site = self.path.partition("?")[2]
        policy = f"default-src 'none'; script-src {site}; frame-src {site}; style-src 'self'; img-src 'self'"
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(self.server.markup)

    def log_message(self, *_) -> None:
        pass


def test_the_widget_goes_on_over_pages_of_a_listed_site_and_stays_shut_on_others(tmp_path, site, context):
    shop = Shop("")
    listed = f"http://localhost:{shop.server_port}"
    with running(replace(site.settings, home=tmp_path / "home", widget_origins=listed)) as desk:
        shop.markup = shop.markup.replace(
            b"</html>", f'<script src="{desk.url}/widget.js" data-lang="fr"></script></html>'.encode()
        )
        page = context.new_page()
        page.goto(f"{listed}/?{desk.url}")
        button = page.get_by_role("button", name="Ouvrir le chat")
        assert violations(page) == []
        button.click()
        chat = page.frame_locator("tongshi-chat iframe")
        chat.locator("#composer textarea").fill("bonjour")
        chat.locator("#composer textarea").press("Enter")
        expect(chat.locator('.message[data-sender="bot"] .bubble')).to_have_text("Hello!")
        expect(chat.locator("html")).to_have_attribute("lang", "fr")
        page.goto(f"{listed}/another?{desk.url}")
        expect(chat.locator('.message[data-sender="customer"] .bubble')).to_have_text("bonjour")
        expect(chat.locator('.message[data-sender="bot"]')).to_have_count(1)
        chat.locator("#leave").click()
        expect(page.locator("tongshi-chat iframe")).to_be_hidden()
        expect(page.get_by_role("button", name="Ouvrir le chat")).to_be_focused()

        page.goto(f"http://127.0.0.1:{shop.server_port}/?{desk.url}")
        page.get_by_role("button", name="Ouvrir le chat").click()
        time.sleep(0.5)
        assert all("/widget" not in frame.url for frame in page.frames)
    shop.shutdown()
    shop.server_close()


TOKEN = "localStorage.getItem('tongshi-token')"


@pytest.fixture
def shop(tmp_path, site):
    """A listed site with the widget; gives the address of its page, for attributes of its <html> and of the script tag."""
    shop = Shop("")
    listed = f"http://localhost:{shop.server_port}"
    with running(replace(site.settings, home=tmp_path / "home", widget_origins=listed)) as desk:

        def shown(page: str = "", script: str = "") -> str:
            tag = f'<script src="{desk.url}/widget.js" {script}></script>'
            shop.markup = f"<!doctype html><html {page}><title>Shop</title>{tag}</html>".encode()
            return f"{listed}/?{desk.url}"

        yield shown
    shop.shutdown()
    shop.server_close()


def test_the_widgets_token_is_renewed_and_its_tabs_follow_into_a_new_conversation(shop, context):
    address = shop('lang="en"', "data-open")
    page, other = context.new_page(), context.new_page()
    chat, its = (one.frame_locator("tongshi-chat iframe") for one in (page, other))
    page.goto(address)
    send(chat, "old")
    expect(of(chat, "bot")).to_have_count(1)
    first = page.evaluate(TOKEN)
    time.sleep(1.1)  # tokens tell the time in seconds
    other.goto(address)
    expect(of(its, "customer")).to_contain_text("old")
    renewed = other.evaluate(TOKEN)
    assert renewed != first

    chat.locator("#new-chat").click()
    chat.locator("#confirm-yes").click()
    expect(chat.locator("#welcome")).to_be_visible()
    send(chat, "new")
    expect(of(its, "customer")).to_contain_text("new", timeout=30_000)
    expect(of(its, "customer")).to_have_count(1)
    send(its, "newer")
    expect(of(chat, "bot")).to_have_count(2, timeout=30_000)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_widget_stands_on_its_side_whichever_way_the_site_reads(shop, context, direction, side):
    page = context.new_page()
    page.goto(shop(f'lang="ar" dir="{direction}"', 'data-open data-side="left"' if side == "left" else "data-open"))
    width = page.viewport_size["width"]
    for part in ("button", "iframe"):
        box = page.locator(f"tongshi-chat {part}").bounding_box()
        edge = box["x"] if side == "left" else width - box["x"] - box["width"]
        assert edge == pytest.approx(20, abs=16), part


# Accessibility


LOOKS = [("en", "light", 1200), ("ar", "dark", 390)]


@pytest.mark.parametrize(("locale", "scheme", "width"), LOOKS)
def test_the_chat_page_is_accessible(browser, site, locale, scheme, width):
    site.bot.says = [{"text": "You have 30 days.", "custom": CITED, "buttons": [{"title": "Return", "payload": "/x"}]}]
    options = {"locale": locale, "color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    context = browser.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(site.url + "/")
    expect(page.locator("#welcome")).to_be_visible()
    assert violations(page) == []
    page.locator("#photo").set_input_files(picture())
    expect(of(page, "bot")).to_have_count(1)
    send(page, "how long?")
    expect(of(page, "bot")).to_have_count(2)
    of(page, "bot").last.locator('.thumb[data-helpful="false"]').click()
    assert violations(page) == []
    page.locator("#new-chat").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".citation").first.click()
    expect(page.locator("#article-text p").first).to_be_visible()
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize(("locale", "scheme", "width"), LOOKS)
def test_the_help_centre_is_accessible(browser, site, locale, scheme, width):
    context = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    for path in ("", "/articles/returns-window", "/topics/returns", "/search?q=how+long", "/articles/nothing"):
        page.goto(f"{site.url}/help/{locale}{path}")
        page.locator(".languages summary").click()
        assert violations(page) == [], path
    context.close()


@pytest.fixture
def editor(context, site) -> Page:
    """A page of somebody who is signed in to the desk."""
    site.agent()
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in site.sign_in.items()])
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


def test_an_article_is_written_approved_and_found_by_keyboard_alone(editor, site):
    editor.goto(f"{site.url}/desk/knowledge/new")
    editor.locator("#article").focus()
    for text in ("gift-cards", None, "Gift cards", "A gift card is valid for three years.", "how long is a gift card good"):
        if text:
            editor.keyboard.type(text)
        editor.keyboard.press("Tab")
    editor.locator("#by").fill("Ana")
    editor.locator("[data-approve]").press("Enter")
    editor.wait_for_url("**/desk/knowledge/en/gift-cards")
    expect(editor.locator(".article-head .state").first).to_have_text("Approved")
    expect(editor.locator(".history tbody tr")).to_have_count(2)
    expect(editor.locator(".history tbody tr").first).to_contain_text("Ana")
    editor.locator("#question").fill("how long is a gift card good")
    editor.locator("#question").press("Enter")
    expect(editor.locator("#answer .words")).to_have_text("A gift card is valid for three years.", timeout=20_000)


def test_who_was_slower_is_told_so_and_loses_nothing(editor, site):
    path = "/desk/api/knowledge/en/slow"
    agent = site.agent()
    agent.put(path, json={"title": "Slow", "text": "One."})
    editor.goto(f"{site.url}/desk/knowledge/en/slow")
    agent.put(path, json={"text": "Two.", "by": "Li"})
    editor.locator("#text").fill("Three.")
    editor.get_by_role("button", name="Keep as draft").click()
    told = editor.locator(".sheet .outcome.bad")
    expect(told).to_contain_text("Somebody else has changed this article")
    expect(told.locator("ins")).to_contain_text("+Two.")
    expect(told).to_be_focused()
    expect(editor.locator("#text")).to_have_value("Three.")
    assert violations(editor) == []
    editor.get_by_role("button", name="Keep mine").click()
    expect(editor.locator("#draft-title")).to_contain_text("Version 3 waits")
    assert agent.get(path, params={"draft": "true"}).json()["text"] == "Three."


def test_files_are_imported_one_by_one_and_reported(editor, site):
    editor.goto(f"{site.url}/desk/knowledge/import")
    files = [("faq.en.csv", b"question,answer\nare you open,Always.\n"), ("broken.pdf", b"none")]
    editor.locator("#files").set_input_files([{"name": name, "mimeType": "", "buffer": data} for name, data in files])
    editor.get_by_role("button", name="Import").click()
    expect(editor.locator("#import-state")).to_have_text("Done: 1 added, 0 changed, 0 as before, 1 not read.", timeout=20_000)
    expect(editor.locator("#report tbody tr").first).to_contain_text("cannot be read as PDF")
    assert violations(editor) == []
    editor.get_by_role("link", name="See drafts that wait").click()
    editor.on("dialog", lambda dialog: dialog.accept())
    editor.get_by_role("button", name="Approve all drafts shown here").click()
    expect(editor.locator(".empty")).to_have_text("There is no such article.")
    assert site.agent().get("/desk/api/knowledge/en/faq/are-you-open").json()["status"] == "approved"


@pytest.mark.parametrize(("locale", "scheme", "width"), [("en", "light", 1200), ("zh-CN", "dark", 390)])
def test_the_pages_of_editors_and_reviewers_are_accessible(browser, site, locale, scheme, width):
    agent = site.agent()
    agent.put("/desk/api/knowledge/de/returns-window", json={"title": "Rückgabe", "text": "30 Tage.", "translation_of": "en"})
    agent.post("/desk/api/knowledge/de/returns-window/approve")
    agent.put("/desk/api/knowledge/en/returns-window", json={"text": "You have 60 days."})
    context = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800})
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in site.sign_in.items()])
    page = context.new_page()
    article = "knowledge/de/returns-window?beside=en&old=1&new=2"
    for path in (
        "knowledge",
        article,
        "knowledge/new",
        "knowledge/import",
        "knowledge/try?question=how+long",
        "reviews",
        "explain",
    ):
        page.goto(f"{site.url}/desk/{path}")
        assert violations(page) == [], path
        # Nothing sticks out where the screen is narrow.
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_the_desk_is_accessible(site, context):
    client = site.begun()
    client.post("/api/messages", json={"text": "hi"})
    client.post("/api/score", json={"score": 5})
    page = context.new_page()
    page.goto(site.url + "/desk/login")
    assert violations(page) == []
    signed_in(page, site)
    assert violations(page) == []
    page.locator(".who a").first.click()
    expect(page.locator("#transcript")).to_be_visible()
    assert violations(page) == []


def test_an_agent_sees_who_has_hung_up_and_what_has_not_arrived(site, context):
    calls, caller, writer = CallStore(site.database), "phone:CA1", "telegram:77"
    said = {"author": "customer", "text": "a person, please", "language": "en", "at": clock.now()}
    site.store.add(Message(sender=caller, channel="phone", **said))
    site.store.add(Message(sender=writer, channel="telegram", **said))
    calls.stirs(caller, clock.now())
    page = context.new_page()
    page.goto(site.url + "/desk/login")
    signed_in(page, site)
    page.goto(f"{site.url}/desk/conversations/{caller}")
    page.click("#take")
    expect(page.locator("#line")).to_contain_text("on the line")
    page.fill("#reply-text", "Kim here.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator(".delivery")).to_have_text("Not said to the caller yet")
    page.fill("#reply-text", "Half a sent")
    calls.ended(caller, HUNG_UP, clock.now())
    expect(page.locator("#line.ended")).to_contain_text("The caller has hung up. Nobody hears what you write")
    expect(page.locator(".delivery")).to_have_text("Not heard: the caller has hung up")
    assert page.input_value("#reply-text") == "Half a sent" and violations(page) == []
    site.handovers.say(writer, "Kim here.", "telegram", "en")
    outbox = OutboxStore(site.database)
    page.goto(f"{site.url}/desk/conversations/{writer}")
    expect(page.locator(".delivery")).to_have_text("On its way")
    (claim,) = outbox.claim("telegram", clock.now(), timedelta(minutes=1), 1)
    outbox.give_up(claim.outgoing.outgoing_id, clock.now(), "blocked by the user")
    expect(page.locator(".delivery")).to_have_text("Not delivered: blocked by the user")
