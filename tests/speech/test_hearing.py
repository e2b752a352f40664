"""Spelled numbers and addresses as customers say them and as a recogniser writes them."""

import re

import pytest

from tongshi.settings import LANGUAGES
from tongshi.speech.hearing import corrected, identifiers, number_in, readable
from tongshi.speech.speakable import spell
from tongshi.speech.words import spoken_words


@pytest.mark.parametrize(
    ("language", "heard", "written"),
    [
        ("en", "my order is em dee one zero two three four please", "my order is MD-10234 please"),
        ("en", "It's empty, 1-0-2-3-4.", "It's MD-10234."),
        ("en", "m d one oh double two four", "MD-10224"),
        ("en", "MD 10,234", "MD-10234"),
        ("en", "where is order number M-D-1-0-2-3-4?", "where is order number MD-10234?"),
        ("en", "cancel MD, 1-8-9-1-6 for me", "cancel MD-18916 for me"),
        ("ko", "주문 MD-16851이 아직 안 왔어요", "주문 MD-16851이 아직 안 왔어요"),
        ("ko", "엠디 일육팔오일이 아직", "MD-16851이 아직"),
        ("en", "return R T one zero zero zero one", "return RT-10001"),
        ("en", "one zero two three four", "10234"),
        ("de", "Meine Bestellung em de eins null zwo drei vier", "Meine Bestellung MD-10234"),
        ("de", "M.D. 10.234", "MD-10234"),
        ("es", "mi pedido eme de uno cero dos tres cuatro", "mi pedido MD-10234"),
        ("fr", "commande aime dé un zéro deux trois quatre", "commande MD-10234"),
        ("it", "emme di uno zero due tre quattro", "MD-10234"),
        ("pt", "eme dê um zero meia três quatro", "MD-10634"),
        ("ru", "заказ эм дэ один ноль два три четыре", "заказ MD-10234"),
        ("ru", "Я звоню по поводу заказа MD, адрин 6238.", "Я звоню по поводу заказа MD-16238."),
        ("zh", "我的订单号是艾姆迪幺零二四零", "我的订单号是MD-10240"),
        ("zh", "订单MD一零二三四", "订单MD-10234"),
        ("zh", "我的订单号是MD，邮耳翼散略。", "我的订单号是MD-12136。"),
        ("zh", "请帮我取消订单MD，要8916", "请帮我取消订单MD-18916"),
        ("zh", "我的订单号是MD�邀0791。", "我的订单号是MD-10791。"),
        ("zh", "订单MD，邮鸟鸟8-6一直没有收到。", "订单MD-11186一直没有收到。"),
        ("ja", "注文番号はエムディーイチゼロニーサンヨンです", "注文番号はMD-10234です"),
        ("ko", "주문 번호는 엠디일공이삼사입니다", "주문 번호는 MD-10234입니다"),
        ("ar", "رقم الطلب إم دي واحد صفر اثنان ثلاثة أربعة", "رقم الطلب MD-10234"),
        ("ar", "MD ١٠٢٣٤", "MD-10234"),
        ("th", "เลขที่เอ็มดีหนึ่งศูนย์สองสามสี่ค่ะ", "เลขที่MD-10234ค่ะ"),
        ("en", "anna dot meier at example dot com.", "anna.meier@example.com."),
        ("en", "it is l i dot w e i at example.com. Thanks", "it is li.wei@example.com. Thanks"),
        ("en", "a n n a underscore 85 at mail dot example dot co dot uk", "anna_85@mail.example.co.uk"),
        ("de", "anna Punkt meier at example Punkt com", "anna.meier@example.com"),
        ("es", "ana guion bajo lopez arroba example punto com", "ana_lopez@example.com"),
        ("fr", "anne point martin arobase example point com", "anne.martin@example.com"),
        ("it", "anna punto rossi chiocciola example punto com", "anna.rossi@example.com"),
        ("pt", "ana ponto silva arroba example ponto com", "ana.silva@example.com"),
        ("ru", "анна точка петрова собака экзампл точка ком", "anna.petrova@example.com"),
        ("zh", "邮箱是 liwei 艾特 example 点 com", "邮箱是 liwei@example.com"),
        ("ja", "アンナ アットマーク example ドットコムです", "anna@example.comです"),
        ("ko", "민수 골뱅이 네이버 닷 컴입니다", "minsu@naver.com입니다"),
        ("ar", "sara آت example نقطة كوم", "sara@example.com"),
        ("th", "somchai แอท example จุด คอม", "somchai@example.com"),
    ],
)
def test_what_is_spelled_is_written_out(language, heard, written):
    assert readable(heard, language) == written


