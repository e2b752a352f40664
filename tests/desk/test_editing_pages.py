"""The desk's pages for editors and reviewers, as who reads them sees them: what stands there, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser import violations
from tests.desk.conftest import Site
from tongshi.conversations.review import LastTraining
from tongshi.storage.models import Message, Review, Trace
from tongshi.storage.review import ReviewStore

PATH = "/desk/api/knowledge/en/gift-wrapping"
WRAPPING = {
    "title": "Gift wrapping",
    "text": "We wrap any item for €3.50.",
    "questions": ["do you wrap presents"],
    "tags": ["gifts"],
}


@pytest.fixture
def agent(site: Site) -> httpx.Client:
    """Signed in; reads English."""
    return site.agent(**{"Accept-Language": "en"})


def test_who_is_not_signed_in_is_led_to_the_sign_in(site):
    for path in ("knowledge", "knowledge/new", "knowledge/en/returns-window", "reviews", "explain?text=hi", "traces/1"):
        answer = site.client().get(f"/desk/{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login"), path


def test_the_desk_speaks_the_browsers_language_where_it_has_it(agent):
    assert "<h1>知识库</h1>" in agent.get("/desk/knowledge", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}).text
    assert '<html lang="en"' in agent.get("/desk/knowledge", headers={"Accept-Language": "sw"}).text


def test_an_article_is_shown_with_its_draft_its_history_and_its_translations(agent):
    agent.put(PATH, json=WRAPPING | {"by": "Ana"})
    agent.post(f"{PATH}/approve", json={"by": "Li"})
    agent.put(PATH.replace("/en/", "/de/"), json=WRAPPING | {"title": "Geschenke", "translation_of": "en"})
    agent.put(PATH, json={"text": "We wrap any item for €4.", "by": "<Bo>"})
    page = agent.get("/desk/knowledge/en/gift-wrapping").text
    assert "Version 3 waits for approval" in page and "<ins>+We wrap any item for €4.</ins>" in page
    assert "&lt;Bo&gt;" in page and "<Bo>" not in page
    assert 'data-upon="3"' in page and ">We wrap any item for €4.</textarea>" in page
    beside = agent.get("/desk/knowledge/en/gift-wrapping?beside=de&old=1&new=2").text
    assert ">Geschenke</a>" in beside and "From version 1 to version 2" in beside and "They are the same." in beside
    listed = agent.get("/desk/knowledge", params={"tag": "gifts"}).text
    assert "Articles: 1" in listed and "German · Draft" in listed and "English · Draft waits" in listed
    assert agent.get("/desk/knowledge/en/nothing").status_code == 404
    assert agent.get("/desk/knowledge/en/gift-wrapping?old=9&new=1").status_code == 404
    assert "is there in" in agent.get("/desk/knowledge/fr/gift-wrapping").text


def test_an_article_says_what_became_of_its_draft_and_of_its_original(agent):
    def send(text: str):
        file = {"file": ("cards.en.md", text.encode())}
        assert agent.post("/desk/api/imports", files=file, data={"path": "cards.en.md", "approve": "true"}).status_code == 200

    path = PATH.replace("gift-wrapping", "cards")
    send("# Gift cards\n\nGift cards hold for one year.")
    agent.put(path, json={"title": "Vouchers", "by": "Ana"})
    send("# Gift cards\n\nGift cards hold for two years.")
    page = agent.get("/desk/knowledge/en/cards").text
    assert "This draft (version 2) is older than version 3" in page and "Approve version 2 all the same" in page
    assert "Written by Ana" in page and "<ins>+Gift cards hold for one year.</ins>" in page and 'name="over_newer"' in page
    german = path.replace("/en/", "/de/")
    agent.put(german, json=WRAPPING | {"translation_of": "en", "valid_until": "2099-12-31"})
    agent.post(f"{german}/approve")
    assert "The English original is valid at other times" in agent.get("/desk/knowledge/de/cards").text
    assert 'name="all_languages" type="checkbox"' in agent.get("/desk/knowledge/en/cards").text
    agent.post(f"{path}/retire")
    assert "The English original is no longer in search" in agent.get("/desk/knowledge/de/cards").text
    assert "Customers still read it in:" in agent.get("/desk/knowledge/en/cards").text
    agent.post(f"{path}/retire", json={"all_languages": True})
    assert "Customers still read it in:" not in agent.get("/desk/knowledge/en/cards").text


def test_a_question_is_tried(agent):
    page = agent.get("/desk/knowledge/try", params={"question": "how long", "language": "en"}).text
    assert 'href="/desk/knowledge/en/returns-window"' in page and 'data-question="how long"' in page
    assert agent.get("/desk/knowledge/try").status_code == 200


def test_messages_in_review_are_shown_with_their_answers_traces(site, agent):
    asked, found, said = (datetime.now(UTC) + timedelta(milliseconds=number) for number in range(3))
    for author, text, at in (("customer", "do you engrave watches", asked), ("bot", "I do not know.", said)):
        site.store.add(Message(sender="rita", channel="web", author=author, text=text, language="en", at=at))
    details = {"passages": [{"article": "gift-wrapping", "lang": "en", "score": 0.2}], "checks": []}
    trace = Trace(sender="rita", question="do you engrave watches", outcome="unknown", seconds=0.1, at=found, details=details)
    site.store.add(trace)
    reviews = agent.get("/desk/api/reviews").json()["reviews"]
    (review,) = [one for one in reviews if one["text"] == "do you engrave watches"]
    assert "do you engrave watches" in agent.get("/desk/reviews?reason=unanswered").text
    page = agent.get(f"/desk/reviews/{review['id']}").text
    assert "How the answer came about" in page and "gift-wrapping" in page and '<option value="order_status"' in page
    conversation = agent.get("/desk/conversations/rita").text
    assert f'href="/desk/traces/{trace.trace_id}"' in conversation and "/desk/explain?text=do%20you%20engrave" in conversation
    assert "Not known" in agent.get(f"/desk/traces/{trace.trace_id}").text
    for number in (999, 10**30):
        assert agent.get(f"/desk/reviews/{number}").status_code == agent.get(f"/desk/traces/{number}").status_code == 404


def test_a_reviewer_who_is_too_late_is_told_in_the_pages_language(browser, site, agent):
    reviews, at = ReviewStore(site.database), datetime.now(UTC)
    message = Message(sender="lea", channel="web", author="customer", text="thingy?", language="en", at=at)
    site.store.add(message)
    review = Review(message_id=message.message_id, reason="corrected", text="thingy?", intent="order_status", at=at)
    reviews.add(review)
    context = browser.new_context(locale="zh-CN")
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in site.sign_in.items()])
    page = context.new_page()
    page.goto(f"{site.url}/desk/reviews/{review.review_id}")
    expect(page.locator(".marks").first).to_contain_text("顾客马上改口")
    agent.post(f"/desk/api/reviews/{review.review_id}", json={"decision": "drop", "by": "Bo"})
    page.get_by_role("button", name="按这个来学").click()
    expect(page.locator(".outcome.bad")).to_contain_text("已经有别人作了判定")
    expect(page.get_by_role("link", name="在新标签页查看对方的版本")).to_have_attribute("href", page.url)
    assert violations(page) == []
    assert reviews.review(review.review_id).decided_by == "Bo"
    context.close()


def test_what_the_last_training_changed_is_shown(site, agent):
    row = {"language": "de", "wordings": 30, "before": 0.9, "after": 0.8, "better": 0, "worse": 3}
    shift = {
        "language": "de",
        "text": "wo bleibt es",
        "intent": "order_status",
        "before": "order_status",
        "after": "greet",
        "better": False,
    }
    told = {
        "learnt": 0,
        "left_out": [],
        "live": False,
        "serving": False,
        "worse": ["de"],
        "report": {"rows": [row]},
        "shifts": [shift],
    }
    LastTraining(site.settings.home).keep(json.loads(json.dumps(told)))
    page = agent.get("/desk/reviews").text
    assert "Not live, since it got worse in:" in page and "wo bleibt es" in page and "80.0 %" in page


def test_where_no_bot_runs_the_explanation_says_so(agent):
    assert agent.get("/desk/explain").status_code == 200
    answer = agent.get("/desk/explain?text=hi")
    assert (answer.status_code, "The bot did not answer" in answer.text) == (503, True)
