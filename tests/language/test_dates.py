"""Days as customers of twelve languages speak of them."""

from datetime import date, timedelta

import pytest
import yaml
from num2words import num2words

from tongshi.errors import TongshiError
from tongshi.language.dates import DayFinder, _load, get_days
from tongshi.settings import LANGUAGES, ROOT

TODAY = date(2026, 11, 18)  # a Wednesday


DAYS = {
    "ar": {
        "من شهر": "2026-10-18", "اشتريتها من شهر وخربت": "2026-10-18", "قبل يوم": "2026-11-17",
        "منذ ٣٠ يوماً": "2026-10-19", "قبل ١٥ يوما": "2026-11-03", "قبل خمسة عشر يوما": "2026-11-03",
        "منذ عشرين يوما": "2026-10-29", "بكرا": "2026-11-19", "مبارح": "2026-11-17", "بالأمس": "2026-11-17",
        "أمس": "2026-11-17", "غداً": "2026-11-19", "بعد غد": "2026-11-20", "قبل يوم الجمعة الماضي": "2026-11-13",
        "من حوالي أسبوعين": "2026-11-04", "بعد ٣ أيام": "2026-11-21", "الجمعة الماضية": "2026-11-13",
        "امبارح": "2026-11-17", "قبل سنة ونصف": "2025-05-18",
    },
    "de": {
        "vor ca. 3 Wochen": "2026-10-28", "vor etwa drei Wochen": "2026-10-28", "vor zwölf Tagen": "2026-11-06",
        "vor vierzehn Tagen": "2026-11-04", "vor einundzwanzig Tagen": "2026-10-28", "in der letzten Woche": "2026-11-11",
        "letzte Woche": "2026-11-11", "vorletzte Woche": "2026-11-04", "diesen Freitag": "2026-11-20",
        "heute Morgen kam es": "2026-11-18", "kommt es morgen?": "2026-11-19", "morgen früh": "2026-11-19",
        "Morgen kommt das Paket": "2026-11-19", "vor einem halben Jahr": "2026-05-18", "am 3.11.": "2026-11-03",
        "den 3.11. gekauft": "2026-11-03", "am 3.11 gekauft": "2026-11-03", "vor mehr als zwei Wochen": "2026-11-04",
        "am dritten November": "2026-11-03", "vor ein paar Tagen": "2026-11-16", "letzten Monat": "2026-10-18",
        "vor einer Woche": "2026-11-11", "1.5.20": "2020-05-01", "in 3 Tagen": "2026-11-21",
    },
    "en": {
        "this Friday": "2026-11-20", "a fortnight ago": "2026-11-04", "twelve days ago": "2026-11-06",
        "twenty-one days ago": "2026-10-28", "twenty five days ago": "2026-10-24", "half a year ago": "2026-05-18",
        "a year and a half ago": "2025-05-18", "11 may": "2026-05-11", "on 11 may i ordered": "2026-05-11",
        "ordered 3 May 2026": "2026-05-03", "3rd may": "2026-05-03", "4 mar": "2026-03-04",
        "the third of November": "2026-11-03", "November third": "2026-11-03", "bought 1.2.2024": "2024-02-01",
        "bought 03.11.26": "2026-11-03", "on 3/11": "2026-11-03", "2-3 weeks ago": "2026-10-28", "last night": "2026-11-17",
        "the week before last": "2026-11-04", "in a couple of weeks": "2026-12-02",
    },
    "es": {
        "hace más de 2 semanas": "2026-11-04", "hace doce días": "2026-11-06", "hace veintiún días": "2026-10-28",
        "el 3/11": "2026-11-03", "tres de noviembre": "2026-11-03", "este viernes": "2026-11-20",
        "pasado mañana": "2026-11-20", "mañana por la mañana": "2026-11-19", "hace un año y medio": "2025-05-18",
        "hace un par de días": "2026-11-16", "el 3/4 de la pantalla": "2026-04-03",
    },
    "fr": {
        "y'a 3 jours": "2026-11-15", "y’a 3 jours": "2026-11-15", "il y a trois semaines": "2026-10-28",
        "ya deux jours": "2026-11-16", "il y a plus de 2 semaines": "2026-11-04", "il y a douze jours": "2026-11-06",
        "il y a vingt et un jours": "2026-10-28", "il y a un an et demi": "2025-05-18", "le 3/11": "2026-11-03",
        "le 3 novembre": "2026-11-03", "premier mars": "2026-03-01", "ce vendredi": "2026-11-20",
        "après-demain": "2026-11-20", "dans un mois": "2026-12-18",
    },
    "it": {
        "il 3/11": "2026-11-03", "dodici giorni fa": "2026-11-06", "tre novembre": "2026-11-03",
        "questo venerdì": "2026-11-20", "ventuno giorni fa": "2026-10-28", "due settimane fa": "2026-11-04",
        "dopo domani": "2026-11-20", "ieri sera": "2026-11-17",
    },
    "ja": {
        "十二日前": "2026-11-06", "二十日前に買った": "2026-10-29", "三日前": "2026-11-15", "3日前に届いた": "2026-11-15", "再来週届く": "2026-12-02",
        "来週": "2026-11-25", "先々週": "2026-11-04", "先週": "2026-11-11", "先々月買った": "2026-09-18", "一昨年": "2024-11-18",
        "昨年買った": "2025-11-18", "今朝届いた": "2026-11-18", "十一月三日に": "2026-11-03", "あす届きますか": "2026-11-19",
        "昨日買いました": "2026-11-17", "一昨日": "2026-11-16", "明後日": "2026-11-20", "2週間前": "2026-11-04", "二ヶ月前": "2026-09-18",
        "二、三日前": "2026-11-15", "今週の金曜": "2026-11-20", "先週の金曜日に": "2026-11-13", "おととい注文しました": "2026-11-16",
        "きのう届いた": "2026-11-17", "あさって届く": "2026-11-20", "明日の朝": "2026-11-19", "10日ほど前": "2026-11-08", "半年前": "2026-05-18",
    },
    "ko": {
        "2026. 11. 3.": "2026-11-03", "2026.11.3": "2026-11-03", "이십일 전": "2026-10-29", "이십 일 전": "2026-10-29",
        "삼 일 전": "2026-11-15", "열흘 전에": "2026-11-08", "십이일 전에": "2026-11-06", "두세 달 전": "2026-08-18",
        "삼월 십오일": "2026-03-15", "내일 와요": "2026-11-19", "지난주 금요일": "2026-11-13", "이번 주 금요일": "2026-11-20",
        "20여 일 전": "2026-10-29",
    },
    "pt": {
        "dia 3/11": "2026-11-03", "há mais de duas semanas": "2026-11-04", "há vinte dias": "2026-10-29",
        "três de novembro": "2026-11-03", "nesta sexta": "2026-11-20", "há um ano e meio": "2025-05-18",
    },
    "ru": {
        "трёх недель назад": "2026-10-28", "около трёх недель назад": "2026-10-28", "третьего ноября": "2026-11-03",
        "двадцать пятого октября": "2026-10-25", "двадцать пять дней назад": "2026-10-24", "в эту пятницу": "2026-11-20",
        "пару дней назад": "2026-11-16", "пять дней назад": "2026-11-13", "от 3.11": "2026-11-03",
    },
    "th": {
        "สิบสองวันก่อน": "2026-11-06", "ยี่สิบวันก่อน": "2026-10-29", "ยี่สิบเอ็ดวันก่อน": "2026-10-28",
        "สามวันก่อน": "2026-11-15", "เดือนก่อน": "2026-10-18", "3/11/69": "2026-11-03", "3/11/2569": "2026-11-03",
        "3/11/26": "2026-11-03", "3 พ.ย. 69": "2026-11-03", "3 พ.ย. 2569": "2026-11-03", "สองสามวันก่อน": "2026-11-15",
        "ศุกร์นี้": "2026-11-20", "สองอาทิตย์ที่แล้ว": "2026-11-04", "ครึ่งปีก่อน": "2026-05-18",
        "วันที่ 3/11": "2026-11-03", "10 กว่าวันก่อน": "2026-11-08",
    },
    "zh": {
        "十二天前买的": "2026-11-06", "十一天前": "2026-11-07", "二十五天前": "2026-10-24", "四十天前": "2026-10-09", "三天前": "2026-11-15",
        "两三天前": "2026-11-15", "二十多天前": "2026-10-29", "三个多月前": "2026-08-18", "上上周": "2026-11-04", "下下周到": "2026-12-02",
        "上上个月": "2026-09-18", "上上周五": "2026-11-06", "上周五": "2026-11-13", "下周一": "2026-11-23", "這週五能到嗎": "2026-11-20",
        "这周五": "2026-11-20", "這個星期五": "2026-11-20", "前年买的": "2024-11-18", "三月十五日买的": "2026-03-15", "十一月三日": "2026-11-03",
        "二〇二六年三月十五日": "2026-03-15", "二零二五年十二月一日": "2025-12-01", "三天后到": "2026-11-21", "後天到": "2026-11-20",
        "今天下午到": "2026-11-18", "我昨天买的": "2026-11-17", "昨晚到的": "2026-11-17", "半年前": "2026-05-18", "半个月前": "2026-11-03",
        "一个半月前": "2026-10-04", "去年底买的": "2025-11-18", "明早到": "2026-11-19", "大前天": "2026-11-15", "上个月买的": "2026-10-18",
        "上個月買的": "2026-10-18", "一百天前": "2026-08-10", "15天以前": "2026-11-03", "我两周之前下单": "2026-11-04", "今天天气": "2026-11-18",
    },
}  # fmt: skip
"""What customers say for a day, and which it is."""

