"""The description of our endpoints is the endpoints': the same paths and methods, and answers of the shapes that it gives."""

import re

import jsonschema
import pytest

from tests.desk.conftest import CITED
from tests.desk.test_chat import say
from tongshi.conversations.tokens import client_sender
from tongshi.settings import ROOT


@pytest.fixture
def description(site):
    return site.client().get("/api/openapi.json").json()


def test_every_endpoint_is_described_and_no_other(site, description):
    from tongshi.desk.app import create_app

    described = {(path, method.upper()) for path, methods in description["paths"].items() for method in methods}
    routes = [one for one in create_app(site.settings).routes if one.path.startswith("/api/") and one.path != "/api/openapi.json"]
    assert {(re.sub(r":\w+}", "}", one.path), method) for one in routes for method in one.methods - {"HEAD"}} == described


def test_answers_have_the_shapes_that_are_described(site, description):
    def assert_shape(name, value):
        jsonschema.Draft202012Validator({**description, "$ref": f"#/components/schemas/{name}"}).validate(value)

    site.bot.says = [{"text": "You have 30 days.", "custom": CITED, "buttons": [{"title": "Return", "payload": "/x"}]}]
    assert_shape("Session", site.client().post("/api/session", json={"carry": "token"}).json())
    client = site.begun()
    assert_shape("Messages", {"messages": say(client, "how long?", client_id="q")})
    assert_shape("Session", client.get("/api/session").json())
    assert_shape("Error", client.post("/api/score", json={}).json())


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
    client, token = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(client.replace("https://help.example", site.url), {})
    assert capsys.readouterr().out == "You have 30 days. ['Returning an item']\n"
    signed = {"client_key": "k" * 40}
    exec(token, signed)
    assert client_sender(signed["token"], "k" * 40) == "client-customer-4711"
    assert client_sender(signed["token"], "l" * 40) is None