@pytest.mark.parametrize(
    ("language", "heard", "number"),
    [
        ("es", "em de uno cero dos tres cuatro", "MD-10234"),
        ("es", "M de Madrid, D de Dinamarca, uno cero dos tres cuatro", "MD-10234"),
        ("es", "eme de diez veintitrés cuatro", "MD-10234"),
        ("ja", "エムディー、イチ、ゼロ、ニ、サン、ヨン", "MD-10234"),
        ("ja", "エムディーのいちまるにさんよん", "MD-10234"),
        ("ja", "MD一〇二三四", "MD-10234"),
        ("ru", "М как Мария, Д как Дмитрий, один ноль два три четыре", "MD-10234"),
        ("ru", "эм-дэ десять двадцать три четыре", "MD-10234"),
        ("ru", "МД один ноль два три четыре", "MD-10234"),
        ("en", "Mike Delta one zero two three four", "MD-10234"),
        ("en", "M as in Mary, D as in David, one zero two three four", "MD-10234"),
        ("en", "M for mother D for dog one oh two three four", "MD-10234"),
        ("en", "em dee one double three four five", "MD-13345"),
        ("en", "MD one triple four five", "MD-14445"),
        ("en", "MD ten twenty-three four", "MD-10234"),
        ("en", "MD one oh two thirty four", "MD-10234"),
        ("en", "Romeo Tango one zero zero zero one", "RT-10001"),
        ("en", "MD niner eight seven six five", "MD-98765"),
        ("de", "M wie Martha, D wie Dora, eins null zwo drei vier", "MD-10234"),
        ("de", "emm dee zehn dreiundzwanzig vier", "MD-10234"),
        ("de", "Martha Dora eins null zwo drei vier", "MD-10234"),
        ("de", "em de eins doppel drei vier fünf", "MD-13345"),
        ("de", "em de eins zweimal die drei vier fünf", "MD-13345"),
        ("fr", "M D un quatre-vingt-deux trente-quatre", "MD-18234"),
        ("fr", "aime dé dix vingt-trois quatre", "MD-10234"),
        ("fr", "M comme Marie, D comme David, un zéro deux trois quatre", "MD-10234"),
        ("fr", "emme dé quatre-vingt-dix-huit soixante-seize cinq", "MD-98765"),
        ("fr", "emme dé quatre vingt dix huit soixante seize cinq", "MD-98765"),
        ("it", "emme di dieci ventitré quattro", "MD-10234"),
        ("it", "M come Milano, D come Domodossola, uno zero due tre quattro", "MD-10234"),
        ("it", "milano domodossola uno zero due tre quattro", "MD-10234"),
        ("pt", "M de Maria, D de dado, um zero dois três quatro", "MD-10234"),
        ("pt", "eme dê dez vinte e três quatro", "MD-10234"),
        ("pt", "eme dê um duplo zero três quatro", "MD-10034"),
        ("zh", "M D 一零二三四", "MD-10234"),
        ("zh", "爱慕弟要洞两三四", "MD-10234"),
        ("zh", "艾姆迪,幺洞两叁肆", "MD-10234"),
        ("zh", "订单号是MD 1 0 2 3 4", "MD-10234"),
        ("zh", "艾姆迪，一，零，二，三，四", "MD-10234"),
        ("zh", "MD幺两个零三四", "MD-10034"),
        ("ko", "엠디 하나 공 둘 셋 넷", "MD-10234"),
        ("ko", "엠 디, 일, 영, 이, 삼, 사", "MD-10234"),
        ("ko", "엠디 일 공 이 삼 사번", "MD-10234"),
        ("ar", "م د واحد صفر اتنين تلاتة أربعة", "MD-10234"),
        ("ar", "إم دي عشرة ثلاثة وعشرون أربعة", "MD-10234"),
        ("ar", "ام دي ١ ٠ ٢ ٣ ٤", "MD-10234"),
        ("th", "เอ็มดี หนึ่ง ศูนย์ สอง สาม สี่", "MD-10234"),
        ("th", "เอ็ม ดี ๑๐๒๓๔", "MD-10234"),
        ("th", "เอ็มดี หนึ่งศูนย์โทสามสี่", "MD-10234"),
    ],
)
def test_a_number_is_spelled_as_each_language_does(language, heard, number):
    assert identifiers(readable(f"{heard}.", language)) == [number]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I want to send two of them back for a refund"),
        ("en", "It costs 1,234 euros, and I am at home. Thanks"),
        ("en", "The box was empty, 3 items were missing"),
        ("de", "Ich habe eins, zwei oder drei Fragen"),
        ("es", "Quiero devolver dos de los tres artículos"),
        ("fr", "J'ai aimé des deux le premier"),
        ("fr", "quatre-vingt-dix euros pour dix jours"),
        ("en", "twenty of the ten to thirty days are over"),
        ("es", "Me de la talla de mi hijo de diez años"),
        ("zh", "我要退货，一件是坏的"),
        ("zh", "订单MD一直没有收到"),
        ("ja", "二つ注文しましたが、一つしか届いていません"),
        ("ko", "이 상품 두 개를 반품하고 싶어요"),
        ("ru", "Мне нужны две штуки, а не три"),
        ("th", "อยากคืนสินค้าสองชิ้น"),
    ],
)
def test_what_is_not_spelled_stays(language, text):
    assert readable(text, language) == text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", ["MD-10234", "MD-98765", "RT-10001", "EX-10203", "CL-14560"])