NOTHING = {
    "ar": [
        "قبل يوم الجمعة", "بعد يوم الجمعة", "من يوم ما اشتريته", "فاتورة من شهر مارس", "من يوم الطلب",
    ],
    "de": [
        "vom 1.5 auf 2.0",
        "Morgen! Wo ist mein Paket", "Morgen, wo ist mein Paket", "schönen Morgen", "guten Morgen", "am Montag Morgen",
    ],
    "en": [
        "my second may be lost", "it may first need a charge", "may 3 of them go back", "is this sat nav waterproof",
        "two three days ago", "2.5 weeks ago", "it is 11 may be broken", "I have 3 may I return",
        "this is version 1.2.2024", "version: 1.2.2024", "firmware v1.2.2024", "weighs 1.5.20", "10.0.0.1",
        "may i ask you something", "one of the days",
    ],
    "es": [
        "por la mañana", "hace unos días",
    ],
    "fr": [
        "12 rue du quatre septembre",
        "il y a 2 ans et demi", "il est mille fois mieux", "il y a un problème",
    ],
    "it": [
        "via quattro novembre 12",
        "2 set di cuffie", "sette aperti il sabato?",
    ],
    "ja": [
        "じゃあすぐに返金", "ああすみません", "まあすごい", "説明日本語で", "どこで買えますか", "数日前", "第二日前半", "3日前後",
    ],
    "ko": [
        "이 주전자 얼마예요",
        "3일 전화했어요", "그제야", "몇 달 전", "1234일 전",
    ],
    "pt": [
        "esta segunda encomenda", "r. sete de setembro 1033",
        "bom dia",
    ],
    "ru": [
        "до 2.5 часа", "на 1.5 метра",
        "завтрак",
    ],
    "th": [
        "หลายเดือนก่อน", "หลายปีก่อน", "ไม่กี่วันก่อน",
    ],
    "zh": [
        "两天后台没反应",
        "第二天前台说没货", "几十天前", "十几天前", "以前天天戴", "以后天天用", "说明天线坏了", "上周边店", "以前年年买", "两天后悔了", "以前买过", "十周年活动", "一天一天", "2.5天前",
    ],
}  # fmt: skip
"""What holds the words for a day, or half a number, and names none."""


