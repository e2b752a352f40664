import pytest

from tongshi.llm.checks import figures, is_in_language, unsupported

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


@pytest.mark.parametrize("language", FAITHFUL)
def test_a_faithful_answer_passes_in_every_language(language, identify):
    assert unsupported(FAITHFUL[language], [PASSAGE], language) == []
    assert is_in_language(FAITHFUL[language], language, identify)


@pytest.mark.parametrize("language", FAITHFUL)
def test_a_changed_figure_is_noticed_in_every_language(language):
    changed = FAITHFUL[language].replace("30", "60").replace("٣٠", "٦٠").replace("๓๐", "๖๐")
    assert unsupported(changed, [PASSAGE], language) == ["60"]


@pytest.mark.parametrize("language", FAITHFUL)
def test_a_swapped_name_is_noticed_in_every_language(language):
    assert unsupported(FAITHFUL[language].replace("DHL", "UPS"), [PASSAGE], language) == ["UPS"]


@pytest.mark.parametrize(
    ("answer", "language", "invented"),
    [
        ("Use the code SAVE20 at checkout.", "en", "SAVE20"),
        ("使用优惠码SAVE20。", "zh", "SAVE20"),
        ("Dein Code ist WELCOME-5.", "de", "WELCOME"),
        ("防水等級はIP68です。", "ja", "IP68"),
        ("Номер возврата RT-10001.", "ru", "10001"),
    ],
)
def test_an_invented_code_is_noticed(answer, language, invented):
    assert invented in unsupported(answer, [PASSAGE], language)


@pytest.mark.parametrize("address", ["info@other.example", "https://other.example/x", "www.other.example"])
def test_an_invented_address_is_noticed(address):
    assert any(address in found for found in unsupported(f"Please write to {address}", [PASSAGE], "en"))


@pytest.mark.parametrize(
    ("answer", "language"),
    [
        ("It comes with the Aurora Headphones.", "en"),
        ("Se envía con Correos Express.", "es"),
        ("由Yamato配送。", "zh"),
        ("จัดส่งโดย Kerry", "th"),
        ("يوصلها Aramex.", "ar"),
        ("Доставляет Yandex.", "ru"),
    ],
)
def test_a_name_that_no_passage_knows_is_noticed(answer, language):
    assert unsupported(answer, [PASSAGE], language)


def test_what_the_customer_named_may_be_repeated():
    answer = "Your Drift Backpack can be returned within 30 days."
    assert unsupported(answer, [PASSAGE], "en")
    assert unsupported(answer, [PASSAGE, "Can I return my drift backpack?"], "en") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,299.00", "1.299"),
        ("1 299", "1299"),
        ("4,90", "4.9"),
        ("٣٠", "30"),
        ("３０", "30"),
        ("8:00", "800"),
        ("5.00", "5"),
        ("007", "7"),
        ("1\u202f299,50", "1,299.5"),
    ],
)
def test_one_number_in_two_notations_is_one_figure(one, other):
    assert figures(one) == figures(other)


@pytest.mark.parametrize(("one", "other"), [("4.90", "490"), ("30", "3"), ("30", "300"), ("1,299", "129")])
def test_two_numbers_are_not_taken_for_one(one, other):
    assert figures(one) != figures(other)


@pytest.mark.parametrize("language", FAITHFUL)
def test_an_answer_in_another_language_is_noticed(language, identify):
    other = {"en": "de", "zh": "ja"}.get(language, "en")
    assert not is_in_language(FAITHFUL[other], language, identify)


@pytest.mark.parametrize("language", FAITHFUL)
def test_a_bare_code_is_in_any_language(language, identify):
    assert is_in_language("MD-10234: 4.90 €", language, identify)


def test_only_the_first_word_of_a_sentence_is_excused_for_its_capital():
    assert unsupported("Returning it is easy. Express delivery costs €4.90.", [PASSAGE], "en") == []
    assert unsupported("The Aurora Headphones can be returned.", [PASSAGE], "en") == ["Aurora Headphones"]


def test_a_unit_may_stand_with_or_without_its_space():
    assert unsupported("容量为20000mAh。", ["It holds 20000 mAh."], "zh") == []
