"""The chat page and the desk, driven in headless Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tongshi.evaluation.running import is_reply


@pytest.fixture
def page(browser, system):
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    opened = context.new_page()
    opened.errors = []
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.goto(system.address("WEB") + "/")
    yield opened
    assert opened.errors == []
    context.close()


def send(page, text):
    page.locator("#composer textarea").fill(text)
    page.locator("#composer textarea").press("Enter")


def last_reply(page, count):
    replies = page.locator('.message[data-sender="bot"]')
    expect(replies).to_have_count(count, timeout=20_000)
    return replies.last


def test_a_question_is_answered_with_its_source_and_kept_over_a_reload(page):
    send(page, "how long do I have to return something?")
    reply = last_reply(page, 1)
    expect(reply).to_contain_text("30 days")
    reply.locator(".citation").first.click()
    expect(page.locator("dialog#article")).to_be_visible()
    expect(page.locator("dialog#article")).to_contain_text("30 days")
    page.keyboard.press("Escape")
    reply.locator('.thumb[data-helpful="true"]').click()
    page.reload()
    expect(last_reply(page, 1)).to_contain_text("30 days")


WATCH = """
    window.seen = [];
    new MutationObserver(() => {
      const spoken = document.querySelector(".message.spoken .bubble");
      const replies = document.querySelectorAll('.message[data-sender="bot"]:not(.spoken)');
      if (spoken) window.seen.push([spoken.textContent, replies.length]);
    }).observe(document.querySelector("#messages"), { subtree: true, childList: true });
"""


def test_an_answer_that_the_model_writes_comes_sentence_by_sentence(page, language_model):
    language_model.breaks = ""
    language_model.sentences = [
        "You can return an item within 30 days of delivery. ",
        "The item you return must be unused and in its original packaging.",
    ]
    page.evaluate(WATCH)
    try:
        send(page, "how long do I have to return something?")
        reply = page.locator('.message[data-sender="bot"]:not(.spoken)')
        expect(reply).to_contain_text("original packaging", timeout=20_000)
    finally:
        language_model.breaks = "refuses"
    seen = page.evaluate("window.seen")
    assert seen[0] == ["You can return an item within 30 days of delivery.", 0]
    expect(reply.locator(".citation").first).to_be_visible()
    expect(page.locator(".message.spoken")).to_have_count(0)


def test_a_button_starts_what_it_says(page):
    send(page, "how do I return something?")
    last_reply(page, 1).locator(".quick-reply").first.click()
    assert is_reply("utter_request_order_number", "en", last_reply(page, 2).inner_text())


def test_markup_is_shown_not_run(page):
    send(page, "<img src=x onerror=alert(1)><b>hi</b>")
    last_reply(page, 1)
    assert page.locator("#messages img, #messages b").count() == 0
    expect(page.locator('.message[data-sender="customer"]').first).to_contain_text("<b>hi</b>")


def test_arabic_is_shown_right_to_left(browser, system):
    context = browser.new_context(locale="ar", reduced_motion="reduce")
    page = context.new_page()
    page.goto(system.address("WEB") + "/")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    send(page, "كم يوم عندي عشان أرجع المنتج؟")
    expect(last_reply(page, 1)).to_contain_text("30")
    context.close()


def test_a_person_takes_over_at_the_desk_and_hands_back(page, browser, system):
    send(page, "I want to talk to a human please")
    last_reply(page, 1)
    agent = browser.new_context(reduced_motion="reduce").new_page()
    agent.goto(system.address("WEB") + "/desk")
    agent.locator("#password").fill("wrong")
    agent.get_by_role("button", name="Sign in").click()
    expect(agent.locator("[role=alert]")).to_be_visible()
    agent.locator("#password").fill((system.home / "secrets" / "desk-password").read_text().strip())
    agent.get_by_role("button", name="Sign in").click()
    agent.locator('.case[data-state="waiting"] a').last.click()
    agent.locator("#take").click()
    agent.locator("#reply-text").fill("Hello, this is Ana from Meridian.")
    agent.get_by_role("button", name="Send reply").click()
    expect(page.locator('.message[data-sender="agent"]')).to_contain_text("Ana", timeout=20_000)
    agent.locator("#release").click()
    assert is_reply("utter_handoff_released", "en", last_reply(page, 2).inner_text())
    send(page, "thanks a lot")
    assert is_reply("utter_thank", "en", last_reply(page, 3).inner_text())
    agent.context.close()


def test_the_desk_is_closed_without_its_password(system):
    import httpx

    for path in ("/desk", "/desk/conversations/x"):
        response = httpx.get(system.address("WEB") + path)
        assert response.status_code == 303 and re.search("/desk/login$", response.headers["location"])
    taken = httpx.post(system.address("WEB") + "/desk/conversations/x/take")
    assert taken.status_code == 303 and "login" in taken.headers["location"]
