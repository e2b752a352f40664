"""The graph of what is known at the desk: who proposes, who decides, what is stated by hand, and what a question gets."""

from __future__ import annotations

from datetime import UTC, datetime

import jsonschema
import pytest
from playwright.sync_api import expect

from tests.browser import violations
from tests.desk.conftest import running
from tongshi.commerce.seed import seed
from tongshi.desk.sessions import CSRF_HEADER
from tongshi.knowledge.graph import make_graph
from tongshi.settings import ROOT, Settings
from tongshi.storage.graph import Edge
from tongshi.storage.shop import ShopStore

ASKED = "Which of your chargers works for my Book 14 in Japan, and how long is its warranty?"
SENTENCE = "The Volt 65W Charger also works with the Pulse watch."
ARTICLE = {"title": "Charging on the way", "text": f"Take one along. {SENTENCE} It is light."}
PULSE = Edge("product:MER-CH-065", "compatible_with", "product:MER-WT-050", {}, "charging", SENTENCE, proposed_by="patterns")
LONGER = Edge(
    "kind:product", "warranty", "policy:charging", {"months": 36}, "charging", "Charging on the way\n\nIt is light.", proposed_by="language model x"
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A desk with the demo shop, and an article from which rules and a model have proposed something."""
    home = tmp_path_factory.mktemp("graph") / "home"
    with running(Settings(home=home, encoder="use", session_rate=1000, address_rate=1000)) as site:
        seed(ShopStore(site.database), ROOT / "data" / "store", datetime.now(UTC))
        make_graph(site.settings, site.database).seed()
        agent = site.agent()
        agent.put("/desk/api/knowledge/en/charging", json=ARTICLE)
        agent.post("/desk/api/knowledge/en/charging/approve")
        yield site


@pytest.fixture
def store(site):
    return make_graph(site.settings, site.database).store


@pytest.fixture
def agent(site):
    """Signed in; reads English."""
    return site.agent(**{"Accept-Language": "en"})


def proposed(store, edge):
    """The number of a relation that waits, or was decided by an earlier test."""
    store.propose([edge])
    return next(one.relation_id for one in store.relations() if one.digest == edge.digest)


def carries(country):
    return Edge("carrier:Kerry", "delivers_in", f"country:{country}", {}, "orders", "2 order(s), e.g. M-1001")


def found(agent, **wanted):
    return agent.get("/desk/api/graph", params=wanted).json()["relations"]


def test_who_is_not_signed_in_learns_nothing_and_a_change_needs_the_token(site, agent):
    for method, path in (
        ("GET", "graph"),
        ("POST", "graph"),
        ("POST", "graph/1"),
        ("GET", "graph/answer"),
        ("GET", "graph/path"),
    ):
        assert site.client().request(method, f"/desk/api/{path}").status_code == 401
    for path in ("graph", "graph/new", "graph/try", "graph/country:JP"):
        answer = site.client().get(f"/desk/{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    del agent.headers[CSRF_HEADER]
    assert agent.post("/desk/api/graph/1", json={"decision": "reject"}).status_code == 403


def test_statements_are_found_by_status_words_kind_entity_and_who_proposed_them(agent, store):
    numbers = [proposed(store, one) for one in (PULSE, LONGER, carries("TH"))]
    assert set(numbers) < {one["id"] for one in found(agent)}
    assert [one["id"] for one in found(agent, proposed_by="patterns")] == [numbers[0]]
    assert [one["id"] for one in found(agent, proposed_by="language model")] == [numbers[1]]
    assert [one["id"] for one in found(agent, words="kerry THAILAND")] == [numbers[2]]
    assert [one["id"] for one in found(agent, words="also works WITH the pulse")] == [numbers[0]]
    assert [one["subject"] for one in found(agent, relation="used_in", entity="country:JP", status="confirmed")] == ["plug:JP"]
    named = found(agent, status="all", entity="pulse sports")
    assert named and all("product:MER-WT-050" in (one["subject"], one["object"]) for one in named)
    assert found(agent, status="rejected", words="kerry") == []


def test_a_decision_counts_for_answers_and_is_not_made_twice_unseen(agent, store):
    number = proposed(store, carries("NZ"))
    path = f"/desk/api/graph/{number}"
    decided = agent.post(path, json={"decision": "confirm", "seen": "proposed", "by": " Ana  Li "}).json()
    assert (decided["status"], decided["decided_by"]) == ("confirmed", "Ana Li")
    late = agent.post(path, json={"decision": "reject", "seen": "proposed", "by": "Bo"})
    assert (late.status_code, "confirmed by now, by Ana Li" in late.json()["error"]) == (409, True)
    asked = {"question": "Who delivers the Tide speaker to New Zealand, and who pays the customs duties?"}
    assert "Kerry" in agent.get("/desk/api/graph/answer", params=asked).json()["answer"]["text"]
    assert agent.post(path, json={"decision": "reject", "by": "Bo"}).json()["status"] == "rejected"
    silent = agent.get("/desk/api/graph/answer", params=asked).json()
    assert (silent["answer"], silent["why"]) == (None, "a carrier")
    assert {"country:NZ", "product:MER-SP-300"} == set(silent["entities"]) and "carrier" in silent["asks"]


def test_what_goes_wrong_is_said(agent):
    def answer(method, path, **options):
        response = agent.request(method, f"/desk/api/graph{path}", **options)
        return response.status_code, response.json()["error"]

    assert answer("POST", "/999999", json={"decision": "confirm"})[0] == 404
    assert (
        answer("POST", "/1", json={"decision": "perhaps"})[0]
        == answer("POST", "/1", json={"decision": "confirm", "seen": []})[0]
        == 400
    )
    assert answer("GET", "/answer") == (400, "question is empty.")
    assert "country:XX" in answer("GET", "/path", params={"from": "plug:JP", "to": "country:XX"})[1]
    for wrong, said in (
        ({"relation": "likes"}, "There is no kind of relation 'likes'"),
        ({"object": "country:DE"}, "compatible_with relates product to product"),
        ({"object": "product:NONE"}, "The graph does not know 'product:NONE'."),
        ({"figures": {"months": 3}}, "compatible_with has no figures."),
        ({"figures": ["months"]}, "figures must be an object"),
    ):
        stated = {"subject": "product:MER-CH-065", "relation": "compatible_with", "object": "product:MER-LM-010", **wrong}
        status, error = answer("POST", "", json=stated)
        assert (status, said in error) == (400, True), (wrong, error)
    warranty = {"subject": "product:MER-KB-087", "relation": "warranty", "object": "policy:charging"}
    for months in ("0", "2.5", "many", "9" * 5000, ""):
        assert answer("POST", "", json=warranty | {"figures": {"months": months}})[0] == 400


def test_a_persons_own_statement_is_confirmed_with_their_name_and_known_once(agent, store):
    stated = {
        "subject": "MER-LM-010",
        "relation": "compatible_with",
        "object": "product:MER-PB-020",
        "evidence": "Tried.",
        "by": "Ana",
    }
    kept = agent.post("/desk/api/graph", json=stated).json()
    assert (kept["subject"], kept["status"], kept["proposed_by"], kept["decided_by"]) == (
        "product:MER-LM-010",
        "confirmed",
        "person",
        "Ana",
    )
    again = agent.post("/desk/api/graph", json=stated)
    assert (again.status_code, f"relation {kept['id']}, confirmed by Ana" in again.json()["error"]) == (409, True)
    make = {"subject": "kind:product", "relation": "warranty", "object": "policy:charging", "figures": {"months": "36"}}
    waiting = proposed(store, LONGER)
    longer = agent.post("/desk/api/graph", json=make).json()
    assert (longer["id"], longer["status"], longer["figures"]) == (waiting, "confirmed", {"months": 36})
    confirmed = found(agent, status="confirmed", relation="warranty")
    (known,) = [one for one in confirmed if one["figures"] == {"months": 24}]
    assert known["contradicts"] == [waiting] and longer["contradicts"] == [known["id"]]
    agent.post(f"/desk/api/graph/{waiting}", json={"decision": "reject", "by": "Ana"})


def test_answers_have_the_shapes_that_are_described(site, agent):
    description = site.client().get("/api/openapi.json").json()

    def assert_shape(path, method, value):
        schema = description["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**description, **schema}).validate(value)

    assert_shape("/desk/api/graph", "get", agent.get("/desk/api/graph?status=all").json())
    for question in (ASKED, "hello"):
        assert_shape("/desk/api/graph/answer", "get", agent.get("/desk/api/graph/answer", params={"question": question}).json())
    way = agent.get("/desk/api/graph/path", params={"from": "product:MER-CH-030", "to": "country:DE"}).json()
    assert_shape("/desk/api/graph/path", "get", way)
    assert [one["relation"] for one in way["path"]] == ["has_plug", "used_in"]


def test_pages_name_things_in_the_readers_language_and_show_the_sentence(site, agent, store):
    number = proposed(store, PULSE)
    page = agent.get("/desk/graph?words=pulse").text
    assert "Volt 65W Charger" in page and "works with" in page and f'data-url="/desk/api/graph/{number}"' in page
    assert f'lang="en">{SENTENCE}</q>' in page and 'href="/desk/knowledge/en/charging"' in page
    chinese = site.agent(**{"Accept-Language": "zh"})
    entity = chinese.get("/desk/graph/plug:JP?to=country:JP").text
    assert "JP 插头" in entity and "可用于" in entity and "日本" in entity
    assert "24 个月" in chinese.get("/desk/graph", params={"status": "confirmed", "relation": "warranty"}).text
    assert agent.get("/desk/graph/plug:XX").status_code == 404
    assert "does not know" in agent.get("/desk/graph/plug:JP?to=plug:XX").text
    tried = agent.get("/desk/graph/try", params={"question": ASKED}).text
    assert (
        "Warranty on Volt 65W Charger: 24 months." in tried
        and "JP plug" in tried
        and 'href="/desk/graph/product%3AMER-CH-065"' in tried
    )
    assert "leaves this question to search" in agent.get("/desk/graph/try?question=hello").text
    assert 'name="months"' in agent.get("/desk/graph/new?relation=warranty").text
    assert agent.get("/desk/graph?from=50&status=all").text.count('class="choose"') == 50


def test_rules_propose_what_articles_and_orders_say(agent, site):
    new = agent.post("/desk/api/graph/proposals").json()["relations"]
    assert {one["source"] for one in new} <= {"charging", "orders"}
    kept = found(agent, status="all", entity="product:MER-WT-050", relation="compatible_with")
    assert (PULSE.subject, SENTENCE) in {(one["subject"], one["evidence"]) for one in kept}
    assert agent.post("/desk/api/graph/proposals").json() == {"relations": []}


@pytest.fixture
def page(browser, site):
    """Somebody who is signed in, at a desk that is wide and light."""
    site.agent()
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in site.sign_in.items()])
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def test_statements_are_decided_one_by_one_and_several_at_once_and_one_is_added(page, site, agent, store):
    numbers = [proposed(store, carries(country)) for country in ("IS", "NO", "CL", "PE")]
    page.goto(f"{site.url}/desk/graph?words=kerry&relation=delivers_in")
    page.locator("#by").fill("Ana")
    page.get_by_role("button", name=f"Reject {numbers[0]}").click()
    expect(page.get_by_role("button", name=f"Reject {numbers[0]}")).to_have_count(0)
    assert store.relation(numbers[0]).decided_by == "Ana"
    store.decide(numbers[3], "rejected", "Bo")
    for number in numbers[1:]:
        page.get_by_label(f"Choose statement {number}").check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Confirm the chosen").click()
    told = page.locator("#decide-chosen .outcome.bad")
    expect(told).to_contain_text(f"Relation {numbers[3]} is rejected by now, by Bo.")
    expect(told).to_be_focused()
    assert violations(page) == []
    assert [store.relation(one).status for one in numbers] == ["rejected", "confirmed", "confirmed", "rejected"]
    page.goto(f"{site.url}/desk/graph/new?relation=return_within")
    page.get_by_label("Subject").select_option("Pulse Sports Watch")
    page.get_by_label("Object").select_option("“Charging on the way”")
    page.get_by_label("Days").fill("many")
    page.get_by_role("button", name="Add and confirm").click()
    expect(page.locator(".outcome.bad")).to_contain_text("days must be a whole number")
    page.get_by_label("Days").fill("60")
    page.get_by_role("button", name="Add and confirm").click()
    page.wait_for_url("**/desk/graph/product%3AMER-WT-050")
    expect(page.locator(".statements tbody tr", has_text="60 days")).to_contain_text("decided by Ana")


@pytest.mark.parametrize(("locale", "scheme", "width"), [("en", "light", 1200), ("zh-CN", "dark", 390)])
def test_the_pages_are_accessible(browser, site, agent, store, locale, scheme, width):
    proposed(store, PULSE)
    context = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800})
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in site.sign_in.items()])
    page = context.new_page()
    tried = "graph/try?question=which+charger+works+with+the+Book+14+in+Japan"
    for path in ("graph", "graph/product:MER-CH-065?to=country:JP", "graph/new?relation=ships_to", tried):
        page.goto(f"{site.url}/desk/{path}")
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
