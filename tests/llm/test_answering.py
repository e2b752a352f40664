"""The answerer with a knowledge base and a language model that say what they are told to."""

import threading
from dataclasses import replace

import pytest

from tests.llm.server import scripted
from tongshi.errors import Unavailable
from tongshi.knowledge.base import Found, Passage
from tongshi.llm.answering import UNTUNED, Answerer
from tongshi.llm.client import ChatClient, Cut
from tongshi.llm.followups import Turn
from tongshi.llm.translation import ModelEngine, Translator
from tongshi.storage.conversations import ConversationStore

ENGLISH = "Items can be returned within 30 days of delivery. Standard delivery costs €4.90."
QUOTED = Passage("returns-window", "en", "Returns", 0.9, ENGLISH)
GERMAN = "Sie können den Artikel innerhalb von 30 Tagen zurückgeben."
WRONG = "Sie können den Artikel innerhalb von 60 Tagen zurückgeben."
QUESTION = "Wie lange kann ich zurückgeben?"


class Knowledge:
    """Finds what it was given, by question."""

    def __init__(self, *passages, confident=True, about_product=False, only=None):
        self.found = Found(list(passages), confident, about_product)
        self.only = only
        self.queries = []

    def elsewhere(self, question, before, language):
        return before

    def search(self, question, language, collection="shop", *args, **kwargs):
        self.queries.append(question)
        if self.only and self.only not in question:
            return Found([], False)
        return self.found


class Model:
    """Replies in pieces, one reply a call; an error in place of a piece is raised.

    Attributes:
        asked: the messages of each call.
    """

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    def stream(self, messages, *, deadline, **_):
        self.asked.append(messages)
        for piece in self.replies.pop(0):
            if isinstance(piece, BaseException):
                raise piece
            yield piece


def pieces(text, size=7):
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.fixture
def ask(identify):
    """Ask a question in German; gives the answer and what was released sentence by sentence."""

    def ask(model, *passages, knowledge=None, question=QUESTION, language="de", mode="auto", **options):
        released = []
        traces = options.pop("traces", None)
        answerer = Answerer(knowledge or Knowledge(*(passages or [QUOTED])), model, identify, "Meridian", mode, 20.0, traces)
        return answerer.answer(question, language, on_sentence=lambda one: released.append(one.text), **options), released

    return ask


def test_a_passage_in_the_customers_language_is_quoted_without_asking_the_model(ask):
    model = Model()
    answer, released = ask(model, Passage("returns-window", "de", "Rückgabe", 0.9, GERMAN))
    assert (answer.outcome, answer.text, answer.language) == ("quoted", GERMAN, "de")
    assert released == [GERMAN]
    assert model.asked == []


def test_a_foreign_passage_is_put_into_the_customers_language(ask):
    answer, released = ask(Model(pieces(GERMAN)))
    assert (answer.outcome, answer.text, answer.language) == ("generated", GERMAN, "de")
    assert released == [GERMAN]
    (citation,) = answer.citations
    quote = "Items can be returned within 30 days of delivery."
    assert citation.as_dict() == {"article": "returns-window", "quote": quote, "lang": "en", "title": "Returns"}


def test_the_model_sees_the_passages_and_the_question_and_its_orders_in_the_customers_language(ask):
    model = Model(pieces(GERMAN))
    ask(model)
    (system, user) = model.asked[0]
    assert system["role"] == "system" and "Meridian" in system["content"] and "Deutsch" in system["content"]
    assert ENGLISH in user["content"] and QUESTION in user["content"]


@pytest.mark.parametrize("size", [1, 2, 10])
def test_spaces_between_words_survive_however_the_reply_is_cut(ask, size):
    assert ask(Model(pieces(GERMAN, size)))[0].text == GERMAN


