import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongshi.language.patterns import bare_order_number, find, is_attempt, mask


def values(text, kind):
    return [match.value for match in find(text) if match.kind == kind]


@pytest.mark.parametrize(
    "text",
    [
        "MD-10234",
        "md10234",
        "Md 10234",
        "MD–10234",
        "MD#10 234",
        "m.d. 10234",
        "ＭＤ－１０２３４",
        "МД-10234",
        "MD-١٠٢٣٤",
        "MD-๑๐๒๓๔",
        "order no. 10234",
        "10234",
        "订单号10234",
        "طلبي رقم ١٠٢٣٤",
        "注文番号は１０２３４です",
        "หมายเลข ๑๐๒๓๔",
        "where is my order MD-10234?",
        "내 주문 MD-10234이 어디에 있나요",
    ],
)
def test_an_order_number_is_read_however_it_is_typed(text):
    assert values(text, "order_number") == ["MD-10234"]


@pytest.mark.parametrize(
    "text",
    [
        "MD-102345",
        "MD-1023",
        "I paid 10234 €",
        "call 0151 10234567",
        "Musterweg 5, 10115 Berlin",
        "cmd 1023",
        "cap 10121 Torino",
        "우편번호 10401",
        "شارع العليا 14، الرياض 12211",
        "รหัสไปรษณีย์ 10110",
    ],
)
def test_other_figures_are_no_order_number(text):
    assert values(text, "order_number") == []


@pytest.mark.parametrize(
    "text",
    [
        "anna.becker@example.com",
        "ANNA.Becker@Example.COM",
        "anna.becker＠example．com",
        "anna.becker @ example.com",
        "anna.becker (at) example (dot) com",
        "anna.becker [at] example.com",
        "anna.becker arroba example punto com",
        "anna.becker@example,com",
        "It is anna.becker@example.com. Thanks",
        "我的邮箱是anna.becker@example.com。",
        "อีเมล anna.becker@example.com ค่ะ",
        "anna.becker@example.com.Please hurry",
        "<anna.becker@example.com>",
    ],
)
def test_an_email_address_is_read_however_it_is_typed(text):
    assert values(text, "email") == ["anna.becker@example.com"]


@pytest.mark.parametrize(
    "text",
    [
        "моя почта anna.becker собака example точка com",
        "anna.becker собачка example точка ком",
        "이메일은 anna.becker 골뱅이 example 점 com",
        "anna.becker골뱅이example.com입니다",
        "anna.becker 골뱅이 example 닷컴",
        "anna.becker圈aexample点com",
        "我的邮箱是anna.becker艾特example.com",
        "anna.becker アットマーク example ドット com です",
        "anna.becker arobase example point com",
        "anna punto becker chiocciola example punto com",
        "anna.becker ät example punkt com",
        "anna.becker แอท example.com",
        "بريدي anna.becker آت example نقطة com",
        "It is anna.becker at example.com",
    ],
)
def test_an_email_address_is_read_with_its_signs_in_words(text):
    assert values(text, "email") == ["anna.becker@example.com"]


@pytest.mark.parametrize(
    "text",
    [
        "I bought it at meridian.com last week",
        "we met at noon. Come soon",
        "У меня собака. Ваш сайт meridian.com хороший",
        "이 골뱅이 통조림은 언제 와요",
        "小老鼠咬了我的耳机",
        "um 5 punkt kam er",
    ],
)
def test_ordinary_words_are_no_email_address(text):
    assert values(text, "email") == []


@pytest.mark.parametrize(
    "address", ["emily@mail.co.uk", "kim@corp.example.com", "EMILY@SHOP.CO.UK", "o'neil@x.io", "a+b@mail.example.co.jp"]
)
def test_addresses_with_several_parts_after_the_at_are_read_whole(address):
    assert values(f"my mail: {address}", "email")[0].endswith(address.lower().partition("@")[2])


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("under 50 €", "50"),
        ("€49,90", "49.90"),
        ("bis 100 Euro", "100"),
        ("100ユーロ以下", "100"),
        ("до 80 евро", "80"),
        ("不超过200欧元", "200"),
        ("5만원 말고 50유로", "50"),
        ("أقل من ١٠٠ يورو", "100"),
        ("ไม่เกิน 100 ยูโร", "100"),
        ("less than 1,299 €", "1299"),
        ("unter 1.299 €", "1299"),
        ("€1,299.00", "1299.00"),
        ("1.299,50 EUR", "1299.50"),
        ("1200€", "1200"),
    ],
)
def test_a_price_is_read_as_each_language_writes_it(text, price):
    assert values(text, "price") == [price]


def test_a_door_is_no_price():
    assert values("20号2单元301室", "foreign_price") == []


