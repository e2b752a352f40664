from concurrent.futures import ThreadPoolExecutor

import pytest

from tongshi.language.segment import readings, sentences, tagged, terms, tokenize


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


def test_japanese_is_cut_by_several_threads_at_once():
    text = "昨日注文したヘッドホンがまだ届きません。いつ届きますか？" * 20
    works = [lambda: tokenize(text, "ja"), lambda: tagged(text, "ja"), lambda: readings(text)]
    expected = [work() for work in works]
    with ThreadPoolExecutor(6) as threads:
        done = [(number, threads.submit(works[number])) for _ in range(20) for number in range(len(works))]
        assert all(one.result() == expected[number] for number, one in done)


def test_several_threads_at_once_find_the_same_stems():
    texts = {"ru": "возвращённые наушники приходили сломанными", "de": "die zurückgeschickten Lieferungen kamen beschädigt"}
    texts = {language: f"{text} " * 200 for language, text in texts.items()}
    expected = {language: terms(text, language) for language, text in texts.items()}
    with ThreadPoolExecutor(4) as threads:
        done = [(language, threads.submit(terms, text, language)) for _ in range(12) for language, text in texts.items()]
        assert all(one.result() == expected[language] for language, one in done)
