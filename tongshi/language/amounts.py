"""Sums of money in figures and words: "49,90 €", 49€90, ٥٠٫٥٠ €, 1万2千欧元, "5 тыс. руб.", "fünfzig Euro", "between 50 and 100 euros"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

import regex

from tongshi.language.numerals import either, numerals
from tongshi.language.phrases import fold_with_places, place_in

EURO = "EUR"
# By the signs and everyday words of the twelve languages; "pound" may be a weight, "real" an adjective. 欧 begins many names, 欧姆 is a unit.
_MONEY = {
    EURO: r"€|евро(?!\p{L})|[欧歐](?:元|(?![洲盟美式版标標规規姆亚冠拉]))|ユーロ|유로|ยูโร|[يی]ورو|اورو",
    "USD": r"(?<!r)\$|доллар\p{L}*|بكس|دولار(?:ات|ا)?|美元|美金|美刀|ドル|달러|ดอลลาร์",
    "GBP": r"£|英镑|英鎊|ポンド|파운드|ปอนด์|фунт\p{L}* стерлингов|جنيه استرليني",
    "CHF": r"瑞士法郎|スイスフラン",
    "JPY": r"円|日元|日圆|엔화|เยน|иен\p{L}*",
    "CNY": r"人民币|人民幣|[块塊][钱錢]?(?!\s?[欧歐])|(?<!欧|歐|美|日|单|單|多)元|위안|หยวน|юан\p{L}*",
    "YEN": r"¥",
    "KRW": r"₩|원|韩元|ウォン",
    "RUB": r"₽|руб(?:\.|л\p{L}*)?(?!\p{L})|卢布",
    "THB": r"฿|บาท|泰铢|バーツ",
    "AED": r"درهما?|دراهم",
    "SAR": r"ريال(?:ات|ا)?",
    "EGP": r"جنيه(?:ات|ا)?(?! استرليني)",
}
_MONEY_IN_LATIN = {
    EURO: r"eur(?:os?)?(?!\p{L})",
    "USD": r"us\$|usd\b|dollars?\b|bucks?\b|d[oó]lar(?:es)?\b|dollari?\b",
    "GBP": r"gbp\b|quid\b",
    "CHF": r"chf\b|sfr\.?(?!\p{L})|franken\b",
    "JPY": r"jpy\b|yen\b",
    "CNY": r"cny\b|rmb\b",
    "KRW": r"krw\b",
    "RUB": r"rub\b",
    "THB": r"thb\b",
    "PLN": r"zł(?!\p{L})|pln\b|z[lł]oty(?:ch)?\b",
    "BRL": r"r\$|brl\b|reais\b",
    "AED": r"aed\b",
    "SAR": r"sar\b",
    "EGP": r"egp\b",
}
_YEN = "YEN"
"""The sign of two currencies."""


def _named(money: dict[str, str]) -> str:
    return "|".join(f"(?P<{code}>{signs})" for code, signs in money.items())


_SIGN = regex.compile(rf"(?<!\p{{Latin}})(?:{_named(_MONEY_IN_LATIN)})|{_named(_MONEY)}", regex.I)
_SIGN_FOLLOWS = regex.compile(rf"\s*(?:{_SIGN.pattern})", regex.I)
_ONLY_AFTER = ("块", "塊", "元", "円", "원")
"""Signs that are other words as well: they stand right behind their amount, and count things by the piece where that is small."""
_LEAST = 10
_THOUSANDS = r"[.,'’\s٬،](?=\d{3}(?!\d))"
_FIGURE = rf"(?:\d{{1,3}}(?:{_THOUSANDS}\d{{3}})+|\d{{1,7}})(?:[.,٫،]\d{{1,2}})?(?!\d)|(?:(?<![^\s(€$£¥])\.|(?<=\s),)\d\d(?!\d)"
_APART = r"(?<![\p{L}\d.,])"
_NO_FIGURE_CUT = r"(?<!\d)(?<!\d[.,٫،])"
# What a figure may be multiplied by: "5k", "5 тыс.", "1.5 million"; 1.5万, 3만 5천.
_FACTORS = {"k": 1000, "grand": 1000, "mio": 10**6, "mio.": 10**6, "mln": 10**6, "mln.": 10**6, "млн.": 10**6}
_EASTERN = r"(?:\s?(?:[十百千万萬백천만]|ร้อย|พัน|หมื่น|แสน|ล้าน)(?:\s?\d{1,4}(?![\d.,]))?)+"
_READERS = {
    regex.compile(rf"\p{{{script}}}"): languages
    for script, languages in {
        "Latin": ("de", "en", "es", "fr", "it", "pt"), "Cyrillic": ("ru",), "Arabic": ("ar",), "Han": ("zh",), "Hangul": ("ko",), "Thai": ("th",),
    }.items()
}  # fmt: skip
_SPACED = [language for languages in _READERS.values() for language in languages if language not in ("ko", "th", "zh")]
_LAST_LETTER = regex.compile(r"\p{L}(?=\P{L}*\Z)")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_HAN = regex.compile(r"\p{Han}")
_CENTS = regex.compile(r"(?:(?<=[\d]€)|\s(?=\d\d\s*(?:[.,;:!?)]|$)))(\d\d)(?![\d\p{L}€]|[.,]\d)")
_TENTH = regex.compile(
    r"(?P<tenth>[1-9一二三四五六七八九])(?:[毛角]?(?P<euro>[欧歐]元?)|[毛角钱錢]|(?=[的吧不内以左上下起]|\P{L}|$)(?![\d点百十]))"
)
_TO = r"\s?(?:[\-–—~〜]|至|到|から|부터|에서|ถึง|\b(?:to|bis|a|au|ate|до|الى|حتى)\b)\s?"
_BETWEEN = r"(?:\b(?:between|zwischen|entre|tra|fra|между|بين)|ระหว่าง)\s?"
_AND = r"\s?(?:\b(?:and|und|et|y|e|и|و)\b|\bو|และ)\s?"
_WORD_FOLLOWS = regex.compile(r"\s?\p{L}")
_WINDOW = 80
"""How many characters before a sign an amount may begin."""


@dataclass(frozen=True)
class Amount:
    """A sum of money in a text.

    Attributes:
        start, end: its place, the currency included; the far end of a span has only its figures.
        value: with a decimal point; figures as they were written: `49.90`.
        currency: by ISO 4217.
    """

    start: int
    end: int
    value: str
    currency: str


@dataclass(frozen=True)
class _Number:
    start: int
    end: int
    value: str
    factor: int = 1
    in_euro: bool = False


def find_amounts(text: str) -> Iterator[Amount]:
    """The sums of money in a text; of a span ("50-100 €") both ends.

    Args:
        text: any message.
    """
    if not _SIGN.search(text):
        return
    folded, places = fold_with_places(text)
    done = 0
    for sign in _SIGN.finditer(folded):
        if sign.start() < done:
            continue
        for one in _patterns().around(folded, sign, done):
            yield Amount(
                *place_in(text, places, one.start, one.end), one.value, EURO if one.in_euro else _currency(sign.lastgroup, folded)
            )
            done = max(done, one.end)


class _Patterns:
    """Reads the numbers around the sign of a currency, in folded text."""

    def __init__(self) -> None:
        large = {word: value for one in _SPACED for word, value in numerals(one).values.items() if value >= 1000}
        self._factors = {**large, **_FACTORS}
        factor = rf"\s?(?P<factor>{either(map(regex.escape, self._factors))})(?!\p{{L}})"
        figure = rf"(?P<figure>{_FIGURE})(?:{factor}|(?P<east>{_EASTERN}))?"
        joint = r"(?:[.,][\-–—]{1,2})?\s*(?:\b(?:de |di |d['’])|[块塊][钱錢]?)?"
        self._before = regex.compile(rf"{_NO_FIGURE_CUT}{figure}(?=(?P<joint>{joint}\Z))")
        self._after = regex.compile(rf"\s?{figure}")
        self._words = {
            script: regex.compile(
                rf"{'' if languages[0] in ('ko', 'th', 'zh') else _APART}(?P<words>{numerals(*languages).expression})(?={joint}\Z)"
            )
            for script, languages in _READERS.items()
        }
        self._lower = regex.compile(rf"(?:{_BETWEEN}(?P<one>{_FIGURE}){_AND}|(?<![\p{{L}}\d.,\-–])(?P<one>{_FIGURE}){_TO})\Z")
        self._upper = regex.compile(rf"{_TO}(?:[€$£¥]\s?)?(?P<one>{_FIGURE})")

    def around(self, text: str, sign: regex.Match, since: int) -> Iterator[_Number]:
        """The amount of a sign, with the sign in its place, and the other end of the span that it is of."""
        start, end = sign.span()
        before = self._number_before(text, max(since, start - _WINDOW), start)
        after = None if sign[0] in _ONLY_AFTER else self._number_after(text, end)
        # "two €50 vouchers", but 49€90
        if before and after and not (after.start == end and before.end < start):
            after = None
        if after:
            yield replace(after, start=start)
            if upper := self._upper.match(text, after.end):
                yield _Number(*upper.span("one"), _times(upper["one"], after.factor))
        elif before and _is_money(sign, before, text):
            yield _with_cents(before, sign, text)
            if lower := self._lower.search(text, max(since, before.start - _WINDOW), before.start):
                yield _Number(*lower.span("one"), _times(lower["one"], before.factor))

    def _number_before(self, text: str, since: int, until: int) -> _Number | None:
        if found := self._before.search(text, since, until):
            return self._in_figures(found)
        last = _LAST_LETTER.search(text, since, until)
        script = next((script for script in self._words if script.match(last[0])), None) if last else None
        found = script and self._words[script].search(text, since, until)
        if not found:
            return None
        languages = ("ja",) if _READERS[script] == ("zh",) and _KANA.search(text) else _READERS[script]
        value = numerals(*languages).value(found["words"])
        # "Not a euro more" names no amount.
        if value is None or (value == 1 and languages[0] in _SPACED):
            return None
        return _Number(*found.span(), _written(value))

    def _number_after(self, text: str, since: int) -> _Number | None:
        found = self._after.match(text, since)
        if not found or _SIGN_FOLLOWS.match(text, found.end()):
            return None
        one = self._in_figures(found)
        return one and replace(one, start=found.start("figure"))

    def _in_figures(self, found: regex.Match) -> _Number | None:
        figure = _decimal(found["figure"])
        if found["east"]:
            language = next(languages[0] for script, languages in _READERS.items() if script.search(found["east"]))
            value = numerals(language).value(figure + found["east"])
            return None if value is None else _Number(*found.span(), _written(value))
        factor = self._factors[found["factor"]] if found["factor"] else 1
        return _Number(*found.span(), _times(found["figure"], factor), factor)


@cache
def _patterns() -> _Patterns:
    return _Patterns()


def _is_money(sign: regex.Match, number: _Number, text: str) -> bool:
    """Whether 块 or 원 behind a number is money: 五百块, and no two pieces of something."""
    if sign[0] not in _ONLY_AFTER or Decimal(number.value) >= _LEAST:
        return True
    return text[number.start].isdigit() and not _WORD_FOLLOWS.match(text, sign.end())


def _with_cents(number: _Number, sign: regex.Match, text: str) -> _Number:
    """An amount up to what stands behind its sign: 49€90, 四十八块九."""
    if "." in number.value:
        return replace(number, end=sign.end())
    if tenth := _TENTH.match(text, sign.end()) if sign[0] in ("块", "塊") else None:
        value = f"{number.value}.{numerals('zh').value(tenth['tenth'])}"
        return replace(number, end=tenth.end(), value=value, in_euro=bool(tenth["euro"]))
    cents = _CENTS.match(text, sign.end())
    return replace(number, end=cents.end(), value=f"{number.value}.{cents[1]}") if cents else replace(number, end=sign.end())


def _currency(code: str, text: str) -> str:
    if code != _YEN:
        return code
    return "CNY" if _HAN.search(text) and not _KANA.search(text) else "JPY"


def _decimal(figure: str) -> str:
    """A figure as people write it with a decimal point and nothing between its thousands."""
    figure = regex.sub(_THOUSANDS, "", figure)
    return ("0" if not figure[0].isdigit() else "") + regex.sub("[,٫،]", ".", figure)


def _times(figure: str, factor: int) -> str:
    return _decimal(figure) if factor == 1 else _written(Decimal(_decimal(figure)) * factor)


def _written(value: Decimal) -> str:
    return str(int(value)) if value == int(value) else f"{value.normalize():f}"
