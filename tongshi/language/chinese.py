"""Traditional and simplified Chinese, by OpenCC."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=2)
def _converter(name: str):
    import opencc

    return opencc.OpenCC(name)


def to_traditional(text: str) -> str:
    """Simplified characters as traditional ones (Taiwan standard)."""
    return _converter("s2tw").convert(text)


def to_simplified(text: str) -> str:
    """Traditional characters as simplified ones."""
    return _converter("t2s").convert(text)
