import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongshi.language.text import bare, clean, fold, fold_digits, fold_width, has_question_mark, scripts


def test_control_and_direction_marks_are_dropped_but_line_breaks_stay():
    assert clean("\u202e\x00Hello\u200b\nthere\u2069 ") == "Hello\nthere"


def test_joiners_that_scripts_need_are_kept():
    assert clean("می\u200cخواهم") == "می\u200cخواهم"
    assert clean("👩\u200d💻") == "👩\u200d💻"


def test_a_message_of_invisible_characters_is_empty():
    assert clean("\u200b\u2060\ufeff \t") == ""


@pytest.mark.parametrize("text", ["10234", "１０２３４", "١٠٢٣٤", "۱۰۲۳۴", "๑๐๒๓๔", "१०२३४"])
def test_digits_of_every_script_are_read_alike(text):
    assert fold_digits(text) == "10234"


def test_full_width_letters_and_signs_become_ascii():
    assert fold_width("ＭＤ－１０２３４　ａ＠ｂ．ｃ") == "MD-10234 a@b.c"


@given(st.text())
def test_folding_width_and_digits_keeps_every_place(text):
    assert len(fold_digits(fold_width(text))) == len(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ÉTÉ", "ete"), ("Straße", "STRASSE"), ("Ｐｉｃｏ", "pico"), ("São", "sao"), ("أريد", "اريد"), ("ガ", "ガ")],
)
def test_texts_that_people_hold_for_equal_fold_to_the_same(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("が", "か"), ("ไม้", "ไม"), ("パ", "ハ")])
def test_marks_that_make_another_letter_are_not_accents(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize(("text", "asks"), [("why? tell me", True), ("真的吗？", True), ("هل يمكن؟", True), ("yes!", False)])
def test_question_marks_of_every_script(text, asks):
    assert has_question_mark(text) is asks


def test_letters_are_counted_by_script():
    assert scripts("DHL 订单 かな カナ привет ไทย 안녕 سلام हिन्दी 123") == {
        "Latin": 3,
        "Han": 2,
        "Kana": 4,
        "Cyrillic": 6,
        "Thai": 3,
        "Hangul": 2,
        "Arabic": 4,
        "Other": 3,
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Can I send it back?", "CAN I – send it back", True),
        ("5 - 10 kg", "5-10 kg!", True),
        ("20 %", "20%", True),
        ("iPhone-15", "iPhone 15", True),
        ("包邮吗~", "包邮吗？", True),
        ("1.5 m", "15 m", False),
        ("٣٫٥", "٣٥", False),
        ("at -5 °C", "at 5 °C", False),
        ("$50", "€50", False),
        ("5% off", "5 off", False),
        ("S24+", "S24", False),
        ("2 15 m cables", "215 m cables", False),
    ],
)
def test_texts_read_the_same_unless_a_sign_makes_another_figure_or_name(one, other, same):
    assert (bare(one) == bare(other)) is same