def test_each_sentence_is_released_as_soon_as_it_is_whole_and_checked(identify):
    heard = []

    class Listening(Model):
        def stream(self, messages, **_):
            yield "Sie haben 30 Tage Zeit. "
            yield "Der Versand "
            heard.append(list(released))
            yield "kostet 4,90 Euro."

    released = []
    answerer = Answerer(Knowledge(QUOTED), Listening(), identify, "Meridian")
    answer = answerer.answer(QUESTION, "de", on_sentence=lambda one: released.append(one.text))
    assert heard == [["Sie haben 30 Tage Zeit."]]
    assert released == ["Sie haben 30 Tage Zeit.", "Der Versand kostet 4,90 Euro."]
    assert answer.text == " ".join(released)


def test_a_wrong_figure_is_written_again_once_with_the_mistake_pointed_out(ask):
    model = Model(pieces(WRONG), pieces(GERMAN))
    answer, released = ask(model)
    assert (answer.outcome, answer.text) == ("generated", GERMAN)
    assert released == [GERMAN]
    assert len(model.asked) == 2
    assert "60" in model.asked[1][-1]["content"]


def test_what_is_wrong_twice_is_never_shown_and_the_passage_is_quoted(ask):
    model = Model(pieces(WRONG), pieces(WRONG))
    answer, released = ask(model)
    assert (answer.outcome, answer.text, answer.language) == ("quoted", ENGLISH, "en")
    assert released == [ENGLISH]
    assert len(model.asked) == 2


def test_a_reply_in_another_language_is_not_shown(ask):
    answer, _ = ask(Model(pieces("Items can be returned within 30 days."), pieces(GERMAN)))
    assert answer.text == GERMAN


@pytest.mark.parametrize(
    "invented", ["Bitte nutzen Sie den Code SAVE30.", "Der Versand erfolgt mit UPS.", "Schreiben Sie an info@falsch.example."]
)
def test_an_invented_name_code_or_address_is_not_shown(ask, invented):
    answer, released = ask(Model(pieces(invented), pieces(invented)))
    assert answer.outcome == "quoted"
    assert invented not in released


def test_a_good_sentence_stands_and_the_next_one_is_repaired(ask):
    model = Model(pieces(f"{GERMAN} Der Versand kostet 9,90 Euro."), pieces(f"{GERMAN} Der Versand kostet 4,90 Euro."))
    answer, released = ask(model)
    assert released == [GERMAN, "Der Versand kostet 4,90 Euro."]
    assert (answer.outcome, answer.text) == ("generated", " ".join(released))
    assert "9,90 Euro" in model.asked[1][-1]["content"]


def test_a_sentence_that_fails_twice_is_left_out(ask):
    wrong = f"{GERMAN} Der Versand kostet 9,90 Euro."
    answer, released = ask(Model(pieces(wrong), pieces(wrong)))
    assert (answer.outcome, answer.text) == ("generated", GERMAN)
    assert released == [GERMAN]


def test_each_sentence_cites_the_passage_that_it_rests_on(ask):
    shipping = Passage("shipping", "en", "Shipping", 0.8, "Standard delivery costs €4.90. It takes 3 days.")
    returns = Passage("returns-window", "en", "Returns", 0.9, "Items can be returned within 30 days of delivery.")
    answer, _ = ask(Model(pieces(f"{GERMAN} Der Versand kostet 4,90 Euro.")), returns, shipping)
    assert [(one.article, one.quote) for one in answer.citations] == [
        ("returns-window", "Items can be returned within 30 days of delivery."),
        ("shipping", "Standard delivery costs €4.90."),
    ]


def test_a_courtesy_alone_is_no_answer_and_is_shown_with_what_it_leads_to(ask):
    polite = "Das tut mir leid."
    assert ask(Model(pieces(polite)))[1] == [ENGLISH]
    answer, released = ask(Model(pieces(f"{polite} {GERMAN}")))
    assert released == [polite, GERMAN]
    assert [one.article for one in answer.citations] == ["returns-window"]