def days(language, text, today=TODAY):
    return [(text[one.start : one.end], one.value.isoformat(), one.grain) for one in get_days(language).find(text, today)]


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "came the day before yesterday", ("the day before yesterday", "2026-11-16", "day")),
        ("de", "kam vor einer Woche an", ("vor einer Woche", "2026-11-11", "week")),
        ("de", "nächsten Montag bin ich da", ("nächsten Montag", "2026-11-23", "day")),
        ("fr", "reçu le 2 février 2025", ("2 février 2025", "2025-02-02", "day")),
        ("es", "llega la semana que viene", ("la semana que viene", "2026-11-25", "week")),
        ("it", "preso un mese fa", ("un mese fa", "2026-10-18", "month")),
        ("pt", "chega daqui a 3 dias", ("daqui a 3 dias", "2026-11-21", "day")),
        ("ru", "пришло неделю назад", ("неделю назад", "2026-11-11", "week")),
        ("ar", "وصل منذ أسبوعين", ("منذ أسبوعين", "2026-11-04", "week")),
        ("zh", "上周三到的", ("上周三", "2026-11-11", "day")),
        ("zh", "大前天到的", ("大前天", "2026-11-15", "day")),
        ("ja", "来週の火曜に届く", ("来週の火曜", "2026-11-24", "day")),
        ("ko", "사흘 전에 왔어요", ("사흘 전", "2026-11-15", "day")),
        ("th", "ซื้อ 2 มกราคม 2569", ("2 มกราคม 2569", "2026-01-02", "day")),
        ("en", "since 2026-10-31", ("2026-10-31", "2026-10-31", "day")),
        ("en", "bought 10/31/26", ("10/31/26", "2026-10-31", "day")),
    ],
)
def test_a_day_is_told_from_today(language, text, found):
    assert days(language, text) == [found]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "guten Morgen"),
        ("es", "por la mañana estoy en casa"),
        ("en", "may i ask you something"),
        ("en", "march over there"),
        ("en", "version 1.2.3 of the app"),
        ("en", "on 31 February"),
        ("fr", "il est mille fois mieux"),
        ("it", "siete aperti il sabato?"),
        ("zh", "以前买过"),
        ("en", "MD-10234 and 48213-99"),
    ],
)
def test_what_only_looks_like_a_day_is_left_alone(language, text):
    assert days(language, text) == []


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in DAYS.items() for text in texts])
def test_a_day_is_found_as_people_say_it(language, text):
    assert [value for _, value, _ in days(language, text)] == [DAYS[language][text]]


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in NOTHING.items() for text in texts])
def test_a_day_within_other_words_is_none(language, text):
    assert days(language, text) == []


