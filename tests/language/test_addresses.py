"""Addresses among other words. How they are found in twelve languages, `tongshi evaluate entities` measures."""

import time

import pytest

from tongshi.language.addresses import find_address


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
    ],
)
def test_what_is_none_is_left_alone(text):
    assert find_address(text) is None


@pytest.mark.parametrize("piece", ["calle ", "ул. ", "区", "1 a ", "Am Alten Markt ", "شارع ا ", "1/2 ซอย ก ", "서울시 강남구 "])
def test_no_message_takes_long(piece):
    began = time.thread_time()
    find_address((piece * 2000)[:2000])
    assert time.thread_time() - began < 0.5
