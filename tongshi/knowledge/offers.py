"""Which button stands under which article: who asks how to do a thing is offered to have it done."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tongshi.files import read_yaml
from tongshi.settings import get_settings


@lru_cache(maxsize=2)
def _offers(data: Path) -> dict[str, str]:
    return read_yaml(data / "knowledge" / "offers.yml")["offers"]


def offer_for(article_id: str) -> str | None:
    """Name of the button for an article, if it has one."""
    return _offers(get_settings().data).get(article_id)