def test_a_day_keeps_the_marks_of_its_last_letter():
    assert days("ar", "يصل غداً؟") == [("غداً", "2026-11-19", "day")]


def test_a_number_of_many_days_in_words_is_read_as_in_figures():
    for count in (11, 12, 19, 21, 25, 40, 71, 99):
        for language, form in {
            "de": "vor {} Tagen",
            "fr": "il y a {} jours",
            "ja": "{}日前",
            "th": "{}วันก่อน",
            "ru": "{} дней назад",
        }.items():
            said = form.format(num2words(count, lang=language))
            assert [day[1] for day in days(language, said)] == [(TODAY - timedelta(days=count)).isoformat()], said


def test_a_day_without_a_year_is_past_unless_it_comes_soon():
    assert days("en", "5 December") == [("5 December", "2026-12-05", "day")]
    assert days("en", "5 March") == [("5 March", "2026-03-05", "day")]
    assert days("en", "20 December", date(2026, 1, 10)) == [("20 December", "2025-12-20", "day")]


def test_every_language_says_the_same_days():
    files = {one.stem for one in (ROOT / "data" / "dates").glob("*.yml")}
    assert files == set(LANGUAGES)
    for language in LANGUAGES:
        told = yaml.safe_load((ROOT / "data" / "dates" / f"{language}.yml").read_text("utf-8"))
        assert told["language"] == language
        assert {-2, -1, 0, 1, 2} <= set(told["days"])
        assert set(told["units"]) == {"day", "week", "month", "year"}
        assert all(told[form] for form in ("ago", "ahead", "dates")) and (told["weekday"] or told["weekday_of_week"])
        DayFinder(language, told)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "en.yml").write_text("days: {-1: ['(']}")
    with pytest.raises(TongshiError, match="en.yml"):
        _load(tmp_path, "en")
