"""Sums of money as customers of twelve languages write and say them."""

import pytest

from tongshi.language.amounts import find_amounts

AMOUNTS = {
    "١٬٢٣٤٫٥٦ يورو": ["1234.56 EUR"], "٥٠٫٥٠ €": ["50.50 EUR"], "50٫50 يورو": ["50.50 EUR"], "49€90": ["49.90 EUR"],
    "c'est à 49€90, non ?": ["49.90 EUR"], "49,90€": ["49.90 EUR"], "€1.5 million": ["1500000 EUR"],
    "1.5 million euros": ["1500000 EUR"], "1万2千欧元": ["12000 EUR"], "1.5万欧元": ["15000 EUR"], "3千欧": ["3000 EUR"],
    "两百欧元以内": ["200 EUR"], "五百块": ["500 CNY"], "¥500": ["500 JPY"], "这个¥500贵吗": ["500 CNY"], "1万円": ["10000 JPY"],
    "5千円": ["5000 JPY"], "¥3,000です": ["3000 JPY"], "5만원": ["50000 KRW"], "3만 5천원": ["35000 KRW"], "오만 원": ["50000 KRW"],
    "5 тысяч рублей": ["5000 RUB"], "5 тыс. руб.": ["5000 RUB"], "пять тысяч рублей": ["5000 RUB"], "49,- €": ["49 EUR"],
    "49,– €": ["49 EUR"], "5k €": ["5000 EUR"], "€5k": ["5000 EUR"], "fifty euros": ["50 EUR"],
    "under a hundred euros": ["100 EUR"], ".99€": ["0.99 EUR"], "50 bucks": ["50 USD"], "٨٠ یورو": ["80 EUR"],
    "خمسين يورو": ["50 EUR"], "مئة يورو": ["100 EUR"], "fünfzig Euro": ["50 EUR"], "hundertfünfzig Euro": ["150 EUR"],
    "cinquante euros": ["50 EUR"], "quatre-vingt-dix euros": ["90 EUR"], "cincuenta euros": ["50 EUR"],
    "duecentocinquanta euro": ["250 EUR"], "cento e vinte euros": ["120 EUR"], "пятьдесят евро": ["50 EUR"],
    "двести пятьдесят евро": ["250 EUR"], "ห้าสิบยูโร": ["50 EUR"], "오십 유로": ["50 EUR"], "五十ユーロ": ["50 EUR"],
    "百五ユーロ": ["105 EUR"], "一百五欧元": ["150 EUR"], "50-100 €": ["50 EUR", "100 EUR"], "50–100€": ["50 EUR", "100 EUR"],
    "between 50 and 100 euros": ["50 EUR", "100 EUR"], "zwischen 50 und 100 Euro": ["50 EUR", "100 EUR"],
    "von 50 bis 100 Euro": ["50 EUR", "100 EUR"], "entre 50 et 100 euros": ["50 EUR", "100 EUR"],
    "de 50 à 100 euros": ["50 EUR", "100 EUR"], "entre 50 y 100 euros": ["50 EUR", "100 EUR"],
    "tra 50 e 100 euro": ["50 EUR", "100 EUR"], "entre 50 e 100 euros": ["50 EUR", "100 EUR"],
    "от 50 до 100 евро": ["50 EUR", "100 EUR"], "между 50 и 100 евро": ["50 EUR", "100 EUR"],
    "بين ٥٠ و١٠٠ يورو": ["50 EUR", "100 EUR"], "من ٥٠ إلى ١٠٠ يورو": ["50 EUR", "100 EUR"],
    "50到100欧元": ["50 EUR", "100 EUR"], "50~100欧": ["50 EUR", "100 EUR"], "50から100ユーロ": ["50 EUR", "100 EUR"],
    "50~100유로": ["50 EUR", "100 EUR"], "50 ถึง 100 ยูโร": ["50 EUR", "100 EUR"], "€50-100": ["50 EUR", "100 EUR"],
    "€50-€100": ["50 EUR", "100 EUR"], "$50 to 100": ["50 USD", "100 USD"], "5-10 тысяч рублей": ["5000 RUB", "10000 RUB"],
    "two €50 vouchers": ["50 EUR"], "2 €50 vouchers": ["50 EUR"], "under 50 €": ["50 EUR"], "€49,90": ["49.90 EUR"],
    "bis 100 Euro": ["100 EUR"], "100ユーロ以下": ["100 EUR"], "不超过200欧元": ["200 EUR"], "less than 1,299 €": ["1299 EUR"],
    "unter 1.299 €": ["1299 EUR"], "€1,299.00": ["1299.00 EUR"], "1.299,50 EUR": ["1299.50 EUR"],
    "1 299,00 €": ["1299.00 EUR"], "1200€": ["1200 EUR"], "80欧": ["80 EUR"], "120.5欧元": ["120.5 EUR"], "50块钱": ["50 CNY"],
    "一块钱": ["1 CNY"], "一百块": ["100 CNY"], "49 Euro 90": ["49.90 EUR"], "50 euros 20 pièces": ["50 EUR"],
    "mil euros": ["1000 EUR"], "2 mil euros": ["2000 EUR"], "deux mille euros": ["2000 EUR"],
    "un million d'euros": ["1000000 EUR"], "Euro 50": ["50 EUR"], "euro 50 al massimo": ["50 EUR"], "US$ 80": ["80 USD"],
    "80 USD": ["80 USD"], "£1,299.99": ["1299.99 GBP"], "R$ 50": ["50 BRL"], "50 CHF": ["50 CHF"],
    "ไม่เกินสามพันบาท": ["3000 THB"], "500 บาท": ["500 THB"], "5 พันบาท": ["5000 THB"], "300元": ["300 CNY"],
    "三百元": ["300 CNY"], "MD-10234 50€": ["50 EUR"], "I paid 10234 €": ["10234 EUR"],
    "it costs 50 and the other 70 euros": ["70 EUR"], "20 two euros": ["2 EUR"], "两百块欧元": ["200 EUR"],
    "四十七块八": ["47.8 CNY"], "四十八块九欧元": ["48.9 EUR"], "八十九块九不给": ["89.9 CNY"], "20块5毛": ["20.5 CNY"], "一百块三个": ["100 CNY"],
    "50块两个": ["50 CNY"], "预算，40欧以内": ["40 EUR"], "งบร้อยนึงยูโร": ["100 EUR"], "five thousand dollars": ["5000 USD"],
    "tausend Euro": ["1000 EUR"], "zweitausend Euro": ["2000 EUR"], "1 Mio. €": ["1000000 EUR"],
    "3 jours à 20€ par jour": ["20 EUR"], "1 1/2 euro": ["2 EUR"], "12.5.2024 50€": ["50 EUR"], "ab 50,00€": ["50.00 EUR"],
    "1500.5€": ["1500.5 EUR"], "1234567€": ["1234567 EUR"], "50 % 20€": ["20 EUR"], "500,000원": ["500000 KRW"],
    "１００ユーロ": ["100 EUR"], "1,5 млн рублей": ["1500000 RUB"],
}  # fmt: skip
"""What is said, and the sums that are meant."""

NONE = [
    "5欧姆电阻", "买2块手表", "换一块表", "两块电池", "한 원", "사원", "지원", "인원", "rt10 have been told 50", "no. 65", "around 1500",
    "10 20 30", "I have 1 order worth fifty", "euro", "دولاب", "eurovision 2024", "€", "one euro", "ni un euro más",
    "2 million", "fiftyeuros", "unfünfzig",
]  # fmt: skip
"""Words and figures that are no sum of money."""


def said(text):
    return [f"{one.value} {one.currency}" for one in sorted(find_amounts(text), key=lambda one: one.start)]


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount_is_read_in_figures_and_words(text):
    assert said(text) == AMOUNTS[text]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_money_is_left_alone(text):
    assert said(text) == []


def test_an_amount_lies_where_it_stands_in_the_original():
    text = "Ｆünfzig Euro, ٥٠٫٥٠ € oder 30 درهمًا"
    assert [text[one.start : one.end] for one in find_amounts(text)] == ["Ｆünfzig Euro", "٥٠٫٥٠ €", "30 درهمًا"]
