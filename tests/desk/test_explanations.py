"""Explanations and reviews over HTTP: who may, what comes, and what is refused; the running bot is a stand-in."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tongshi.conversations.review import ReviewQueue
from tongshi.desk.explanations import ExplanationApi
from tongshi.desk.frame import Frame
from tongshi.desk.reviewers import ReviewPages
from tongshi.desk.sessions import CSRF_HEADER, Cookie, new_session
from tongshi.explanation.message import Explanation
from tongshi.explanation.neighbours import Neighbour
from tongshi.explanation.words import Word
from tongshi.settings import Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Message, Reading, Trace
from tongshi.storage.review import ReviewStore

EXPLANATION = Explanation(
    "wheres <my> parcel",
    "en",
    "lost_parcel",
    [("lost_parcel", 0.7), ("order_status", 0.2)],
    0.4,
    [Word("wheres", 0, -0.1, 0.3), Word("my", 8, 0.0, 0.0), Word("parcel", 12, 0.4, 0.1, ("order_status", 0.6))],
    [Neighbour("my parcel is lost", "lost_parcel", "en", 0.9)],
)


def bot(request: httpx.Request) -> httpx.Response:
    """Rasa's end: it explains "hi", finds an empty text wrong, and is down for "dead"."""
    text = request.read().decode()
    if "dead" in text:
        raise httpx.ConnectError("refused")
    if "parcel" in text:
        return httpx.Response(200, json=EXPLANATION.as_dict())
    return httpx.Response(200, json={"intent": "greet"}) if "hi" in text else httpx.Response(400, json={"error": "Send a text."})


@pytest.fixture
def client(database, clock, tmp_path) -> TestClient:
    """A browser that is not signed in, and a message in review; GET /sign-in signs it in."""
    conversations, reviews = ConversationStore(database), ReviewStore(database)
    conversations.add(Message(sender="anna", channel="web", author="customer", text="wheres me thing", language="en", at=clock()))
    reading = Reading(intent="nlu_fallback", confidence=0.8, ranking=[["order_status", 0.2]])
    reviews.note("anna", "wheres me thing", reading)
    trace = Trace(sender="anna", question="wheres me thing", outcome="quoted", seconds=0.1, at=clock(), details={})
    conversations.add(trace)
    cookie = Cookie("desk", "secret", 3600)
    rasa = httpx.AsyncClient(transport=httpx.MockTransport(bot), base_url="http://rasa")
    queue = ReviewQueue(reviews, clock, lambda: {"order_status", "lost_parcel"})
    api = ExplanationApi(conversations, reviews, queue, rasa, cookie)

    async def sign_in(request: Request) -> Response:
        session = new_session()
        response = Response(cookie.token(session))
        cookie.write(request, response, session)
        return response

    settings = Settings(home=tmp_path)
    pages = ReviewPages(Frame(cookie, Cookie("visit", "secret", 3600), settings), api, conversations, reviews, queue, settings)
    return TestClient(Starlette(routes=[Route("/sign-in", sign_in), *api.routes(), *pages.routes()]))


@pytest.fixture
def agent(client) -> TestClient:
    """A browser that is signed in and shows the token with everything."""
    client.headers[CSRF_HEADER] = client.get("/sign-in").text
    return client


def test_who_is_not_signed_in_learns_nothing(client):
    for path in ("explain?text=hi", "traces/1", "reviews"):
        assert client.get(f"/desk/api/{path}").status_code == 401
    assert client.post("/desk/api/reviews/1", json={"decision": "accept"}).status_code == 401


def test_messages_and_answers_are_explained(agent):
    assert agent.get("/desk/api/explain?text=hi").json() == {"intent": "greet"}
    assert agent.get("/desk/api/explain").status_code == 400
    assert agent.get("/desk/api/explain?text=dead").status_code == 503
    assert agent.get("/desk/api/traces/1").json()["outcome"] == "quoted"
    assert agent.get("/desk/api/traces/2").status_code == 404


def test_an_explanation_is_a_heat_map_with_nothing_in_it_that_the_page_may_not_show(agent):
    page = agent.get("/desk/explain?text=wheres my parcel", headers={"Accept-Language": "en"}).text
    assert '<span data-heat="4" title="+40">parcel</span>' in page and '<span data-heat="-1" title="-10">wheres</span>' in page
    assert "<my>" not in page and "style=" not in page
    assert "asks where an order is" in page and "my parcel is lost" in page
    assert "问订单到哪儿了" in agent.get("/desk/explain?text=parcel", headers={"Accept-Language": "zh"}).text


def test_reviews_are_listed_and_decided(agent):
    (review,) = agent.get("/desk/api/reviews?lang=en").json()["reviews"]
    assert (review["text"], review["intent"], review["status"]) == ("wheres me thing", "order_status", "open")
    path = f"/desk/api/reviews/{review['id']}"
    for wrong in ({}, {"decision": "correct"}, {"decision": "correct", "intent": "refund"}, [1]):
        assert agent.post(path, json=wrong).status_code == 400
    corrected = agent.post(path, json={"decision": "correct", "intent": "lost_parcel", "wording": "where is it"}).json()
    assert (corrected["wanted"], corrected["wording"], corrected["decided_by"]) == ("lost_parcel", "where is it", "agent")
    assert agent.get("/desk/api/reviews").json() == {"reviews": []}
    assert len(agent.get("/desk/api/reviews?status=all").json()["reviews"]) == 1
    del agent.headers[CSRF_HEADER]
    assert agent.post(path, json={"decision": "drop"}).status_code == 403


def test_of_two_reviewers_the_later_one_is_told(agent, clock):
    path = f"/desk/api/reviews/{agent.get('/desk/api/reviews').json()['reviews'][0]['id']}"
    first = agent.post(path, json={"decision": "accept", "seen": "", "by": "Ana"}).json()
    late = agent.post(path, json={"decision": "drop", "seen": "", "by": "Bo"})
    assert (late.status_code, "is accepted by now, by Ana" in late.json()["error"]) == (409, True)
    page = agent.get(path.replace("/api", "")).text
    assert page.count(f'name="seen" value="{first["decided_at"]}"') == 3
    clock.forward(seconds=1)
    correction = {"decision": "correct", "intent": "lost_parcel", "seen": first["decided_at"]}
    assert agent.post(path, json=correction).json()["status"] == "corrected"
    assert agent.post(path, json=correction).status_code == 409
    assert agent.post(path, json={**correction, "seen": 1}).status_code == 400
    assert agent.post(path, json={"decision": "drop"}).json()["status"] == "dropped"
