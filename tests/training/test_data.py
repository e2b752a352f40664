"""From written businesses to examples for the language model."""

import json

import pytest
import yaml

from tongshi import clock
from tongshi.errors import TongshiError
from tongshi.llm.prompting import NO_ANSWER, prompt
from tongshi.settings import LANGUAGES, ROOT, Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.knowledge import KnowledgeStore, Revision
from tongshi.storage.models import Feedback, Message, Trace
from tongshi.training.businesses import Reading, read
from tongshi.training.collected import collect
from tongshi.training.examples import Assembler, load, save

FINETUNE = ROOT / "data" / "finetune"


def business(name, split="train", **changes):
    passages = {
        "return": {
            "en": {"title": "Returns", "text": "Skates can be returned within 19 days, unless they were sharpened."},
            "de": {"title": "Rückgabe", "text": "Schlittschuhe nehmen wir 19 Tage lang zurück, außer sie wurden geschliffen."},
        },
        "hire": {
            "en": {"title": "Hire", "text": "A pair costs €7.50 an evening; the deposit is €35."},
            "de": {"title": "Verleih", "text": "Ein Paar kostet am Abend €7.50; die Kaution beträgt €35."},
        },
    }
    questions = {
        "en": [
            {"ask": f"{name}: how long can i bring them back", "rests": ["return"], "kind": "plain", "answer": "Within 19 days."},
            {"ask": f"Do you repair laces at {name}?", "rests": [], "kind": "unknown", "answer": "I know nothing about repairs."},
        ],
        "de": [
            {
                "ask": f"und wie viel kaution bei {name}",
                "rests": ["hire"],
                "kind": "followup",
                "before": ["Was kostet ein Paar?", "€7.50 am Abend."],
                "answer": "Die Kaution beträgt €35.",
            }
        ],
    }
    return {"id": name, "name": name.title(), "split": split, "passages": passages, "questions": questions, **changes}


