"""What messages name, as the components of the pipeline put it on the message."""

from datetime import UTC, datetime

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from tongshi.nlu.entities import DayEntityExtractor, PatternEntityExtractor, SynonymEntityExtractor
from tongshi.nlu.language import LANGUAGE
from tongshi.nlu.naming import Names

PHRASES = {
    "product": [
        ("headphones", "headphones"), ("kopfhörer", "headphones"), ("auriculares", "headphones"), ("aurora", "MER-HP-200"), ("オーロラ", "MER-HP-200"),
        ("pico", "MER-HP-110"), ("charger", "charger"), ("volt 65", "MER-CH-065"), ("volt 30", "MER-CH-030"), ("power bank", "power_bank"),
        ("casse", "speaker"), ("键盘", "keyboard"), ("リュック", "backpack"), ("보조배터리", "power_bank"), ("พาวเวอร์แบงก์", "power_bank"), ("耳机", "headphones"),
        ("meridian tab", "MER-TB-110"), ("tab", "tablet"),
    ],
    "quantity": [("two", "2"), ("dos", "2")],
}  # fmt: skip
SAID_IN = {"casse": {"it"}, "dos": {"es"}, "tab": {"en"}, "charger": {"en"}, "pico": {"en", "es", "fr", "pt"}}
KINDS = {"headphones": ["MER-HP-200", "MER-HP-110"], "charger": ["MER-CH-065", "MER-CH-030"], "tablet": ["MER-TB-110"]}


@pytest.fixture(scope="module")
def components():
    return [
        PatternEntityExtractor(),
        DayEntityExtractor(),
        SynonymEntityExtractor({}, None, None, Names(PHRASES, SAID_IN, KINDS)),
    ]


@pytest.fixture
def named(components, monkeypatch):
    monkeypatch.setattr("tongshi.clock.now", lambda: datetime(2026, 11, 18, 12, tzinfo=UTC))

    def find(text, language="en"):
        message = Message({TEXT: text, LANGUAGE: {"code": language, "confidence": 1.0}})
        for component in components:
            component.process([message])
        return {one["entity"]: (one["value"], text[one["start"] : one["end"]]) for one in message.get(ENTITIES)}

    return find


def test_a_figure_gives_way_to_what_it_is_part_of(named):
    assert named("the volt 65 please") == {"product": ("MER-CH-065", "volt 65")}
    assert named("came 3 weeks ago") == {"date": ("2026-10-28", "3 weeks ago")}
    assert named("no. 65") == {"number": ("65", "65")}


def test_a_postcode_is_no_order_number(named):
    assert named("Musterweg 5 10115 Berlin", "de") == {"address": ("Musterweg 5 10115 Berlin", "Musterweg 5 10115 Berlin")}
    both = named("MD-10249 an Musterweg 5, 10115 Berlin", "de")
    assert both["order_number"][0] == "MD-10249" and both["address"][0] == "Musterweg 5, 10115 Berlin"


@pytest.mark.parametrize(
    ("text", "language", "product"),
    [
        ("aurora headphones", "en", ("MER-HP-200", "aurora headphones")),
        ("arora kopfhörer", "de", ("MER-HP-200", "arora kopfhörer")),
        ("los auriculares pico", "es", ("MER-HP-110", "auriculares pico")),
        ("オーロラの耳机", "ja", ("MER-HP-200", "オーロラの耳机")),
        ("merdian tab", "en", ("MER-TB-110", "merdian tab")),
        ("power bnak", "en", ("power_bank", "power bnak")),
        ("健盘失灵了", "zh", ("keyboard", "健盘")),
        ("リュクが破れた", "ja", ("backpack", "リュク")),
        ("보조베터리를 샀어요", "ko", ("power_bank", "보조베터리")),
        ("พาวเวอแบงเสีย", "th", ("power_bank", "พาวเวอแบง")),
    ],
)
def test_kind_and_name_are_one_product_and_sloppy_ones_are_known(named, text, language, product):
    assert named(text, language) == {"product": product}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("j'ai mal au dos", "fr"),  # two in Spanish
        ("tout est cassé", "fr"),  # speakers in Italian
        ("i was charged twice", "en"),
        ("the laurel headpiece", "en"),
        ("volt 45", "en"),
        ("印象不错", "zh"),
    ],
)
def test_words_of_their_own_are_left_alone(named, text, language):
    found = named(text, language)
    assert "product" not in found and "quantity" not in found
