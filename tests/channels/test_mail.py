"""E-mail between a real IMAP server (Dovecot) and a real SMTP server (aiosmtpd)."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from email.message import EmailMessage

import pytest

from tests.channels.conftest import serving
from tests.channels.mailservers import PASSWORD, USER, Dovecot, SmtpServer, make_certificate
from tests.channels.test_letters import nested
from tongshi import clock
from tongshi.channels import mail, mail_sending, mailbox
from tongshi.channels.continuing import make_switchboard
from tongshi.channels.guard import Guard
from tongshi.channels.mail import EmailChannel
from tongshi.conversations.continuing import make_continuations
from tongshi.evaluation.running import is_reply
from tongshi.language.identify import get_identifier
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.storage.mail import MailStore
from tongshi.storage.models import GIVEN_UP, SENT, Message

pytestmark = pytest.mark.skipif(not Dovecot.is_there(), reason="needs Debian's dovecot-imapd")
ANNA = "Anna <anna@x.example>"
_numbers = itertools.count(1)


@pytest.fixture
def dovecot():
    server = Dovecot()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def smtp():
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(dovecot, smtp, tmp_path):
    return Settings(
        home=tmp_path / "home", email_address=USER, email_password=PASSWORD, email_imap=dovecot.url, email_smtp=smtp.url
    )


@pytest.fixture
def stores(stores):
    """Without an inbox: e-mails wait in the mailbox."""
    return {name: store for name, store in stores.items() if name != "inbox"}


@pytest.fixture
def channel(settings, stores, database, handovers):
    """Makes the channel anew, as a start of the system does."""

    def channel() -> EmailChannel:
        return EmailChannel.from_settings(settings, mails=MailStore(database), handovers=handovers, **stores)

    return channel


@pytest.fixture
async def started(channel, serve, database, dovecot):
    await serve(channel())
    await until(lambda: MailStore(database).read_until(f"{USER}@127.0.0.1/INBOX"))


async def until(true, seconds: float = 30):
    """Wait until something is so; gives what it is."""
    async with asyncio.timeout(seconds):
        while not (found := await asyncio.to_thread(true)):
            await asyncio.sleep(0.05)
    return found


def written(text: str = "where is MD-10234?", subject: str = "My order", sender: str = ANNA, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = USER
    message["Subject"] = subject
    message["Message-ID"] = headers.pop("message_id", f"<{next(_numbers)}@x.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def answer_to(answer: EmailMessage, text: str, **headers: str) -> EmailMessage:
    """What a mail program makes when somebody answers."""
    quoted = "".join(f"> {line}\n" for line in answer.get_body("plain").get_content().splitlines())
    references = f"{answer['References']} {answer['Message-ID']}"
    text = f"{text}\n\nAm Mo., 16. Nov. 2026 um 10:12 Uhr schrieb Meridian <{USER}>:\n{quoted}"
    return written(text, f"AW: {answer['Subject']}", In_Reply_To=answer["Message-ID"], References=references, **headers)


async def sent(smtp: SmtpServer, count: int = 1) -> list[EmailMessage]:
    await until(lambda: len(smtp.messages) >= count)
    return smtp.messages


def words_of(message: EmailMessage) -> str:
    return message.get_body("plain").get_content().replace("\r\n", "\n")


async def test_without_settings_nothing_is_read(serve, stores):
    client = await serve(EmailChannel.from_settings(Settings(), **stores))
    assert (await client.get("/")).status_code == 404


async def test_an_answer_goes_out_in_its_thread_with_links_and_says_that_it_is_automatic(started, dovecot, smtp, bot, store):
    citation = {"article": "returns", "quote": "30", "lang": "de", "title": "Rückgabe"}
    bot.says = [
        {"text": "Guten Tag!"},
        {
            "text": "Binnen **30 Tagen**, siehe <b>.",
            "custom": {"citations": [citation]},
            "buttons": [{"title": "Ja", "payload": "/a"}],
        },
    ]
    dovecot.deliver(written("Wie lange kann ich etwas zurückgeben?\n\nViele Grüße\nAnna", "Rückgabe", message_id="<1@x.example>"))
    (answer,) = await sent(smtp)
    assert await bot.hears() == ["Rückgabe\nWie lange kann ich etwas zurückgeben?"]
    assert (answer["To"], answer["From"], answer["Subject"]) == ("anna@x.example", f"Meridian <{USER}>", "Re: Rückgabe")
    assert (answer["In-Reply-To"], answer["References"]) == ("<1@x.example>", "<1@x.example>")
    assert (answer["Auto-Submitted"], answer["Content-Language"]) == ("auto-replied", "de")
    text = words_of(answer)
    assert text.startswith("Guten Tag!\n\nBinnen 30 Tagen, siehe <b>.\n\n📄 Rückgabe\n\n• Ja\n\n———")
    assert is_reply("utter_email_footer", "de", text)
    html = answer.get_body("html").get_content()
    assert "<strong>30 Tagen</strong>, siehe &lt;b&gt;." in html and '<html lang="de">' in html
    (sender,) = {message.sender for message, _ in store.recent()}
    assert [one.author for one in store.messages(sender)] == ["customer", "bot"] and "anna" not in sender
    await until(lambda: r"\Answered" in dovecot.flags()["<1@x.example>"] and r"\Seen" in dovecot.flags()["<1@x.example>"])


async def test_a_thread_is_a_conversation_of_one_customer(started, dovecot, smtp, bot, store):
    dovecot.deliver(written())
    (first,) = await sent(smtp)
    dovecot.deliver(answer_to(first, "und wann kommt sie?"))
    second = (await sent(smtp, 2))[1]
    assert (await bot.hears(2))[1] == "und wann kommt sie?"
    assert second["References"].split() == [first["In-Reply-To"], first["Message-ID"], second["In-Reply-To"]]
    dovecot.deliver(answer_to(second, "danke", sender="Bert <bert@y.example>"))
    dovecot.deliver(written("another matter", "Something else"))
    await bot.hears(4)
    senders = [message.sender_id for message in bot.heard]
    assert senders[0] == senders[1] and len(set(senders)) == 3


async def test_a_message_is_handled_once_over_restarts_and_copies(channel, database, dovecot, smtp, bot):
    dovecot.deliver(written("from before", message_id="<0@x.example>"))
    name = f"{USER}@127.0.0.1/INBOX"
    async with serving(channel(), bot):
        await until(lambda: MailStore(database).read_until(name))
        dovecot.deliver(written("hello", message_id="<1@x.example>"))
        await sent(smtp)
    dovecot.deliver(written("hello", message_id="<1@x.example>"))
    dovecot.deliver(written("more", message_id="<2@x.example>"))
    MailStore(database).set_read_until(name, 1, 99)  # as if the server had numbered its messages anew
    async with serving(channel(), bot):
        await sent(smtp, 2)
        await asyncio.sleep(0.3)
    said = [text.splitlines()[-1] for text in await bot.hears(2)]
    assert said.count("hello") == 1 and said.count("more") == 1 and len(smtp.messages) == len(said)


async def test_what_a_stopped_system_left_unanswered_a_person_answers(channel, database, dovecot, smtp, bot, store, handovers):
    bot.seconds = 20
    name = f"{USER}@127.0.0.1/INBOX"
    async with serving(channel(), bot):
        await until(lambda: MailStore(database).read_until(name))
        dovecot.deliver(written("Wo ist denn meine Bestellung geblieben?"))
        await bot.hears()
    (kept,) = [message for message, _ in store.recent()]
    with database.session() as session:
        session.query(Message).update({"at": clock.now() - timedelta(minutes=5)})
    async with serving(channel(), bot):
        (word,) = await sent(smtp)
    assert is_reply("utter_email_waits", "de", words_of(word)) and len(bot.heard) == 1
    assert store.handover(kept.sender).state == "waiting"


@pytest.mark.parametrize(
    ("says", "text", "files"),
    [
        ([{"text": "Das weiß ich nicht.", "utter_action": "utter_answer_unknown"}], "Kann man damit auch tauchen gehen?", ()),
        (
            [{"text": "Ich hole jemanden.", "utter_action": "utter_handoff_queued"}],
            "Ich möchte bitte einen Menschen sprechen",
            (),
        ),
        ([], "Das ist eine sehr lange Geschichte über mein Paket. " * 60, ()),
        ([], "", (b"\x89PNG", b"%PDF")),
    ],
)
async def test_what_is_uncertain_waits_for_a_person(
    started, dovecot, smtp, bot, store, handovers, attachments, says, text, files
):
    bot.says = says
    message = written(text, "Frage zu meiner Bestellung bei Ihnen")
    for number, data in enumerate(files):
        message.add_attachment(data, "image", "png", filename=f"../bild {number}.png")
    dovecot.deliver(message)
    (word,) = await sent(smtp)
    assert is_reply("utter_email_waits", "de", words_of(word)) or files
    ((kept, _),) = store.recent()
    handover = store.handover(kept.sender)
    assert handover.state == "waiting" and handover.case.number in words_of(word)
    asked = store.messages(kept.sender)[0]
    shown = asked.extras.get("attachments", [])
    assert [(one["name"], one["kind"]) for one in shown] == [(f"bild {n}.png", "image/png") for n in range(len(files))]
    assert [attachments.get(one["id"]).data for one in shown] == list(files)
    assert r"\Seen" not in dovecot.flags()[message["Message-ID"]]
    handovers.say(kept.sender, "Guten Tag, hier ist Eva.", "email", "de")
    person = (await sent(smtp, 2))[1]
    assert words_of(person).strip() == "Guten Tag, hier ist Eva." and person["Auto-Submitted"] is None
    assert person["In-Reply-To"] == message["Message-ID"]


async def test_a_message_that_cannot_be_taken_apart_waits_for_a_person_and_the_next_is_answered(
    started, dovecot, smtp, bot, store, attachments
):
    dovecot.deliver(nested(1000))
    dovecot.deliver(written(sender="Bert <bert@y.example>"))
    answers = {message["To"]: words_of(message) for message in await sent(smtp, 2)}
    assert is_reply("utter_email_waits", "en", answers["anna@x.example"]) and len(bot.heard) == 1
    (waiting,) = store.handovers()
    ((file,),) = [one.extras["attachments"] for one in store.messages(waiting.sender) if one.author == "customer"]
    assert file["name"] == "message.eml" and len(attachments.get(file["id"]).data) == len(nested(1000))


async def test_a_message_that_brings_the_system_down_waits_for_a_person_in_the_end(channel, database, dovecot, smtp, bot, store):
    name, mails = f"{USER}@127.0.0.1/INBOX", MailStore(database)
    async with serving(channel(), bot):
        await until(lambda: mails.read_until(name))
    dovecot.deliver(written())
    dovecot.deliver(written(sender="Bert <bert@y.example>"))
    _, last = mails.read_until(name)
    assert [mails.begin_reading(name, last + 1) for _ in range(2)] == [0, 1]
    async with serving(channel(), bot):
        answers = {message["To"]: words_of(message) for message in await sent(smtp, 2)}
    assert is_reply("utter_email_waits", "en", answers["anna@x.example"]) and len(bot.heard) == 1
    (waiting,) = store.handovers()
    ((file,),) = [one.extras["attachments"] for one in store.messages(waiting.sender) if one.author == "customer"]
    assert file["name"] == "message.eml" and mails.begin_reading(name, last + 1) == 0


async def test_what_was_done_is_said_also_where_something_stays_open(started, dovecot, smtp, bot):
    bot.says = [{"text": "Your order is cancelled."}, {"text": "I do not know.", "utter_action": "utter_answer_unknown"}]
    dovecot.deliver(written("Please cancel my order. Also, what is the meaning of life?"))
    (answer,) = await sent(smtp)
    assert words_of(answer).startswith("Your order is cancelled.\n\n") and is_reply("utter_email_waits", "en", words_of(answer))


def report(failed: EmailMessage, action: str = "failed") -> bytes:
    return (
        f"From: MAILER-DAEMON@x.example\r\nTo: {USER}\r\nSubject: Undelivered\r\nMessage-ID: <b@x.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt came back.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n"
        f"Final-Recipient: rfc822; {failed['To']}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {failed['Message-ID']}\r\n\r\n--b--\r\n"
    ).encode()


async def test_a_message_that_came_back_is_reported_as_not_delivered(started, dovecot, smtp, store, outbox):
    dovecot.deliver(written())
    (answer,) = await sent(smtp)
    ((kept, _),) = store.recent()
    await until(lambda: outbox.of_message(kept.message_id).state == SENT)
    dovecot.deliver(report(answer, "delayed"))
    dovecot.deliver(report(answer))
    await until(lambda: outbox.of_message(kept.message_id).state == GIVEN_UP)
    assert len(smtp.messages) == 1


async def test_automatic_mail_and_our_own_is_never_answered(started, dovecot, smtp, bot, store):
    silent = [
        written(sender=f"Meridian <{USER}>"),
        written(Auto_Submitted="auto-replied"),
        written(subject="自动回复：我在休假"),
        written(List_Id="<news.x.example>"),
        written(Return_Path="<>"),
        written(sender="no-reply@x.example"),
    ]
    for message in [*silent, written("a person")]:
        dovecot.deliver(message)
    await sent(smtp)
    assert len(bot.heard) == 1 and len(store.recent()) == 1


async def test_who_writes_without_end_is_left_to_a_person(started, dovecot, smtp, bot, store, monkeypatch):
    monkeypatch.setattr(mail, "_MOST_AN_HOUR", 2)
    for number in range(2):
        dovecot.deliver(written(f"I am a machine and answer at once {number}"))
    await sent(smtp, 2)
    for number in range(2, 4):
        dovecot.deliver(written(f"I am a machine and answer at once {number}"))
    await until(lambda: len(store.handovers()) == 2)
    assert len(bot.heard) == 2 and len(smtp.messages) == 2


async def test_a_mail_server_in_trouble_is_asked_again_and_a_refusal_is_the_end(started, dovecot, smtp, store, outbox):
    smtp.troubles = ["451 later"]
    dovecot.deliver(written())
    await sent(smtp)
    assert smtp.tries == 2
    smtp.troubles = ["550 no such user"]
    dovecot.deliver(written("and another thing"))
    await until(lambda: [one.given_up for one in outbox.backlogs(clock.now() - timedelta(days=1))] == [1])
    assert len(smtp.messages) == 1


async def test_a_message_sent_again_has_the_same_name(started, dovecot, smtp):
    smtp.troubles = ["drop"]
    dovecot.deliver(written())
    first, second = await sent(smtp, 2)
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_mailbox_that_goes_away_and_comes_back_is_read_on(started, dovecot, smtp):
    dovecot.stop()
    await asyncio.sleep(0.5)
    dovecot.start()
    dovecot.deliver(written())
    await until(lambda: smtp.messages, 20)


async def test_while_a_person_has_the_conversation_the_bot_is_silent(started, dovecot, smtp, bot, store, handovers):
    dovecot.deliver(written())
    (answer,) = await sent(smtp)
    ((kept, _),) = store.recent()
    handovers.take(kept.sender)
    dovecot.deliver(answer_to(answer, "hallo?"))
    await until(lambda: len(store.messages(kept.sender)) == 3)
    await asyncio.sleep(0.3)
    assert len(bot.heard) == 1 and len(smtp.messages) == 1


async def test_another_password_is_no_reason_to_fall_over(settings, stores, serve, bot, handovers, database):
    wrong = Settings(**{**settings.__dict__, "email_password": "wrong"})
    await serve(EmailChannel.from_settings(wrong, mails=MailStore(database), handovers=handovers, **stores))
    await asyncio.sleep(1)
    assert MailStore(database).read_until(f"{USER}@127.0.0.1/INBOX") is None


@pytest.mark.parametrize("starts_tls", [False, True])
async def test_servers_are_spoken_to_only_under_a_certificate_that_is_trusted(
    tmp_path, monkeypatch, stores, serve, handovers, database, starts_tls
):
    for module in (mailbox, mail_sending):
        monkeypatch.setattr(module, "is_local", lambda host: False)
    certificate = make_certificate(tmp_path)
    dovecot, smtp = Dovecot(certificate, starts_tls=starts_tls), SmtpServer(certificate, starts_tls=starts_tls)
    dovecot.start()
    smtp.start()
    settings = Settings(
        home=tmp_path / "home", email_address=USER, email_password=PASSWORD, email_imap=dovecot.url, email_smtp=smtp.url
    )
    try:
        await serve(EmailChannel.from_settings(settings, mails=MailStore(database), handovers=handovers, **stores))
        await asyncio.sleep(1)
        assert MailStore(database).read_until(f"{USER}@127.0.0.1/INBOX") is None
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await until(lambda: MailStore(database).read_until(f"{USER}@127.0.0.1/INBOX"))
        dovecot.deliver(written())
        await sent(smtp)
    finally:
        smtp.stop()
        dovecot.remove()


async def test_a_code_in_an_e_mail_leads_its_thread_into_the_conversation_also_of_a_person(
    stores, database, settings, channel, serve, dovecot, smtp, bot, store, handovers, attachments
):
    switchboard = make_switchboard(settings, database)
    stores["guard"] = Guard(store, handovers, get_replies(), get_identifier(), deadline=5, language="en", switchboard=switchboard)
    await serve(channel())
    await until(lambda: MailStore(database).read_until(f"{USER}@127.0.0.1/INBOX"))
    handovers.take("web-anna")
    code = make_continuations(settings, database).invite("web-anna").code
    dovecot.deliver(written(f"Hello,\n\n{code}\n\nKind regards\nAnna", "My case"))
    (joined,) = await sent(smtp)
    assert is_reply("utter_continued", "en", words_of(joined))
    question = answer_to(joined, "And now?")
    question.add_attachment(b"%PDF", "application", "pdf", filename="receipt.pdf")
    dovecot.deliver(question)
    await until(lambda: len([one for one in store.messages("web-anna") if one.author == "customer"]) == 2)
    (file,) = store.messages("web-anna")[-1].extras["attachments"]
    assert attachments.get(file["id"]).sender == "web-anna"
    handovers.say("web-anna", "It is on its way, Anna.", "web", "en")
    assert words_of((await sent(smtp, 2))[1]).startswith("It is on its way, Anna.") and bot.heard == []
