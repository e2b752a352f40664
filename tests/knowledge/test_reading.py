"""Reading: which passages are read, what their logits change, and that the real cross-encoder tells answers in twelve languages."""

from __future__ import annotations

import numpy as np
import pytest

from tests.knowledge.test_index import WordEncoder, key
from tongshi.knowledge.index import SearchIndex, get_reranker
from tongshi.knowledge.reading import EACH, Reader, with_title
from tongshi.language.cross import get_cross_encoder
from tongshi.settings import LANGUAGES

TEXTS = {
    "fees": ("entry fee", ["entry fee adults twelve", "entry fee children six", "entry fee groups ten", "entry fee dogs two"]),
    "hours": ("opening hours", ["open daily from nine", "closed in winter"]),
    "rules": ("house rules", []),
}


class WordJudge:
    """Takes passages for the answer that have a word; keeps what it was given to read."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.read: list[str] = []

    def scores(self, question, passages):
        self.read = list(passages)
        return np.array([4.0 if self._word in passage.split() else -4.0 for passage in passages], np.float32)


@pytest.fixture(scope="module")
def collection():
    encoder, rows = WordEncoder(), []
    for article, (title, passages) in TEXTS.items():
        for kind, text in [("title", title), *(("passage", text) for text in passages)]:
            rows.append(key(len(rows), article, text, encoder, kind))
    return encoder, rows


def ranked(collection, question, judge, weight=1.0):
    encoder, rows = collection
    texts = {row.key_id: row.text for row in rows}
    reader = Reader(judge, lambda wanted: {one: texts[one] for one in wanted}, weight)
    return texts, SearchIndex.build("1", rows).rank(question, encoder, "en", get_reranker("linear"), reader)


def test_what_is_read_to_answer_comes_first_and_its_passage_with_it(collection):
    judge = WordJudge("winter")
    texts, ranking = ranked(collection, "what is the entry fee", judge)
    assert ranking.labels[ranking.order[0]] == "hours"
    assert texts[ranking.read["hours"][0]] == "closed in winter"
    assert ranking.decisions[ranking.order[0]] == 4


def test_of_a_long_article_the_best_are_read_under_their_title_and_of_one_without_passages_its_title(collection):
    judge = WordJudge("nothing")
    ranked(collection, "what is the entry fee", judge)
    assert sum(text.startswith("entry fee") for text in judge.read) == EACH
    assert "opening hours. open daily from nine" in judge.read
    assert "house rules" in judge.read


def test_without_weight_the_order_stays(collection):
    encoder, rows = collection
    plain = SearchIndex.build("1", rows).rank("what is the entry fee", encoder, "en", get_reranker("linear"))
    _, ranking = ranked(collection, "what is the entry fee", WordJudge("winter"), weight=0.0)
    assert [ranking.labels[place] for place in ranking.order] == [plain.labels[place] for place in plain.order]


def test_a_title_is_not_read_twice():
    assert with_title("Refunds", "Refunds: within 14 days.") == "Refunds: within 14 days."
    assert with_title("Refunds", "Within 14 days.") == "Refunds. Within 14 days."


ASKED = {
    "ar": "كم ثمن التذكرة للأطفال؟",
    "de": "was zahlen kinder eintritt",
    "en": "how much for my kid to get in",
    "es": "cuánto paga un niño por entrar",
    "fr": "c'est combien l'entrée pour un enfant",
    "it": "quanto costa l'ingresso per i bambini",
    "ja": "子供の入場料っていくらですか",
    "ko": "아이 입장료 얼마예요?",
    "pt": "quanto é a entrada pra criança",
    "ru": "сколько стоит вход для ребёнка",
    "th": "ค่าเข้าของเด็กเท่าไหร่คะ",
    "zh": "小孩门票多少钱",
}
PASSAGES = (
    "Tickets. Children up to 12 pay 6 euros, adults 14 euros.",
    "Opening hours. We are open daily from 9 to 17, in winter until 16.",
    "Lost property. What was found is kept at the desk for 30 days.",
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cross_encoder_tells_what_answers(language):
    right, *wrong = get_cross_encoder().scores(ASKED[language], PASSAGES)
    assert right > max(wrong)
    assert max(wrong) < 0