@pytest.mark.parametrize("reply", ["NO_ANSWER", "NO ANSWER.", "no_answer", "NOANSWER"])
def test_where_the_model_finds_no_answer_none_is_given(ask, reply):
    answer, released = ask(Model(pieces(reply, 3)))
    assert (answer.outcome, answer.text, released) == ("unknown", "", [])


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        ("de", "Dazu liegen mir leider keine Informationen vor. Soll ich Sie mit jemandem aus dem Team verbinden?"),
        ("de", "Das tut mir leid. Ob das auch sonntags geht, weiß ich leider nicht."),
        ("en", "The passages do not mention that."),
        ("zh", "抱歉，给出的资料中没有提到这一点。"),
        ("th", "ขออภัยค่ะ เรื่องนี้ไม่มีข้อมูลค่ะ"),
        ("ar", "لا تذكر المقاطع المعطاة أي شيء عن هذا الموضوع."),
    ],
)
def test_where_the_model_says_in_words_that_it_does_not_know_none_is_given(ask, language, reply):
    model = Model(pieces(reply))
    answer, released = ask(model, language=language, mode="generate")
    assert (answer.outcome, answer.text, released) == ("unknown", "", [])
    assert answer.details["unknowing"] and len(model.asked) == 1


def test_not_knowing_one_thing_beside_an_answer_is_an_answer(ask):
    unsure = "Ob das auch für Geschenke gilt, weiß ich leider nicht."
    assert ask(Model(pieces(f"{GERMAN} {unsure}")))[0].text.startswith(GERMAN)
    answer, released = ask(Model(pieces(f"{unsure} {GERMAN}")))
    assert (answer.outcome, released) == ("generated", [unsure, GERMAN])


@pytest.mark.parametrize(("score", "outcome"), [(0.9, "quoted"), (0.5, "unknown")])
def test_a_model_that_often_gives_up_is_believed_where_search_is_not_sure(identify, score, outcome):
    passage = Passage("returns-window", "en", "Returns", score, ENGLISH)
    answerer = Answerer(Knowledge(passage), Model(pieces("NO_ANSWER")), identify, "Meridian", believed_up_to=UNTUNED)
    assert answerer.answer(QUESTION, "de").outcome == outcome


def test_a_model_that_gives_up_when_it_is_corrected_leaves_the_quotation(ask):
    assert ask(Model(pieces(WRONG), pieces("NO_ANSWER")))[0].outcome == "quoted"


def test_a_model_that_does_not_answer_leaves_the_quotation(ask):
    answer, released = ask(Model([Unavailable("gone")]))
    assert (answer.outcome, answer.text) == ("quoted", ENGLISH)
    assert released == [ENGLISH]


def test_a_model_that_breaks_off_leaves_the_sentences_that_were_whole(ask):
    answer, released = ask(Model([f"{GERMAN} Der", " Versand", Unavailable("gone")]))
    assert answer.text.startswith(GERMAN) or answer.text == ENGLISH
    assert "Der Versand" not in " ".join(released)


def test_of_a_reply_that_was_cut_the_whole_sentences_are_given_and_the_next_time_it_is_written_anew(identify):
    model = Model([f"{GERMAN} Der", " Versand kostet 4,90", Cut("cut")], pieces(GERMAN), [GERMAN[:-1], Cut("cut")])
    answerer = Answerer(Knowledge(QUOTED), model, identify, "Meridian")
    released = []
    first, second = (answerer.answer(QUESTION, "de", on_sentence=lambda one: released.append(one.text)) for _ in range(2))
    assert [first.text, second.text] == released == [GERMAN] * 2
    assert (first.details["whole"], second.details["whole"]) == (False, True)
    assert answerer.answer("Rückgabe?", "de").outcome == "quoted"


def test_a_model_that_says_nothing_leaves_the_quotation(ask):
    answer, _ = ask(Model([]))
    assert answer.outcome == "quoted"


