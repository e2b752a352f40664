"""Texts without what tells who wrote them, still readable and still good to learn from."""

from __future__ import annotations

import regex

from tongshi.language.addresses import find_address
from tongshi.language.patterns import find
from tongshi.language.text import scripts

_STAND_INS = {"order_number": "MD-10000", "email": "name@example.com"}
_URL = regex.compile(r"(?:https?://|www\.)\S+", regex.I)
_IBAN = regex.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?(?![A-Z0-9])")
_SAYS_NUMBER = (
    r"tel|telefon|telefono|teléfono|telefone|phone|mobile?|cell|cel|celular|móvil|movil|handy|portable|fax|whats?app|wechat|wx|vx|qq|number|nummer|numero|número"
    r"|numéro|num|no|nr|card|karte|carte|carta|tarjeta|cartão|id|passport|dni|nif|cpf|gsm"
)
_LONG_NUMBER = regex.compile(
    rf"(?:(?<=(?<!\p{{Latin}})(?:{_SAYS_NUMBER})[.:\-]?)|(?<![\p{{Latin}}\d]|[\p{{Latin}}\d]-))[+(]?\d(?:[\s().\-－–/]{{0,3}}\d){{7,}}(?!\d)(?:x(?![\p{{L}}\d]))?",
    regex.I,
)
"""Telephone, card and customer numbers, in digits of any script.

Behind Latin letters or their hyphen one is part of a code, `SKU-12345678`, unless they say what it is, `tel13812345678`; the letters of
scripts that set no space are just the words before it.
"""
_ADDRESSES = {
    "Han": "示例市示例区示例路1号",
    "Kana": "東京都あおば区みどり1-1-1",
    "Hangul": "서울시 예시구 예시로 1",
    "Thai": "1 ถนนตัวอย่าง กรุงเทพ",
    "Arabic": "شارع المثال 1، القاهرة",
    "Cyrillic": "ул. Примерная 1, Москва",
    "Latin": "1 Example Street, London",
}
"""What stands for an address, by its script: addresses themselves, so that a text stays as it is when it is masked again."""

_NAME_FOLLOWS = regex.compile(
    r"\bmy name(?: is|['’]s)\b|\bich hei(?:ß|ss)e\b|\bmein name ist\b|\bje (?:m['’]appelle|me nomme)\b|\bmon nom est\b"
    r"|\bme llamo\b|\bmi nombre es\b|\bmi chiamo\b|\bil mio nome è|\bme chamo\b|\bchamo-me\b|\bmeu nome é"
    r"|\bменя зовут\b|\bмо[её] имя\b|我的名字|我叫(?!了)|我姓|(?:私|僕|わたし)の名前は|と申します"
    r"|(?:제|내) 이름은|저는\s+\S{2,12}라고\s*(?:합니다|해요)|(?:ผม|ฉัน|หนู)ชื่อ|ชื่อ(?:ของ)?(?:ผม|ดิฉัน|ฉัน)|(?<!\p{L})[اإ]سمي(?!\p{L})",
    regex.I,
)
_CAPITAL_FOLLOWS = regex.compile(
    r"(?<!\p{L})(?i:i am|i['’]m|this is|ich bin|hier (?:ist|spricht|schreibt)|je suis|soy|sono|sou(?: [oa])?|я|это)\s+(?!Ва[мсш])\p{Lu}\p{Ll}+"
)


def masked(text: str) -> str:
    """The text with stand-ins for order and case numbers, e-mail and postal addresses, links, bank accounts and long numbers.

    Names have no form of their own and stay (see `introduces_a_name`), as does an address that `find_address` does not tell.
    """
    text = _URL.sub("https://example.com", text)
    text = _IBAN.sub("DE00 0000", text)
    text = _without_addresses(text)
    pieces, end = [], 0
    for match in find(text):
        stand_in = _STAND_INS.get(match.kind) or (f"{match.value[:2]}-10000" if match.kind == "case_number" else None)
        if stand_in:
            pieces += [text[end : match.start], stand_in]
            end = match.end
    return _LONG_NUMBER.sub("000 000 000", "".join([*pieces, text[end:]]))


def introduces_a_name(text: str) -> bool:
    """Whether somebody says in a text who they are ("My name is Anna", "Ich bin Anna Petersen"), as far as its form shows it.

    Errs on the safe side: "Ich bin Kunde" counts as well.
    """
    return bool(_NAME_FOLLOWS.search(text) or _CAPITAL_FOLLOWS.search(text))


def _without_addresses(text: str) -> str:
    is_japanese = bool(scripts(text)["Kana"])
    pieces = []
    while address := find_address(text):
        counts = scripts(address.value)
        script = max(_ADDRESSES, key=lambda one: counts[one])
        # An address of Japan is often all Han.
        pieces += [text[: address.start], _ADDRESSES["Kana" if script == "Han" and is_japanese else script]]
        text = text[address.end :]
    return "".join([*pieces, text])
