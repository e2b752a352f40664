"""Replies as platforms show them: buttons by references or numbers, and the articles that an answer rests on under it."""

from __future__ import annotations

import re
from urllib.parse import quote

from tongshi.settings import get_settings
from tongshi.storage.models import Message

_SPECIAL = re.compile(r"([\\\[\]*_`~<>])")
_ESCAPED = r"\\\1"


def buttons_of(message: Message) -> list[tuple[str, str]]:
    """Titles and references of a message's buttons; a reference is short enough for any platform, as a payload may not be."""
    if message.message_id is None:
        return []
    return [(button["title"], f"{message.message_id}.{index}") for index, button in enumerate(message.extras.get("buttons", []))]


def with_numbers(message: Message) -> str:
    """The text and its sources with the titles of its buttons under it, numbered."""
    titles = [f"{number}. {_SPECIAL.sub(_ESCAPED, title)}" for number, (title, _) in enumerate(buttons_of(message), 1)]
    return "\n\n".join(filter(None, (with_sources(message), "\n".join(titles))))


def with_sources(message: Message) -> str:
    """The text with the articles it rests on under it, as links where the public can read them."""
    citations = (message.extras.get("custom") or {}).get("citations") or []
    sources = {one["article"]: one for one in citations}
    lines = [f"📄 {_source(one)}" for one in sources.values()]
    return "\n\n".join(filter(None, (message.text, "\n".join(lines))))


def _source(citation: dict[str, str]) -> str:
    title = _SPECIAL.sub(_ESCAPED, citation["title"])
    public = get_settings().public_url.rstrip("/")
    if not public:
        return title
    return f"[{title}]({public}/help/{citation['lang']}/articles/{quote(citation['article'], safe='/:')})"
