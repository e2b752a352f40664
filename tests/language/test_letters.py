"""What customers wrote themselves, in replies as mail programs of twelve languages make them."""

import pytest

from tongshi.language.letters import bare_subject, is_automatic, reply_words

QUOTED = "> Thanks for your message.\n> Your order MD-10234 was shipped.\n>\n> Meridian\n"

REPLIES = {
    "en gmail": (
        "Hi,\n"
        "\n"
        "it still hasn't arrived. Can you check again?\n"
        "\n"
        "Thanks,\n"
        "Anna\n"
        "\n"
        "On Mon, Nov 16, 2026 at 10:12 AM Meridian <support@shop.example> wrote:\n"
        "\n" + QUOTED,
        "it still hasn't arrived. Can you check again?",
    ),
    "en iphone": (
        "Where is MD-10234?\n"
        "\n"
        "Sent from my iPhone\n"
        "\n"
        "> On Nov 16, 2026, at 10:12, Meridian <support@shop.example> wrote:\n"
        "> \n"
        "> Hello\n",
        "Where is MD-10234?",
    ),
    "en outlook": (
        "Please cancel it.\n"
        "\n"
        "Best regards\n"
        "Anna Smith\n"
        "Head of Something | ACME\n"
        "\n"
        "From: Meridian <support@shop.example>\n"
        "Sent: Monday, November 16, 2026 10:12 AM\n"
        "To: Anna Smith <anna@x.example>\n"
        "Subject: Re: Order\n"
        "\n"
        "Thanks for your message.\n",
        "Please cancel it.",
    ),
    "en thanks": (
        "I got the parcel.\n"
        "Thanks, but one item is missing: the charger.\n"
        "\n"
        "On Mon, Nov 16, 2026 at 10:12 AM Meridian <support@shop.example> wrote:\n" + QUOTED,
        "I got the parcel.\nThanks, but one item is missing: the charger.",
    ),
    "en list": (
        "I have:\n- a watch\n- a phone\n\nCan I return both?\n\n--\nAnna Smith\n+44 1234",
        "I have:\n- a watch\n- a phone\n\nCan I return both?",
    ),
    "de gmail": (
        "Hallo,\n"
        "\n"
        "wo bleibt denn meine Bestellung MD-10234?\n"
        "\n"
        "Viele Grüße\n"
        "Anna Schmidt\n"
        "\n"
        "Am Mo., 16. Nov. 2026 um 10:12 Uhr schrieb Meridian <support@shop.example>:\n"
        "\n" + QUOTED,
        "wo bleibt denn meine Bestellung MD-10234?",
    ),
    "de outlook": (
        "Bitte stornieren.\n"
        "\n"
        "Mit freundlichen Grüßen\n"
        "Anna Schmidt\n"
        "\n"
        "Von: Meridian <support@shop.example>\n"
        "Gesendet: Montag, 16. November 2026 10:12\n"
        "An: Anna <anna@x.example>\n"
        "Betreff: AW: Bestellung\n"
        "\n"
        "Danke.\n",
        "Bitte stornieren.",
    ),
    "de handy": (
        "Ja, bitte zurücknehmen.\n"
        "\n"
        "Von meinem iPhone gesendet\n"
        "\n"
        "> Am 16.11.2026 um 10:12 schrieb Meridian <support@shop.example>:\n"
        "> \n"
        "> Hallo\n",
        "Ja, bitte zurücknehmen.",
    ),
    "fr gmail": (
        "Bonjour,\n"
        "\n"
        "je n'ai toujours rien reçu.\n"
        "\n"
        "Cordialement,\n"
        "Anne\n"
        "\n"
        "Le lun. 16 nov. 2026 à 10:12, Meridian <support@shop.example> a écrit :\n"
        "\n" + QUOTED,
        "je n'ai toujours rien reçu.",
    ),
    "es gmail": (
        "Hola:\n"
        "\n"
        "¿Puedo devolver los auriculares?\n"
        "\n"
        "Un saludo,\n"
        "Ana\n"
        "\n"
        "El lun, 16 nov 2026 a las 10:12, Meridian (<support@shop.example>) escribió:\n"
        "\n" + QUOTED,
        "¿Puedo devolver los auriculares?",
    ),
    "it gmail": (
        "Buongiorno,\n"
        "\n"
        "vorrei cambiare il colore dello zaino.\n"
        "\n"
        "Cordiali saluti\n"
        "Anna\n"
        "\n"
        "Il giorno lun 16 nov 2026 alle ore 10:12 Meridian <support@shop.example> ha scritto:\n"
        "\n" + QUOTED,
        "vorrei cambiare il colore dello zaino.",
    ),
    "pt gmail": (
        "Olá,\n"
        "\n"
        "quando chega a minha encomenda?\n"
        "\n"
        "Atenciosamente,\n"
        "Ana\n"
        "\n"
        "Em seg., 16 de nov. de 2026 às 10:12, Meridian <support@shop.example> escreveu:\n"
        "\n" + QUOTED,
        "quando chega a minha encomenda?",
    ),
    "ru gmail": (
        "Здравствуйте!\n"
        "\n"
        "Где мой заказ MD-10234?\n"
        "\n"
        "С уважением,\n"
        "Анна\n"
        "\n"
        "пн, 16 нояб. 2026 г. в 10:12, Meridian <support@shop.example>:\n"
        "\n" + QUOTED,
        "Где мой заказ MD-10234?",
    ),
    "ja gmail": (
        "お世話になっております。\n"
        "\n"
        "注文MD-10234はいつ届きますか。\n"
        "\n"
        "よろしくお願いいたします。\n"
        "山田\n"
        "\n"
        "2026年11月16日(月) 10:12 Meridian <support@shop.example>:\n"
        "\n" + QUOTED,
        "お世話になっております。\n\n注文MD-10234はいつ届きますか。",
    ),
    "ko gmail": (
        "안녕하세요,\n"
        "\n"
        "주문 MD-10234는 언제 도착하나요?\n"
        "\n"
        "감사합니다.\n"
        "김안나 드림\n"
        "\n"
        "2026년 11월 16일 (월) 오전 10:12, Meridian <support@shop.example>님이 작성:\n"
        "\n" + QUOTED,
        "주문 MD-10234는 언제 도착하나요?",
    ),
    "zh gmail": (
        "你好，\n"
        "\n"
        "我的订单MD-10234什么时候到？\n"
        "\n"
        "谢谢！\n"
        "安娜\n"
        "\n"
        "Meridian <support@shop.example> 于2026年11月16日周一 10:12写道：\n"
        "\n" + QUOTED,
        "我的订单MD-10234什么时候到？",
    ),
    "zh qq": (
        "我的订单MD-10234什么时候到？\n"
        "\n"
        "\n"
        "\n"
        "------------------ 原始邮件 ------------------\n"
        '发件人: "Meridian" <support@shop.example>;\n'
        "发送时间: 2026年11月16日(星期一) 上午10:12\n"
        '收件人: "安娜"<anna@qq.example>;\n'
        "主题: Re: 订单\n"
        "\n"
        "您好\n",
        "我的订单MD-10234什么时候到？",
    ),
    "zh iphone": (
        "想退货\n\n发自我的iPhone\n\n> 在 2026年11月16日，上午10:12，Meridian <support@shop.example> 写道：\n> \n> 您好\n",
        "想退货",
    ),
    "ar gmail": (
        "مرحبا،\n"
        "\n"
        "أين طلبي MD-10234؟\n"
        "\n"
        "مع التحية،\n"
        "آنا\n"
        "\n"
        "في الاثنين، 16 نوفمبر 2026 في 10:12 ص تمت كتابة ما يلي بواسطة Meridian <support@shop.example>:\n"
        "\n" + QUOTED,
        "أين طلبي MD-10234؟",
    ),
    "th gmail": (
        "สวัสดีค่ะ\n"
        "\n"
        "พัสดุ MD-10234 จะมาถึงเมื่อไหร่คะ\n"
        "\n"
        "ขอบคุณค่ะ\n"
        "แอนนา\n"
        "\n"
        "ในวันที่ จ. 16 พ.ย. 2026 เวลา 10:12 Meridian <support@shop.example> เขียนว่า:\n"
        "\n" + QUOTED,
        "สวัสดีค่ะ\n\nพัสดุ MD-10234 จะมาถึงเมื่อไหร่คะ",
    ),
    "inline": (
        "> Do you want a refund or an exchange?\n\nA refund please.\n",
        "A refund please.",
    ),
    "bottom": (
        "On Mon, Nov 16, 2026 at 10:12 AM Meridian <support@shop.example> wrote:\n> Which colour?\n\nBlack, please.\n",
        "Black, please.",
    ),
    "yandex": (
        'Где заказ?\n\n16.11.2026, 10:12, "Meridian" <support@shop.example>:\n> Здравствуйте\n',
        "Где заказ?",
    ),
    "ru iphone": (
        "Где заказ?\n"
        "\n"
        "Отправлено с iPhone\n"
        "\n"
        "> 16 нояб. 2026 г., в 10:12, Meridian <support@shop.example> написал(а):\n"
        "> \n"
        "> Здравствуйте\n",
        "Где заказ?",
    ),
    "ja iphone": (
        "いつ届きますか\n\niPhoneから送信\n\n> 2026/11/16 10:12、Meridian <support@shop.example>のメール:\n> \n> こんにちは\n",
        "いつ届きますか",
    ),
    "naver": (
        "언제 오나요?\n"
        "\n"
        "-----Original Message-----\n"
        'From: "Meridian"<support@shop.example>\n'
        'To: "김안나"<a@naver.example>;\n'
        "Cc:\n"
        "Sent: 2026-11-16 (월) 10:12:00 (GMT+09:00)\n"
        "Subject: Re: 주문\n"
        "\n"
        "안녕하세요\n",
        "언제 오나요?",
    ),
}


