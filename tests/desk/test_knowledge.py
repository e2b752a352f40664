"""Articles over HTTP: who may, what comes, and what is refused."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.knowledge.helpers import HashEncoder
from tests.llm.test_answering import Model, pieces
from tongshi.desk.knowledge import KnowledgeApi
from tongshi.desk.sessions import CSRF_HEADER, Cookie, new_session
from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.editing import Editor
from tongshi.llm.answering import Answerer
from tongshi.llm.drafting import Drafter
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.settings import Settings
from tongshi.storage.knowledge import KnowledgeStore

PATH = "/desk/api/knowledge/en/help/returns"
RETURNS = {"title": "Returning", "text": "Within 30 days.", "questions": ["how long"], "tags": ["law"]}


@pytest.fixture
def model() -> Model:
    """A language model that says what `replies` holds."""
    return Model()


@pytest.fixture
def client(database, clock, identify, model, tmp_path) -> TestClient:
    """A browser that is not signed in; GET /sign-in signs it in."""
    store = KnowledgeStore(database, clock)
    base = KnowledgeBase(store, HashEncoder(), tmp_path / "index")
    cookie = Cookie("desk", "secret", 3600)
    api = KnowledgeApi(
        lambda collection: Editor(store, base.writer, collection),
        cookie,
        base,
        lambda: Answerer(base, None, identify, "the shop"),
        lambda: Drafter(model, identify, Translator([ModelEngine(model)] * 2, identify)),
        Settings(home=tmp_path),
    )

    async def sign_in(request: Request) -> Response:
        response = Response()
        cookie.write(request, response, new_session())
        return response

    return TestClient(Starlette(routes=[Route("/sign-in", sign_in), *api.routes()]))


@pytest.fixture
def agent(client) -> TestClient:
    """A browser that is signed in and shows the token with everything."""
    client.get("/sign-in")
    client.headers[CSRF_HEADER] = client.get("/desk/api/session").json()["csrf"]
    return client


def test_who_is_not_signed_in_learns_nothing(client):
    for method, path in [("GET", "/desk/api/session"), ("GET", "/desk/api/knowledge"), ("GET", PATH), ("PUT", PATH)]:
        assert client.request(method, path).status_code == 401


def test_changes_need_the_token_and_json(client, agent):
    assert agent.put(PATH, content='{"title": "x"}', headers={"Content-Type": "text/plain"}).status_code == 400
    assert agent.put(PATH, json=[1]).status_code == 400
    del client.headers[CSRF_HEADER]
    assert client.put(PATH, json=RETURNS).status_code == 403
    assert client.post(f"{PATH}/approve", headers={CSRF_HEADER: "forged"}).status_code == 403
    assert client.get("/desk/api/knowledge").json() == {"articles": []}


def test_an_article_is_drafted_approved_changed_and_brought_back(agent):
    assert agent.put(PATH, json=RETURNS | {"note": "law", "upon": 0}).json()["status"] == "draft"
    assert agent.post(f"{PATH}/approve").json() | RETURNS == agent.get(PATH).json()
    agent.put(PATH, json={"text": "Within 14 days.", "valid_until": "2026-12-31"})
    now, draft = agent.get(PATH).json(), agent.get(PATH, params={"draft": "true"}).json()
    assert (now["text"], now["draft"]) == ("Within 30 days.", 3)
    assert (draft["text"], draft["questions"], draft["valid_until"]) == ("Within 14 days.", ["how long"], "2026-12-31")
    assert "+Within 14 days." in agent.get(f"{PATH}/diff").json()["diff"]
    assert agent.post(f"{PATH}/approve", json={"note": "fine"}).json()["text"] == "Within 14 days."
    assert agent.post(f"{PATH}/rollback", json={"version": 2}).json()["text"] == "Within 30 days."
    assert agent.post(f"{PATH}/retire").json()["status"] == "retired"
    story = [
        (one["version"], one["status"], one["author"], one["note"]) for one in agent.get(f"{PATH}/versions").json()["versions"]
    ]
    assert story == [
        (6, "retired", "agent", ""),
        (5, "approved", "agent", "back to version 2"),
        (4, "approved", "agent", "fine"),
        (3, "draft", "agent", ""),
        (2, "approved", "agent", "version 1"),
        (1, "draft", "agent", "law"),
    ]
    assert agent.get(f"{PATH}/versions/4").json()["text"] == "Within 14 days."


def test_articles_are_listed_by_what_they_are(agent):
    agent.put(PATH, json=RETURNS)
    agent.put("/desk/api/knowledge/de/help/returns", json=RETURNS | {"tags": []})
    (found,) = agent.get("/desk/api/knowledge", params={"tag": "law", "status": "draft"}).json()["articles"]
    assert (found["article"], found["lang"]) == ("help/returns", "en")
    assert agent.get("/desk/api/knowledge", params={"collection": "other"}).json() == {"articles": []}


def test_what_goes_wrong_is_said(agent):
    def answer(method: str, path: str, **options) -> tuple[int, str]:
        response = agent.request(method, path, **options)
        return response.status_code, response.json()["error"]

    assert answer("GET", PATH) == (404, "There is no article 'help/returns' in 'en' in 'shop'.")
    agent.put(PATH, json=RETURNS)
    assert answer("GET", f"{PATH}/versions/9")[0] == 404
    assert answer("PUT", PATH, json={"text": "x", "upon": 0})[0] == 409
    assert answer("PUT", PATH, json={"text": ""}) == (400, "An article needs a title and a text.")
    assert answer("PUT", PATH, json={"valid_from": "soon"})[0] == 400
    assert answer("PUT", PATH, json={"questions": "one"}) == (400, "questions must be a list.")
    assert answer("POST", f"{PATH}/rollback", json={"version": "x"})[0] == 400
    assert answer("POST", f"{PATH}/rollback")[0] == 400
    assert answer("GET", f"{PATH}/diff?old=x")[0] == 400
    assert answer("PUT", "/desk/api/knowledge/sv/help/returns", json=RETURNS)[0] == 400


def test_who_reads_an_old_version_approves_nothing_that_they_have_not_seen(agent):
    agent.put(PATH, json=RETURNS | {"by": " Ana  Li "})
    agent.put(PATH, json={"text": "Within 7 days.", "upon": 1})
    refused = agent.post(f"{PATH}/approve", json={"upon": 1})
    assert (refused.status_code, "at version 2" in refused.json()["error"]) == (409, True)
    assert agent.post(f"{PATH}/approve", json={"upon": 2}).json()["text"] == "Within 7 days."
    assert [one["author"] for one in agent.get(f"{PATH}/versions").json()["versions"]] == ["agent", "agent", "Ana Li"]


def test_outdated_translations_are_marked_and_listed(agent):
    german = PATH.replace("/en/", "/de/")
    agent.put(PATH, json=RETURNS)
    agent.post(f"{PATH}/approve")
    agent.put(german, json=RETURNS | {"title": "Rückgabe", "translation_of": "en"})
    assert agent.get("/desk/api/knowledge", params={"status": "outdated"}).json() == {"articles": []}
    agent.put(PATH, json={"text": "Within 14 days."})
    agent.post(f"{PATH}/approve")
    (found,) = agent.get("/desk/api/knowledge", params={"status": "outdated"}).json()["articles"]
    assert (found["lang"], found["outdated"]) == ("de", True)
    assert agent.post(f"{german}/approve", json={"up_to_date": True}).json()["status"] == "approved"
    assert agent.get("/desk/api/knowledge", params={"status": "outdated"}).json() == {"articles": []}


def test_what_retiring_leaves_in_search_is_told_and_can_be_retired_as_well(agent):
    german = PATH.replace("/en/", "/de/")
    for path, more in ((PATH, {}), (german, {"translation_of": "en"})):
        agent.put(path, json=RETURNS | more)
        agent.post(f"{path}/approve")
    retired = agent.post(f"{PATH}/retire").json()
    assert (retired["status"], retired["live_in"]) == ("retired", ["de"])
    (found,) = agent.get("/desk/api/knowledge", params={"status": "outdated"}).json()["articles"]
    assert (found["lang"], found["outdated_because"]) == ("de", "retired")
    assert agent.post(f"{PATH}/retire", json={"all_languages": True}).json()["live_in"] == []
    assert agent.get(german).json()["status"] == "retired"


def test_a_draft_that_an_import_has_overtaken_is_approved_only_when_that_is_meant(agent):
    def send(name: str, text: str):
        return agent.post(
            "/desk/api/imports", files={"file": (name, text.encode())}, data={"path": name, "approve": "true"}
        ).json()

    path = "/desk/api/knowledge/en/faq"
    send("en/faq.md", "# FAQ\n\nWithin 30 days.")
    agent.put(path, json={"title": "Questions"})
    send("en/faq.md", "# FAQ\n\nWithin 14 days.")
    assert "+title: Questions" in agent.get(f"{path}/diff").json()["diff"]
    refused = agent.post(f"{path}/approve", json={"upon": 3})
    assert (refused.status_code, "is older than version 3" in refused.json()["error"]) == (409, True)
    assert agent.post(f"{path}/approve", json={"upon": 3, "over_newer": True}).json()["title"] == "Questions"
    failed = send("en/faq.txt", "Anything else.")["failed"]
    assert "comes from en/faq.md" in failed[0]["reason"]


def test_the_model_drafts_and_nobody_reads_it_before_a_person_approves(agent, model):
    agent.put(PATH, json=RETURNS)
    agent.post(f"{PATH}/approve")
    model.replies = [pieces("- Can I bring it back?\n- how long")]
    found = agent.post(f"{PATH}/questions", json={"number": 3, "by": "ana"}).json()
    assert (found["drafted"], found["status"], found["draft"]) == (["Can I bring it back?"], "approved", 3)
    assert agent.get(PATH).json()["questions"] == ["how long"]
    model.replies = [pieces("Rückgabe"), *[pieces("Innerhalb von 60 Tagen.")] * 2]
    drafted = agent.post(f"{PATH}/translate", json={"to": "de"}).json()
    assert (drafted["lang"], drafted["status"], drafted["translation_of"]) == ("de", "draft", "en")
    assert any("60" in one for one in drafted["differences"])
    for path, wrong in (
        ("questions", {"number": 0}),
        ("questions", {"number": 99}),
        ("translate", {"to": "en"}),
        ("translate", {}),
    ):
        assert agent.post(f"{PATH}/{path}", json=wrong).status_code == 400


def test_files_are_taken_in_as_drafts_or_at_once_and_customers_are_answered_word_for_word(agent):
    def send(name: str, data: bytes, **fields: str):
        return agent.post(
            "/desk/api/imports", files={"file": (name.rpartition("/")[2], data)}, data={"path": name, **fields}
        ).json()

    table = b"question,answer\nare you open on sundays,We are closed on Sundays.\n"
    assert send("faq/opening.en.csv", table)["added"] == 1
    assert agent.get("/desk/api/knowledge", params={"status": "draft"}).json()["articles"][0]["verbatim"]
    assert agent.get("/desk/api/search", params={"question": "are you open on sundays"}).status_code == 400
    changed = table.replace(b"closed", b"open")
    assert send("faq/opening.en.csv", changed, approve="true", by="Ana")["changed"] == 1
    (entry,) = agent.get("/desk/api/knowledge").json()["articles"]
    assert agent.get(f"/desk/api/knowledge/en/{entry['article']}/versions").json()["versions"][0]["author"] == "Ana"
    answer = agent.post("/desk/api/answers", json={"question": "Are you open on Sundays", "language": "en"}).json()
    assert (answer["outcome"], answer["text"]) == ("approved", "We are open on Sundays.")
    found = agent.get("/desk/api/search", params={"question": "are you open on sundays", "language": "en"}).json()
    assert (found["confident"], found["passages"][0]["verbatim"]) == (True, True)
    assert send("faq/opening.en.csv", changed, approve="true")["same"] == 1
    assert "cannot be read as PDF" in send("broken.pdf", b"none")["failed"][0]["reason"]
    assert "of a kind that cannot be read" in send("photo.png", b"none")["failed"][0]["reason"]
    assert agent.post("/desk/api/imports", data={"path": "x.md"}).status_code == 400
    (failed,) = send("deep.html", b"<div>" * 2000 + b"Text.")["failed"]
    assert failed["reason"].startswith("cannot be read: ")
    del agent.headers[CSRF_HEADER]
    assert agent.post("/desk/api/imports", files={"file": ("x.md", b"x")}).status_code == 403