def test_without_a_model_foreign_passages_are_quoted(ask):
    assert ask(None)[0].outcome == "quoted"


def test_quote_mode_never_asks_the_model_and_generate_mode_asks_it_for_its_own_language_too(ask):
    model = Model()
    assert ask(model, mode="quote")[0].outcome == "quoted"
    assert model.asked == []
    own = Passage("returns-window", "de", "Rückgabe", 0.9, "Die Rückgabe ist innerhalb von 30 Tagen möglich.")
    assert ask(Model(pieces(GERMAN)), own, mode="generate")[0].outcome == "generated"


def test_an_editors_own_answer_is_given_word_for_word(ask):
    approved = Passage("faq", "en", "FAQ", 1.0, "We are closed on Sundays.", verbatim=True)
    answer, released = ask(Model(), approved, mode="generate")
    assert (answer.outcome, answer.text) == ("approved", "We are closed on Sundays.")
    assert released == ["We are closed on Sundays."]


def test_what_is_not_in_the_knowledge_base_is_not_answered(ask):
    model = Model()
    answer, released = ask(model, knowledge=Knowledge(QUOTED, confident=False))
    assert (answer.outcome, answer.text, answer.citations) == ("unknown", "", ())
    assert released == [] and model.asked == []


def test_a_question_about_an_unnamed_product_says_so(ask):
    answer, _ = ask(None, knowledge=Knowledge(confident=False, about_product=True))
    assert answer.outcome == "unknown" and answer.about_product


def test_a_question_that_hangs_on_the_one_before_is_looked_up_with_it(ask):
    own = Passage("shipping", "de", "Versand", 0.9, "Der Versand nach Japan dauert 7 Tage.")
    knowledge = Knowledge(own, only="Versand")
    history = [Turn("customer", "Was kostet der Versand?"), Turn("bot", "4,90 €.")]
    answer, _ = ask(None, knowledge=knowledge, question="Und nach Japan?", history=history)
    assert answer.outcome == "quoted"
    assert knowledge.queries[0] == "Und nach Japan?"


def test_facts_of_several_products_are_given_together(ask):
    one = Passage("product:MER-HP-200", "de", "Aurora", 0.9, "Aurora kostet 129 €.")
    other = Passage("product:MER-HP-110", "de", "Pico", 0.9, "Pico kostet 59 €.")
    answer, _ = ask(None, one, other)
    assert answer.text == "Aurora kostet 129 €. Pico kostet 59 €."
    assert [citation.article for citation in answer.citations] == ["product:MER-HP-200", "product:MER-HP-110"]


@pytest.mark.parametrize(
    ("language", "question", "reply"),
    [
        ("zh", "可以退货多久？", "您可以在收货后30天内退货。运费为4.90欧元。"),
        ("ja", "返品はいつまでですか？", "お届けから30日以内に返品できます。送料は4.90ユーロです。"),
        ("ar", "ما مدة الإرجاع؟", "يمكنك إرجاع المنتج خلال 30 يومًا. يكلف التوصيل 4.90 يورو."),
        ("th", "คืนสินค้าได้กี่วัน", "คุณสามารถคืนสินค้าได้ภายใน 30 วันหลังได้รับสินค้า"),
        ("ru", "Сколько дней на возврат?", "Товар можно вернуть в течение 30 дней."),
    ],
)
def test_answers_of_every_script_arrive_whole_however_they_are_cut(ask, language, question, reply):
    for size in (1, 5, 1000):
        answer, released = ask(Model(pieces(reply, size)), question=question, language=language)
        assert answer.outcome == "generated"
        assert "".join(answer.text.split()) == "".join(released).replace(" ", "") == "".join(reply.split())