def test_several_things_are_found_in_one_message_in_order():
    found = find("10235, no: MD-10240 emily.carter@example.com RT-10001")
    assert [(match.kind, match.value) for match in found if match.kind != "number"] == [
        ("order_number", "MD-10240"),
        ("email", "emily.carter@example.com"),
        ("case_number", "RT-10001"),
    ]


def test_two_bare_numbers_are_not_guessed_at():
    assert values("10234 or 10235", "order_number") == []


def test_numbers_and_addresses_are_masked_before_a_classifier_sees_them():
    masked = mask("Where is MD-10234? anna@example.com, case RT-10001")
    assert masked.split() == ["Where", "is", "ordernumber", "?", "email", ",", "case", "casenumber"]


@given(st.text(alphabet="MmDd-–10234 @.,a€ｍ１٣ยéß\n", max_size=40))
def test_matches_lie_in_the_text_and_never_overlap(text):
    found = find(text)
    assert all(0 <= match.start < match.end <= len(text) for match in found)
    assert all(one.end <= other.start for one, other in zip(found, found[1:]))


def test_five_digits_beside_an_email_are_an_order_number():
    assert values("بدي الغي الطلبية 10243 لو سمحتوا والايميل تبعي هو kim.minjun@example.com", "order_number") == ["MD-10243"]
    assert values("send it to 12 Rue de la Paix, 10117 Berlin, second floor please, ring twice", "order_number") == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("no hang on I've read that wrong and it really should have been 10243 all along", "MD-10243"),
        ("订单10243才对，刚才那个是我老婆的", "MD-10243"),
        ("mike12345@gmail.com", None),
        ("RT10001", None),
        ("to Torstraße 12, 10115 Berlin", None),
        ("0171 12345", None),
        ("10243 or 10244", None),
        ("MD-10243", None),
    ],
)
def test_a_bare_figure_is_an_order_number_unless_it_is_part_of_something_else(text, number):
    assert bare_order_number(text) == number


def test_of_two_bare_figures_the_last_counts_where_the_first_is_taken_back():
    assert bare_order_number("10284, digo no, 10248, q voy con las bandejas", corrected=True) == "MD-10248"


@pytest.mark.parametrize(
    "text",
    [
        "coucou, ma montre je l'aurais préférée en vert, on peut me la changer svp. cde 10250",
        "订单号是10250，我想问一下什么时候能送到我家里",
        "주문번호 10250 인데 언제 오나요 너무 늦어서 궁금합니다 정말로요",
        "скажите пожалуйста где мой заказ № 10250, жду уже две недели",
        "الطلب رقم 10250 ما وصل لحد الحين وانا انتظره من اسبوعين",
        "a minha encomenda é a 10250 e ainda não chegou nada, o que se passa",
        "meine Bestellung 10250 ist noch nicht da obwohl sie gestern kommen sollte",
        "注文番号は10250ですが、まだ届いていません。どうなっていますか",
    ],
)
def test_five_digits_after_the_word_for_an_order_are_one_in_a_long_message_too(text):
    assert [match.value for match in find(text) if match.kind == "order_number"] == ["MD-10250"]


@pytest.mark.parametrize(
    "text",
    [
        "please send my order to 10115 Berlin because I have moved there",
        "I want to order 10250€ worth of things for our whole office",
    ],
)
def test_a_postcode_or_an_amount_near_that_word_is_no_order(text):
    assert not [match for match in find(text) if match.kind == "order_number"]


def test_another_sign_for_at_is_meant_as_an_address():
    assert is_attempt("email", "sato.yuki#example.com") and not is_attempt("email", "my #1 problem is the colour")


def test_the_number_of_a_parcel_is_meant_as_that_of_an_order():
    assert is_attempt("order_number", "RR447120593RS") and is_attempt("order_number", "1Z999AA10123456784")
    assert not is_attempt("order_number", "WaterproofSpeaker 300") and not is_attempt("order_number", "iPhone15promax")


@pytest.mark.parametrize(
    "text",
    [
        "+49 170 1234567", "0170/1234567", "전화 +49 30 5550 1420입니다", "电话0170 1234567", "GB29 NWBK 6016 1331 9268 19",
        "FR14 2004 1010 0505 0001 3M02 606", "612 34 56 78", "call me on 0170 1234567", "DE89 3704 0044 0532 0130 00",
        "4111 1111 1111 1111", "03-1234-5678",
    ],
)  # fmt: skip
def test_groups_of_a_long_number_count_nothing(text):
    assert values(text, "number") == []


def test_figures_beside_a_long_number_or_a_date_stay_numbers():
    assert values("call +49 170 1234567, I have 500", "number") == ["500"]
    assert values("am 05.06.2026 500", "number") == ["500"]
    assert values("rt10 have been told 50", "number") == ["50"]


def test_both_ends_of_a_span_of_prices_are_prices():
    assert values("between 50 and 100 euros", "price") == ["50", "100"]