def test_what_is_read_back_is_understood_when_it_is_said(language, number):
    assert identifiers(readable(spell(number, language), language)) == [number]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_every_letter_and_figure_is_there(language):
    words = spoken_words(language)
    assert set(words.letters) == set("abcdefghijklmnopqrstuvwxyz") and set(words.digits) == set(range(10))
    assert set(words.signs) == {"at", "dot", "dash", "underscore"} and set(words.prefixes) == {"MD", "RT", "EX", "CL"}
    # A recogniser that understands nothing may give its prompt back: no customer's number may stand in it.
    assert not re.search(r"\d|@", words.prompt)


def test_a_correction_takes_the_place_of_what_was_misheard():
    assert corrected("where is MD-10243", "no, MD-10234") == "where is MD-10234"
    assert corrected("where is my parcel", "MD-10234") == "where is my parcel MD-10234"
    assert corrected("I paid 49,90 euros", "no, 59.90 euros") == "I paid €59.90"
    assert corrected("MD-10243, anna@example.com", "ana@example.com") == "MD-10243, ana@example.com"


@pytest.mark.parametrize(
    ("language", "text", "prefix", "figures"),
    [
        ("en", "I'm calling about Order MD, 144414, it hasn't arrived.", "MD", "144414"),
        ("en", "return R T 1 0 2 please", "RT", "102"),
        ("en", "1023", "MD", "1023"),
        ("zh", "订单号MD，邮632 谢谢。", "MD", "1632"),
        ("zh", "我想问一下订单MD，耀197,一直没有收到。", "MD", "1197"),
        ("zh", "号码是要三五五。", "MD", "1355"),
        ("ko", "주문 MD 3, 유기아", "MD", "3"),
        ("zh", "我想问一下订单MD，9585一直没有收到。", "MD", "9585"),
        ("ko", "엠디 일공이삼 주문이에요", "MD", "1023"),
        ("ru", "Номер заказа MD, длин девять восемь два один.", "MD", "9821"),
        ("en", "order MD one zero tree three four please", "MD", "1034"),
        ("ru", "заказа MD, один пьёт и девять и девять один", "MD", "1991"),
        ("en", "MD 1023, I have waited 2 weeks", "MD", "1023"),
    ],
)
def test_a_number_that_was_not_heard_whole_is_listened_to_again(language, text, prefix, figures):
    lost = number_in(readable(text, language), language)
    assert (lost.prefix, lost.figures) == (prefix, figures)
    asked = []

    def listen(before, count):
        asked.append((before, count))
        return [("29999"[:count], -0.1), ("10234"[:count], -0.3)]

    written = lost.found(text, listen)
    assert identifiers(written) == [f"{prefix}-10234"]
    assert asked[0] == (text[: lost.start] + f"{prefix}-", 5)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Where are MD-10234 and MD-10235?"),
        ("en", "The MD is out."),
        ("en", "The box was empty, 20 items were missing"),
        ("en", "I ordered two of them in 2024 and paid 1234 euros for all"),
        ("en", "my telephone is 0151 2345678"),
        ("zh", "我要退货，一件是坏的"),
        ("zh", "订单MD一直没有收到"),
        ("en", "The MD, with 2 lamps, is out."),
        ("en", "MD is short for what, the 3 letters of 12"),
    ],
)
def test_what_is_no_lost_number_is_left_alone(language, text):
    assert number_in(readable(text, language), language) is None


def test_a_swallowed_beginning_is_asked_for():
    lost = number_in("我的订单号是MD-8108。", "zh")
    rows = {5: [("81088", -2.6), ("81081", -3.2)], 4: [("8108", -0.4)]}
    assert lost.found("我的订单号是MD-8108。", lambda before, count: rows[count]) == "我的订单号是MD-18108。"
    assert lost.found("我的订单号是MD-8108。", lambda before, count: []) == "我的订单号是MD-8108。"


def test_a_number_that_was_heard_whole_is_corrected_where_another_fits_clearly_better():
    text = "Номер моего заказа MD-11402."
    rows = [("17402", -2.1), ("17412", -3.7)]
    assert number_in(text, "ru").found(text, lambda before, count: rows) == "Номер моего заказа MD-17402."
    for rows in ([("11402", -0.5)], [("17402", -2.1), ("11402", -2.6)], [("97402", -1.2)], [("17402", -3.0)], []):
        assert number_in(text, "ru").found(text, lambda before, count, rows=rows: rows) == text
