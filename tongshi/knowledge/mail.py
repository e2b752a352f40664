"""Questions and answers out of e-mails: what a reply quotes, or what it replies to, is the question, the reply is the answer.

What of a message is whose is told by `tongshi.language.letters`.
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

from tongshi.knowledge.documents import Broken, html_document, one_line, parse_html
from tongshi.language.encodings import decoded
from tongshi.language.letters import bare_subject, own_words, split

_ESCAPED = re.compile(rb"(?m)^>(>*From )")


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
        text, quoted = split(*body(message))
        subject = bare_subject(one_line(message["subject"]))
        ids = (one_line(message["message-id"]), one_line(message["in-reply-to"]))
        return _Mail(*ids, subject, one_line(message["from"]), own_words(text), quoted)
    except (LookupError, ValueError, AttributeError, TypeError) as error:  # a broken message makes the parser raise any of them
        raise Broken(f"cannot be read as e-mail: {one_line(error) or type(error).__name__}") from error


def body(message: EmailMessage) -> tuple[str, str]:
    """What a message says, and what its HTML marks as another's."""
    part = message.get_body(("plain", "html"))
    content = _text(part).replace("\r\n", "\n") if part is not None else ""
    if part is None or part.get_content_subtype() != "html":
        return content, ""
    soup = parse_html(content)
    quotation = soup.find("blockquote")
    quoted = html_document(str(quotation.extract())).text if quotation else ""
    return html_document(str(soup)).text, quoted


def _text(part: EmailMessage) -> str:
    """The text of a part, in the encoding that it declares; RFC 2045 has it be ASCII where it declares none."""
    data = part.get_payload(decode=True)
    try:
        return decoded(data, part.get_content_charset("us-ascii"))
    except UnicodeError:
        return data.decode("utf-8", "replace")


def _question(quoted: str) -> str:
    """What the author of a quotation wrote, on one line."""
    return one_line(own_words(split(quoted)[0]))
