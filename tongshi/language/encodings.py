"""Bytes into text: in the encoding that a page or message declares, and whether a guess at one makes sense."""

from __future__ import annotations

import codecs

import regex

# The WHATWG Encoding Standard has these names mean encodings that hold more characters, and that is what is written under them.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# Names of that standard that Python does not know.
_NAMES = {
    "windows-874": "cp874",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "ks_c_5601-1989": "cp949",
    "gb_2312-80": "gb18030",
    "cn-big5": "big5hkscs",
}
_UNUSED_IN_1252 = b"\x81\x8d\x8f\x90\x9d"
_FOREIGN_SHARE = 0.25
_MISREAD_SHARE = 0.1
_FOREIGN = regex.compile(r"[^\x00-\x7f]")
# What other encodings are full of when they are read as Windows-1252: many such characters in a row, unless they are one sign
# repeated or punctuation, and signs that Western texts hardly have.
_MISREAD = regex.compile(r"(?!(.)\1\1)[^\x00-\x7f\s“”‘’„–—…•]{3,}|[ƒˆ˜¤¦¸¨]|‰(?=\p{L})")


def decoded(data: bytes, name: str) -> str:
    """Text in a declared encoding, as browsers read it; bytes that mean nothing in it become U+FFFD.

    Valid UTF-8 is read as such where it does not fit the name, and where the name is ASCII or Latin-1, which many programs
    write without meaning it.

    Args:
        name: as headers and pages write it, such as `ISO-8859-1`.

    Raises:
        LookupError: there is no encoding of this name.
        UnicodeError: a kind of Unicode is named, and the text is not in it.
    """
    encoding = _encoding(name)
    for one in ("utf-8-sig",) if encoding == "cp1252" else (encoding, "utf-8-sig"):
        try:
            return data.decode(one)
        except UnicodeDecodeError:
            if one == encoding and one.startswith("utf"):
                raise
    return data.translate(None, _UNUSED_IN_1252 if encoding == "cp1252" else b"").decode(encoding, "replace")


def _encoding(name: str) -> str:
    """Python's name of the encoding that is meant by a name."""
    name = name.strip().lower().removeprefix("x-")
    found = codecs.lookup(_NAMES.get(name, name)).name
    return "utf-8-sig" if found == "utf-8" else _MEANT.get(found, found)


def is_western(text: str) -> bool:
    """Whether what was read as Windows-1252 can have been meant so: most of it is ASCII, and accented letters stand alone."""
    foreign = len(_FOREIGN.findall(text))
    misread = sum(len(one[0]) for one in _MISREAD.finditer(text))
    return foreign <= _FOREIGN_SHARE * len("".join(text.split())) and misread <= _MISREAD_SHARE * foreign
