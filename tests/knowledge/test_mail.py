"""Questions and answers out of e-mails of several languages and mail programs."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from tongshi.knowledge.articles import Article, Reading
from tongshi.knowledge.importing import read


def message(text: str, subject: str = "Re: Return", html: bool = False, **headers: str) -> EmailMessage:
    """An e-mail from support unless `sender` says otherwise."""
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = headers.pop("sender", "support@shop.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text, subtype="html" if html else "plain")
    return mail


def read_mail(folder: Path, mail: EmailMessage) -> Article:
    """The one article that a message makes."""
    (folder / "mail.eml").write_bytes(mail.as_bytes())
    reading = read(folder / "mail.eml")
    assert reading.failures == []
    (article,) = reading.articles
    return article


ENGLISH = """Dear Anna,

Yes, within 30 days. You need:
- the parcel
- the receipt

The label is free.

Kind regards,
Tom Baker
Customer Care

On Mon, 3 Nov 2025 at 10:12, Anna Smith <
anna@example.org> wrote:

> Hello,
>
> can I return my headphones? I bought them
> last week.
>
> Thanks,
> Anna
"""
GERMAN = """Guten Tag Frau Meier,

Sie können 30 Tage lang zurückgeben.

Mit freundlichen Grüßen
Tom Weber

________________________________
Von: Anna Meier <anna@example.org>
Gesendet: Montag, 3. November 2025 10:12
An: Support
Betreff: Rückgabe

Kann ich das zurückgeben?
"""
CHINESE = "您好，\n\n可以在30天内免费退货。\n\n小李\n客服部\n\n2025年11月3日 10:12，Anna <anna@example.org> 写道：\n> 买了耳机能退货吗？\n"
RUSSIAN = "Здравствуйте!\n\nДа, в течение 30 дней.\n\nС уважением,\nТом\n\nпн, 3 нояб. 2025 г. в 10:12, Анна <a@example.org>:\n> Можно вернуть товар?\n"
ARABIC = (
    "مرحبا،\n\nنعم، خلال 30 يوما.\n\nمع التحية\nتوم\n\nفي 3 نوفمبر 2025 كتب Anna <a@example.org>:\n> هل يمكنني إرجاع السماعات؟\n"
)


@pytest.mark.parametrize(
    ("text", "language", "question", "answer"),
    [
        (
            ENGLISH,
            "en",
            "can I return my headphones? I bought them last week.",
            "Yes, within 30 days. You need:\n- the parcel\n- the receipt\n\nThe label is free.",
        ),
        (GERMAN, "de", "Kann ich das zurückgeben?", "Sie können 30 Tage lang zurückgeben."),
        (CHINESE, "zh", "买了耳机能退货吗？", "可以在30天内免费退货。"),
        (RUSSIAN, "ru", "Можно вернуть товар?", "Да, в течение 30 дней."),
        (ARABIC, "ar", "هل يمكنني إرجاع السماعات؟", "نعم، خلال 30 يوما."),
    ],
)
def test_a_reply_answers_what_it_quotes(tmp_path, text, language, question, answer):
    article = read_mail(tmp_path, message(text))
    assert (article.language, article.questions, article.text) == (language, (question,), answer)
    assert (article.title, article.verbatim, article.source) == ("Return", True, "mail.eml")


def test_a_reply_in_html(tmp_path):
    page = "<p>Hello Anna,</p><p>Yes, <b>within</b> 30 days.</p><ul><li>free</li></ul><p>On Monday Anna wrote:</p>"
    article = read_mail(tmp_path, message(f"{page}<blockquote><p>Can I return it?</p></blockquote>", html=True))
    assert (article.questions, article.text) == (("Can I return it?",), "Yes, within 30 days.\n\n- free")


@pytest.mark.parametrize("text", ["Our newsletter.", "> Only a quotation?", ""])
def test_a_message_without_question_or_answer_is_reported(tmp_path, text):
    (tmp_path / "a.eml").write_bytes(message(text).as_bytes())
    assert read(tmp_path).failures == [("a.eml", "quotes no question that it answers")]


@pytest.mark.parametrize(
    ("charset", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "It’s 5 €."),
        ("us-ascii", "utf-8", "Für 5 €."),
        ("gb2312", "gb18030", "请联系王喆，价格5€。"),
        ("shift_jis", "cp932", "①返品できます。"),
        ("euc-kr", "cp949", "똠방각하에서 삽니다."),
        ("utf-8", "utf-8", "Für 5 €."),
    ],
)
def test_a_message_in_the_encoding_that_is_meant(tmp_path, charset, encoding, text):
    head = f"Subject: x\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    (tmp_path / "a.eml").write_bytes(head.encode() + f"{text}\n\n> Why?\n".encode(encoding))
    (article,) = read(tmp_path).articles
    assert article.text == text


def test_a_message_in_an_unknown_encoding_is_reported(tmp_path):
    data = b"Subject: x\nContent-Type: text/plain; charset=klingon\nContent-Transfer-Encoding: 8bit\n\n\xff\xfe yes\n> no?\n"
    (tmp_path / "a.eml").write_bytes(data)
    ((file, reason),) = read(tmp_path).failures
    assert (file, reason) == ("a.eml", "cannot be read as e-mail: unknown encoding: klingon")


def read_box(folder: Path, *mails: EmailMessage) -> Reading:
    box = mailbox.mbox(folder / "support.mbox")
    for mail in mails:
        box.add(mail)
    box.close()
    return read(folder / "support.mbox")


def test_a_mailbox_pairs_replies_with_the_messages_they_answer(tmp_path):
    reading = read_box(
        tmp_path,
        message("Hello,\n\nwhen do you deliver to Rome?\n\nAnna", "Rome", sender="anna@example.org", Message_ID="<1@x>"),
        message("From Monday on, within 3 days.", "Re: Rome", Message_ID="<2@x>", In_Reply_To="<1@x>"),
        message("Thank you so much!", "Re: Rome", sender="anna@example.org", Message_ID="<3@x>", In_Reply_To="<2@x>"),
        message("And one more thing.", "Rome", sender="anna@example.org", Message_ID="<4@x>", In_Reply_To="<1@x>"),
        message("Buy now.", "Offers", sender="news@example.org", Message_ID="<5@x>"),
        message("No.\n\n> Do you have shops?", "Re: Shops", Message_ID="<6@x>", In_Reply_To="<gone@x>"),
    )
    assert [(one.questions, one.text) for one in reading.articles] == [
        (("when do you deliver to Rome?",), "From Monday on, within 3 days."),
        (("Do you have shops?",), "No."),
    ]
    assert [reason for _, reason in reading.failures] == [
        "message 4: neither quotes a question nor replies to a message of the file",
        "message 5: neither quotes a question nor replies to a message of the file",
    ]
