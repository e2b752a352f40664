"""Drafts of a language model that says what it is told to."""

from __future__ import annotations

import pytest

from tests.llm.test_answering import Model, pieces
from tongshi.errors import TongshiError, Unavailable
from tongshi.knowledge.articles import Article
from tongshi.llm.client import Cut
from tongshi.llm.drafting import Drafter
from tongshi.llm.translation import ModelEngine, Translator

ENGLISH = "You can return the MER-HP-200 within 30 days. Write to help@meridian.example."
GERMAN = "Sie können den MER-HP-200 innerhalb von 30 Tagen zurückgeben. Schreiben Sie an help@meridian.example."
RETURNS = Article(
    "returns", "en", "Returning an item", f"{ENGLISH}\n\n- The label is free.\n- The parcel is not.", ("can I return it",)
)


def drafter(identify, *replies: str | list[Exception]) -> Drafter:
    model = Model(*(pieces(one) if isinstance(one, str) else one for one in replies))
    return Drafter(model, identify, Translator([ModelEngine(model)] * 2, identify))


def test_a_faithful_translation_has_no_differences(identify):
    one = drafter(identify, "Einen Artikel zurückgeben", GERMAN, "- Das Etikett ist kostenlos.\n- Das Paket ist es nicht.")
    found = one.translate(RETURNS, "de")
    assert found.title == "Einen Artikel zurückgeben"
    assert found.text == f"{GERMAN}\n\n- Das Etikett ist kostenlos.\n- Das Paket ist es nicht."
    assert found.differences == []
    assert "into German" in one.model.asked[0][0]["content"]


def test_other_figures_codes_and_addresses_are_listed(identify):
    wrong = GERMAN.replace("30", "60").replace("200", "210").replace("help@", "hilfe@")
    title, rest = "Einen Artikel zurückgeben", "- Das Etikett ist kostenlos.\n- Das Paket ist es nicht."
    found = drafter(identify, title, wrong, wrong, rest).translate(RETURNS, "de")
    for one in ("60 Tagen", "MER-HP-210", "hilfe@meridian.example"):
        assert f"only in the translation: {one}" in found.differences
    for one in ("30 days", "MER-HP-200", "help@meridian.example"):
        assert f"only in the original: {one}" in found.differences


def test_what_is_not_in_the_language_is_asked_for_again_and_then_listed(identify):
    one = drafter(identify, "Einen Artikel zurückgeben", ENGLISH, GERMAN, RETURNS.text, RETURNS.text)
    found = one.translate(RETURNS, "de")
    assert found.text.startswith(GERMAN)
    assert any(line.startswith("not in German: ") for line in found.differences)
    assert "not in German" in one.model.asked[2][-1]["content"]


def test_long_paragraphs_go_to_the_model_in_parts(identify):
    text = "\n".join(
        f"{country}: returns are free of charge within the whole country. " * 7
        for country in ("Italy", "Spain", "France", "Japan")
    )
    part = "Die Rückgabe ist im ganzen Land kostenlos. "
    one = drafter(identify, "Rückgabe", *[part * 14] * 10)
    one.translate(Article("x", "en", "Returns", text), "de")
    asked = [messages[1]["content"] for messages in one.model.asked[1:]]
    assert len(asked) == 2 and all(len(part) <= 900 for part in asked)


def test_questions_are_those_that_are_new_and_in_the_language(identify):
    reply = "Here are the questions:\n1. Can I return it?\n2. Wie lange habe ich Zeit?\n- is the label free of charge\n- Is the label free of charge?\n\n"
    reply += "“who pays for the parcel to get back to you”"
    found = drafter(identify, reply).questions(RETURNS, 8)
    assert "is the label free of charge" in found and "who pays for the parcel to get back to you" in found
    assert not {"Wie lange habe ich Zeit?", "Here are the questions:"} & set(found)


def test_no_question_that_will_do_is_an_error(identify):
    with pytest.raises(TongshiError, match="no question in English"):
        drafter(identify, "Wie lange habe ich Zeit für die Rückgabe?").questions(RETURNS, 8)


def test_a_model_that_is_down_is_an_error(identify):
    with pytest.raises(Unavailable):
        drafter(identify, *[[Unavailable("down")]] * 2).translate(RETURNS, "de")


def test_wordings_are_new_in_the_language_and_name_nothing_of_their_own(identify):
    examples = ["wo bleibt mein Paket", "wann kommt meine Bestellung an?"]
    reply = "Wo bleibt mein Paket\n- ist mein Päckchen verloren gegangen?\nwhere is my parcel now\nwo ist Bestellung MD-99999?\nhab immer noch nix bekommen"
    found = drafter(identify, reply).wordings(examples, "de", 8, ["hab immer noch nix bekommen"])
    assert found == ["ist mein Päckchen verloren gegangen?"]


def test_of_lines_that_were_cut_the_last_is_left_out(identify):
    reply = ["ist mein Päckchen verloren gegangen?\nhab immer noch", Cut("cut")]
    assert drafter(identify, reply).wordings(["wo bleibt mein Paket"], "de", 8) == ["ist mein Päckchen verloren gegangen?"]


def test_a_translation_that_was_cut_is_no_draft(identify):
    with pytest.raises(Unavailable, match="cut"):
        drafter(identify, *[["Einen Artikel", Cut("cut")]] * 2).translate(RETURNS, "de")
