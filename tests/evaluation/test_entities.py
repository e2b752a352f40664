"""How found entities are judged, and what they are judged by."""

from tongshi.evaluation import robustness
from tongshi.evaluation.entities import _labelled, judge, measure, named_by, read
from tongshi.nlu.wordings import known_intents, training_wordings
from tongshi.settings import LANGUAGES, ROOT


def entity(kind, value, start, end):
    return {"entity": kind, "value": value, "start": start, "end": end}


def test_kind_value_and_place_must_be_right_and_borders_are_told_apart():
    message = _labelled("a [black](colour=black) [lamp](product=lamp) for [me](price=5)")
    assert message.text == "a black lamp for me"
    found = named_by(
        {
            "entities": [
                entity("colour", "black", 2, 7),
                entity("product", "lamp", 2, 12),
                entity("date", "x", 0, 1),
                entity("number", "1", 0, 1),
            ]
        }
    )
    judged = judge([message], [found])
    whole = judged.together()
    assert (whole.wanted, whole.given, whole.right, whole.exact) == (3, 3, 2, 1)
    assert judged.failures[0]["missed"] == ["price=5: me"] and judged.failures[0]["wrong"] == ["date=x: a"]


def test_a_message_that_names_nothing_must_be_left_alone():
    silent = _labelled("nothing here")
    assert judge([silent, silent], [[], named_by({"entities": [entity("colour", "red", 0, 7)]})]).untouched == 0.5


def test_labels_are_those_of_the_pipeline_and_the_table_has_a_row_a_language():
    kinds = {one.kind for language in LANGUAGES for message in read(language)[1] for one in message.named}
    assert kinds == {
        "address", "case_number", "colour", "date", "email", "foreign_price", "language", "order_number", "price", "product", "quantity", "reason", "resolution",
    }  # fmt: skip
    assert all(len(read(language)[1]) >= 60 for language in LANGUAGES)
    blind = measure(lambda texts: [{"entities": []} for _ in texts])
    assert [row["language"] for row in blind.rows] == [*LANGUAGES, "mean"] and blind.rows[-1]["F1"] == 0


def test_sloppy_wordings_are_of_known_intents_and_trained_on_by_nobody():
    intents, trained = known_intents(ROOT / "data"), {one.text.casefold() for one in training_wordings(ROOT / "data")}
    for language in LANGUAGES:
        kinds = robustness.read(language)
        assert set(kinds) <= set(robustness.KINDS)
        wordings = [one for several in kinds.values() for one in several]
        assert len(wordings) >= 36
        assert not [one.text for one in wordings if one.intent not in intents or one.text.casefold() in trained]
    table = robustness.measure(lambda texts: [{"intent": {"name": "order_status"}} for _ in texts])
    assert [row["language"] for row in table.rows] == [*LANGUAGES, "mean"] and 0 < table.rows[-1]["all"] < 0.3
