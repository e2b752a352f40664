import pytest

from tongshi.language.segment import sentences, tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我想退货。请帮忙！", ["我想退货。", "请帮忙！"]),
        ("注文した商品が届きません。どうすればいいですか？", ["注文した商品が届きません。", "どうすればいいですか？"]),
        ("أين طلبي؟ أريد إرجاعه.", ["أين طلبي؟", "أريد إرجاعه."]),
        ("¿Dónde está? ¡Ayuda!", ["¿Dónde está?", "¡Ayuda!"]),
        ("It costs 4.90 euros. Is it there? Yes!", ["It costs 4.90 euros.", "Is it there?", "Yes!"]),
        ("Доставка 3 дня. Возврат 30 дней.", ["Доставка 3 дня.", "Возврат 30 дней."]),
        ("반품은 30일입니다. 감사합니다.", ["반품은 30일입니다.", "감사합니다."]),
        ("ขอคืนเงินค่ะ\nขอบคุณ", ["ขอคืนเงินค่ะ", "ขอบคุณ"]),
        ("", []),
    ],
)
def test_text_is_cut_where_its_language_ends_a_sentence(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "word"),
    [
        ("我想退货。", "zh", "退货"),
        ("注文した商品が届きません", "ja", "商品"),
        ("ขอคืนเงินค่ะ", "th", "คืนเงิน"),
        ("I want it", "en", "want"),
        ("L'écran", "fr", "L'écran"),
        ("반품을 원해요", "ko", "반품을"),
        ("أريد إرجاعه", "ar", "إرجاعه"),
        ("не работает", "ru", "работает"),
    ],
)
def test_words_of_every_script_are_found(text, language, word):
    assert word in [token.text for token in tokenize(text, language)]


@pytest.mark.parametrize("language", ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "th", "zh"])
def test_tokens_stand_where_they_say(language):
    text = " MD-10234,  送货 в 東京で ที่ไหน 4,90 € 👍\nأين؟ 어디 où "
    tokens = tokenize(text, language)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert "".join(token.text for token in tokens) == "".join(text.split())
