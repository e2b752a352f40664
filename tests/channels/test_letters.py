"""E-mails as mail programs and mail systems make them, read."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongshi.channels.letters import Letter, read_head, read_letter

OURS = "support@shop.example"


def letter(head: str = "", body: str = "Where is MD-10234?", **headers: str) -> Letter:
    fields = {"From": "Anna <anna@x.example>", "To": OURS, "Subject": "Order", "Message_ID": "<1@x.example>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return read_letter("\r\n".join([*lines, *head.splitlines(), "", body]).encode(), OURS)


GMAIL = """<div dir="auto">Ja, bitte <b>stornieren</b>.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">
Am Mo., 16. Nov. 2026 um 10:12 Uhr schrieb Meridian &lt;<a href="mailto:support@shop.example">support@shop.example</a>&gt;:<br></div>
<blockquote class="gmail_quote">Soll ich stornieren?</blockquote></div>"""
OUTLOOK = """<html><head><style>p {margin:0}</style></head><body><p>Ja, bitte stornieren.</p>
<div style="border-top:solid #E1E1E1 1.0pt"><p><b>Von:</b> Meridian &lt;support@shop.example&gt;<br><b>Gesendet:</b> Montag, 16. November
<br><b>An:</b> Anna &lt;anna@x.example&gt;<br><b>Betreff:</b> Re: Bestellung</p></div><p>Soll ich stornieren?</p></body></html>"""


@pytest.mark.parametrize("html", [GMAIL, OUTLOOK])
def test_html_is_read_without_what_it_quotes(html):
    read = letter('Content-Type: text/html; charset="utf-8"', html)
    assert read.text == "Ja, bitte stornieren." and read.files == () and read.silence is None


def test_text_is_preferred_and_pictures_of_a_signature_are_files():
    message = EmailMessage()
    message["From"], message["Message-ID"] = "anna@x.example", "<1@x.example>"
    message.set_content("Hallo,\n\nwo ist mein Paket?\n\nViele Grüße\nAnna")
    message.add_alternative("<p>something else</p>", subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<logo>")
    message.add_attachment(b"%PDF", "application", "pdf", filename="..\\..\\C:\\Rechnung\x00.pdf")
    read = read_letter(message.as_bytes(), OURS)
    assert read.text == "wo ist mein Paket?"
    assert [(file.name, file.kind, file.data) for file in read.files] == [
        ("attachment", "image/png", b"\x89PNG"),
        ("Rechnung.pdf", "application/pdf", b"%PDF"),
    ]


@pytest.mark.parametrize(("size", "is_read"), [(20_000, True), (300_000, False)])
def test_html_without_end_is_not_taken_apart(size, is_read):
    read = letter("Content-Type: text/html", "<b></b>" * size + "<p>Where is it?</p>")
    assert read.text == ("Where is it?" if is_read else "") and read.address == "anna@x.example"
    assert [file.name for file in read.files] == ([] if is_read else ["message.eml"])


def test_a_message_within_the_message_is_a_file():
    inner, outer = EmailMessage(), EmailMessage()
    inner["Subject"] = "older"
    inner.set_content("from before")
    outer["From"] = "anna@x.example"
    outer.set_content("see below")
    outer.add_attachment(inner)
    read = read_letter(outer.as_bytes(), OURS)
    (file,) = read.files
    assert (
        read.text == "see below" and (file.name, file.kind) == ("message.eml", "message/rfc822") and b"from before" in file.data
    )


def test_a_thread_is_told_by_references_and_the_answer_goes_where_the_author_says():
    read = letter(References="<a@x> <b@x>\r\n <c@x>", In_Reply_To="<c@x> (yesterday)", Reply_To="Office <office@x.example>")
    assert read.references == ("<a@x>", "<b@x>", "<c@x>") and read.address == "office@x.example"
    assert letter(In_Reply_To="<d@x>").references == ("<d@x>",)
    assert len(letter(References=" ".join(f"<{number}@x>" for number in range(500))).references) == 50


def test_a_message_without_a_name_gets_one_and_keeps_it():
    first, again = letter(Message_ID=""), letter(Message_ID="")
    assert first.message_id == again.message_id != letter(body="another", Message_ID="").message_id


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
        {"X_Autoreply": "yes"},
        {"Precedence": "bulk"},
        {"List_Unsubscribe": "<mailto:u@x.example>"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@x.example"},
        {"From": "do_not_reply@x.example"},
        {"From": "Shop <NoReply+1@x.example>"},
        {"From": f"Us <{OURS.upper()}>"},
        {"Reply_To": OURS},
        {"Subject": "Respuesta automática: pedido"},
        {"Subject": "=?utf-8?b?6Ieq5Yqo5Zue5aSN77ya?= x"},
        {"Content_Type": "multipart/report; report-type=disposition-notification; boundary=b"},
        {"X_Spam_Flag": "YES"},
        {"From": "nobody"},
        {"From": ""},
    ],
)
def test_what_must_not_be_answered_is_known(headers):
    assert letter(**headers).silence


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto_Submitted": "no"},
        {"X_Auto_Response_Suppress": "DR"},
        {"Return_Path": "<anna@x.example>"},
        {"From": "noreen@x.example"},
        {"From": "=?utf-8?q?J=C3=BCrgen?= <j@x.example>"},
        {"Subject": "Re: automatic reply?"},
    ],
)
def test_what_people_write_is_not_taken_for_that(headers):
    assert letter(**headers).silence is None


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Type: text/plain; charset=klingon", "wo ist es?"),
        ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "%%%"),
        ("Content-Type: multipart/mixed", "no boundary"),
        ("Content-Type: text/html", "<div>" * 3000 + "deep"),
        ("Subject: =?utf-8?b?///?=\nReferences: <<>>", "hello"),
    ],
)
def test_what_is_broken_does_no_harm_and_nothing_is_lost(head, body):
    read = letter(head, body)
    assert read.text or read.files or "%%%" in body


def test_an_unreadable_message_is_kept_whole_for_a_person():
    (file,) = letter("Content-Type: text/html", "<div>" * 3000 + "deep").files
    assert file.name == "message.eml" and file.data.endswith(b"deep")


def nested(depth: int) -> bytes:
    """A message whose parts are nested so deep."""
    parts = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    head = "From: Anna <anna@x.example>\r\nSubject: Meine Bestellung\r\nMessage-ID: <nested@x.example>\r\nMIME-Version: 1.0\r\n"
    return f"{head}{parts}Content-Type: text/plain\r\n\r\ndeep\r\n".encode()


def test_of_a_message_that_cannot_be_taken_apart_the_head_is_read():
    data = nested(1000)
    with pytest.raises(RecursionError):
        read_letter(data, OURS)
    read = read_head(data, OURS)
    assert (read.message_id, read.address, read.subject) == ("<nested@x.example>", "anna@x.example", "Meine Bestellung")
    assert (read.text, read.silence) == ("", None)
    assert [(one.name, one.data) for one in read.files] == [("message.eml", data)]


@pytest.mark.parametrize("kind", ["text/plain; name*", "text/plain; " + "(" * 5000])
def test_a_head_that_cannot_be_taken_apart_is_read_as_far_as_it_goes(kind):
    data = (
        f"From: Anna <anna@x.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: {kind}\r\n\r\nHallo\r\n".encode()
    )
    read = read_head(data, OURS)
    assert (read.address, read.subject) == ("anna@x.example", "Grüße")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_make_it_fail(noise, place):
    data = (
        b"From: a@x.example\r\nSubject: =?utf-8?q?=C3=BC?=\r\nMessage-ID: <1@x>\r\nReferences: <2@x>\r\nContent-Type: multipart/mixed;"
        b' boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hallo</p><blockquote>x</blockquote>\r\n'
        b'--b\r\nContent-Type: image/png; name="=?utf-8?q?=C3=BC?="\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n'
    )
    assert isinstance(read_letter(data[:place] + noise + data[place:], OURS), Letter)