def test_how_an_answer_came_about_is_kept_for_the_conversation(ask, database):
    store = ConversationStore(database)
    answer, _ = ask(Model(pieces(GERMAN)), sender="anna", traces=store)
    trace = store.trace(answer.trace_id)
    assert (trace.sender, trace.question, trace.outcome) == ("anna", QUESTION, "generated")
    assert trace.details["passages"][0]["article"] == "returns-window"
    assert trace.details["checks"] == [{"sentence": GERMAN, "passed": True, "problems": [], "source": 0}]
    assert ask(Model(pieces(GERMAN)))[0].trace_id is None


def test_the_same_question_gets_the_same_answer_until_its_passages_change(identify):
    changed = "Items can be returned within 60 days of delivery. Standard delivery costs €4.90."
    knowledge = Knowledge(QUOTED)
    model = Model(pieces(GERMAN), pieces(WRONG))
    answerer = Answerer(knowledge, model, identify, "Meridian")
    released = []
    answers = [
        answerer.answer(question, "de", on_sentence=lambda one: released.append(one.text))
        for question in (QUESTION, f"  {QUESTION.upper()}!", QUESTION.replace("ü", "\uff55\u0308"))
    ]
    assert [one.text for one in answers] == released == [GERMAN] * 3
    assert len(model.asked) == 1
    assert answers[1].citations == answers[0].citations and answers[1].details["repeated"]
    knowledge.found = Found([Passage("returns-window", "en", "Returns", 0.9, changed)], True)
    assert answerer.answer(QUESTION, "de").text == WRONG


def test_what_was_not_written_whole_is_written_anew(identify):
    model = Model(pieces(WRONG), pieces(WRONG), pieces(GERMAN))
    answerer = Answerer(Knowledge(QUOTED), model, identify, "Meridian")
    assert answerer.answer(QUESTION, "de").outcome == "quoted"
    assert answerer.answer(QUESTION, "de").text == GERMAN


def test_a_customer_who_has_gone_stops_the_model(identify):
    gone = threading.Event()
    with scripted(lambda messages: "Sie haben 30 Tage Zeit. " + "Und noch ein Wort " * 500, 0.02) as server:
        answerer = Answerer(Knowledge(QUOTED), ChatClient(server.url, "model"), identify, "Meridian", deadline=30)
        threading.Timer(0.5, gone.set).start()
        answer = answerer.answer(QUESTION, "de", gone=gone)
        assert answer.seconds < 5
        assert server.left.wait(5)
        assert len(server.asked) == 1


@pytest.mark.parametrize("question", ["Und nach Japan?", "ok, und am Samstag", "Gilt das auch für Kopfhörer?"])
def test_a_question_that_sounds_like_a_follow_up_is_looked_up_with_what_it_hangs_on_first(ask, question):
    """Alone it finds something too, and something else."""
    own = Passage("shipping", "de", "Versand", 0.9, "Der Versand dauert 7 Tage.")
    knowledge = Knowledge(own)
    ask(None, knowledge=knowledge, question=question, history=[Turn("customer", "Was kostet der Versand?")])
    assert knowledge.queries[-1] == f"Was kostet der Versand? {question}"


def test_a_question_of_its_own_is_looked_up_alone(ask):
    knowledge = Knowledge(Passage("returns-window", "de", "Rückgabe", 0.9, GERMAN))
    ask(None, knowledge=knowledge, history=[Turn("customer", "Was kostet der Versand?")])
    assert knowledge.queries == [QUESTION]


class Engine:
    """Translates what it was told, word for word; anything else into nothing."""

    name = "told"

    def __init__(self, **told):
        self.told = told

    def translate(self, text, source, language, deadline, before=(), gone=None):
        return next((value for start, value in self.told.items() if text.startswith(start)), "")


@pytest.fixture
def rendering(identify):
    """An answerer that translates by what it is told, with a model that says what it is told to."""

    def make(model, score=0.9, believed_up_to=UNTUNED, text=ENGLISH, **told):
        knowledge = Knowledge(Passage("returns-window", "en", "Returns", score, text))
        translator = Translator([Engine(**told)], identify)
        return Answerer(knowledge, model, identify, "Meridian", believed_up_to=believed_up_to, translator=translator)

    return make


