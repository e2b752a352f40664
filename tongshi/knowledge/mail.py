"""Questions and answers out of e-mails: what a reply quotes, or what it replies to, is the question, the reply is the answer.

Greetings, signatures and the lines that announce a quotation are known by their shape, not by their words, so that all languages do.
"""

from __future__ import annotations

import email
import mailbox
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any

from bs4 import BeautifulSoup

from tongshi.knowledge.documents import Broken, html_document, one_line

_PREFIX = re.compile(r"^(?:\S{1,4}(?:\[\d+\])?\s*[:：]\s*)+")
_ESCAPED = re.compile(rb"(?m)^>(>*From )")
_QUOTED = re.compile(r"\s*>")
_RULE = re.compile(r"\s*(?:[_-]{5,}|-{3,}.*-{3,})\s*")
_HEADER = re.compile(r"\s*[*]?[^\s:：][^:：]{0,24}[:：][*]?\s+\S.*")
_ENDS = (".", "!", "?", "。", "！", "？", "؟", "…", ";", ":", "：")
_GREETING_ENDS = (",", "،", "，", "、", "!", "！", ":", "：")
_GREETING = 40
_SIGNATURE_LINE = 40
_SIGNATURE_LINES = 5
_CLOSING_WORDS = 3
_CLOSING = 24
_HEADERS = 3


@dataclass(frozen=True)
class _Mail:
    """A message: what its author wrote, and what of another's it quotes."""

    message_id: str
    reply_to: str
    subject: str
    sender: str
    own: str
    quoted: str


def read_eml(data: bytes) -> Iterator[tuple[str, dict[str, Any] | Broken]]:
    """The pair that a message in RFC 5322 holds.

    Raises:
        Broken: it cannot be read, or quotes no question.
    """
    mail = _read(_message(data))
    question = _question(mail.quoted)
    if not (question and mail.own):
        raise Broken("quotes no question that it answers")
    yield "message 1", _pair(mail, question)


def read_mbox(data: bytes) -> Iterator[tuple[str, dict[str, Any] | Broken]]:
    """The pairs of a mailbox: first replies to what is in it, by another hand, and other messages that quote a question."""
    mails: dict[int, _Mail] = {}
    for number, message in enumerate(_messages(data), 1):
        try:
            mails[number] = _read(message)
        except Broken as error:
            yield f"message {number}", error
    by_id = {mail.message_id: mail for mail in mails.values() if mail.message_id}
    answered = {mail.reply_to for mail in mails.values()}
    for number, mail in mails.items():
        asked = by_id.get(mail.reply_to)
        if asked is not None and (asked.reply_to or asked.quoted):
            continue  # the conversation went on, which is no question that others have
        question = one_line(asked.own) if asked is not None and asked.sender != mail.sender else _question(mail.quoted)
        if question and mail.own:
            yield f"message {number}", _pair(mail, question)
        elif mail.message_id not in answered:
            yield f"message {number}", Broken("neither quotes a question nor replies to a message of the file")


def _messages(data: bytes) -> Iterator[EmailMessage]:
    with tempfile.NamedTemporaryFile(suffix=".mbox") as file:
        file.write(data)
        file.flush()
        box = mailbox.mbox(file.name, lambda part: _message(_ESCAPED.sub(rb"\1", part.read())), create=False)
        yield from box
        box.close()


def _message(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=policy.default)


def _pair(mail: _Mail, question: str) -> dict[str, Any]:
    return {"question": question, "answer": mail.own, "title": mail.subject}


def _read(message: EmailMessage) -> _Mail:
    try:
        text, quoted = _split(*_body(message))
        subject = _PREFIX.sub("", one_line(message["subject"]))
        ids = (one_line(message["message-id"]), one_line(message["in-reply-to"]))
        return _Mail(*ids, subject, one_line(message["from"]), _own(text), quoted)
    except (LookupError, ValueError, AttributeError, TypeError) as error:  # a broken message makes the parser raise any of them
        raise Broken(f"cannot be read as e-mail: {one_line(error) or type(error).__name__}") from error


def _body(message: EmailMessage) -> tuple[str, str]:
    """What a message says, and what its HTML marks as another's."""
    part = message.get_body(("plain", "html"))
    content = part.get_content() if part is not None else ""
    content = content.replace("\r\n", "\n")
    if part is None or part.get_content_subtype() != "html":
        return content, ""
    soup = BeautifulSoup(content, "html.parser")
    quotation = soup.find("blockquote")
    quoted = html_document(str(quotation.extract())).text if quotation else ""
    return html_document(str(soup)).text, quoted


def _split(text: str, quoted: str) -> tuple[str, str]:
    """What an author wrote, and what stands below it of another's, without the lines that announce it."""
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


def _question(quoted: str) -> str:
    """What the author of a quotation wrote, on one line."""
    return one_line(_own(_split(quoted, "")[0]))


def _own(text: str) -> str:
    """A message without greeting and signature."""
    text = re.split(r"(?m)^--\s*$", text)[0]
    blocks = [block.strip("\n") for block in re.split(r"\n[ \t]*\n", text.strip()) if block.strip()]
    first, _, rest = blocks[0].partition("\n") if blocks else ("", "", "")
    if len(first) <= _GREETING and first.rstrip().endswith(_GREETING_ENDS) and (rest or len(blocks) > 1):
        blocks[:1] = [rest] if rest else []
    while len(blocks) > 1 and _is_signature(blocks[-1]):
        blocks.pop()
    return "\n\n".join(blocks)


def _is_signature(block: str) -> bool:
    """Whether a message's last block is its end: short lines without a sentence, several or very few words."""
    lines = [line.strip() for line in block.split("\n")]
    if len(lines) > _SIGNATURE_LINES or any(len(line) > _SIGNATURE_LINE or line.endswith(_ENDS) for line in lines):
        return False
    if any(line.startswith(("- ", "* ", "• ")) or " | " in line for line in lines):
        return False
    return len(lines) > 1 or (len(block.split()) <= _CLOSING_WORDS and len(block) <= _CLOSING and not re.search(r"\d", block))
