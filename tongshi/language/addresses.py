"""Postal addresses as people of twelve languages write them: where one stands in a message.

Only what has the build of an address counts, a street with its number and a town or postcode beside it, or the administrative parts that Chinese,
Japanese, Korean and Thai addresses are made of. A tagger of names was no help: spaCy has none for half of the languages, and what makes an
address is its form.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from tongshi.language.text import fold_digits, fold_width

_NAME = r"[\p{L}\p{M}'’.\-]+"
_NO = r"\d{1,5}(?:\s?[a-zа-я](?!\p{L}))?(?:\s?[-/]\s?\d{1,4})?"
_BEFORE = r"(?:flat|apt\.?|apartment|unit|suite|floor|wohnung|appt\.?|piso)\s*[\w]{1,5},?\s+"
_STREETS = (
    # English: number first.
    rf"(?:{_BEFORE})?{_NO},?\s+(?:{_NAME}\s+){{1,4}}?(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|square|sq|court|crescent|terrace|way|place|boulevard|blvd|close)\b\.?",
    # German: the kind of street ends its name, or stands before it: Am Alten Markt, Unter den Linden.
    rf"(?:{_NAME}|(?-i:\p{{Lu}})\p{{L}}+(?:er|e|en)\s)(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer|markt)\s*{_NO}",
    rf"(?-i:Am|An|Auf|Im|Unter|Zum|Zur)\s(?:(?:der|dem|den|alten|neuen)\s)?(?-i:\p{{Lu}})\p{{Ll}}+(?:\s(?-i:\p{{Lu}})\p{{Ll}}+)?\s{_NO}",
    # French: number first, or last as in Switzerland and Belgium.
    rf"\d{{1,4}}\s?(?:bis|ter|quater)?,?\s+(?:rue|avenue|av\.?|boulevard|bd|chemin|impasse|place|allée|quai|route|cours|square)\s+{_NAME}(?:\s+{_NAME}){{0,4}}",
    rf"(?:rue|avenue|boulevard|chemin|place|allée|quai|route)\s+{_NAME}(?:\s+{_NAME}){{0,3}}?,?\s+\d{{1,4}}",
    # Spanish, Italian, Portuguese: number last.
    rf"(?:calle|c/|avenida|av(?:da?)?\.?|plaza|pza\.?|paseo|camino|carrer|ronda|travesía|via|viale|v\.le|piazza|p\.za|corso|c\.so|vicolo|largo|strada|rua|r\.|travessa|praça|estrada|alameda)"
    rf"\s*{_NAME}(?:\s+{_NAME}){{0,5}}?,?\s+(?:n[.ºo°]*\s*)?{_NO}",
    # Russian.
    rf"(?:ул\.?|улица|пр-т|просп\.?|проспект|пер\.?|переулок|наб\.?|набережная|ш\.?|шоссе|бул\.?|бульвар|пл\.?|площадь)\s+{_NAME}(?:\s+{_NAME}){{0,2}}?,?\s+(?:д\.?|дом)?\s*{_NO}",
    rf"{_NAME}\s+(?:улица|проспект|переулок|набережная|шоссе|бульвар|площадь),?\s+(?:д\.?|дом)?\s*{_NO}",
    # Arabic.
    r"(?:شارع|طريق|حي)\s+[\p{L}\p{M}\s]{2,30}?،?\s*(?:عمارة|بناية|مبنى|فيلا|رقم)?\s*\d{1,5}",
    r"(?:شارع|حي)\s+[\p{L}\p{M}\s]{2,30}،\s*(?:شارع|عمارة|بناية|مبنى|فيلا)\s+[\p{L}\p{M}\s]{0,20}\d{1,5}",
)
_STREET = regex.compile(rf"(?<![\p{{L}}\d])(?:{'|'.join(_STREETS)})(?![\p{{L}}\d])", regex.I)
_ANY_STREET = regex.compile(
    rf"(?<![\p{{L}}\d])(?-i:\p{{Lu}})\p{{L}}+(?:\s(?:(?-i:\p{{Lu}})\p{{L}}+|de|del|la|las|los|di|da|do|dos)){{0,4}}?,?\s{_NO}(?=\s?,\s?\d{{4,6}}\s(?-i:\p{{Lu}}\p{{Ll}}))",
    regex.I,
)
"""A street of any kind that number, postcode and town follow: "Gran Vía 22, 28013 Madrid". Only looked for where none of the others is found."""
_POSTCODE = regex.compile(
    r"(?<![\d\p{Latin}\-])(?:\d{4}-\d{3}|\d{5}-\d{3}|\d{4,6}|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d{2}\s?[A-Z\d]{4})(?![\d\p{Latin}\-])"
)
# A town after the street: ", Springfield", "، القاهرة".
_TOWN = regex.compile(r"[,،\n]\s*(?:[\p{L}\p{M}.]+[\s\-]?){1,4}(?=$|[,،\n\d.!])")
_ABOVE = regex.compile(r"(?:(?:г\.|город)\s*\p{L}+,\s*|\p{Lu}\p{Ll}+,\s*|\d{4,6},?\s+\p{L}[\p{L}\-]+,\s*|\d{6},\s*)$")
"""What may stand before the street: the town, or the postcode with it."""
_WHOLE = (
    # China, Taiwan: from the province or town down to the number.
    r"(?:(?:寄|送|发|發|改|换|換)[到去至成为為])?\K(?:\p{Han}{2,7}(?:省|市|自治区))?(?:\p{Han}{2,7}市)?\p{Han}{1,6}(?:区|區|县|縣|镇|鎮|乡|鄉)[\p{Han}\d]{2,24}?[\d一二三四五六七八九十百]+(?:号|號|弄)[\p{Han}\d\-－\s]{0,24}",
    # Japan.
    r"(?:〒?\s?\d{3}-\d{4}\s*)?(?:東京都|北海道|(?:京都|大阪)府|\p{Han}{2,3}県)\s?[\p{Han}\p{Hiragana}\p{Katakana}ー]{1,14}?[市区町村郡][\p{Han}\p{Hiragana}\p{Katakana}ー\s]{0,16}\d{1,4}"
    r"(?:[-－‐]\d{1,4}|丁目|番地?|号|条[東西南北]?|の|\d){0,8}(?:\s+[\p{Han}\p{Katakana}\p{Latin}ー\d\-]+)*",
    # Korea.
    r"(?:\p{Hangul}{1,6}(?:특별시|광역시|특별자치시|시|도|특별자치도)\s+)(?:\p{Hangul}{1,6}[시군구]\s+){1,2}(?:\p{Hangul}{1,6}[읍면]\s+)?\p{Hangul}{1,8}(?:\d{0,3}(?:로|길)|동|리)\s*(?:\d{1,4}번?길\s*)?\d{1,5}(?:-\d{1,4})?(?!\d|로|길)"
    r"(?:,?\s*(?:\d{1,5}(?:동|호|층)|\p{Hangul}{1,10}(?:아파트|빌딩|타워|빌라)|\(?\d{5}\)?(?!\d)|대한민국|한국(?!\p{L})))*",
    # Thailand.
    r"(?:บ้านเลขที่\s*)?\d{1,4}(?:/\d{1,4})?\s+(?:หมู่(?:ที่)?\s*\d+|ซอย|ซ\.|ถนน|ถ\.|หมู่บ้าน)[\p{Thai}\p{M}.\s\d/]{3,120}?\d{5}(?!\d)",
)
_BY_PARTS = regex.compile("|".join(f"(?:{one})" for one in _WHOLE))
_END = regex.compile(
    r"[!?！？。\n]|\.\s+(?-i:(?=\p{Ll}|\p{Lu}\p{Ll}+\s\p{Ll}))|\s(?:schicken|senden|liefern|please|thanks|bitte|danke|merci|gracias|grazie|obrigad[oa])\b",
    regex.I,
)


@dataclass(frozen=True)
class Address:
    """An address in a text, as it is written there."""

    start: int
    end: int
    value: str


def find_address(text: str) -> Address | None:
    """The first address of a text; None where there is none."""
    folded = fold_digits(fold_width(text))
    if match := _BY_PARTS.search(folded):
        return _address(text, *match.span())
    if not (street := _STREET.search(folded) or _ANY_STREET.search(folded)):
        return None
    rest = folded[street.end() :]
    end = street.end() + (stop.start() if (stop := _END.search(rest)) else len(rest))
    above = _ABOVE.search(folded[: street.start()])
    start = above.start() if above else street.start()
    tail = folded[street.end() : end]
    if not (above or _POSTCODE.search(tail) or _TOWN.search(tail)):
        return None
    return _address(text, start, end)


def _address(text: str, start: int, end: int) -> Address:
    value = text[start:end]
    end -= len(value) - len(value.rstrip(" ,،.\n"))
    return Address(start, end, text[start:end])
