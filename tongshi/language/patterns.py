"""What is recognised by its form: order numbers, e-mail addresses, prices, figures; in any script and however sloppily typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex

from tongshi.language.addresses import find_address
from tongshi.language.amounts import EURO, find_amounts
from tongshi.language.text import fold_digits, fold_width

NAMES = ("order_number", "case_number", "email")
"""Kinds of what names one order, case or customer, and says nothing else."""

_GAP = r"[\s.\-–—‐‑_#№:/°]{0,3}"
_DIGITS = r"\d(?:[\s.,\-–—]?\d){4}(?![\s\-–—]?\d)"
_ORDER = regex.compile(rf"(?<![a-zа-я])(?:m[\s.\-]?d|м[\s.\-]?д){_GAP}({_DIGITS})", regex.I)
_BARE_ORDER = regex.compile(r"(?<![\d.,+\-/@\p{Latin}\p{Cyrillic}]|\d\s)(1\d{4})(?![\d.,]\d|\d|\s*(?:€|eur))", regex.I)
_ORDER_WORD = r"\b(?:orders?|cde|cmd|commande|bestell\p{L}*|auftrag\p{L}*|pedidos?|ordine|encomenda)|заказ\p{L}*|注文|オーダー|주문|订单|訂單|单号|單號|คำสั่งซื้อ|ออเดอร์|ال?طلب\p{L}*|[أا]وردر"
_ORDER_SIGN = r"number|num|nummer|no|nr|n[uú]m(?:ero)?|numéro|numero|n|номер|番号|ナンバー|번호|号码?|號碼?|เลขที่|หมายเลข|رقم|is|ist|lautet|est|es|[eèé](?:\s+[ao])?|是|は|는|은|คือ|هو"
_NAMED_ORDER = regex.compile(
    rf"(?:{_ORDER_WORD})(?:[\s.:：#№°º\-]|(?<!\p{{Latin}})(?:{_ORDER_SIGN})(?!\p{{Latin}}))*(?<![\d\p{{Latin}}])(1\d{{4}})(?![.,]?\d|\s*(?:€|eur))",
    regex.I,
)
"""Five digits that follow the word for an order, with or without one for a number: "cde 10250", "订单号是10250"."""
_POSTCODE = regex.compile(
    r"\b(?:zip|post(?:al)?[\s\-]?codes?|plz|postleitzahl|cap|cp|c\.p|cep|c[oó]digo postal|code postal|(?:почтовый )?индекс)(?:\s?code)?[\s.:]*"
    r"(?:is|ist|est|es|è|é)?\s*$"
    r"|(?:우편\s?번호|郵便番号|邮编|邮政编码|郵遞區號|郵編|รหัสไปรษณีย์|ไปรษณีย์|(?:ال)?رمز ?(?:ال)?بريدي)[\s.:：]*(?:는|은|は|是|คือ|هو)?\s*$",
    regex.I,
)
"""A word for a postcode at the end of what stands before a figure."""
_CASE = regex.compile(rf"(?<![a-z])(rt|ex|cl){_GAP}({_DIGITS})", regex.I)
# Signs in words, as people say them, and write down what they say. The second row of each is of scripts without spaces.
_AT_WORD = r"arrobas?|arobas[es]?|arrobase|chiocciol(?:a|ina)|klammeraffe|ät|собак[аи]|собачк[аи]|앳|엣|آت"
_AT_GLUED = r"골뱅이|アットマーク|アット|艾特|圈a|小老鼠|แอท|แอด"
_DOT_WORD = r"dot|punkt|punto|point|ponto|точка|نقطة|دوت"
_DOT_GLUED = r"닷|점|ドット|点|點|จุด|ดอท"
_TOPS = {"ком": "com", "ру": "ru", "컴": "com", "콤": "com", "コム": "com", "คอม": "com", "كوم": "com"}
_TOP = "|".join(["[a-z]{2,10}", *(rf"{top}(?!\p{{Cyrillic}})" for top in _TOPS)])
_OPEN, _CLOSE = r"\s*[(\[{]\s*", r"\s*[)\]}]\s*"
_AT = rf"(?:\s*@\s*|{_OPEN}(?:@|at|{_AT_WORD}|{_AT_GLUED}){_CLOSE}|\s+(?P<at>at|{_AT_WORD})\s+|\s*(?:{_AT_GLUED})\s*)"
_SPOKEN_DOT = rf"(?:{_OPEN}(?:{_DOT_WORD}|{_DOT_GLUED}){_CLOSE}|\s+(?:{_DOT_WORD})\s+|\s*(?:{_DOT_GLUED})\s*)"
_DOT = rf"(?:\s?[.。．]\s?|,(?=(?:com|net|org|[a-z]{{2}})\b)|{_SPOKEN_DOT})"
# A part after the last dot: "mail.co" of "mail.co.uk"; but in "mail.com.Thanks" a sentence begins there.
_NOT_LAST = r"(?!(?-i:\.[a-z]|(?<=[A-Z])\.[A-Z]))"
_EMAIL = regex.compile(
    rf"(?<![a-z0-9])(?P<local>(?:[a-z0-9]{{1,32}}{_SPOKEN_DOT}){{0,2}}[a-z0-9][a-z0-9._%+\-]{{0,63}}){_AT}"
    rf"(?P<domain>[a-z0-9][a-z0-9\-]*(?:{_DOT}[a-z0-9\-]+)*?){_DOT}(?P<top>{_TOP})(?![a-z0-9@]){_NOT_LAST}",
    regex.I,
)
_BEFORE_EMAIL = regex.compile(r"(?:^|[:=,;!?.\n]|\b(?:is|use|it's|mail|e-?mail|address|adresse|ist))\s*$", regex.I)
# Telephone, card and account numbers: none of their groups counts anything.
_LONG_NUMBER = regex.compile(
    r"(?<![\p{Latin}\d])(?!\d{1,4}[\-/.]\d{1,2}[\-/.]\d{1,4}(?!\d))"
    r"(?:[a-z]{2}\d{2}\s?[a-z0-9]{4}(?:\s?\d[a-z0-9]{3}){2,6}(?:\s?[a-z0-9]{1,3})?(?!\p{Latin})|\+\d(?:[\s().\-/]{0,2}\d){6,}"
    r"|\(?0\d(?:(?:[\s()\-]{0,2}|\s?/\s?)\d){4,}|\d(?:[\s\-]?\d){8,})(?!\d)",
    regex.I,
)
_MEANT_AS_ORDER = regex.compile(rf"(?<![a-zа-я])(?:m[\s.\-]?d|м[\s.\-]?д){_GAP}\d", regex.I)
_MEANT_AS_EMAIL = regex.compile(
    rf"@|[a-z0-9](?:\s+(?:{_AT_WORD})\s|\s*(?:{_AT_GLUED}))|^\s*[a-z0-9_\-]+\.[a-z0-9._\-]+\s*$|[a-z0-9][#*&][a-z0-9\-]+\.[a-z]{{2,}}",
    regex.I,
)
_NUMBER = regex.compile(r"(?<![\d.,\p{L}])(\d{1,4})(?![\d\p{Latin}]|[.,]\d)")
_WORD = regex.compile(r"\p{L}+")
_FEW_WORDS = 7
_FEW_WORDS_BESIDE_EMAIL = 24


@dataclass(frozen=True)
class Match:
    """Something recognised: what it is, where, and its canonical form."""

    kind: str
    start: int
    end: int
    value: str


def find(text: str) -> list[Match]:
    """All that stands in a text, in order, none overlapping another.

    Kinds: `order_number` (`MD-10234`), `case_number` (`RT-10001`), `email`, `price` (euro, decimal point), `foreign_price` (`1299.00 USD`), `number`.
    """
    # Folding keeps the length, so that places in the folded text are places in the text.
    folded = fold_digits(fold_width(text))
    found: list[Match] = []
    for match in _candidates(folded):
        if not any(match.start < other.end and other.start < match.end for other in found):
            found.append(match)
    return sorted(found, key=lambda match: match.start)


def _candidates(text: str) -> Iterator[Match]:
    for match in _EMAIL.finditer(text):
        if _is_place(match):
            continue
        domain = regex.sub(_DOT, ".", match["domain"], flags=regex.I)
        local = regex.sub(_SPOKEN_DOT, ".", match["local"], flags=regex.I)
        top = _TOPS.get(match["top"], match["top"])
        yield Match("email", *match.span(), f"{local}@{domain}.{top}".lower())
    for match in _ORDER.finditer(text):
        yield Match("order_number", *match.span(), "MD-" + regex.sub(r"\D", "", match[1]))
    for match in _NAMED_ORDER.finditer(text):
        yield Match("order_number", *match.span(1), f"MD-{match[1]}")
    for match in _CASE.finditer(text):
        yield Match("case_number", *match.span(), f"{match[1].upper()}-" + regex.sub(r"\D", "", match[2]))
    for amount in find_amounts(text):
        kind, value = (
            ("price", amount.value) if amount.currency == EURO else ("foreign_price", f"{amount.value} {amount.currency}")
        )
        yield Match(kind, amount.start, amount.end, value)
    # Five digits alone are an order number where little else is said, or where an e-mail stands beside them and no other number of an order:
    # a postcode stands among the words of an address.
    bare = list(_BARE_ORDER.finditer(text))
    beside_email = bool(_EMAIL.search(text)) and not _ORDER.search(text)
    few = _FEW_WORDS_BESIDE_EMAIL if beside_email else _FEW_WORDS
    bare = [one for one in bare if beside_email or not _is_postcode(one)]
    if len(bare) == 1 and len(_WORD.findall(_EMAIL.sub(" ", text))) <= few and (beside_email or "," not in text):
        yield Match("order_number", *bare[0].span(1), f"MD-{bare[0][1]}")
    if not (numbers := list(_NUMBER.finditer(text))):
        return
    long = [match.span() for match in _LONG_NUMBER.finditer(text)]
    for match in numbers:
        if any(start <= match.start(1) < end for start, end in long):
            continue
        yield Match("number", *match.span(1), str(int(match[1])))


def _is_place(match: regex.Match) -> bool:
    """Whether "at" tells where: "I bought it at meridian.com" holds no address, "it is anna at example.com" does."""
    if (match["at"] or "").lower() != "at" or not match["local"].isalpha() or "." not in match[0]:
        return False
    return not _BEFORE_EMAIL.search(match.string[: match.start()])


def _is_postcode(figure: regex.Match) -> bool:
    """Whether five digits stand in a postal address, or behind the word for a postcode."""
    if _POSTCODE.search(figure.string[: figure.start(1)]):
        return True
    address = find_address(figure.string)
    return bool(address) and address.start <= figure.start(1) and figure.end(1) <= address.end


def names_order(text: str) -> bool:
    """Whether a text says of a number that it is an order's: "MD-10250", "cde 10250"; and not as five digits alone."""
    folded = fold_digits(fold_width(text))
    return bool(_ORDER.search(folded) or _NAMED_ORDER.search(folded))


