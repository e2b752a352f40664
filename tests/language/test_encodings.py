"""Bytes into text: what names of encodings mean, and which texts look Western."""

from __future__ import annotations

import pytest

from tongshi.language.encodings import decoded, is_western


@pytest.mark.parametrize(
    ("name", "encoding", "text"),
    [
        ("ISO-8859-1", "cp1252", "It’s 5 €"),
        ("latin1", "utf-8", "Größe"),
        ("US-ASCII", "utf-8-sig", "Größe"),
        ("gb2312", "gbk", "王喆"),
        ("x-gbk", "gb18030", "王喆"),
        ("x-sjis", "cp932", "①"),
        ("ks_c_5601-1987", "cp949", "똠"),
        ("windows-874", "cp874", "ราคา €"),
        ("iso-8859-9", "cp1254", "İade 5 €"),
        ("windows-1251", "cp1251", "Возврат"),
        ("gb2312", "utf-8", "退货"),
        ("utf-8", "utf-8-sig", "退货"),
    ],
)
def test_names_mean_what_browsers_take_them_for(name, encoding, text):
    assert decoded(text.encode(encoding), name) == text


def test_bytes_that_mean_nothing_are_marked_or_dropped():
    assert decoded("退货".encode("gbk") + b"\xff.", "gb2312") == "退货\ufffd."
    assert decoded(b"caf\xe9\x81", "latin-1") == "café"


def test_what_is_no_unicode_and_names_that_nobody_knows_are_errors():
    with pytest.raises(UnicodeError):
        decoded(b"caf\xe9", "utf-8")
    with pytest.raises(LookupError):
        decoded(b"x", "klingon")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("退货", "gb18030"),
        ("返品できます", "cp932"),
        ("배송은 무료", "cp949"),
        ("Скидки", "cp1251"),
        ("ส่งคืนได้ฟรี", "cp874"),
        ("إرجاع", "cp1256"),
    ],
)
def test_few_words_of_another_script_are_not_western(text, encoding):
    assert not is_western(f"{'All is as usual. ' * 20} {text}".encode(encoding).decode("cp1252", "replace"))
