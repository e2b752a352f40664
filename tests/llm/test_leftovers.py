"""Words that a translation has left of another language."""

import pytest

from tongshi.llm.leftovers import leftovers


@pytest.mark.parametrize(
    ("draft", "language", "text", "source", "found"),
    [
        ("Keine Umbrellas, keine Bottles.", "de", "No bottles, no umbrellas.", "en", ["Umbrellas", "Bottles"]),
        ("Das Cottage ist frei.", "de", "The cottage is free.", "en", []),
        ("お massageは50分で68ユーロです。", "ja", "A massage costs €68 for 50 minutes.", "en", ["massage"]),
        ("أبلغ عن كل 事故 إلى الشرطة", "ar", "事故はすべて警察に届けてください。", "ja", ["事故"]),
        ("แจ้ง enforcement ผ่าน app", "th", "법 집행 기관에 신고합니다.", "ko", ["enforcement"]),
        ("Der Preis gilt online und mit Flex.", "de", "The price is for online orders and with Flex.", "en", []),
        ("Новый iPhone с USB-C и Wi-Fi", "ru", "The new iPhone with USB-C and Wi-Fi", "en", []),
        ("请在 app 里打开 My Tickets。", "zh", "Open My Tickets in the app.", "en", []),
    ],
)
def test_words_of_another_language_are_told_from_names_and_from_words_it_has_taken_up(draft, language, text, source, found):
    assert leftovers(draft, language, text, source) == found


def test_what_stands_there_on_purpose_is_none():
    assert leftovers("欢迎使用 drift backpack", "zh", "Welcome to drift backpack", "en", ["drift backpack"]) == []
