"""Translation by engines that say what they are told to, and by a real HTTP server."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from tests.llm.test_answering import Model, pieces
from tongshi.errors import TongshiError, Unavailable
from tongshi.evaluation.translation import PRODUCTS, sentences
from tongshi.llm import translation
from tongshi.llm.client import Cancelled
from tongshi.llm.masking import mask, placeholders
from tongshi.llm.translation import ModelEngine, ServerEngine, Translator, paragraphs
from tongshi.settings import LANGUAGES

ENGLISH = "Hi {name}, order MD-10234 with the Drift Backpack 25L costs €79.00. Write to help@meridian.example by Monday."
GERMAN = "Hallo {name}, die Bestellung MD-10234 mit dem Drift Backpack 25L kostet 79,00 €. Schreiben Sie bis Montag an help@meridian.example."
KNOWN = ("Meridian", "Drift Backpack 25L")


class Engine:
    """Gives these translations in turn.

    Attributes:
        asked: texts that it was given, with what was said to be wrong before.
    """

    name = "engine"

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    def translate(self, text, source, language, deadline, before=(), gone=None):
        self.asked.append((text, list(before)))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply(text) if callable(reply) else reply


@pytest.fixture
def translator(identify):
    def make(*replies, tries=2):
        engine = Engine(*replies)
        return engine, Translator([engine] * tries, identify, KNOWN)

    return make


def test_what_must_stay_is_out_of_reach_and_comes_back():
    masked = mask(ENGLISH, "en", KNOWN)
    for kept in ("{name}", "MD-10234", "help@meridian.example", "Drift Backpack 25L"):
        assert kept not in masked.text
    assert "€79.00" in masked.text
    assert masked.restore(masked.text) == ENGLISH
    assert masked.differing(ENGLISH) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://meridian.example/a?b=1 und www.meridian.example",
        "%s of %(count)d, {{x}} and <b>bold</b>",
        "RT-10001, RT-100012",
        "QX-1 QX-2",
        "%1$s of %i, %@ and %.2f kg, $name, [First name]",
        "%s的订单",
    ],
)
def test_every_kind_of_mark_survives(text):
    masked = mask(text, "en")
    assert masked.restore(masked.text) == text
    assert masked.differing(masked.restore(masked.text)) == []


def test_what_a_program_fills_in_is_told_from_percentages_prices_and_links():
    assert placeholders("%1$s of %i, %@ and %.2f kg, $name, [First name]") == [
        "%1$s",
        "%i",
        "%@",
        "%.2f",
        "$name",
        "[First name]",
    ]
    assert placeholders("5% discount, 5% d'acompte, $5, US$20, [Return form](https://x.example)") == []


def test_a_faithful_translation_is_given_with_its_names_and_figures(translator):
    masked = mask(ENGLISH, "en", KNOWN)
    stand_ins = {original: stand_in for stand_in, original in masked.originals.items()}
    reply = GERMAN
    for original, stand_in in stand_ins.items():
        reply = reply.replace(original, stand_in)
    engine, one = translator(reply)
    found = one.translate(ENGLISH, "de")
    assert (found.text, found.translated, found.source, found.engine) == (GERMAN, True, "en", "engine")
    assert engine.asked == [(masked.text, [])]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GERMAN.replace("79,00", "97,00"), "97,00 €"),
        (GERMAN.replace("MD-10234", "MD-10243"), "differs: MD-10234"),
        (GERMAN.replace("{name}", "{Name1}"), "differs: {name}"),
        (GERMAN.replace("Montag", "Dienstag"), "only in the original: Monday"),
        (GERMAN.replace("Drift Backpack 25L", "Drift-Rucksack 25L"), "differs: Drift Backpack 25L"),
        (GERMAN + " Mehr auf https://other.example.", "https://other.example"),
        (GERMAN * 5, "too long"),
        (ENGLISH, "not in German"),
        ("", "nothing came"),
    ],
)
def test_what_fails_is_asked_for_once_more_and_then_left_untranslated(translator, wrong, said):
    engine, one = translator(wrong, GERMAN)
    assert one.translate(ENGLISH, "de").text == GERMAN
    ((tried, problems),) = engine.asked[1][1]
    assert tried == wrong and problems and "MD-10234" not in problems
    _, one = translator(wrong, wrong)
    found = one.translate(ENGLISH, "de")
    assert (found.text, found.translated, found.language, found.draft) == (ENGLISH, False, "en", wrong or ENGLISH)
    assert any(said in problem for problem in found.problems)


def test_an_engine_that_is_away_leaves_the_original_and_the_next_one_is_asked(translator, identify):
    _, one = translator(Unavailable("gone"), Unavailable("gone"))
    found = one.translate("Wo ist mein Paket?", "en")
    assert (found.text, found.translated, found.problems) == ("Wo ist mein Paket?", False, ("gone", "gone"))
    second = Engine("Where is my parcel?")
    found = Translator([Engine(Unavailable("gone")), second], identify).translate("Wo ist mein Paket?", "en")
    assert (found.text, found.translated) == ("Where is my parcel?", True)


def test_the_same_text_is_translated_once(translator):
    engine, one = translator("Where is my parcel?")
    assert one.translate("Wo ist mein Paket?", "en") == one.translate("Wo ist mein Paket?", "en")
    assert len(engine.asked) == 1


def test_what_fails_is_not_asked_for_again_for_some_minutes_and_what_nothing_answered_is(translator, monkeypatch):
    wrong = ["Where is my parcel 5?"] * 2
    engine, one = translator(Unavailable("gone"), Unavailable("gone"), *wrong, "Where is my parcel?")
    assert [one.translate("Wo ist mein Paket?", "en").translated for _ in range(3)] == [False] * 3
    assert len(engine.asked) == 4
    monkeypatch.setattr(translation, "_FAILED_FOR", -1.0)
    _, one = translator(*wrong, "Where is my parcel?")
    assert [one.translate("Wo ist mein Paket?", "en").translated for _ in range(2)] == [False, True]


def test_a_sentence_that_is_left_out_is_noticed(translator):
    text = (
        "You can return items within 30 days. Sale items, gift cards and earphones cannot be returned once they have been opened."
    )
    _, one = translator("Sie können Artikel innerhalb von 30 Tagen zurückgeben.", tries=1)
    assert one.translate(text, "de").problems == ("a sentence is missing",)


def test_names_are_compared_both_ways(translator):
    _, one = translator("Frau Petersen kümmert sich in Hamburg um Ihre Bestellung.")
    assert one.translate("Ms Schneider looks after your order in Dresden.", "de").lost == ("Schneider", "Dresden")
    _, one = translator("王芳女士在柏林负责您的订单。")
    found = one.translate("Ms Schneider looks after your order in Dresden.", "zh")
    assert found.doubts == ("王芳",) and "Dresden" in found.lost
    _, one = translator("施耐德女士在德累斯顿负责您的订单。")
    found = one.translate("Ms Schneider looks after your order in Dresden.", "zh")
    assert (found.doubts, found.lost) == ((), ())


def test_who_has_gone_is_translated_for_no_longer(translator, server):
    gone = threading.Event()
    threading.Timer(0.3, gone.set).start()
    server.handler.pause = 0.2
    url = f"http://127.0.0.1:{server.server_port}"
    server.handler.replies = {"Wo ist mein Paket?": "Where is my parcel?" * 20}
    with pytest.raises(Cancelled):
        ServerEngine(url).translate("Wo ist mein Paket?", "de", "en", time.monotonic() + 30, gone=gone)


def test_a_server_that_trickles_has_a_deadline_for_the_whole(server):
    server.handler.pause = 0.1
    server.handler.replies = {"Wo ist mein Paket?": "Where is my parcel?" * 20}
    began = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer"):
        ServerEngine(f"http://127.0.0.1:{server.server_port}").translate("Wo ist mein Paket?", "de", "en", began + 1)
    assert time.monotonic() - began < 2


def test_a_product_that_is_new_is_a_name_from_then_on(identify):
    names = ["Meridian"]
    engine = Engine("Where is the bag Drift Backpack?", lambda text: f"Where is the bag {text[-5:-1]}?")
    one = Translator([engine], identify, names)
    one.translate("Wo ist die Tasche Drift Backpack?", "en", "de")
    names.append("Drift Backpack")
    assert one.translate("Wo ist die Tasche Drift Backpack?", "en", "de").text == "Where is the bag Drift Backpack?"
    assert ["Drift Backpack" in text for text, _ in engine.asked] == [True, False]


def test_the_shops_products_are_read_again():
    products = [SimpleNamespace(name="Halo Desk Lamp")]
    known = translation._Known("Meridian", lambda: products)
    assert list(known) == ["Meridian", "Halo Desk Lamp"]
    products.append(SimpleNamespace(name="Drift Backpack"))
    assert list(known) == ["Meridian", "Halo Desk Lamp"]
    known._until = 0.0
    assert list(known) == ["Meridian", "Halo Desk Lamp", "Drift Backpack"]


def test_a_table_that_is_cut_stays_one(translator):
    rows = "\n".join(f"| Zeile {number} | {'Der Versand dauert einige Tage. ' * 6}|" for number in range(12))
    english = lambda text: text.replace("Zeile", "Row").replace("Der Versand dauert einige Tage.", "Delivery takes some days.")  # noqa: E731
    engine, one = translator(*[english] * 12)
    found = one.translate(f"{rows}\n\nDer Versand dauert einige Tage.", "en", "de")
    assert len(engine.asked) > 2
    assert (found.text, found.translated) == (english(f"{rows}\n\nDer Versand dauert einige Tage."), True)


def test_a_text_in_its_own_language_and_one_without_words_stay_as_they_are(translator):
    engine, one = translator()
    for text, language in (("Wo ist mein Paket?", "de"), ("MD-10234", "zh"), ("👍", "ja"), ("  ", "en")):
        found = one.translate(text, language, None if text.strip() else "de")
        assert (found.text, found.translated) == (text, True)
    assert engine.asked == []


def test_a_language_that_is_none_of_the_twelve_is_refused(translator):
    with pytest.raises(TongshiError, match="'tlh' is none of"):
        translator()[1].translate("Wo ist mein Paket?", "tlh")


def test_long_texts_go_in_parts_and_one_wrong_part_leaves_the_whole(translator):
    text = "Wo ist mein Paket?\n\nMD-10234\n\nEs kam nicht an."
    engine, one = translator("Where is my parcel?", "It did not arrive.")
    assert one.translate(text, "en").text == "Where is my parcel?\n\nMD-10234\n\nIt did not arrive."
    engine, one = translator("Where is my parcel?", "Es kam nicht.", "Es kam nicht.")
    found = one.translate(text, "en", "de")
    assert (found.text, found.translated) == (text, False)


def test_the_model_is_told_what_was_wrong(identify):
    model = Model(pieces("Order MD-10234 takes 5 days."), pieces("Order MD-10234 takes 3 days."))
    one = Translator([ModelEngine(model)] * 2, identify)
    assert one.translate("Bestellung MD-10234 dauert 3 Tage.", "en").text == "Order MD-10234 takes 3 days."
    assert "into English" in model.asked[0][0]["content"]
    assert "5 days" in model.asked[1][-1]["content"]


@pytest.fixture
def server():
    """A translation server that speaks LibreTranslate's interface; `replies` by text, `requests` as they came, `pause` after each byte."""

    class Handler(BaseHTTPRequestHandler):
        replies = {}
        requests = []
        pause = 0.0

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.requests.append((self.path, body))
            reply = self.replies.get(body["q"])
            self.send_response(200 if reply else 500)
            self.end_headers()
            try:
                for byte in json.dumps({"translatedText": reply} if reply else {"error": "no"}).encode():
                    self.wfile.write(bytes([byte]))
                    time.sleep(self.pause)
            except OSError:
                pass  # who asked has gone

        def log_message(self, *_):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    made.handler = Handler
    yield made
    made.shutdown()
    made.server_close()


