"""What tells who wrote a text is taken out of it, or noticed."""

import pytest

from tongshi.language.masking import introduces_a_name, masked


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("mein paket MD-10244, tel. 0171 / 23 45 678", "mein paket MD-10000, tel. 000 000 000"),
        ("看 https://example.org/o?id=5 谢谢 li.wei@mail.cn", "看 https://example.com 谢谢 name@example.com"),
        ("رقمي ٠١٢٣٤٥٦٧٨٩ شكرا", "رقمي 000 000 000 شكرا"),
        ("IBAN DE44 5001 0517 5407 3249 31 bitte", "IBAN DE00 0000 bitte"),
        ("card 4111 1111 1111 1111", "card 000 000 000"),
        ("my return RT-10007 for 2 items at 49,90 €", "my return RT-10000 for 2 items at 49,90 €"),
    ],
)
def test_masked_texts_stay_readable(text, wanted):
    assert masked(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "اسمي ليلى، أين طلبي؟",
        "Ich bin Anna Petersen, 0151 2345678, wann kommt mein Paket?",
        "Hallo, mein Name ist Petersen. Wo ist die Rechnung?",
        "My name's Anna. Can I return it?",
        "Hi, this is Anna from Leeds, can I return it?",
        "Hola, me llamo Ana, ¿puedo devolverlo?",
        "Bonjour, je m’appelle Anne, puis-je le rendre ?",
        "Buongiorno, sono Anna Bianchi, posso renderlo?",
        "田中と申します。返品できますか",
        "저는 김민수라고 합니다. 반품할 수 있나요?",
        "Olá, chamo-me Ana, posso devolver?",
        "Меня зовут Анна, как вернуть товар?",
        "ผมชื่อสมชาย ขอคืนสินค้าได้ไหม",
        "你好，我叫李伟，可以退货吗？",
    ],
)
def test_who_says_their_name_is_noticed(text):
    assert introduces_a_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "أين طلبي؟",
        "ich bin enttäuscht, wann kommt mein Paket?",
        "I am not happy with the colour, can I return it?",
        "¿soy elegible para la devolución?",
        "je suis étudiant, y a-t-il une remise ?",
        "sono due settimane che aspetto",
        "返品できますか",
        "반품할 수 있나요?",
        "sou aluno, há desconto?",
        "Я Вам писала вчера, где мой заказ?",
        "ขอคืนสินค้าได้ไหม",
        "我叫了快递，什么时候来？",
    ],
)
def test_who_does_not_is_let_through(text):
    assert not introduces_a_name(text)