DELIVERY = "Der Standardversand kostet 4,90 €."


def test_a_foreign_passage_is_translated_sentence_by_sentence_each_citing_its_own(rendering):
    released = []
    answerer = rendering(Model(), Items=GERMAN, Standard=DELIVERY)
    answer = answerer.answer(QUESTION, "de", on_sentence=lambda one: released.append(one.text))
    assert (answer.outcome, answer.language, answer.text) == ("generated", "de", f"{GERMAN} {DELIVERY}")
    assert released == [GERMAN, DELIVERY]
    assert [one.quote for one in answer.citations] == [
        "Items can be returned within 30 days of delivery.",
        "Standard delivery costs €4.90.",
    ]


@pytest.mark.parametrize("wrong", [WRONG, "Leider kann ich Ihnen dazu nichts sagen, 30 Tage.", ""])
def test_where_what_was_asked_for_cannot_be_translated_the_model_writes_the_answer_or_the_passage_is_quoted(rendering, wrong):
    """What the same passage says of something else would be no answer."""
    written = rendering(Model(pieces(GERMAN)), Items=wrong, Standard=DELIVERY).answer(QUESTION, "de")
    assert (written.outcome, written.text) == ("generated", GERMAN)
    quoted = rendering(Model(pieces(WRONG), pieces(WRONG)), Items=wrong, Standard=DELIVERY).answer(QUESTION, "de")
    assert (quoted.outcome, quoted.text) == ("quoted", ENGLISH)


def test_a_later_sentence_that_the_answer_must_not_lack_stands_in_the_passages_own_words(rendering):
    released = []
    answerer = rendering(Model(), Items=GERMAN, Standard=DELIVERY.replace("4", "9"))
    answer = answerer.answer(QUESTION, "de", on_sentence=lambda one: released.append(one.text))
    assert released == [GERMAN, "Standard delivery costs €4.90."]
    assert (answer.text, answer.details["not_translated"]) == (" ".join(released), released[1:])


def test_a_sentence_that_says_nothing_of_its_own_is_left_out_where_its_translation_is_wrong(rendering):
    text = "We look forward to your visit. Items can be returned within 30 days of delivery."
    answer = rendering(Model(), text=text, Items=GERMAN).answer(QUESTION, "de")
    assert (answer.text, answer.details["not_translated"]) == (GERMAN, ["We look forward to your visit."])


def test_who_has_gone_stops_the_translation(identify):
    gone = threading.Event()
    with scripted(lambda messages: "Sie haben 30 Tage Zeit. " + "Und noch ein Wort " * 500, 0.02) as server:
        client = ChatClient(server.url, "model")
        translator = Translator([ModelEngine(client)] * 2, identify)
        answerer = Answerer(Knowledge(QUOTED), client, identify, "Meridian", deadline=30, translator=translator)
        threading.Timer(0.5, gone.set).start()
        assert answerer.answer(QUESTION, "de", gone=gone).seconds < 5
        assert len(server.asked) <= 2


def test_whether_the_passages_answer_is_asked_once_until_they_change(rendering):
    model = Model(pieces("NO_ANSWER", 3), [Unavailable("gone")], pieces("NO_ANSWER", 3))
    answerer = rendering(model, score=0.6, Items=GERMAN, Standard=DELIVERY)
    assert [answerer.answer(one, "de").outcome for one in (QUESTION, QUESTION.upper())] == ["unknown"] * 2
    assert len(model.asked) == 1
    # What could not be asked is asked anew.
    answerer._knowledge.found = Found([Passage("returns-window", "en", "Returns", 0.6, f"{ENGLISH} ")], True)
    assert [answerer.answer(QUESTION, "de").outcome for _ in range(2)] == ["generated", "unknown"]


