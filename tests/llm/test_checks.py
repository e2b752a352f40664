"""The checks on real vectors: right answers pass, subtly wrong ones do not, in every language."""

from types import SimpleNamespace

import pytest
import yaml

from tongshi.evaluation.checks import KINDS, cases, is_stopped
from tongshi.llm.checks import differences, is_in_language, make_checker
from tongshi.llm.checks.names import codes, lacking, names, phones, weekdays
from tongshi.llm.checks.quantities import quantities
from tongshi.settings import LANGUAGES, ROOT

UNKNOWING = ROOT / "tests" / "evaluation" / "unknowing" / "replies.yml"
PASSAGE = (
    "You can return an item within 30 days of delivery. Express delivery costs €4.90 and is done by DHL. "
    "Orders over €1,299.00 are insured. Write to help@meridian.example or see https://meridian.example/returns. "
    "The Volt Power Bank 20000 has an IP67 rating. Call between 8:00 and 20:00."
)

FAITHFUL = {
    "ar": "يمكنك إرجاع المنتج خلال ٣٠ يومًا، والتوصيل السريع عبر DHL يكلف 4.90 يورو.",
    "de": "Sie können den Artikel innerhalb von 30 Tagen zurückgeben; Express mit DHL kostet 4,90 €.",
    "en": "You have 30 days to return it; express by DHL is €4.90.",
    "es": "Puedes devolverlo en 30 días y el envío exprés de DHL cuesta 4,90 €.",
    "fr": "Vous avez 30 jours pour le renvoyer ; l'express par DHL coûte 4,90 €.",
    "it": "Hai 30 giorni per il reso; la consegna espressa DHL costa 4,90 €.",
    "ja": "30日以内に返品できます。DHLの速達は4.90ユーロです。",
    "ko": "30일 이내에 반품할 수 있으며 DHL 특급 배송은 4.90유로입니다.",
    "pt": "Tens 30 dias para devolver; o envio expresso da DHL custa 4,90 €.",
    "ru": "Вернуть товар можно в течение 30 дней, экспресс-доставка DHL стоит 4,90 €.",
    "th": "คืนสินค้าได้ภายใน ๓๐ วัน และส่งด่วนกับ DHL ราคา 4.90 ยูโร",
    "zh": "您可以在30天内退货，DHL快递费用为4.90欧元。",
}


@pytest.fixture(scope="module")
def checker(identify):
    return make_checker(identify)


def passage(text, language="en", title=""):
    return SimpleNamespace(text=text, language=language, title=title)


@pytest.fixture
def problems(checker):
    """Kinds and words of what is wrong with an answer to a passage."""

    def check(answer, language="en", source=PASSAGE, source_language="en", question=""):
        verdict = checker.check(answer, [passage(source, source_language)], language, question)
        return [(one.kind, one.what) for one in verdict.problems]

    return check


@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_answers_are_caught_and_right_ones_pass(checker, language):
    """The hand-written answers of each language; `tongshi evaluate checks` gives the figures by kind."""
    stopped = {}
    for case in cases(language):
        stopped.setdefault(case.kind, []).append(is_stopped(checker, case, language))
    caught = [one for kind in KINDS for one in stopped[kind]]
    assert sum(stopped["right"]) <= 2
    assert all(stopped["figure"])
    assert sum(caught) / len(caught) >= 0.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_not_knowing_is_told_from_saying_no(checker, language):
    """Replies of models that say that they do not know, and such as sound alike and answer."""
    said = yaml.safe_load(UNKNOWING.read_text("utf-8"))[language]
    sources = [
        passage("Gift cards cannot be returned. To cancel, call our customer service team. We do not deliver to that area.")
    ]
    missed = [one for one in said["unknown"] if not checker.says_unknown(one, sources, language)]
    mistaken = [one for one in said["answers"] if checker.says_unknown(one, sources, language)]
    assert (len(missed) <= 1, mistaken) == (True, []), missed
    assert not checker.says_unknown("I have nothing on that, but it takes 5 days.", sources, "en")


@pytest.mark.parametrize("language", FAITHFUL)
def test_a_translation_keeps_its_figures_and_names(language, identify):
    assert differences(FAITHFUL[language], language, PASSAGE, "en") == []
    assert is_in_language(FAITHFUL[language], language, identify)
    swapped = FAITHFUL[language].replace("DHL", "UPS")
    assert differences(swapped, language, PASSAGE, "en") == ["UPS"]


@pytest.mark.parametrize("language", FAITHFUL)
def test_an_answer_in_another_language_is_noticed(language, identify):
    other = {"en": "de", "zh": "ja"}.get(language, "en")
    assert not is_in_language(FAITHFUL[other], language, identify)
    assert is_in_language("MD-10234: 4.90 €", language, identify)


