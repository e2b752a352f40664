"""The language model reads passages for relations: a scripted server says yes and no, all else is real."""

from __future__ import annotations

import json
import socket
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tests.llm.server import scripted
from tongshi import cli_graph
from tongshi.errors import TongshiError, Unavailable
from tongshi.knowledge.articles import Article
from tongshi.knowledge.graph import Graph
from tongshi.knowledge.graph_facts import spelled
from tongshi.knowledge.graph_kinds import figures_in
from tongshi.knowledge.products import ProductFacts
from tongshi.llm import relating
from tongshi.llm.client import ChatClient
from tongshi.llm.relating import Relater
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES, ROOT, get_settings
from tongshi.storage.graph import GraphStore
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import CONFIRMED, PROPOSED, REJECTED

DATA = ROOT / "data"
GUIDE = Article(
    "guide",
    "en",
    "Travelling with the Volt 65W Charger",
    "It also charges the Pulse Sports Watch. It does not charge the Tide Portable Speaker. The Drift Backpack 25L lies next to it.\n\n"
    "DHL brings parcels to Norway. The warranty on the Drift Backpack 25L is 36 months.\n\n"
    "Volt 65W Charger works with Meridian Book 14. You can pay by Visa.\n\nWe wish you a good journey.",
)
WATCH = "product:MER-CH-065 compatible_with product:MER-WT-050"
CARRIER = "carrier:DHL delivers_in country:NO"
WARRANTY = "product:MER-BG-025 warranty policy:guide (months 36)"


@pytest.fixture
def graph(shop, database, clock) -> Graph:
    """The graph of the demo shop."""
    graph = Graph(GraphStore(database, clock), KnowledgeStore(database, clock), shop, ProductFacts(DATA, get_replies()), DATA)
    graph.seed()
    return graph


@pytest.fixture
def relater(graph):
    """Makes what reads by the model at an address."""

    def make(url: str, **options) -> Relater:
        return Relater(ChatClient(url, "small"), "small", graph.store, graph.passage_reader(), **options)

    return make


def statement(messages) -> str:
    return messages[-1]["content"].rpartition("Statement: ")[2]


def says_yes_to(*words):
    """A reply for `scripted`: yes to statements that hold one of some words."""
    return lambda messages: json.dumps("yes" if any(word in statement(messages) for word in words) else "no")


def test_what_the_model_finds_stated_waits_for_a_person_with_its_passage(graph, relater):
    with scripted(says_yes_to("Pulse", "DHL", "36 months")) as server:
        tally = relater(server.url).read([GUIDE])
        asked = {statement(one) for one in server.asked}
    assert {spelled(one) for one in tally.proposed} == {WATCH, CARRIER, WARRANTY}
    assert all((one.status, one.proposed_by, one.source) == (PROPOSED, "language model small", "guide") for one in tally.proposed)
    assert (
        next(one for one in tally.proposed if one.name == "warranty").evidence
        == f"{GUIDE.title}\n\n{GUIDE.text.split(chr(10))[2]}"
    )
    # What is denied or known is not asked; a figure within a name is none; where nothing is named, nothing is asked.
    assert not any("Tide" in one or "Book 14" in one or "Visa" in one or "25 months" in one for one in asked)
    assert (tally.passages, tally.read, tally.silent) == (4, 2, 2)
    assert all(body["response_format"]["json_schema"]["schema"]["enum"] == ["yes", "no"] for body in server.bodies)
    assert graph.facts().between("product:MER-CH-065", "compatible_with", "product:MER-WT-050") is None
    graph.store.decide(next(one.relation_id for one in tally.proposed if one.name == "compatible_with"), CONFIRMED, "anna")
    assert graph.facts().between("product:MER-CH-065", "compatible_with", "product:MER-WT-050") is not None


def test_what_was_decided_or_proposed_is_never_proposed_again_in_whatever_words(graph, relater):
    with scripted(says_yes_to("Pulse", "36 months")) as server:
        proposed = {spelled(one): one for one in relater(server.url).read([GUIDE]).proposed}
        graph.store.decide(proposed[WATCH].relation_id, REJECTED, "anna")
        other = Article(
            "other", "de", "", "Zum Pulse passt auch der Volt 65W Charger. Die Garantie auf den Drift Backpack 25L: 36 Monate."
        )
        tally = relater(server.url, again=True).read([GUIDE, other])
        assert tally.proposed == []
        assert not any("Pulse" in statement(one) and "Volt" in statement(one) for one in server.asked[-3:])