def test_where_search_is_unsure_the_model_says_whether_the_passage_answers(rendering):
    unknowing, knowing, told = Model(pieces("NO_ANSWER", 3)), Model(pieces(GERMAN)), {"Items": GERMAN, "Standard": DELIVERY}
    assert rendering(unknowing, score=0.6, **told).answer(QUESTION, "de").outcome == "unknown"
    assert rendering(knowing, score=0.6, **told).answer(QUESTION, "de").text == f"{GERMAN} {DELIVERY}"
    assert len(unknowing.asked) == len(knowing.asked) == 1
    cut = Model(["NOANSWER", Cut("cut")])
    assert rendering(cut, score=0.6, Items=GERMAN).answer(QUESTION, "de").outcome == "unknown"


@pytest.mark.parametrize(
    ("score", "by_questions", "outcome"), [(0.6, False, "unknown"), (0.6, True, "quoted"), (0.9, False, "quoted")]
)
def test_of_a_collection_without_similar_questions_it_is_asked_before_a_quotation_too(identify, score, by_questions, outcome):
    knowledge = Knowledge(Passage("returns-window", "de", "Rückgabe", score, GERMAN))
    knowledge.found = replace(knowledge.found, by_questions=by_questions)
    answerer = Answerer(knowledge, Model(pieces("NO_ANSWER")), identify, "Meridian", believed_up_to=UNTUNED)
    assert answerer.answer(QUESTION, "de").outcome == outcome


def test_a_translation_is_given_though_the_model_cannot_be_asked(rendering):
    answerer = rendering(Model([Unavailable("gone")]), score=0.6, Items=GERMAN, Standard=DELIVERY)
    assert answerer.answer(QUESTION, "de").text == f"{GERMAN} {DELIVERY}"


@pytest.fixture
def unsure(identify):
    """Makes an answerer whose search is not sure of a passage, and whose model replies so when it is asked about it; and the model."""

    def make(*replies, score=0.4, mode="auto", written=(), **found):
        knowledge = Knowledge(replace(QUOTED, score=score), confident=False)
        knowledge.found = replace(knowledge.found, **{"by_questions": False, **found})
        doubter = Model(*replies)
        return Answerer(knowledge, Model(*written), identify, "Meridian", mode, doubter=doubter), doubter

    return make


def test_a_foreign_passage_that_the_model_alone_is_sure_of_is_put_into_the_customers_language(unsure):
    answerer, doubter = unsure(pieces("Sie haben 30 Tage"), score=0.21, written=[pieces(GERMAN)])
    answer = answerer.answer(QUESTION, "de", collection="imported")
    assert (answer.outcome, answer.text, answer.details["second_look"]) == ("generated", GERMAN, True)


def test_a_passage_that_search_is_not_sure_of_is_given_where_the_model_is(unsure):
    answerer, doubter = unsure(pieces("You have 30 days"))
    answers = [answerer.answer("how long have I got?", "en", collection="imported") for _ in range(2)]
    assert [(one.outcome, one.text, one.details) for one in answers] == [("quoted", QUOTED.text, {"second_look": True})] * 2
    assert len(doubter.asked) == 1


@pytest.mark.parametrize(
    ("replies", "told", "asked"),
    [
        ([pieces("NO_ANSWER")], {}, 1),
        ([[Unavailable("It is down.")]], {}, 1),
        ([], {"score": 0.1}, 0),
        ([], {"by_questions": True}, 0),
        ([], {"unanswerable": True}, 0),
        ([], {"mode": "quote"}, 0),
    ],
)
def test_elsewhere_what_search_is_not_sure_of_is_not_given(unsure, replies, told, asked):
    answerer, doubter = unsure(*replies, **told)
    assert answerer.answer("how long have I got?", "en", collection="imported").outcome == "unknown"
    assert len(doubter.asked) == asked