@pytest.mark.parametrize(
    ("text", "language", "value", "unit"),
    [
        ("innerhalb von zwei Wochen", "de", 2, "week"),
        ("خلال ٣٠ يومًا", "ar", 30, "day"),
        ("خلال يومين", "ar", 2, "day"),
        ("within 14 calendar days", "en", 14, "day"),
        ("sous quinze jours", "fr", 15, "day"),
        ("三十天内", "zh", 30, "day"),
        ("5个工作日", "zh", 5, "business_day"),
        ("이틀 안에", "ko", 2, "day"),
        ("3만 원", "ko", 30_000, "KRW"),
        ("ภายใน ๓๐ วัน", "th", 30, "day"),
        ("в течение двух недель", "ru", 2, "week"),
        ("1.299,00 €", "de", 1299, "EUR"),
        ("€1,299.00", "en", 1299, "EUR"),
        ("1\u202f299,50 €", "fr", 1299.5, "EUR"),
        ("R$ 40", "pt", 40, "BRL"),
        ("午後6時", "ja", 18 * 60, "clock"),
        ("下午5点半", "zh", 17 * 60 + 30, "clock"),
        ("at 6 pm", "en", 18 * 60, "clock"),
        ("um 18 Uhr", "de", 18 * 60, "clock"),
        ("le 3 mai", "fr", 503, "date"),
        ("5月3日", "ja", 503, "date"),
    ],
)
def test_a_figure_is_read_with_its_unit(text, language, value, unit):
    (found,) = quantities(text, language)
    assert (found.value, unit in found.units) == (value, True)


@pytest.mark.parametrize(
    ("one", "language", "other", "its_language", "same"),
    [
        ("2 weeks", "en", "14 Tage", "de", True),
        ("48 hours", "en", "2 jours", "fr", True),
        ("18:00", "en", "6 pm", "en", True),
        ("4,90 €", "de", "€4.9", "en", True),
        ("9 Uhr", "de", "9 h", "fr", True),
        ("5 working days", "en", "5 дней", "ru", False),
        ("30 days", "en", "30 Stunden", "de", False),
        ("15 %", "de", "15 €", "de", False),
        ("4.90 €", "en", "490 €", "en", False),
        ("6 am", "en", "6 pm", "en", False),
    ],
)
def test_two_figures_agree_where_they_say_one_amount(one, language, other, its_language, same):
    (first,), (second,) = quantities(one, language), quantities(other, its_language)
    assert first.agrees(second) is same


def test_both_ends_of_a_span_count_the_same():
    assert [(one.value, *one.units) for one in quantities("3–5 Werktage, €2-4", "de")] == [
        (3, "business_day"),
        (5, "business_day"),
        (2, "EUR"),
        (4, "EUR"),
    ]


def test_telephone_numbers_codes_and_addresses_are_no_quantities(problems):
    assert phones("Call 02-5550-0183 or +44 20 7946 0318.") == ["02-5550-0183", "+44 20 7946 0318"]
    assert codes("Order MD-10234, 20 kg, 17h30, IP67, a 4-digit PIN", "en") == ["MD-10234", "IP67", "PIN"]
    assert ("name", "info@other.example") in problems("Please write to info@other.example.")
    assert ("name", "IP68") in problems("The power bank has an IP68 rating.")


def test_names_are_found_where_they_have_no_capital_and_heard_in_other_scripts():
    assert names("講師は北川ひとみです。", "ja") == ["北川", "ひとみ"]
    assert lacking(["Яндекс"], ["We ship with Yandex."], "ru") == []
    assert lacking(["СДЭК"], ["We ship with Yandex."], "ru") == ["СДЭК"]
    assert lacking(["A-3"], ["по форме А-3"], "en") == []


def test_days_of_the_week_are_one_in_all_languages():
    assert weekdays("montags", "de") == weekdays("周一", "zh") == weekdays("по понедельникам", "ru") == {0}
    assert weekdays("lun.-ven.", "fr", generous=True) == weekdays("월요일부터 금요일", "ko", generous=True) == set(range(5))


def test_what_the_customer_named_may_be_repeated(problems):
    answer = "Your Drift Backpack can be returned within 30 days."
    assert ("name", "Drift Backpack") in problems(answer)
    assert problems(answer, question="Can I return my drift backpack?") == []


def test_each_sentence_names_the_passage_and_the_words_it_rests_on(checker):
    sources = [passage("Returns are free within 30 days."), passage("Der Versand kostet 4,90 €. Er dauert 3 Tage.", "de")]
    verdict = checker.check("Delivery takes 3 days.", sources, "en")
    assert (verdict.passed, verdict.source, verdict.quote) == (True, 1, "Er dauert 3 Tage.")


def test_a_figure_of_another_passage_does_not_count(checker):
    sources = [passage("Returns are possible within 30 days."), passage("Delivery takes 3 days.")]
    assert not checker.check("Delivery takes 30 days.", sources, "en").passed


def test_a_courtesy_excuses_no_claim(problems):
    source = "Any item can be returned within 30 days. The shop is open on Mondays."
    assert problems("Sorry, items cannot be returned.", source=source) == [("contrary", "")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I don't have anything on that. Shall I get a colleague?", "en"),
        ("Dazu liegen mir leider keine Angaben vor.", "de"),
        ("這方面我没有资料，帮您转给同事好吗？", "zh"),
        ("ขออภัยค่ะ เรื่องนี้ไม่มีข้อมูลค่ะ", "th"),
    ],
)
def test_not_knowing_and_courtesy_rest_on_nothing(checker, text, language):
    verdict = checker.check(text, [passage(PASSAGE)], language)
    assert (verdict.passed, verdict.source) == (True, None)
