"""An e-mail as it came, read: who wrote it, what they say, to which others it belongs, and whether it may be answered at all."""

from __future__ import annotations

import email
import hashlib
import re
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from tongshi.knowledge.mail import body
from tongshi.language.letters import is_automatic, reply_words
from tongshi.storage.mail import File

_ID = re.compile(r"<[^<>\s]{1,500}>")
_ADDRESS = re.compile(r"[^@\s<>\"(),;:]+@[^@\s<>\"(),;:]+\.[^@\s<>\"(),;:.]+")
_MOST_REFERENCES = 50
_MOST_FILES = 20
_LARGEST_FILES = 25 * 1024 * 1024
_LONGEST_NAME = 120
_LONGEST_TEXT = 50_000
_LARGEST_HTML = 2_000_000
"""Bytes of HTML that are read; its tree takes a hundred times as much memory, and some seconds."""

_SIGNED = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
_NOBODY = re.compile(
    r"(?:mailer-daemon|postmaster|(?:do[-_.]?)?not?[-_.]?reply|bounces?|notifications?)(?:[-+._].*)?", re.IGNORECASE
)
_ROBOTS = {
    "x-autoreply", "x-autorespond", "x-auto-reply-from", "x-autoreply-from", "x-mail-autoreply", "x-qq-auto-reply",
    "x-failed-recipients",
}  # fmt: skip
_LISTS = {"list-id", "list-post", "list-unsubscribe"}
_BULK = {"bulk", "junk", "list", "auto_reply"}
_SUPPRESSED = {"all", "oof", "autoreply"}


@dataclass(frozen=True)
class Letter:
    """An e-mail of a customer, or what looks like one.

    Attributes:
        message_id: its own name, with angle brackets; made from its bytes where it has none.
        references: the names of those it replies to, oldest first.
        address: where an answer goes; "" where no address can be read.
        subject: on one line.
        text: what its author wrote themselves; "" where that is nothing, or cannot be read.
        files: its attachments; the message itself where it cannot be read.
        silence: why it must not be answered, None where it may be.
        undelivered: address and name of a message of ours that this one reports as not delivered for good.
    """

    message_id: str
    references: tuple[str, ...]
    address: str
    subject: str
    text: str
    files: tuple[File, ...]
    silence: str | None
    undelivered: tuple[str, str] | None


def read_letter(data: bytes, ours: str) -> Letter:
    """Read an e-mail; whatever is broken in it counts as missing.

    Args:
        data: as it came, RFC 5322.
        ours: the address that we write from.

    Raises:
        RecursionError: its parts are nested too deep to be taken apart.
    """
    message = email.message_from_bytes(data, policy=policy.default)
    return _letter(message, data, ours, *_content(message, data), _undelivered(message))


def read_head(data: bytes, ours: str) -> Letter:
    """Read the head of an e-mail that `read_letter` cannot read; the whole of it is a file.

    Args:
        data, ours: as for `read_letter`.
    """
    # The newer policy takes headers apart while it parses, and fails with them.
    return _letter(BytesHeaderParser(policy=policy.compat32).parsebytes(data), data, ours, "", [_whole(data)], None)


def _letter(
    message: Message, data: bytes, ours: str, text: str, files: list[File], undelivered: tuple[str, str] | None
) -> Letter:
    ids = _ID.findall(_header(message, "message-id"))
    made = f"<{hashlib.sha256(data).hexdigest()[:32]}@no-message-id.invalid>"
    address = _address(message)
    return Letter(
        message_id=ids[0] if ids else made,
        references=_references(message),
        address=address,
        subject=_header(message, "subject")[:300],
        text=text,
        files=tuple(files),
        silence=_silence(message, address, ours),
        undelivered=undelivered,
    )


def _header(message: Message, name: str) -> str:
    """A header on one line; "" where it is missing or cannot be read."""
    try:
        value = message.get(name, "")
        text = str(make_header(decode_header(value))) if message.policy is policy.compat32 else str(value)
        return " ".join(text.replace("\x00", "").split())
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        MessageError,
    ):  # the parser's own, on broken headers
        return ""


def _references(message: Message) -> tuple[str, ...]:
    named = _ID.findall(_header(message, "references"))
    found = [*named, *(one for one in _ID.findall(_header(message, "in-reply-to")) if one not in named)]
    kept = found[:1] + found[1:][1 - _MOST_REFERENCES :]
    return tuple(dict.fromkeys(kept))


def _address(message: Message) -> str:
    """Where an answer goes: who the author says is to be answered, else the author."""
    for name in ("reply-to", "from"):
        for _, address in getaddresses([_header(message, name)]):
            if len(address) <= 254 and _ADDRESS.fullmatch(address):
                return address
    return ""