def bare_order_number(text: str, *, corrected: bool = False) -> str | None:
    """The figure that has the digits of an order number, `MD-10243` for "it's 10243", where a text has just one and names no order.

    Figures of an e-mail address, of a price, of a postal address and the like are none.

    Args:
        corrected: whether the text takes something back, so that of several the last counts: "10234, no, 10243".
    """
    folded = fold_digits(fold_width(text))
    taken = [(one.start, one.end) for one in find(text) if one.kind != "order_number"]
    if address := find_address(text):
        taken.append((address.start, address.end))
    bare = [
        one for one in _BARE_ORDER.finditer(folded) if not any(start < one.end(1) and one.start(1) < end for start, end in taken)
    ]
    is_clear = len(bare) == 1 or bare and corrected
    return f"MD-{bare[-1][1]}" if is_clear and not _ORDER.search(folded) else None


def is_attempt(kind: str, text: str) -> bool:
    """Whether a text that names no `order_number`, or no `email`, looks as if it was meant to: "MD-123", "li.wei@example"."""
    folded = fold_digits(fold_width(text))
    if kind == "email":
        return bool(_MEANT_AS_EMAIL.search(folded))
    digits, letters = len(regex.findall(r"\d", folded)), len(regex.findall(r"\p{L}", folded))
    # "RR447120593RS" is a parcel's number: more digits than letters, and one word.
    is_code = digits >= 5 and digits > letters and len(folded.split()) == 1
    return bool(_MEANT_AS_ORDER.search(folded)) or is_code or (digits >= 3 and letters <= 3)


def mask(text: str) -> str:
    """The text with order numbers, case numbers and e-mails as one word each, so that no classifier learns their digits."""
    return _replaced(text, lambda kind: f" {kind.replace('_', '')} ")


def without_names(text: str) -> str:
    """The text without order numbers, case numbers and e-mails, and without what then stands at its ends."""
    return _replaced(text, lambda kind: " ").strip(" .,;:،、，\n")


def _replaced(text: str, word: Callable[[str], str]) -> str:
    pieces, end = [], 0
    for match in find(text):
        if match.kind in NAMES:
            pieces += [text[end : match.start], word(match.kind)]
            end = match.end
    return "".join([*pieces, text[end:]])
