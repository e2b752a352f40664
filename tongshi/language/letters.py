"""What the author of an e-mail wrote themselves: without what it quotes, greeting, signature, and the line that a phone adds.

Quotations and the lines that announce them are known by their shape, so that every language and mail program does; closings and the
lines of phones also by the words of data/email.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from tongshi.files import read_yaml
from tongshi.language.patterns import find
from tongshi.language.text import QUESTION_MARKS
from tongshi.settings import get_settings

_QUOTED = re.compile(r"\s*>")
_RULE = re.compile(r"\s*(?:[_-]{5,}|-{3,}.*-{3,})\s*")
_HEADER = re.compile(r"\s*[*]?[^\s:：][^:：]{0,24}[:：][*]?\s+\S.*")
_ENDS = (".", "!", "?", "。", "！", "？", "؟", "…", ";", ":", "：")
_GREETING_ENDS = (",", "،", "，", "、", "!", "！", ":", "：")
_LIST_MARKS = ("- ", "* ", "• ", "– ")
_PREFIX = re.compile(r"^(?:\S{1,4}(?:\[\d+\])?\s*[:：]\s*)+")
_GREETING = 40
_SIGNATURE_LINE = 40
_SIGNATURE_LINES = 5
_CLOSING_WORDS = 3
_CLOSING = 24
_HEADERS = 3
_PHONE_LINE = 60
_PHONE_WORDS = 10


def split(text: str, quoted: str = "") -> tuple[str, str]:
    """What an author wrote, and what stands below it of another's, without the lines that announce it.

    Args:
        text: a message, lines ended by `\\n`.
        quoted: what is known to be another's already.
    """
    lines = text.strip().split("\n")
    for place, line in enumerate(lines):
        if _QUOTED.match(line):
            own = lines[:place]
            below = [_QUOTED.sub("", one, count=1).removeprefix(" ") for one in lines[place:] if _QUOTED.match(one)]
        elif _RULE.fullmatch(line) or _is_header(lines[place:]):
            own, below = lines[:place], lines[place:]
            while below and (not below[0].strip() or _RULE.fullmatch(below[0]) or _HEADER.fullmatch(below[0])):
                below.pop(0)
        else:
            continue
        if below:
            return _unannounced(own), "\n".join(below)
    return (_unannounced(lines) if quoted else "\n".join(lines)), quoted


def own_words(text: str) -> str:
    """A message without greeting, signature and a phone's line."""
    text = re.split(r"(?m)^--\s*$", text)[0]
    lines = [line for line in text.strip().split("\n") if not _is_phone_line(line)]
    blocks = [block.strip("\n") for block in re.split(r"\n[ \t]*\n", "\n".join(lines).strip()) if block.strip()]
    first, _, rest = blocks[0].partition("\n") if blocks else ("", "", "")
    if _is_greeting(first, rest or "".join(blocks[1:2])):
        blocks[:1] = [rest] if rest else []
    while blocks:
        shorter = _unclosed(blocks[-1], alone=len(blocks) == 1)
        if shorter == blocks[-1]:
            break
        blocks[-1:] = [shorter] if shorter else []
    return "\n\n".join(blocks)


def reply_words(text: str, quoted: str = "") -> str:
    """What somebody answered: above a quotation, or, where nothing stands there, below it or between its lines.

    Args:
        text: a message, lines ended by `\\n`.
        quoted: what is known to be another's already.
    """
    own = own_words(split(text, quoted)[0])
    if own:
        return own
    lines = text.strip().split("\n")
    first = next((place for place, line in enumerate(lines) if _QUOTED.match(line)), None)
    if first is None:
        return ""
    return own_words("\n".join(line for line in lines[first:] if not _QUOTED.match(line)))


def bare_subject(subject: str) -> str:
    """A subject without `Re:`, `AW:`, `回复：` and their like."""
    return _PREFIX.sub("", subject).strip()


def is_automatic(subject: str) -> bool:
    """Whether a subject begins as mail programs begin the subject of an automatic reply."""
    return subject.strip().casefold().startswith(_words("automatic_replies"))


def _is_header(lines: list[str]) -> bool:
    """Whether lines begin with the head of another message: several fields, an address among them."""
    head = lines[:_HEADERS]
    return len(head) == _HEADERS and all(map(_HEADER.fullmatch, head)) and any("@" in line for line in lines[: _HEADERS + 2])


def _unannounced(lines: list[str]) -> str:
    """Lines without the last, of one or two, that say who wrote what follows."""
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and lines[-1].rstrip().endswith((":", "：")):
        lines.pop()
        if lines and lines[-1].strip() and not lines[-1].rstrip().endswith(_ENDS):
            lines.pop()
    return "\n".join(lines)


def _is_greeting(line: str, following: str) -> bool:
    ends = line.rstrip()
    if not following or len(line) > _GREETING or not ends.endswith(_GREETING_ENDS):
        return False
    return not (ends.endswith((":", "：")) and following.lstrip().startswith(_LIST_MARKS))


def _unclosed(block: str, *, alone: bool) -> str:
    """A message's last block without the closing and the name under it; whole where it has none.

    Args:
        alone: nothing stands before it, so that only words that are known to close a letter do.
    """
    if not alone and _is_signature(block):
        return ""
    lines = block.split("\n")
    for place in range(max(0, len(lines) - _SIGNATURE_LINES), len(lines)):
        if (place or not alone) and _is_closing(lines[place]) and _are_names(lines[place + 1 :]):
            return "\n".join(lines[:place]).rstrip()
    return block


def _is_closing(line: str) -> bool:
    """Whether a line is nothing but words that close a letter."""
    return line.strip().casefold().rstrip(" ,，،、.。!！~") in _words("closings")


def _are_names(lines: Iterable[str]) -> bool:
    return not any(len(line) > _SIGNATURE_LINE or line.rstrip().endswith(QUESTION_MARKS) for line in lines)


def _is_phone_line(line: str) -> bool:
    line = line.strip().casefold().rstrip(".。")
    if not line or len(line) > _PHONE_LINE or len(line.split()) > _PHONE_WORDS:
        return False
    return line.startswith(_words("phones")) or line.endswith(_words("phones"))


def _is_signature(block: str) -> bool:
    """Whether a message's last block is its end: short lines without a sentence, several or very few words."""
    lines = [line.strip() for line in block.split("\n")]
    if len(lines) > _SIGNATURE_LINES or any(len(line) > _SIGNATURE_LINE or line.endswith(_ENDS) for line in lines):
        return False
    if any(line.startswith(_LIST_MARKS) or " | " in line for line in lines):
        return False
    if any(match.kind == "order_number" for match in find(block)):
        return False
    return len(lines) > 1 or (len(block.split()) <= _CLOSING_WORDS and len(block) <= _CLOSING and not re.search(r"\d", block))


@lru_cache(maxsize=8)
def _words(kind: str) -> tuple[str, ...]:
    document: dict[str, dict[str, Any]] = read_yaml(get_settings().data / "email.yml")
    return tuple(sorted({str(words).casefold() for language in document.values() for words in language[kind]}))