def _silence(message: Message, address: str, ours: str) -> str | None:
    """Why a message must not be answered (RFC 3834, and what is in use besides), None where it may be."""
    names = {name.lower() for name in message.keys()}
    authors = {one.lower() for _, one in getaddresses([_header(message, "from"), _header(message, "sender")])}
    suppressed = {word.strip() for word in _header(message, "x-auto-response-suppress").lower().split(",")}
    if not address:
        return "it has no address to answer"
    if ours.lower() in {*authors, address.lower()}:
        return "we wrote it"
    if message.get_content_type() == "multipart/report":
        return "it is a report of a mail system"
    if _header(message, "return-path") == "<>":
        return "a mail system wrote it"
    if _header(message, "auto-submitted").lower().split(";")[0].strip() not in ("", "no"):
        return "it is automatic"
    if names & _ROBOTS or suppressed & _SUPPRESSED:
        return "it is automatic"
    if names & _LISTS or _header(message, "precedence").lower() in _BULK:
        return "it went to many"
    if any(_NOBODY.fullmatch(one.partition("@")[0]) for one in {*authors, address}):
        return "nobody reads answers to it"
    if _header(message, "x-spam-flag").lower() == "yes":
        return "it is spam"
    if is_automatic(_header(message, "subject")):
        return "it is automatic"
    return None


def _undelivered(message: Message) -> tuple[str, str] | None:
    """Whom which message did not reach, where this is a mail system's report of just that (RFC 3464)."""
    if message.get_content_type() != "multipart/report":
        return None
    parts = list(message.walk())
    blocks = [block for part in parts if part.get_content_type() == "message/delivery-status" for block in part.walk()]
    failed = [block for block in blocks if _header(block, "action").lower() == "failed"]
    names = [name for part in parts for name in _ID.findall(_header(_returned(part), "message-id"))]
    recipients = [_header(block, "final-recipient").rpartition(";")[2].strip() for block in failed]
    return (recipients[0], names[0]) if recipients and names else None


def _returned(part: Message) -> Message:
    """The message, or only its head, that a part of a report gives back; an empty one where the part is something else."""
    kind = part.get_content_type()
    if kind == "message/rfc822" and part.is_multipart():
        return part.get_payload(0)
    data = part.get_payload(decode=True) if kind in ("text/rfc822-headers", "message/rfc822-headers") else b""
    return email.message_from_bytes(data or b"", policy=policy.default)


def _content(message: EmailMessage, data: bytes) -> tuple[str, list[File]]:
    """What a message says, and its files; where it cannot be read, nothing, and itself as a file."""
    try:
        if _is_too_large(message):
            return "", [_whole(data)]
        text, quoted = body(message)
        return reply_words(text[:_LONGEST_TEXT].replace("\x00", ""), quoted), _files(message)
    except (LookupError, ValueError, AttributeError, TypeError, RecursionError):
        return "", [_whole(data)]


def _is_too_large(message: EmailMessage) -> bool:
    """Whether what a message says is more HTML than is read."""
    part = message.get_body(("plain", "html"))
    return part is not None and part.get_content_subtype() == "html" and len(_bytes_of(part)) > _LARGEST_HTML


def _whole(data: bytes) -> File:
    """A message as a file."""
    return File("message.eml", "message/rfc822", data[:_LARGEST_FILES])


def _files(message: EmailMessage) -> list[File]:
    text = message.get_body(("plain", "html"))
    files: list[File] = []
    room = _LARGEST_FILES
    for part in _leaves(message):
        kind = part.get_content_type()
        if part is text or kind in _SIGNED or (kind in ("text/plain", "text/html") and not part.get_filename()):
            continue
        content = _bytes_of(part)
        room -= len(content)
        if len(files) == _MOST_FILES or room < 0:
            break
        files.append(File(_name(part), kind[:120], content))
    return files


def _leaves(message: Message) -> list[Message]:
    """Parts that hold no others; a message within the message is one."""
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        return [message]
    return [leaf for part in message.get_payload() for leaf in _leaves(part)]


def _bytes_of(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        return b"".join(one.as_bytes() for one in part.get_payload()) if part.is_multipart() else b""
    return part.get_payload(decode=True) or b""


def _name(part: Message) -> str:
    """A file's name without folders and control characters."""
    name = re.split(r"[\\/]", str(part.get_filename() or ""))[-1]
    name = "".join(char for char in name if char.isprintable()).strip(". ")[-_LONGEST_NAME:]
    return name or ("message.eml" if part.get_content_type() == "message/rfc822" else "attachment")
