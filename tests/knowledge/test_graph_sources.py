"""What the graph knows of articles ends where they no longer say it, until a person has looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.knowledge.helpers import HashEncoder
from tongshi.knowledge.articles import shop_articles
from tongshi.knowledge.base import SHOP
from tongshi.knowledge.editing import Editor
from tongshi.knowledge.graph import Graph
from tongshi.knowledge.graph_facts import spelled
from tongshi.knowledge.products import ProductFacts
from tongshi.knowledge.writing import Writer
from tongshi.responses.catalog import get_replies
from tongshi.settings import ROOT
from tongshi.storage.graph import Edge, GraphStore
from tongshi.storage.knowledge import KnowledgeStore
from tongshi.storage.models import CONFIRMED, PROPOSED, REJECTED

POLICIES = {"shipping-international", "customs", "warranty", "returns-exceptions"}
ASKED = "What does shipping the Book 14 to Norway cost?"
SHIPS = "policy:shipping-international ships_to region:abroad"
DUTIES = "country:NO duties_paid policy:customs"


@pytest.fixture
def files():
    return [one for one in shop_articles(ROOT / "data") if one.article_id in POLICIES]


@pytest.fixture
def editor(database, clock, files) -> Editor:
    store = KnowledgeStore(database, clock)
    writer = Writer(store, HashEncoder)
    writer.put(files, SHOP)
    return Editor(store, writer, SHOP)


@pytest.fixture
def graph(shop, database, clock, editor) -> Graph:
    data = ROOT / "data"
    graph = Graph(GraphStore(database, clock), KnowledgeStore(database, clock), shop, ProductFacts(data, get_replies()), data)
    graph.seed()
    return graph


@pytest.fixture
def change(editor, clock):
    """Has search see an article with some words changed."""

    def change(article_id, old, new, language="en"):
        article = editor.entry(article_id, language).article
        assert old in article.text
        editor.draft(replace(article, text=article.text.replace(old, new)), "ana")
        editor.approve(article_id, language, "ana")
        clock.forward(seconds=1)

    return change


def kept(graph, said):
    return next(one for one in graph.store.relations() if spelled(one).startswith(said))


def is_known(graph, said):
    relation = kept(graph, said)
    return graph.facts().between(relation.subject, relation.name, relation.object) is not None


def test_the_articles_of_the_shop_say_all_that_its_files_state(graph):
    assert {one.status for one in graph.store.relations() if one.source == "relations.yml"} == {CONFIRMED}
    assert all(is_known(graph, spelled(one)) for one in graph.store.relations(CONFIRMED))


@pytest.mark.parametrize(("language", "old", "new"), [("en", "€19.90", "€24.90"), ("de", "19,90", "24,90")])
def test_a_figure_that_an_editor_changed_is_no_longer_answered(graph, change, language, old, new):
    assert "€19.90" in graph.answer(ASKED, "en").text
    change("shipping-international", old, new, language)
    assert graph.answer(ASKED, "en") is None


def test_what_does_not_touch_a_statement_leaves_it(graph, change):
    change("shipping-international", "We ship to", "At present we ship to")
    change("customs", "Outside the", "As a rule, outside the")
    assert "€19.90" in graph.answer(ASKED, "en").text
    assert is_known(graph, DUTIES)


def test_a_statement_without_figures_ends_with_the_words_that_say_it(graph, change, editor):
    article = editor.entry("customs", "en").article
    editor.draft(replace(article, questions=("who pays duties",)), "ana")
    editor.approve("customs", "en", "ana")
    assert is_known(graph, DUTIES)
    change("customs", "United Kingdom, Norway and Switzerland", "United Kingdom and Switzerland")
    assert not is_known(graph, DUTIES)


def test_a_retired_or_expired_policy_is_no_longer_answered_from(graph, editor, clock):
    for one in editor.entries(article_id="shipping-international"):
        expiring = replace(one.article, valid_until=clock() + timedelta(hours=1))
        editor.draft(expiring, "ana")
        editor.approve(*one.article.key, "ana")
    assert "€19.90" in graph.answer(ASKED, "en").text
    clock.forward(hours=2)
    assert graph.answer(ASKED, "en") is None
    for one in editor.entries(article_id="customs"):
        editor.retire(*one.article.key, "ana")
    assert not is_known(graph, DUTIES)


def test_what_an_article_no_longer_says_waits_until_a_person_has_looked(graph, change, editor, clock):
    change("shipping-international", "€19.90", "€24.90")
    graph.seed()
    doubted = kept(graph, SHIPS)
    assert doubted.status == PROPOSED
    graph.store.decide(doubted.relation_id, CONFIRMED, "ana")
    assert is_known(graph, SHIPS)
    graph.seed()
    assert kept(graph, SHIPS).status == CONFIRMED
    clock.forward(seconds=1)
    change("shipping-international", "€24.90", "€29.90")
    assert not is_known(graph, SHIPS)
    graph.seed()
    assert (kept(graph, SHIPS).status, kept(graph, SHIPS).decided_by) == (PROPOSED, "")
    graph.store.decide(kept(graph, SHIPS).relation_id, REJECTED, "ana")
    editor.rollback("shipping-international", "en", 1, "ana")
    graph.seed()
    assert kept(graph, SHIPS).status == REJECTED


def test_the_file_of_the_shop_counts_again_once_the_article_says_so(graph, change):
    change("shipping-international", "€19.90", "€24.90")
    graph.seed()
    assert not is_known(graph, SHIPS)
    change("shipping-international", "€24.90", "€19.90")
    graph.seed()
    assert is_known(graph, SHIPS)


@pytest.mark.parametrize("title", ["", "Warranty\n\n"])
def test_what_was_read_in_an_article_ends_with_the_words_that_say_it(graph, change, title, clock):
    sentence = "Water damage is covered"
    assert sentence in next(one.text for one in shop_articles(ROOT / "data") if one.key == ("warranty", "en"))
    said = Edge("product:MER-CH-065", "has_plug", "plug:IN", {}, "warranty", f"{title}{sentence}", proposed_by="patterns")
    (proposed,) = graph.store.propose([said])
    clock.forward(seconds=1)
    graph.store.decide(proposed.relation_id, CONFIRMED, "li")
    change("warranty", "24", "24")
    assert is_known(graph, "product:MER-CH-065 has_plug plug:IN")
    change("warranty", sentence, "Damage by water is covered")
    assert not is_known(graph, "product:MER-CH-065 has_plug plug:IN")
