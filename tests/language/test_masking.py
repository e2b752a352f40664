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
        ("电话13812345678", "电话000 000 000"),
        ("電話番号は09012345678です", "電話番号は000 000 000です"),
        ("卡号6222021234567890123", "卡号000 000 000"),
        ("身份证11010119900101123X", "身份证000 000 000"),
        ("내번호010-1234-5678", "내번호000 000 000"),
        ("رقمي٠١٢٣٤٥٦٧٨٩٠", "رقمي000 000 000"),
        ("tel13812345678", "tel000 000 000"),
        ("тел89161234567", "тел000 000 000"),
        ("SKU12345678 SKU-12345678 MER-HP-200", "SKU12345678 SKU-12345678 MER-HP-200"),
        ("hi, I live at 12 High Street, London SW1A 1AA and it broke", "hi, I live at 1 Example Street, London and it broke"),
        ("地址是北京市朝阳区建国路88号，电话13812345678", "地址是示例市示例区示例路1号，电话000 000 000"),
        ("東京都世田谷区太子堂2丁目14番5号です", "東京都あおば区みどり1-1-1です"),
        ("서울 강남구 테헤란로 123으로 보내주세요", "서울시 예시구 예시로 1으로 보내주세요"),
        ("عنواني شارع التحرير 22، الدقي، القاهرة", "عنواني شارع المثال 1، القاهرة"),
        ("ส่งที่ 123 ถนนพหลโยธิน เขตจตุจักร กรุงเทพ 10900", "ส่งที่ 1 ถนนตัวอย่าง กรุงเทพ"),
        ("отправьте на ул. Баумана 12, Казань", "отправьте на ул. Примерная 1, Москва"),
    ],
)
def test_masked_texts_stay_readable(text, wanted):
    assert masked(text) == wanted
    assert masked(wanted) == wanted


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
