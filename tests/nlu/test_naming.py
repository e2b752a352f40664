"""What words name in messages, by the phrases of the training data."""

import pickle

import pytest

from tongshi.knowledge.products import homonyms, makers, synonyms
from tongshi.nlu.naming import Names
from tongshi.nlu.wordings import kinds_of_products, languages_of_phrases
from tongshi.settings import ROOT

DATA = ROOT / "data"


@pytest.fixture(scope="module")
def names():
    phrases = {entity: synonyms(DATA, entity) for entity in ("reason", "colour", "product")}
    entities = {value: entity for entity, pairs in phrases.items() for _, value in pairs}
    said_in = languages_of_phrases(DATA, entities)
    languages = {phrase: said_in[phrase, entity] for entity, pairs in phrases.items() for phrase, _ in pairs}
    senses = {entity: homonyms(DATA, entity) for entity in ("product", "colour")}
    return Names(phrases, languages, kinds_of_products(DATA), senses, makers(DATA))


@pytest.fixture(scope="module")
def named(names):
    return lambda text, language: {
        entity: [one.value for one in several] for entity, several in names.find(text, language).items()
    }


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "weiß nicht"), ("de", "ich weiss nicht"), ("de", "ich weiß es nicht genau"), ("de", "wer weiß"), ("de", "das weiß ich leider nicht"),
        ("de", "Herr Schwarz hat bestellt"), ("de", "schwarzer Bildschirm"), ("en", "the screen went black"), ("en", "sand in the speaker"),
        ("en", "black friday"), ("en", "blue tooth"), ("es", "la pantalla se puso en negro"), ("es", "que me devuelvan la plata"), ("es", "toco madera"),
        ("fr", "l'écran reste noir"), ("fr", "payé par carte bleue"), ("fr", "je m'appelle Marine Dupont"), ("it", "lo schermo è nero"), ("it", "signor Rossi"),
        ("it", "avete un numero verde?"), ("pt", "o ecrã ficou preto"), ("pt", "enviam para a Madeira?"), ("ru", "чёрный экран"), ("ru", "в чёрную пятницу"),
        ("ja", "画面が真っ黒です"), ("ja", "ブラックフライデー"), ("ko", "화면이 검은색이에요"), ("th", "หน้าจอเป็นสีดำ"), ("th", "น้องฟ้า"), ("ar", "الشاشة سودا"),
        ("ar", "الجمعة البيضاء"), ("zh", "屏幕是黑色的"), ("zh", "我明白的"), ("zh", "空白的页面"), ("zh", "我是长沙的"), ("zh", "绿色通道"), ("zh", "白跑一趟"),
    ],
)  # fmt: skip
def test_the_word_for_a_colour_in_another_sense_is_none(named, language, text):
    assert named(text, language)["colour"] == []


def test_a_phrase_that_two_languages_have_for_two_kinds_is_found_in_both(named):
    assert named("unos auriculares", "es")["product"] and named("uns auriculares", "pt")["product"]