def test_a_translation_server_is_asked_and_the_model_where_it_fails(server, identify):
    url = f"http://127.0.0.1:{server.server_port}/"
    server.handler.replies = {"Wo ist mein Paket?": "Where is my parcel?"}
    model = Model(pieces("It did not arrive."))
    one = Translator([ServerEngine(url, "secret"), ModelEngine(model)], identify)
    assert one.translate("Wo ist mein Paket?", "en").engine == "server"
    path, body = server.handler.requests[0]
    assert path == "/translate"
    assert body == {"q": "Wo ist mein Paket?", "source": "de", "target": "en", "format": "text", "api_key": "secret"}
    found = one.translate("Es kam nicht an.", "en", "de")
    assert (found.text, found.engine) == ("It did not arrive.", "llm")


@pytest.mark.parametrize("language", LANGUAGES)
def test_right_translations_between_all_languages_pass_and_wrong_figures_do_not(language, identify):
    """The sentences of the evaluation, each taken for a translation of what it is parallel to."""
    told = sentences()
    stopped, slipped = [], []
    for name, text in told[language].items():
        for other in ("en", "zh", "ar", "ja"):
            if other == language:
                continue
            right = told[other][name]
            one = Translator([Engine(right)], identify, ("Meridian", *PRODUCTS))
            stopped += [] if (found := one.translate(text, other, language)).translated else [(other, name, found.problems)]
            if (wrong := right.translate(str.maketrans("0123456789", "1234567890"))) != right:
                one = Translator([Engine(wrong)], identify, ("Meridian", *PRODUCTS))
                slipped += [(other, name)] if one.translate(text, other, language).translated else []
    assert stopped == []
    assert len(slipped) <= 1


def test_a_decimal_that_was_torn_apart_is_whole_again(translator):
    _, one = translator("Der Absender zahlt € 4, 20 mehr.")
    assert one.translate("The sender pays €4.20 more.", "de").text == "Der Absender zahlt € 4,20 mehr."


def test_pieces_of_a_text_that_says_much_in_few_characters_are_shorter():
    text = "您可以在收到商品后的三十天内申请退货，商品必须未经使用并保留原包装。" * 40
    pieces = list(paragraphs(text))
    assert "".join(pieces).replace(" ", "") == text and max(map(len, pieces)) < 450