@pytest.fixture
def written(tmp_path, identify):
    """Writes businesses and reads them back."""

    def written(*contents):
        for content in contents:
            (tmp_path / f"{content['id']}.yml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
        return read(tmp_path, identify)

    return written


def test_a_translation_with_another_figure_and_an_answer_with_an_invented_one_are_left_out(written):
    content = business("icehall")
    content["passages"]["hire"]["de"]["text"] = "Ein Paar kostet am Abend €7.50; die Kaution beträgt €40."
    content["questions"]["en"][0]["answer"] = "Within 21 days."
    reading = written(content)
    (found,) = reading.businesses
    assert set(found.passages["hire"]) == {"en"}
    assert [one.kind for one in found.questions] == ["unknown", "followup"]
    assert {why for _, why in reading.left_out} >= {"21 stands in none of its passages"}


def test_what_is_surely_in_another_language_is_left_out(written):
    content = business("icehall")
    content["questions"]["de"][0]["answer"] = "The deposit for a pair of skates is €35 and you get it back."
    assert not [one for one in written(content).businesses[0].questions if one.language == "de"]


def test_of_two_nearly_equal_questions_the_unseen_one_stays(written):
    seen, unseen = business("icehall"), business("rink", split="test")
    seen["questions"]["en"][0]["ask"] = "How long can I bring the skates back please"
    unseen["questions"]["en"][0]["ask"] = "how long can i bring the skates back, please?"
    found = {one.id: one for one in written(seen, unseen).businesses}
    assert [one.kind for one in found["icehall"].questions if one.language == "en"] == ["unknown"]
    assert len([one for one in found["rink"].questions if one.language == "en"]) == 2


def test_a_file_of_another_form_is_named(written):
    with pytest.raises(TongshiError, match="icehall.yml is not a business.*no passage lockers"):
        content = business("icehall")
        content["questions"]["en"][0]["rests"] = ["lockers"]
        written(content)


def test_examples_are_the_prompts_of_answering_and_the_same_for_a_seed(written, tmp_path):
    businesses = written(business("icehall"), business("rink"), business("pond", split="test")).businesses
    examples = Assembler(businesses, 7).assemble()
    assert examples == Assembler(businesses, 7).assemble() != Assembler(businesses, 8).assemble()
    for one in examples:
        assert one.messages == prompt(one.shop, one.language, one.passages, one.question)
        if one.case in ("own", "foreign", "history"):
            assert all("19" in one.passages[number - 1] or "€35" in one.passages[number - 1] for number in one.rests)
            assert (one.case != "own") or {one.languages[number - 1] for number in one.rests} == {one.language}
        else:
            assert not one.rests
        assert (one.kind == "unknown") == (one.answer == NO_ANSWER)
    assert all(one.question.startswith("Was kostet ein Paar? und") for one in examples if one.kind == "followup")
    assert len([one for one in examples if one.split == "test"]) == 3
    counts = save(examples, tmp_path)
    assert counts["splits"]["train"] == len(load(tmp_path, "train"))
    assert load(tmp_path, "test") == [one for one in examples if one.split == "test"]
    row = json.loads((tmp_path / "train.jsonl").read_text("utf-8").splitlines()[0])
    assert row["messages"][0]["role"] == "system" and row["answer"]


def test_the_projects_own_data_gives_6000_examples_that_keep_to_their_split(identify):
    reading = read(FINETUNE / "businesses", identify)
    examples = Assembler(reading.businesses, 7).assemble()
    learnt = [one for one in examples if one.split == "train"]
    assert len(learnt) >= 6000
    assert len(reading.left_out) < 20
    for language in LANGUAGES:
        of_language = [one for one in learnt if one.language == language]
        assert len(of_language) >= 400
        assert {"own", "foreign", "removed", "history", "nothing"} <= {one.case for one in learnt}
    texts = {split: {text for one in examples if one.split == split for text in one.passages} for split in ("train", "test")}
    assert not texts["train"] & texts["test"]


@pytest.fixture
def rated(database):
    """Writes down a generated answer that a customer rated."""
    store = ConversationStore(database)

    def rated(question, answer, quotes, helpful=True, language="de"):
        trace = Trace(sender="a", question=question, outcome="generated", seconds=1, at=clock.now())
        store.add(trace)
        citations = [{"article": article, "quote": quote, "lang": "en"} for article, quote in quotes]
        message = Message(sender="a", channel="web", author="bot", text=answer, language=language, at=clock.now())
        message.extras = {"custom": {"citations": citations, "trace": trace.trace_id}}
        store.add(message)
        store.add(Feedback(sender="a", message_id=message.message_id, helpful=helpful, at=clock.now()))

    return rated


TRACKING = ("tracking", "Tracking starts after 24 hours.")


def test_approved_and_helpful_answers_join_in_with_personal_data_masked(database, identify, rated):
    content = {"title": "Sunday", "text": "We are closed on Sundays.", "questions": ["Open on sunday?"], "verbatim": True}
    more = {"source": "", "owner": "", "tags": [], "valid_from": None, "valid_until": None}
    KnowledgeStore(database).save("faq", [Revision("sunday", "en", "approved", "anna", {**content, **more})])
    for helpful in (True, False):
        question = "Wo ist MD-10234, ich bin unter li@example.com und 0151 2345678 zu erreichen"
        rated(question, f"Die Sendung lässt sich nach 24 Stunden verfolgen. {helpful}", [TRACKING], helpful)
    found = {one.language: one for one in collect(Settings(), database, identify, Reading())}
    assert set(found) == {"en", "de"}
    assert (found["en"].question, found["en"].answer) == ("Open on sunday?", "We are closed on Sundays.")
    assert found["de"].answer.endswith("True") and found["de"].passages == (TRACKING[1],)
    assert not any(personal in found["de"].question for personal in ("10234", "li@", "0151", "2345678"))


def test_a_helpful_answer_is_learnt_with_all_that_it_cites(database, identify, rated):
    pickup = ("pickup", "A parcel waits for 7 days at the pick-up point.")
    days = ("tracking", "It is updated every 12 hours.")
    answer = "Die Sendung lässt sich nach 24 Stunden verfolgen. Die Angaben kommen alle 12 Stunden. Danach liegt sie eine Woche bereit."
    rated("ab wann kann ich das paket verfolgen", answer, [TRACKING, days, pickup, TRACKING])
    (found,) = collect(Settings(), database, identify, Reading())
    assert found.passages == (f"{TRACKING[1]} {days[1]}", pickup[1])
    assert (found.languages, found.rests) == (("en", "en"), (1, 2))


def test_what_says_who_asks_invents_a_figure_or_repeats_another_is_left_out(database, identify, rated, written):
    answer = "Die Sendung lässt sich nach 24 Stunden verfolgen."
    rated("Ich bin Anna Petersen, ab wann kann ich es verfolgen", answer, [TRACKING])
    rated("wie lange dauert es mit der sendungsnummer", "Das dauert nach dem Versand 36 Stunden.", [TRACKING])
    rated("Ab wann kann ich mein Paket verfolgen?", answer, [TRACKING])
    rated("ab wann kann ich mein paket verfolgen", answer, [TRACKING])
    rated("icehall: how long can i bring them back?", "You can track it after 24 hours.", [TRACKING], language="en")
    rated("rink: how long can i bring them back??", "You can track it after 24 hours.", [TRACKING], language="en")
    reading = written(business("icehall"), business("rink", split="test"))
    before = len(reading.left_out)
    found = collect(Settings(), database, identify, reading)
    assert sorted(one.question.split()[0].lower() for one in found) == ["ab", "icehall:"]
    told = [why for _, why in reading.left_out[before:]]
    assert {"says who asks", "36 stands in none of its passages"} <= set(told) and len(told) == 5
    icehall, rink = reading.businesses
    assert "plain" not in {one.kind for one in icehall.questions}, "the shop's own question stays instead"
    assert len(rink.questions) == 3, "what is measured with stays"
