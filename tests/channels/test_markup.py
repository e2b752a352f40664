import pytest

from tongshi.channels.markup import PLAIN, SLACK, TELEGRAM, WHATSAPP, split

ARTICLE = """## Returns

Send it back within **30 days**, *unused*, see [the rules](https://shop.example/rules?a=1&b=2).

1. Open `My orders`
2. Print the ~~bill~~ label
   - on paper
"""


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        (
            SLACK,
            "*Returns*\n\nSend it back within *30 days*, _unused_, see <https://shop.example/rules?a=1&amp;b=2|the rules>.\n\n"
            "1. Open `My orders`\n2. Print the ~bill~ label\n   • on paper",
        ),
        (
            TELEGRAM,
            "<b>Returns</b>\n\nSend it back within <b>30 days</b>, <i>unused</i>, see "
            '<a href="https://shop.example/rules?a=1&amp;b=2">the rules</a>.\n\n'
            "1. Open <code>My orders</code>\n2. Print the <s>bill</s> label\n   • on paper",
        ),
        (
            PLAIN,
            "Returns\n\nSend it back within 30 days, unused, see the rules (https://shop.example/rules?a=1&b=2).\n\n"
            "1. Open My orders\n2. Print the bill label\n   • on paper",
        ),
        (
            WHATSAPP,
            "*Returns*\n\nSend it back within *30 days*, _unused_, see the rules (https://shop.example/rules?a=1&b=2).\n\n"
            "1. Open `My orders`\n2. Print the ~bill~ label\n   • on paper",
        ),
    ],
)
def test_an_article_is_written_as_each_platform_writes(markup, written):
    assert markup(ARTICLE) == written


@pytest.mark.parametrize(
    ("text", "slack", "telegram"),
    [
        ("<!channel> 5 < 6 & 7", "&lt;!channel&gt; 5 &lt; 6 &amp; 7", "&lt;!channel&gt; 5 &lt; 6 &amp; 7"),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;", "&lt;b&gt;bold&lt;/b&gt;"),
        ("[x](ftp://a.example)", "x", "x"),
        ("[x](https://a.example/|y)", "<https://a.example/%7Cy|x>", '<a href="https://a.example/%7Cy">x</a>'),
        ('[x](<https://a.example/"y>)', "<https://a.example/%22y|x>", '<a href="https://a.example/%22y">x</a>'),
    ],
)
def test_what_somebody_wrote_cannot_become_markup_of_the_platform(text, slack, telegram):
    assert (SLACK(text), TELEGRAM(text)) == (slack, telegram)


@pytest.mark.parametrize(
    "text",
    [
        "Order MD_10_234 costs 5 * 3 * 2 €",
        "• Aurora – 199,00 €\n• Volt – 49,00 €",
        "> less than that",
        "订单号：MD-10234（已发货）",
        "⁨MD-10234⁩ في الطريق",
    ],
)
def test_plain_words_and_their_lines_stay_as_they_are(text):
    assert PLAIN(text) == text


def test_a_long_text_is_cut_between_paragraphs_then_sentences_then_words():
    paragraphs = "\n\n".join(f"This is paragraph {number}. It has a second sentence." for number in range(20))
    pieces = split(paragraphs, lambda piece: len(piece) <= 200)
    assert all(len(piece) <= 200 and piece.endswith("sentence.") for piece in pieces)
    assert "\n\n".join(pieces) == paragraphs
    (first, *_) = split("One sentence here. Another sentence that is rather long.", lambda piece: len(piece) <= 30)
    assert first == "One sentence here."
    assert split("words " * 30, lambda piece: len(piece) <= 50)[0].endswith("words")
    assert split("退货" * 50 + "。" + "换货" * 50, lambda piece: len(piece) <= 120)[0].endswith("。")


def test_what_has_no_seams_is_cut_between_characters():
    family = "👨‍👩‍👧‍👦"
    pieces = split(family * 100, lambda piece: len(piece) <= 50)
    assert "".join(pieces) == family * 100 and all(not len(piece) % len(family) for piece in pieces)