def test_reading_goes_on_where_it_was_left_and_anew_where_the_text_changed(relater):
    with scripted(says_yes_to("Pulse")) as server:
        assert relater(server.url).read([GUIDE]).read == 2
        before = len(server.asked)
        again = relater(server.url).read([GUIDE])
        assert (again.before, again.read, again.done, len(server.asked)) == (2, 0, 4, before)
        changed = Article("guide", "en", GUIDE.title, GUIDE.text.replace("36 months", "48 months"))
        assert relater(server.url).read([changed]).read == 1
        # Of what waits for a person nothing is asked, even anew.
        assert relater(server.url, again=True).read([GUIDE]).read == 1


@pytest.mark.parametrize("reply", ["", "Yes and no are hard to tell.", '{"facts": ["DHL"]}', "maybe yes", "no, yes"])
def test_what_is_neither_yes_nor_no_proposes_nothing(relater, reply):
    with scripted(lambda _: reply) as server:
        tally = relater(server.url).read([GUIDE])
    assert [spelled(one) for one in tally.proposed] == [] and tally.read == 2


def test_a_model_that_dies_is_an_error_and_what_was_read_is_kept(graph, relater):
    def reply(messages):
        if "DHL" in messages[-1]["content"]:
            server.shutdown()
            server.server_close()
            raise ConnectionResetError
        return says_yes_to("Pulse")(messages)

    with scripted(reply) as server, pytest.raises(Unavailable, match="1 of 4 passages are done, and the 1 relations"):
        relater(server.url).read([GUIDE])
    assert [spelled(one) for one in graph.store.relations(PROPOSED) if one.source == "guide"] == [WATCH]
    with scripted(says_yes_to("DHL")) as server:
        tally = relater(server.url).read([GUIDE])
    assert (tally.before, tally.read, [spelled(one) for one in tally.proposed]) == (1, 1, [CARRIER])


def test_a_passage_that_takes_too_long_is_left_and_the_next_is_read_but_not_for_ever(relater, monkeypatch):
    monkeypatch.setattr(relating, "_SECONDS", 0.3)
    with scripted(says_yes_to("DHL")) as server:
        slow = server.reply
        server.reply = lambda messages: slow(messages) if "DHL" in messages[-1]["content"] else "no " * 50
        server.pause = 0.05
        tally = relater(server.url).read([GUIDE])
        assert (tally.unread, tally.read, len(tally.proposed)) == (1, 1, 1)
        server.reply = lambda messages: "no " * 50
        with pytest.raises(Unavailable, match="not done in time"):
            relater(server.url, again=True).read([GUIDE] * 3)