@pytest.mark.parametrize(
    ("language", "text", "colours"),
    [
        ("de", "in weiß bitte", ["white"]), ("de", "weiß, nicht schwarz", ["white", "black"]), ("de", "weiß nicht schwarz", ["white", "black"]),
        ("de", "lieber die weiße", ["white"]), ("de", "dann nehme ich weiß", ["white"]), ("de", "ich weiß nicht ob es das in weiß gibt", ["white"]),
        ("en", "is sand in stock", ["sand"]), ("en", "the screen protector in black", ["black"]), ("en", "my grey bag for the navy?", ["grey", "navy"]),
        ("es", "lo quiero en blanco", ["white"]), ("es", "en color plata", ["silver"]), ("fr", "le vert", ["green"]), ("it", "gli auricolari sono rossi", ["red"]),
        ("pt", "a de madeira", ["oak"]), ("ru", "чёрный пожалуйста", ["black"]), ("ja", "白でお願いします", ["white"]), ("ko", "흰색으로", ["white"]),
        ("th", "โคมไฟสีขาว", ["white"]), ("ar", "السماعة السوداء", ["black"]), ("zh", "要白色的", ["white"]), ("zh", "白的", ["white"]),
    ],
)  # fmt: skip
def test_a_colour_that_is_wanted_is_found(named, language, text, colours):
    assert named(text, language)["colour"] == colours


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "bis 14 Uhr"), ("ru", "24 часов"), ("ar", "انتظرت 24 ساعة"), ("th", "14 นาฬิกา"), ("fr", "montrez-moi"), ("en", "watch out"),
        ("it", "alla cassa"), ("fr", "je suis enceinte"), ("pt", "dor na coluna"), ("es", "tableta de chocolate"), ("es", "a las tres y pico"),
        ("es", "pulse el botón"), ("en", "tide detergent"), ("en", "tide is high"), ("en", "pulse oximeter"), ("en", "halo effect"), ("en", "drift apart"),
        ("en", "pico de gallo"), ("en", "aurora borealis"), ("en", "book 14 tickets"),
        ("en", "apple watch"), ("en", "galaxy watch"), ("en", "airpods"), ("en", "bose headphones"), ("en", "sony wh-1000xm5 headphones"), ("fr", "montre apple"),
        ("es", "reloj de samsung"), ("ru", "наушники sony"), ("ja", "ソニーのヘッドホン"), ("ko", "애플 워치"), ("th", "หูฟังโซนี่"), ("ar", "ساعة ابل"), ("zh", "苹果手表"),
        ("fr", "il est cassé"),
    ],
)  # fmt: skip
def test_a_product_s_word_in_another_sense_or_of_another_maker_names_none_of_ours(named, language, text):
    assert named(text, language)["product"] == []


@pytest.mark.parametrize(
    ("language", "text", "products"),
    [
        ("en", "the tide is broken", ["MER-SP-300"]), ("en", "my pulse is dead", ["MER-WT-050"]), ("en", "halo broken", ["MER-LM-010"]),
        ("en", "is there a samsung charger", ["charger"]), ("en", "does the speaker work with my samsung", ["speaker"]), ("fr", "le clavier apple compatible", ["keyboard"]),
        ("fr", "la montre que j'ai renvoyée", ["watch"]), ("fr", "mon enceinte ne marche plus", ["speaker"]), ("it", "la cassa non funziona", ["speaker"]),
        ("es", "me llegó el pulse", ["MER-WT-050"]), ("ar", "أريد إرجاع هذه الساعة", ["watch"]), ("it", "le casse sono rotte", ["speaker"]),
    ],
)  # fmt: skip
def test_what_a_product_is_called_is_found(named, language, text, products):
    assert named(text, language)["product"] == products


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "it's not broken"), ("en", "I did not change my mind"), ("de", "nicht kaputt"), ("fr", "il n'est pas cassé"), ("es", "no está roto"),
        ("it", "non è rotto"), ("pt", "não está avariado"), ("ru", "они не сломались"), ("ar", "مش مكسور"), ("zh", "不是坏了"), ("zh", "没有故障"),
        ("ja", "故障ではありません"), ("ko", "고장은 아니에요"), ("th", "ไม่พัง"),
    ],
)  # fmt: skip
def test_a_reason_that_is_denied_is_none(named, language, text):
    assert named(text, language)["reason"] == []


@pytest.mark.parametrize(
    ("language", "text", "reasons"),
    [
        ("en", "no, it's broken", ["defective"]), ("en", "doesn't work, broken", ["defective"] * 2), ("en", "not as described", ["not_as_described"]),
        ("en", "not only broken", ["defective"]), ("de", "funktioniert nicht kaputt", ["defective"] * 2), ("es", "no, está roto", ["defective"]),
        ("ru", "нет, сломан", ["defective"]), ("ar", "وصلني بعد ما خلصت المناسبة", ["arrived_late"]), ("zh", "是不是坏了", ["defective"]),
        ("ja", "故障かもしれない", ["defective"]), ("th", "ยังไม่ได้ของ ไม่อยากได้ละ", ["changed_mind"]),
    ],
)  # fmt: skip
def test_a_reason_beside_a_no_to_something_else_counts(named, language, text, reasons):
    assert named(text, language)["reason"] == reasons


def test_names_are_the_same_when_they_were_kept(names):
    kept = pickle.loads(pickle.dumps(names))
    assert kept.find("ich weiß nicht, ob die bose kopfhörer", "de") == names.find("ich weiß nicht, ob die bose kopfhörer", "de")
    assert kept.find("weiß nicht", "de")["colour"] == []