@pytest.mark.parametrize("name", REPLIES)
def test_quotations_greetings_and_signatures_are_no_part_of_what_is_said(name):
    text, said = REPLIES[name]
    assert reply_words(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, but where is it?",
        "Danke",
        "พัสดุส่งจากไหนคะ",
        "从我的账户扣款了两次",
        "중국에서 발송됨이라고 나오는데 언제 와요?",
        "Meine Bestellung: MD-10234\nMeine Adresse: anna@x.example",
        "Where is it?\n\nMD-10234\nanna@x.example",
    ],
)
def test_what_only_resembles_a_closing_stays(text):
    assert reply_words(text) == text


def test_a_message_of_nothing_but_a_quotation_says_nothing():
    assert reply_words("> hello\n> there") == ""


@pytest.mark.parametrize(
    ("subject", "automatic"),
    [
        ("Automatic reply: Your order", True),
        ("Automatische Antwort: AW: Bestellung", True),
        ("自动回复：关于订单", True),
        ("自動応答: 注文", True),
        ("Réponse automatique : commande", True),
        ("Re: is this an automatic reply?", False),
        ("", False),
    ],
)
def test_automatic_replies_are_known_by_the_beginning_of_their_subject(subject, automatic):
    assert is_automatic(subject) is automatic


@pytest.mark.parametrize("subject", ["Re: AW: Order", "回复：Order", "RE[2]: Order", "Order"])
def test_a_subject_is_told_without_the_marks_of_replies(subject):
    assert bare_subject(subject) == "Order"
