import pytest

from tongshi.language.classifiers import LATIN
from tongshi.language.identify import is_traditional

QUESTIONS = {
    "en": "Where is my order?",
    "de": "Wo ist meine Bestellung?",
    "es": "¿Dónde está mi pedido?",
    "fr": "Où est ma commande ?",
    "it": "Dov'è il mio ordine?",
    "pt": "Onde está a minha encomenda?",
    "ru": "Где мой заказ?",
    "ar": "أين طلبي؟",
    "zh": "我的订单在哪里？",
    "ja": "注文した商品はどこですか？",
    "ko": "제 주문은 어디에 있나요?",
    "th": "คำสั่งซื้อของฉันอยู่ที่ไหน",
}


@pytest.mark.parametrize("language", QUESTIONS)
def test_each_of_the_twelve_languages_is_recognised(identify, language):
    assert identify(QUESTIONS[language]).language == language


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_code_and_an_address_in_it_do_not_change_the_language(identify, language):
    assert identify(f"{QUESTIONS[language]} MD-10234 anna.becker@example.com").language == language


@pytest.mark.parametrize(
    "text", ["", "   ", "👍", "12345", "MD-10234", "anna.becker@example.com", "ok", "OK!", "https://example.com/x", "?!"]
)
def test_a_message_without_words_tells_nothing(identify, text):
    found = identify(text)
    assert (found.language, found.outside) == (None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Waar is mijn bestelling gebleven, ik wacht al weken", "nl"),
        ("Gdzie jest moja paczka, czekam już dwa tygodnie na dostawę", "pl"),
        ("Siparişim nerede, iki haftadır bekliyorum ve hiç haber yok", "tr"),
        ("Де моє замовлення, я чекаю вже два тижні на доставку", "uk"),
        ("मेरा ऑर्डर कहाँ है मुझे जानकारी चाहिए", "hi"),
        ("سفارش من کجاست؟ دو هفته است که منتظر هستم", "fa"),
    ],
)
def test_a_language_outside_the_twelve_is_told_by_its_code(identify, text, code):
    found = identify(text)
    assert (found.language, found.outside) == (None, code)


def test_a_short_message_is_never_called_foreign(identify):
    assert identify("dank je").outside is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("meno male, va benone così", "it"),
        ("la mochila llegó rota, tío", "es"),
        ("nan mais c bon merci", "fr"),
        ("annulez ma cmd stp", "fr"),
        ("grüessech, wo isch mis päckli blibe", "de"),
        ("e a mala azul, inda há?", "pt"),
    ],
)
def test_what_is_in_one_of_the_twelve_is_not_called_foreign_where_fasttext_errs(identify, text, language):
    found = identify(text)
    assert (found.language, found.outside) == (language, None)


@pytest.mark.parametrize(("text", "traditional"), [("我的訂單在哪裡", True), ("我的订单在哪里", False), ("你好", None)])
def test_traditional_characters_are_told_from_simplified_ones(identify, text, traditional):
    assert identify(text).traditional is traditional
    assert is_traditional(text) is traditional


def test_a_product_name_in_latin_does_not_hide_another_script(identify):
    assert identify("Pulse Sports Watch 防水吗？").language == "zh"
    assert identify("Можно вернуть Aurora Wireless Headphones?").language == "ru"


def test_inverted_marks_are_spanish(identify):
    assert identify("¿Hay stock?").language == "es"
    assert identify("¡Gracias!").language == "es"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("3ayez a3raf el order bta3i wesel fein", "ar"),
        ("enti robot wala bani2adma?", "ar"),
        ("yalla bokra, ma3 el salama", "ar"),
        ("shu fi, ma wsel el gharad ba3d", "ar"),
        ("gde moi zakaz, skolko mozhno zhdat", "ru"),
        ("eto robot ili zhivoi operator?", "ru"),
        ("xo4u uznat' kogda pridjot posylka", "ru"),
        ("spasibo", "ru"),
        ("wo de baoguo dao nali le", "zh"),
        ("itsu todokimasu ka", "ja"),
        ("baesong eonje wayo", "ko"),
        ("khong yang mai ma krub", "th"),
    ],
)
def test_a_language_of_another_script_is_known_in_latin_letters_too(identify, text, language):
    found = identify(text)
    assert (found.language, found.confidence >= 0.8) == (language, True)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("can i get 2x 30w charger 4 my 5 yr old", "en"),
        ("gr8 thx m8, c u l8r", "en"),
        ("i want a karate kimono and a sushi set", "en"),
        ("el mp3 y el usb3 no van", "es"),
        ("a mi me da igual, vale", "es"),
        ("ma dai, e la lampada?", "it"),
        ("na ja, dann halt nicht", "de"),
        ("c koi le pb svp", "fr"),
        ("cadê a mala q eu pedi", "pt"),
    ],
)
def test_slang_and_loanwords_are_not_taken_for_another_script(identify, text, language):
    assert identify(text).language == language


@pytest.mark.parametrize("text", ["Irina Petrova", "Kim Minjun", "Shinjuku", "Nizhny Novgorod", "Omar Al-Haddad"])
def test_a_name_does_not_show_a_language_of_another_script(identify, text):
    found = identify(text)
    assert found.language in (None, *LATIN) and found.confidence < 0.8


@pytest.mark.parametrize("text", ["salam", "bali yoga mat", "na ja", "shaku"])
def test_what_is_doubtful_says_so(identify, text):
    assert identify(text).confidence < 0.8
