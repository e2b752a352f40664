"""The description of our endpoints is the endpoints': the same paths and methods, and answers of the shapes that it gives."""

import re

import jsonschema
import pytest

from tests.desk.conftest import CARDS, CITED
from tongshi.conversations.tokens import client_sender
from tongshi.settings import ROOT


@pytest.fixture
def description(site):
    return site.client().get("/api/openapi.json").json()


def test_every_endpoint_is_described_and_no_other(site, description):
    from tongshi.desk.app import create_app

    described = {(path, one.upper()) for path, methods in description["paths"].items() for one in methods if one != "parameters"}
    ours = [one for one in create_app(site.settings).routes if one.path.startswith(("/api/", "/desk/api/"))]
    routes = [one for one in ours if one.path != "/api/openapi.json"]
    assert {(re.sub(r":\w+}", "}", one.path), method) for one in routes for method in one.methods - {"HEAD"}} == described


def test_answers_have_the_shapes_that_are_described(site, description):
    def assert_shape(name, value):
        jsonschema.Draft202012Validator({**description, "$ref": f"#/components/schemas/{name}"}).validate(value)

    site.bot.says = [{"text": "You have 30 days.", "custom": CITED | CARDS, "buttons": [{"title": "Return", "payload": "/x"}]}]
    assert_shape("Session", site.client().post("/api/session", json={"carry": "token"}).json())
    client = site.begun()
    assert_shape("Messages", client.post("/api/messages", json={"text": "how long?", "client_id": "q"}).json())
    assert_shape("Messages", client.get("/api/messages").json())
    assert_shape("Session", client.get("/api/session").json())
    assert_shape("Error", client.post("/api/score", json={}).json())


def test_the_desks_answers_have_the_shapes_that_are_described(site, description):
    def assert_shape(part, value):
        jsonschema.Draft202012Validator({**description, **part}).validate(value)

    def answer_of(path, method):
        return description["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]

    agent, path = site.agent(), "/desk/api/knowledge/en/shapes"
    entry = description["components"]["responses"]["Entry"]["content"]["application/json"]["schema"]
    assert_shape(entry, agent.put(path, json={"title": "Shapes", "text": "Round.", "questions": ["is it round"]}).json())
    assert_shape(entry, agent.post(f"{path}/approve", json={"upon": 1}).json())
    assert_shape(answer_of("/desk/api/knowledge", "get"), agent.get("/desk/api/knowledge").json())
    described = "/desk/api/knowledge/{language}/{article_id}/versions"
    assert_shape(answer_of(described, "get"), agent.get(f"{path}/versions").json())
    assert_shape(answer_of(described + "/{number}", "get"), agent.get(f"{path}/versions/1").json())
    assert_shape(answer_of("/desk/api/search", "get"), agent.get("/desk/api/search?question=is+it+round").json())
    assert_shape(answer_of("/desk/api/answers", "post"), agent.post("/desk/api/answers", json={"question": "is it round"}).json())
    file = {"file": ("x.txt", b"Some text.")}
    assert_shape(answer_of("/desk/api/imports", "post"), agent.post("/desk/api/imports", files=file).json())
    assert_shape({"$ref": "#/components/schemas/Error"}, agent.get(f"{path}/versions/9").json())


def test_every_reference_leads_somewhere(description):
    def references(value):
        if isinstance(value, dict):
            yield from (one for key, part in value.items() for one in ([part] if key == "$ref" else references(part)))
        elif isinstance(value, list):
            yield from (one for part in value for one in references(part))

    for reference in references(description):
        part = description
        for key in reference.removeprefix("#/").split("/"):
            part = part[key]


def test_the_client_of_the_docs_works(site, capsys):
    site.bot.says = [{"text": "You have 30 days.", "custom": CITED}]
    page = (ROOT / "docs" / "rest.md").read_text("utf-8")
    client, token, _socketio = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(client.replace("https://help.example", site.url), {})
    assert capsys.readouterr().out == "You have 30 days. ['Returning an item']\n"
    signed = {"client_key": "k" * 40}
    exec(token, signed)
    assert client_sender(signed["token"], "k" * 40) == "client-customer-4711"
    assert client_sender(signed["token"], "l" * 40) is None
