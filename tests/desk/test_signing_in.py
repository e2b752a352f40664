"""Who may act at the desk: forms and changes count in the session that they were made for."""

import httpx
import pytest

from tests.desk.conftest import running
from tongshi.desk.sessions import CSRF_HEADER
from tongshi.settings import Settings

COOKIE = "tongshi_desk"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with running(Settings(home=tmp_path_factory.mktemp("signing") / "home", encoder="use")) as site:
        yield site


def form_token(client: httpx.Client) -> str:
    return client.get("/desk/login").text.split('name="csrf" value="')[1].split('"')[0]


def sign_in(site, client: httpx.Client, token: str) -> int:
    data = {"password": site.settings.secret("desk-password"), "csrf": token}
    return client.post("/desk/login", data=data).status_code


def test_a_token_counts_in_its_own_session_only(desk):
    agent, other, stranger = desk.client(), desk.client(), desk.client()
    for client in (agent, other):
        assert sign_in(desk, client, form_token(client)) == 303
    own, others = (client.get("/desk/api/session").json()["csrf"] for client in (agent, other))
    for token in (others, form_token(stranger), form_token(agent), agent.cookies[COOKIE], ""):
        assert agent.post("/desk/language", data={"csrf": token, "language": "de"}).status_code == 403
        assert agent.post("/desk/api/answers", json={"question": "?"}, headers={CSRF_HEADER: token}).status_code == 403
    assert agent.post("/desk/language", data={"csrf": own, "language": "de"}).status_code == 303
    stranger.cookies[COOKIE] = own
    assert stranger.get("/desk/api/session").status_code == 401


def test_the_form_of_the_sign_in_counts_in_its_own_browser_only(desk):
    agent, stranger = desk.client(), desk.client()
    assert sign_in(desk, agent, form_token(stranger)) == 403
    assert sign_in(desk, agent, form_token(agent)) == 303
