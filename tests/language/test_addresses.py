"""Addresses among other words, and those of the labelled messages by which `tongshi evaluate entities` measures twelve languages."""

import time

import pytest

from tongshi.evaluation.entities import read
from tongshi.language.addresses import find_address
from tongshi.settings import LANGUAGES


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("MD-10249 please to 12 Harbour Street, 28013 Madrid, Spain", "12 Harbour Street, 28013 Madrid, Spain"),
        ("Neue Adresse: Calle del Puerto 12, 28013 Madrid, Spanien. Danke schön", "Calle del Puerto 12, 28013 Madrid, Spanien"),
        ("Bitte an Musterweg 5 10115 Berlin schicken", "Musterweg 5 10115 Berlin"),
        ("还有个事 麻烦改成 Gran Vía 22, 28013 Madrid, Spain", "Gran Vía 22, 28013 Madrid, Spain"),
        ("대전광역시 유성구 대학로 291 3동 204호, 34141, 대한민국", "대전광역시 유성구 대학로 291 3동 204호, 34141, 대한민국"),
        (
            "부산광역시 해운대구 우동1로 25, 101동 1203호, 48094, 대한민국",
            "부산광역시 해운대구 우동1로 25, 101동 1203호, 48094, 대한민국",
        ),
        ("Envíalo a Calle Mayor 5, 28013 Madrid", "Calle Mayor 5, 28013 Madrid"),
        ("Bitte liefern Sie nach Hauptstraße 4, 10115 Berlin", "Hauptstraße 4, 10115 Berlin"),
        ("Meine Adresse ist Gran Vía 22, 28013 Madrid", "Gran Vía 22, 28013 Madrid"),
        ("寄到上海市徐汇区漕溪北路88号12楼，谢谢", "上海市徐汇区漕溪北路88号12楼"),
        ("شارع الميناء 12، مدريد 28013، إسبانيا", "شارع الميناء 12، مدريد 28013، إسبانيا"),
        ("Musterweg 5, 10115 Berlin, anna@example.com", "Musterweg 5, 10115 Berlin"),
        ("i live at 12 high street, london sw1a 1aa and my lamp broke", "12 high street, london sw1a 1aa"),
        ("地址改为常熟市虞山镇海虞北路20号，电话13812345678", "常熟市虞山镇海虞北路20号"),
        ("北京市海淀区中关村大街1号2号楼请尽快", "北京市海淀区中关村大街1号2号楼"),
        ("東京都世田谷区太子堂2丁目14番5号 メゾン桜201", "東京都世田谷区太子堂2丁目14番5号 メゾン桜201"),
        ("can you deliver to PO Box 123 this week", "PO Box 123"),
        ("届け先こっちに→〒604-8571 京都市中京区上本能寺前町488 日本 です", "〒604-8571 京都市中京区上本能寺前町488 日本"),
        (
            "경기도 고양시 일산동구 중앙로1261번길 77 우편번호 10401 대한민국",
            "경기도 고양시 일산동구 중앙로1261번길 77 우편번호 10401 대한민국",
        ),
    ],
)
def test_an_address_is_taken_as_it_is_written(text, address):
    found = find_address(text)
    assert found.value == address == text[found.start : found.end]


@pytest.mark.parametrize(
    "text",
    [
        "where is MD-10234, anna.becker@example.com",
        "I waited 3 days at the road",
        "5 stars, great way to shop",
        "my flat is number 7",
        "I ordered 2 lamps, 10234 was the number",
        "Am Montag 3 Pakete, danke",
        "二号那天买的",
        "am Montag, Hauptstraße 5 war niemand da",
        "Im August 2, 2024 bestellt",
        "Sorry, 12 days on the road now",
        "avez 14 jours pour vous rétracter, tant que la boîte est là",
        "北京仓库12号发的货",
        "我北京朝阳区12号下的单",
        "東京都港区に住んでいて3日待っています",
        "名古屋市中区の店で3回買いました",
    ],
)
def test_what_is_none_is_left_alone(text):
    assert find_address(text) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Anna Müller, Königsallee 12, 40212 Düsseldorf", "Anna Müller, Königsallee 12, 40212 Düsseldorf"),
        ("an Anna von Stein, Königsallee 12, 40212 Düsseldorf", "Anna von Stein, Königsallee 12, 40212 Düsseldorf"),
        ("Neue Adresse Anna Müller, Königsallee 12, 40212 Düsseldorf", "Anna Müller, Königsallee 12, 40212 Düsseldorf"),
        ("please send it to John Smith, 10 Downing Street", "John Smith, 10 Downing Street"),
        ("Nein, Hauptstraße 5, 10115 Berlin", "Hauptstraße 5, 10115 Berlin"),
        ("z. Hd. Frau Yilmaz, Industriestr. 5, 70565 Stuttgart", "z. Hd. Frau Yilmaz, Industriestr. 5, 70565 Stuttgart"),
    ],
)
def test_who_lives_there_is_named_whole_or_not_at_all(text, address):
    assert find_address(text).value == address


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_addresses_of_labelled_messages_are_found_and_nothing_else_is(language):
    messages = read(language)[1]
    labelled = [[one.value for one in message.named if one.kind == "address"] for message in messages]
    assert sum(map(len, labelled)) >= 14
    found = [find_address(message.text) for message in messages]
    assert [[one.value] if one else [] for one in found] == labelled


@pytest.mark.parametrize(
    "piece",
    [
        "calle ",
        "ул. ",
        "区",
        "1 a ",
        "Am Alten Markt ",
        "شارع ا ",
        "1/2 ซอย ก ",
        "서울시 강남구 ",
        "北京市朝阳区",
        "上海路",
        "横浜市西区み",
        "12 شارع ا ب ",
        "Anna ",
    ],
)
def test_no_message_takes_long(piece):
    began = time.thread_time()
    find_address((piece * 2000)[:2000])
    assert time.thread_time() - began < 0.5
