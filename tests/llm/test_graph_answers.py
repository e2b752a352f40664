"""What the graph knows on its way to the customer: before what search found, with its path in the trace."""

from __future__ import annotations

import pytest

from tongshi.knowledge.base import Found, Passage
from tongshi.knowledge.graph import Graph
from tongshi.knowledge.products import ProductFacts
from tongshi.llm.answering import Answerer
from tongshi.llm.followups import Turn
from tongshi.responses.catalog import get_replies
from tongshi.settings import ROOT
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.graph import GraphStore
from tongshi.storage.knowledge import KnowledgeStore

ASKED = "Which of your chargers works for my Book 14 in Japan, and how long is its warranty?"


class Knowledge:
    """Finds one passage for whatever is asked.

    Args:
        retired: ids of articles that are not live.
    """

    def __init__(self, passage: Passage, retired: tuple[str, ...] = ()) -> None:
        self.passage = passage
        self.retired = retired

    def search(self, *args, **kwargs) -> Found:
        return Found([self.passage], True)

    def article(self, article_id, language, collection="shop") -> Passage | None:
        if article_id in self.retired:
            return None
        return Passage(article_id, language, article_id.title(), 1.0, f"All of {article_id}.")


@pytest.fixture
def ask(shop, database, identify):
    """Ask a question, with search finding a passage; gives the answer and the trace that was kept."""
    data = ROOT / "data"
    graph = Graph(GraphStore(database), KnowledgeStore(database), shop, ProductFacts(data, get_replies()), data)
    graph.seed()
    traces = ConversationStore(database)

    def ask(question, passage, language="en", retired=(), **options):
        answerer = Answerer(Knowledge(passage, retired), None, identify, "Meridian", traces=traces, graph=graph)
        answer = answerer.answer(question, language, sender="anna", **options)
        return answer, traces.trace(answer.trace_id)

    return ask


FOUND = Passage("warranty", "en", "Warranty", 0.9, "All products carry a 24-month warranty.")


def test_several_relations_go_before_a_single_passage_and_the_trace_shows_the_path(ask):
    answer, trace = ask(ASKED, FOUND)
    assert answer.outcome == "quoted" and "Volt 65W Charger works with Meridian Book 14" in answer.text
    assert [one.article for one in answer.citations] == ["product:MER-CH-065", "warranty"]
    assert trace.details["path"][0] == "product:MER-CH-065 compatible_with product:MER-LP-140"


def test_the_answer_is_in_the_customers_language_whatever_the_question_was_asked_in(ask):
    assert "24 Monate" in ask(ASKED, FOUND, "de")[0].text


def test_nothing_is_said_that_would_cite_an_article_which_is_not_live(ask):
    answer, trace = ask(ASKED, FOUND, retired=("warranty",))
    assert answer.text == FOUND.text and "path" not in trace.details


def test_what_an_editor_approved_for_the_question_goes_before_the_graph(ask):
    approved = Passage("faq", "en", "FAQ", 1.0, "Ask us on Monday.", verbatim=True)
    assert ask(ASKED, approved)[0].text == "Ask us on Monday."


@pytest.mark.parametrize(("question", "options"), [("how long is the warranty?", {}), (ASKED, {"collection": "imported"})])
def test_one_relation_and_other_collections_are_for_search(ask, question, options):
    answer, trace = ask(question, FOUND, **options)
    assert answer.text == FOUND.text and "path" not in trace.details


@pytest.mark.parametrize(
    ("question", "before", "found", "answered", "language"),
    [
        ("how much is shipping to Sweden", (), "shipping-international", "shipping-standard", "en"),
        ("was kostet der Versand in die Schweiz", (), "shipping-standard", "shipping-international", "de"),
        ("要等几天", ("寄新加坡邮费多少",), "shipping-standard", "shipping-international", "zh"),
        ("how much is shipping to Sweden", (), "shipping-standard", "shipping-standard", "en"),
        ("shipping to Sweden or to Norway?", (), "shipping-standard", "shipping-standard", "en"),
        ("shipping outside the EU, we are in Doha", (), "shipping-international", "shipping-international", "en"),
        ("who pays duty in Norway", (), "customs", "customs", "en"),
        ("وللسعودية؟", (), "shipping-standard", "shipping-international", "ar"),
        ("شكد يطوّل يوصل الغرض لبغداد", (), "shipping-standard", "shipping-international", "ar"),
        ("und was kostet das nach Graz", (), "shipping-international", "shipping-standard", "de"),
        ("寄到曼谷要多少钱", (), "shipping-standard", "shipping-international", "zh"),
        ("부산까지 배송비 얼마예요", (), "shipping-standard", "shipping-international", "ko"),
    ],
)
def test_what_holds_at_the_place_that_is_spoken_of_is_answered(ask, question, before, found, answered, language):
    history = [Turn("customer", text) for text in before]
    answer, _ = ask(question, Passage(found, language, found, 0.9, "A passage."), language, history=history)
    assert [one.article for one in answer.citations] == [answered]
