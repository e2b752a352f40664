"""The microphone of the chat page in headless Chromium, which has a device that beeps."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import ARGUMENTS, violations
from tests.desk.test_page import of
from tests.desk.test_speech import started as served
from tongshi.speech.audio import Unheard

BEEPS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required"]

started = served


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*ARGUMENTS, *BEEPS])
        yield browser
        browser.close()


@pytest.fixture
def engines(started):
    started.engines.__init__()
    return started.engines


@pytest.fixture
def page(browser, started, engines):
    started.bot.says = [{"text": "Hello! How can I help you today?"}]
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(started.url + "/")
    yield page
    context.close()
    assert errors == []


def speak(page):
    button = page.get_by_role("button", name="Speak your message")
    button.click()
    expect(page.locator("#limit")).to_have_text("Listening… press again when you have finished.")
    page.wait_for_timeout(600)
    page.get_by_role("button", name="Stop recording").click()


def test_what_is_spoken_is_sent_and_the_reply_is_said(page, engines):
    engines.text = "where is my parcel"
    speak(page)
    expect(of(page, "customer").locator(".bubble")).to_have_text("where is my parcel")
    expect(of(page, "bot").locator(".bubble")).to_have_text("Hello! How can I help you today?")
    page.wait_for_function("() => performance.getEntriesByName(location.origin + '/api/speech/said').length === 1")
    assert engines.lengths[-1] > 0.3
    assert engines.said[-2:] == [("Hello!", "en"), ("How can I help you today?", "en")]


def test_a_number_that_is_spoken_is_looked_at_before_it_is_sent(page, engines):
    speak(page)
    field = page.locator("#composer textarea")
    expect(field).to_have_value("where is MD-10234")
    expect(page.locator("#limit")).to_have_text("Please check the numbers and addresses, then send.")
    expect(of(page, "customer")).to_have_count(0)
    field.press("Enter")
    expect(of(page, "bot")).to_have_count(1)


def test_what_cannot_be_understood_is_said_so(page, engines):
    engines.trouble = Unheard("nothing", "empty")
    speak(page)
    expect(page.locator("#limit")).to_have_text("I couldn’t make out any words. Please try again, or write your message.")
    expect(page.get_by_role("button", name="Speak your message")).to_be_enabled()


def test_the_microphone_is_accessible_and_absent_where_speech_is_off(page, started):
    expect(page.get_by_role("button", name="Speak your message")).to_be_visible()
    assert violations(page) == []
    page.route("**/api/speech", lambda route: route.fulfill(json={"on": False}))
    page.reload()
    expect(page.locator("#messages")).to_have_attribute("aria-busy", "false")
    page.wait_for_timeout(300)
    expect(page.locator("#speak")).to_be_hidden()
