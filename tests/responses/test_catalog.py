import re

import pytest

from tongshi.errors import TongshiError
from tongshi.responses.catalog import Replies
from tongshi.settings import LANGUAGES, ROOT

VALUES = {
    "order_number": "MD-10234",
    "size": 10,
    "code": "K7QM3-XWD9A",
    "minutes": 15,
    "links": "https://help.example/",
    "item": {"name": "Aurora Wireless Headphones", "colour": "black", "quantity": 2},
    "items": [
        {"name": "Aurora Wireless Headphones", "colour": "black", "quantity": 1},
        {"name": "Volt Power Bank 20000", "colour": None, "quantity": 2},
    ],
    "carrier": "DHL",
    "tracking": "JD014600003828",
    "date": "2026-11-25",
    "duration": 14 * 60 + 20,
    "heard": "Where is MD-10234?",
    "spelled": "M D, 1 0 2 3 4",
    "address": "Calle Mayor 12, 28013 Madrid",
    "answer": "30 days.",
    "case_number": "CL-10001",
    "return_number": "RT-10001",
    "exchange_number": "EX-10001",
    "colour": "sand",
    "colours": ["black", "sand", "blue"],
    "description": "broken glass",
    "hours": "Mon-Sat 08:00-20:00 Europe/Berlin",
    "job": "return_form",
    "language": "de",
    "products": [
        {"name": "Meridian Book 14", "price": "999.00", "colours": ["silver", "graphite"]},
        {"name": "Volt 30W Charger", "price": "24.50", "colours": []},
    ],
    "reason": "changed_mind",
    "resolution": "refund",
}


@pytest.fixture(scope="module")
def replies():
    return Replies(ROOT / "data" / "responses", "Meridian")


def first(replies, monkeypatch):
    """Take the first variation, not any."""
    monkeypatch.setattr("tongshi.responses.catalog.random.choice", lambda texts: texts[0])
    return replies


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_variation_of_every_reply_can_be_said(replies, language, monkeypatch):
    for name in replies.names:
        for number in range(len(replies.variations(name, language))):
            monkeypatch.setattr("tongshi.responses.catalog.random.choice", lambda texts, number=number: texts[number])
            reply = replies.render(name, language, VALUES)
            assert reply.text.strip(), name
            assert not re.search(r"{\w*}|None|Decimal|\[\'", reply.text), reply.text
        for text in replies.softer(name, language):
            monkeypatch.setattr("tongshi.responses.catalog.random.choice", lambda texts, text=text: text)
            assert not re.search(r"{\w*}|None", replies.render(name, language, VALUES, upset=True).text), text
            assert all(button["title"] and button["payload"].startswith("/") for button in reply.buttons)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_reply_falls_back_to_english(replies, language):
    for name in replies.names:
        same = set(replies.variations(name, language)) & set(replies.variations(name, "en"))
        assert language == "en" or not any(re.sub(r"{\w+}|\W", "", text) for text in same), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_codes_reach_the_customer_unchanged(replies, language):
    assert "RT-10001" in replies.render("utter_return_created", language, VALUES).text
    assert "EX-10001" in replies.render("utter_exchange_created", language, VALUES).text
    assert "CL-10001" in replies.render("utter_damage_created", language, VALUES).text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "2 × Aurora Wireless Headphones (black)"),
        ("de", "2 × Aurora Wireless Headphones (Schwarz)"),
        ("zh", "2 × Aurora Wireless Headphones (黑色)"),
    ],
)
def test_an_item_has_its_count_and_its_colour_in_the_customers_words(replies, language, text):
    assert text in replies.render("utter_return_exists", language, VALUES).text


def test_recommended_products_stand_one_a_line_with_price_and_colours(replies):
    text = replies.render("utter_recommendations", "de", VALUES).text.replace("\xa0", " ")
    assert "• Meridian Book 14 – 999 € (Silber und Graphit)" in text.splitlines()
    assert "• Volt 30W Charger – 24,50 €" in text.splitlines()


def test_support_hours_have_the_languages_own_days(replies):
    assert "Mo–Sa 08:00–20:00 (Europe/Berlin)" in replies.render("utter_handoff_closed", "de", VALUES).text
    assert "周一–周六" in replies.render("utter_handoff_closed", "zh", VALUES).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_the_twelve_languages_are_listed_each_has_its_own_name(replies, language):
    names = [name for name in replies.names if "{languages}" in replies.variations(name, language)[0]]
    assert names
    for name in names:
        assert "한국어" in replies.render(name, language, VALUES).text


def test_latin_names_and_figures_are_isolated_among_arabic(replies):
    text = replies.render("utter_return_exists", "ar", VALUES).text
    assert "\u2068RT-10001\u2069" in text
    assert text.count("\u2068") == text.count("\u2069") >= 2


def test_arabic_words_among_arabic_are_not_isolated(replies):
    text = replies.render("utter_exchange_colour_unavailable", "ar", VALUES).text
    colour = replies.term("colour", "sand", "ar")
    assert f"\u2068{colour}\u2069" not in text


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "ar"])
def test_no_isolation_marks_elsewhere(replies, language):
    assert "\u2068" not in replies.render("utter_return_exists", language, VALUES).text


def test_traditional_chinese_is_written_in_traditional_characters_buttons_too(replies, monkeypatch):
    first(replies, monkeypatch)
    simplified = replies.render("utter_capabilities", "zh", VALUES)
    traditional = replies.render("utter_capabilities", "zh", VALUES, traditional=True)
    assert "订单" in simplified.text and "訂單" in traditional.text and "订单" not in traditional.text
    assert [button["payload"] for button in simplified.buttons] == [button["payload"] for button in traditional.buttons]
    assert [button["title"] for button in simplified.buttons] != [button["title"] for button in traditional.buttons]


def test_a_wish_for_traditional_characters_concerns_chinese_only(replies, monkeypatch):
    first(replies, monkeypatch)
    assert replies.render("utter_greet", "ja", traditional=True) == replies.render("utter_greet", "ja")


def test_a_yes_or_no_question_has_both_buttons_in_the_customers_language(replies):
    buttons = replies.render("utter_request_seal", "fr", VALUES).buttons
    assert [(button["title"], button["payload"]) for button in buttons] == [("Oui", "/affirm"), ("Non", "/deny")]


def test_reasons_are_offered_as_buttons(replies):
    buttons = replies.render("utter_request_return_reason", "de", VALUES).buttons
    assert len(buttons) == 6
    assert buttons[0]["payload"] == '/inform{"reason": "changed_mind"}'


def test_a_reply_without_its_value_is_an_error_that_names_both(replies):
    with pytest.raises(TongshiError, match="utter_return_created.*return_number"):
        replies.render("utter_return_created", "en", {"item": VALUES["item"]})


def test_a_reply_that_does_not_exist_is_an_error(replies):
    with pytest.raises(TongshiError, match="utter_nonsense"):
        replies.render("utter_nonsense", "en")


def test_an_unknown_colour_keeps_its_own_name(replies):
    assert replies.term("colour", "teal", "de") == "teal"


def test_braces_in_what_the_customer_wrote_are_left_alone(replies):
    text = replies.render("utter_request_address_confirm", "en", {**VALUES, "address": "{shop} Street 1, \\1 Town"}).text
    assert "{shop} Street 1, \\1 Town" in text


def test_a_folder_without_replies_says_which_file_is_missing(tmp_path):
    with pytest.raises(TongshiError, match="ar.yml"):
        Replies(tmp_path, "Meridian")