# Each states, by name, that the keyboard goes with the watch, and that Klarna goes without saying of it.
PAIRS = {
    "ar": "تعمل Tactile Keyboard 87 أيضا مع Pulse Sports Watch.",
    "de": "Die Tactile Keyboard 87 lässt sich auch mit der Pulse Sports Watch verwenden.",
    "en": "The Tactile Keyboard 87 pairs nicely with the Pulse Sports Watch.",
    "es": "El Tactile Keyboard 87 se puede usar también con el Pulse Sports Watch.",
    "fr": "Le Tactile Keyboard 87 s'utilise aussi avec la Pulse Sports Watch.",
    "it": "La Tactile Keyboard 87 si usa anche con il Pulse Sports Watch.",
    "ja": "Tactile Keyboard 87 は Pulse Sports Watch とも一緒に使えます。",
    "ko": "Tactile Keyboard 87은 Pulse Sports Watch와도 함께 쓸 수 있습니다.",
    "pt": "O Tactile Keyboard 87 também pode ser usado com o Pulse Sports Watch.",
    "ru": "Tactile Keyboard 87 работает и с Pulse Sports Watch.",
    "th": "Tactile Keyboard 87 ใช้ร่วมกับ Pulse Sports Watch ได้ด้วย",
    "zh": "Tactile Keyboard 87 也可以和 Pulse Sports Watch 一起用。",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_passages_of_every_language_are_asked_about(relater, language):
    with scripted(says_yes_to("Pulse")) as server:
        tally = relater(server.url).read([Article("pairs", language, "", PAIRS[language])])
    assert [spelled(one) for one in tally.proposed] == ["product:MER-KB-087 compatible_with product:MER-WT-050"]


def test_of_statements_that_contradict_each_other_none_is_proposed(relater):
    text = (
        "The warranty on lamps is 12 months and on chargers 18 months. Parcels to Chile: customs duties are paid by the customer."
    )
    with scripted(lambda _: '"yes"') as server:
        assert relater(server.url).read([Article("both", "en", "", text)]).proposed == []
    with scripted(says_yes_to("chargers is 18", "lamps is 12", "customer pays")) as server:
        assert len(relater(server.url, again=True).read([Article("both", "en", "", text)]).proposed) == 3


def test_headings_topics_and_other_figures_lead_to_no_statement(relater):
    """What small models say yes to all the same: another product's colour, another sentence's figure, a plug used on a journey."""
    text = (
        "# Desk with the Tab 11\n\nThe Aurora Headphones are sold in blue. We took the US plug in Canada. Returns: 40 days for headphones, \
and chargers have 30 months of warranty. The Drift Backpack 25L is grey."
    )
    with scripted(lambda _: '"no"') as server:
        relater(server.url).read([Article("desk", "en", "Desk with the Tab 11", text)])
        asked = {statement(one) for one in server.asked}
    assert asked == {
        "headphones can be returned within 40 days.",
        "headphones can be returned within 30 days.",
        "chargers can be returned within 40 days.",
        "chargers can be returned within 30 days.",
        "The warranty on headphones is 40 months.",
        "The warranty on headphones is 30 months.",
        "The warranty on chargers is 40 months.",
        "The warranty on chargers is 30 months.",
    }


def test_figures_are_read_in_every_script_and_not_out_of_codes():
    found = figures_in("24ヶ月, ٤٫٩٠ or 4,90 €, 1.000 Stück, before 14:00, USB-C2, IP67, 提供36个月")
    assert set(found["count"].values()) == {24, 1000, 36}
    assert set(found["amount"].values()) == {"24", "4.90", "1000", "36"}
    assert found["time"] == {"14:00": "14:00"}


@pytest.fixture
def command(graph, database, monkeypatch):
    """Runs `tongshi knowledge graph …` over the articles given, by a model at an address; gives its JSON."""

    def command(url: str, articles: list[Article], *words: str):
        settings = replace(get_settings(), llm_url=url, llm="small")
        monkeypatch.setattr(cli_graph, "_graph", lambda: graph)
        monkeypatch.setattr("tongshi.settings.get_settings", lambda: settings)
        monkeypatch.setattr("tongshi.storage.database.get_database", lambda: database)
        monkeypatch.setattr("tongshi.storage.knowledge.KnowledgeStore.articles", lambda self, collection: articles)
        result = CliRunner().invoke(cli_graph.graph, [*words, "--json"])
        if result.exception:
            raise result.exception
        return json.loads(result.stdout)

    return command


def test_the_command_asks_the_model_only_when_told_to_and_lists_who_proposed(command):
    with scripted(says_yes_to("Pulse", "DHL")) as server:
        said = {one["proposed_by"] for one in command(server.url, [GUIDE], "propose", "--lang", "en")}
        assert said == {"patterns", ""} and not server.asked
        assert {one["proposed_by"] for one in command(server.url, [GUIDE], "propose", "--model")} == {"language model small"}
        assert not any("response_format" in body for body in server.bodies)
        listed = command(server.url, [GUIDE], "list", "--status", "proposed", "--proposed-by", "language model")
        assert listed and {one["source"] for one in listed} == {"guide"}
        with pytest.raises(TongshiError, match="no such article"):
            command(server.url, [GUIDE], "propose", "--lang", "fr")


def test_without_a_model_the_command_says_so_and_patterns_are_kept(command, graph):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(Unavailable, match="0 of 4 passages"):
        command(nobody, [GUIDE], "propose", "--model")
    assert any(one.proposed_by == "patterns" for one in graph.store.relations(PROPOSED))
