"""Reading files into articles: every kind of file, broken files, languages and ids, and importing twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.knowledge.helpers import HashEncoder
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import PASSAGE_LENGTH, Article, Reading, passages, read_until
from tongshi.knowledge.base import Change, KnowledgeBase
from tongshi.knowledge.importing import read
from tongshi.language.identify import Identification
from tongshi.language.text import scripts
from tongshi.storage.database import Database
from tongshi.storage.knowledge import KnowledgeStore

CHINESE = "您可以在收到商品后三十天内免费退货。"
ARABIC = "يمكنك إرجاع المنتج خلال ثلاثين يوما مجانا."


def identify(text: str) -> Identification:
    """Tells Chinese, Arabic and English apart by their scripts."""
    counts = scripts(text)
    if not counts:
        return Identification(None, 0.0)
    return Identification({"Han": "zh", "Arabic": "ar", "Latin": "en"}.get(max(counts, key=counts.get)), 1.0)


def pdf_bytes(lines: Sequence[str]) -> bytes:
    """A PDF of one page that shows lines of ASCII text."""
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 6\n0000000000 65535 f \n"
    return data + head + b"%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (table, len(data))


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_one(folder: Path, name: str, content: str | bytes) -> Article:
    """The one article that a file holds."""
    reading = read(put(folder, name, content), identify)
    assert reading.failures == []
    (article,) = reading.articles
    return article


def failure(folder: Path, name: str, content: str | bytes) -> str:
    """Why a file that holds nothing readable failed."""
    reading = read(put(folder, name, content), identify)
    assert reading.articles == []
    ((file, reason),) = reading.failures
    assert file == name
    return reason


def ids(reading: Reading) -> list[tuple[str, str]]:
    return [(article.article_id, article.language) for article in reading.articles]


def test_markdown_keeps_headings_lists_and_tables(tmp_path):
    text = "# Returns\n\nSend it **back**\nfor [free](x).\n\n- one\n- *two*, **too**!\n  - three"
    text += "\n\n| Land | Days |\n|---|---|\n| DE | 2 |\n"
    article = read_one(tmp_path, "Return policy.md", text)
    assert article.text == "# Returns\n\nSend it back for free.\n\n- one\n- two, too!\n- three\n\nLand | Days\nDE | 2"
    assert (article.article_id, article.title, article.language) == ("return-policy", "Returns", "en")
    assert article.source == "Return policy.md"


def test_front_matter_decides(tmp_path):
    text = "---\r\nid: Returns\r\nlanguage: pt-BR\r\ntitle: Devolver\r\nquestions: [how, how, 7]\r\n"
    text += "---\r\n\r\n# Other\r\n\r\nBody.\r\n"
    article = read_one(tmp_path, "x.de.md", text)
    assert (article.article_id, article.language, article.title) == ("Returns", "pt", "Devolver")
    assert article.questions == ("how", "7")


@pytest.mark.parametrize(("given", "language"), [("zh_Hant", "zh"), ("Deutsch", "de"), ("FRENCH", "fr"), ("ita", "it")])
def test_a_language_may_be_a_code_or_a_name(tmp_path, given, language):
    assert read_one(tmp_path, "x.md", f"---\nlanguage: {given}\n---\n{CHINESE}").language == language


def test_what_stands_between_rules_is_text_unless_it_has_fields(tmp_path):
    assert read_one(tmp_path, "a.md", "---\nMoved to Rome\n---\n\nCome in.").text == "## Moved to Rome\n\nCome in."
    assert read_one(tmp_path, "a.md", "---\n# no fields\n---\nCome in.").text == "Come in."


def test_plain_text(tmp_path):
    article = read_one(tmp_path, "退货.txt", f"{CHINESE}\n\n\n\n• 一\n• 二\n")
    assert article.text == f"{CHINESE}\n\n- 一\n- 二"
    assert (article.article_id, article.language, article.title) == ("退货", "zh", "退货")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_of_unicode(tmp_path, encoding):
    assert read_one(tmp_path, "a.txt", f"Hello, {ARABIC}".encode(encoding)).text == f"Hello, {ARABIC}"


def test_western_text_in_windows_1252(tmp_path):
    text = "Rückgabe für 5 € möglich, „Größe“ egal … all else is as usual, as it is everywhere: «Voilà» – ¡sí! Hotel €€€"
    assert read_one(tmp_path, "a.txt", text.encode("cp1252")).text == text


def test_html_without_scripts_and_navigation(tmp_path):
    page = f"""<html><head><title>Shop</title><style>p {{}}</style></head><body><nav><a>Home</a></nav><script>x()</script>
    <h2>الإرجاع<br>مجانا</h2><div>{ARABIC}<p>one<br>two <b>three</b>, four</p><!-- no --></div>
    <ul><li>a<ul><li>b</li></ul></li><li><p>c</p></ul>
    <table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>"""
    article = read_one(tmp_path, "page.htm", page)
    assert article.text == f"## الإرجاع مجانا\n\n{ARABIC}\n\none\ntwo three, four\n\n- a\n- b\n- c\n\nx | y\n1 | 2"
    assert (article.language, article.title) == ("ar", "الإرجاع مجانا")


def test_html_title_and_declared_encoding(tmp_path):
    page = f'<meta charset="gb2312"><title>退货说明</title><p>{CHINESE}</p>'.encode("gb2312")
    article = read_one(tmp_path, "page.html", page)
    assert (article.title, article.text) == ("退货说明", CHINESE)


def test_html_means_by_names_of_encodings_what_browsers_do(tmp_path):
    page = "<meta charset=iso-8859-1><p>It’s 5 €</p>".encode("cp1252")
    assert read_one(tmp_path, "page.html", page).text == "It’s 5 €"
    page = "<meta charset=gb2312><p>Tickets from our partner in 深圳 for 王喆, 李镕.</p>".encode("gbk")
    assert read_one(tmp_path, "page.html", page).text == "Tickets from our partner in 深圳 for 王喆, 李镕."


def test_html_with_ends_of_tags_left_out(tmp_path):
    page = "<table><tr><th>Way<th>Time<tr><td>Standard<td>3 days<tr><td>Express<td>1 day</table><ul><li>a<li>b</ul>"
    assert read_one(tmp_path, "page.html", page).text == "Way | Time\nStandard | 3 days\nExpress | 1 day\n\n- a\n- b"
    page = "".join(f"<p>Paragraph {number}." for number in range(600))
    assert read_one(tmp_path, "page.html", page).text.count("\n\n") == 599


@pytest.mark.parametrize("tag", ["del", "s", "strike"])
def test_what_is_struck_out_does_not_count(tmp_path, tag):
    assert read_one(tmp_path, "page.html", f"<p>Within <{tag}>30</{tag}> 14 days.</p>").text == "Within 14 days."
    assert read_one(tmp_path, "page.md", "Within ~~30~~ 14 days.").text == "Within 14 days."


def test_pdf_lines_become_paragraphs(tmp_path):
    lines = ["Orders are sent on the day they are re-", "ceived.", "Later ones wait.", "- by air", "- by sea"]
    article = read_one(tmp_path, "sending-orders.pdf", pdf_bytes(lines))
    assert article.text == ("Orders are sent on the day they are received.\n\nLater ones wait.\n\n- by air\n- by sea")
    assert (article.article_id, article.title) == ("sending-orders", "Sending orders")


def test_word_document(tmp_path):
    document = docx.Document()
    document.add_heading("退货", 1)
    document.add_paragraph(CHINESE)
    document.add_paragraph("一", style="List Bullet")
    document.add_paragraph("二", style="List Number")
    table = document.add_table(2, 2)
    for cell, text in zip([cell for row in table.rows for cell in row.cells], "甲乙丙丁"):
        cell.text = text
    document.add_paragraph(ARABIC)
    path = tmp_path / "r.docx"
    document.save(path)
    (article,) = read(path, identify).articles
    assert article.text == f"# 退货\n\n{CHINESE}\n\n- 一\n- 二\n\n甲 | 乙\n丙 | 丁\n\n{ARABIC}"
    assert article.title == "退货"


def test_word_document_with_a_title_of_its_own(tmp_path):
    document = docx.Document()
    document.core_properties.title = "Warranty"
    document.add_paragraph("Two years.")
    document.save(tmp_path / "w.docx")
    assert read(tmp_path, identify).articles[0].title == "Warranty"


def word(folder: Path, *blocks: str) -> str:
    """The text of a Word document of blocks in its own XML."""
    document = docx.Document()
    body = document.element.body
    for block in reversed(blocks):
        body.insert(0, parse_xml(block.replace(">", f" {nsdecls('w')}>", 1)))
    document.save(folder / "word.docx")
    (article,) = read(folder / "word.docx", identify).articles
    return article.text


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_word_document_as_it_is_with_its_changes_accepted(tmp_path):
    deleted = "<w:del><w:r><w:delText>30</w:delText></w:r></w:del>"
    changed = f"<w:p>{run('Within ')}{deleted}<w:ins>{run('14')}</w:ins>{run(' days.')}</w:p>"
    moved = f"<w:p>{run('Yes')}<w:moveFrom>{run(' always')}</w:moveFrom>{run(' now', '<w:strike/>')}</w:p>"
    kept = run("Free", '<w:strike w:val="0"/>')
    plain = f"<w:p>{kept}<w:fldSimple>{run(' of charge')}</w:fldSimple></w:p>"
    assert word(tmp_path, changed, moved, plain) == "Within 14 days.\n\nYes\n\nFree of charge"


def test_word_document_with_content_controls(tmp_path):
    contents = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    contents = f"<w:sdt>{contents}<w:sdtContent><w:p>{run('Returns 3')}</w:p></w:sdtContent></w:sdt>"
    inline = f"<w:p>{run('Until ')}<w:sdt><w:sdtContent>{run('Friday')}</w:sdtContent></w:sdt></w:p>"
    cell = f"<w:sdt><w:sdtContent><w:tc><w:p>{run('3 days')}</w:p></w:tc></w:sdtContent></w:sdt>"
    grid = "<w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>"
    table = f"<w:tbl>{grid}<w:tr><w:tc><w:p>{run('Standard')}</w:p></w:tc>{cell}</w:tr></w:tbl>"
    block = f"<w:sdt><w:sdtContent>{inline}{table}</w:sdtContent></w:sdt>"
    assert word(tmp_path, contents, block) == "Until Friday\n\nStandard | 3 days"


def test_word_document_with_readings_above_words(tmp_path):
    ruby = f"<w:r><w:ruby><w:rt>{run('へんぴん')}</w:rt><w:rubyBase>{run('返品')}</w:rubyBase></w:ruby></w:r>"
    assert word(tmp_path, f"<w:p>{ruby}{run('できます。')}</w:p>") == "返品できます。"


def test_csv_pairs_with_one_answer_are_one_article(tmp_path):
    table = f"Question;ANSWER;Lang\nCan I return it?;Yes;\nMay I return it?;Yes;\n能退货吗;{CHINESE};zh\nReturn?;Yes;en\n"
    reading = read(put(tmp_path, "faq.csv", table), identify)
    assert reading.failures == []
    english, chinese = reading.articles
    assert english.questions == ("Can I return it?", "May I return it?", "Return?")
    assert (english.article_id, english.text, english.verbatim) == ("faq/can-i-return-it", "Yes", True)
    assert (chinese.language, chinese.questions, chinese.verbatim) == ("zh", ("能退货吗",), True)


def test_pairs_with_one_id_are_one_article(tmp_path):
    rows = [
        {"Q": "When?", "A": "Soon.", "id": "time"},
        {"q": "How soon?", "id": "time", "title": "Time", "lang": "en"},
        {"q": "Wann?", "a": "Bald.", "id": "time", "language": "de", "approved": False},
    ]
    reading = read(put(tmp_path, "faq.jsonl", "\n".join(map(json.dumps, rows))), identify)
    assert reading.failures == []
    english, german = reading.articles
    assert (english.article_id, english.title, english.questions) == ("time", "Time", ("When?", "How soon?"))
    assert (german.article_id, german.language, german.verbatim) == ("time", "de", False)


def test_an_id_with_two_answers_keeps_the_first(tmp_path):
    reading = read(put(tmp_path, "faq.csv", "id,q,a\nx,Really?,Yes.\nx,Sure?,No.\n"), identify)
    assert [article.questions for article in reading.articles] == [("Really?",)]
    assert reading.failures[0][1].startswith("line 3: the id 'x' has another answer")


def test_one_answer_with_two_lives_is_two_articles(tmp_path):
    table = (
        "question,answer,valid_until,owner\nDo you ship to Norway?,Yes.,,\nIs the sale on?,Yes.,2025-08-31,\nAnd Malta?,Yes.,,\n"
    )
    reading = read(put(tmp_path, "faq.csv", table), identify)
    assert [(one.questions, one.valid_until) for one in reading.articles] == [
        (("Do you ship to Norway?", "And Malta?"), None),
        (("Is the sale on?",), read_until("2025-08-31")),
    ]


def test_one_answer_under_two_ids_is_two_articles(tmp_path):
    reading = read(put(tmp_path, "faq.csv", "id,question,answer\nnorway,Norway?,Yes.\nsale,Sale?,Yes.\n,Malta?,Yes.\n"), identify)
    assert [one.article_id for one in reading.articles] == ["norway", "sale", "faq/malta"]


@pytest.mark.parametrize(
    ("field", "value"), [("valid_until", "2025-08-31"), ("owner", "ana"), ("tags", "sale"), ("verbatim", "no")]
)
def test_an_id_with_two_lives_keeps_the_first(tmp_path, field, value):
    table = f"id,question,answer,{field}\nx,Really?,Yes.,\nx,Sure?,,{value}\nx,And now?,,\n"
    reading = read(put(tmp_path, "faq.csv", table), identify)
    assert [article.questions for article in reading.articles] == [("Really?", "And now?")]
    assert reading.failures[0][1].startswith(f"line 3: the id 'x' has another {field} further up")


def test_questions_that_begin_alike_have_ids_of_their_own(tmp_path):
    start = "can i return something that i bought in one of your shops when i have lost"
    table = f"question,answer\n{start} the receipt,Yes.\n{start} the parcel,No.\n"
    reading = read(put(tmp_path, "faq.csv", table), identify)
    first, second = reading.articles
    assert first.article_id[:-6] == second.article_id[:-6] != first.article_id
    assert len(first.article_id) <= len("faq/") + 60
    assert reading.failures == []


def test_a_row_with_a_comma_that_is_not_quoted_is_reported(tmp_path):
    table = "question,answer,\nCan I return it?,No, unless it is sealed\nMay I?,Yes,,\nWhen?,Soon\n"
    reading = read(put(tmp_path, "faq.csv", table), identify)
    assert [article.questions[0] for article in reading.articles] == ["May I?", "When?"]
    ((_, reason),) = reading.failures
    assert reason == "line 2: has more cells than columns; put quotation marks around a text that holds ','"


def test_a_quotation_mark_that_is_not_closed_is_reported_with_the_lines_it_takes(tmp_path):
    table = 'question,answer\nA?,"Yes, we do\nB?,"No, never"\nC?,Perhaps\nD?,"Yes\nE?,No\n'
    reading = read(put(tmp_path, "faq.csv", table), identify)
    assert [article.questions[0] for article in reading.articles] == ["C?"]
    assert [reason.partition(": a quotation mark")[0] for _, reason in reading.failures] == ["lines 2 to 3", "lines 5 to 6"]


def test_a_cell_may_be_long(tmp_path):
    reading = read(put(tmp_path, "faq.csv", f"question,answer\nA?,Yes\nB?,{'No. ' * 40_000}\nC?,So\n"), identify)
    assert ([len(article.text) for article in reading.articles], reading.failures) == ([3, 159_999, 2], [])


def test_rows_with_a_text_are_ordinary_articles(tmp_path):
    reading = read(put(tmp_path, "pages.csv", f'title,content\nReturns,"One.\n\nTwo."\n,{ARABIC}\n'), identify)
    first, second = reading.articles
    assert (first.article_id, first.title, first.text, first.verbatim) == ("pages/returns", "Returns", "One.\n\nTwo.", False)
    assert (second.language, second.questions) == ("ar", ())


def test_folders_and_suffixes_name_languages(tmp_path):
    for name in ("de/returns.md", "returns.fr.md", "help/zh-TW/Sub Folder/returns.txt", "v1.2.md"):
        put(tmp_path, name, "A text.")
    assert ids(read(tmp_path, identify)) == [
        ("returns", "de"),
        ("help/sub-folder/returns", "zh"),
        ("returns", "fr"),
        ("v1-2", "en"),
    ]
    assert ids(read(tmp_path / "de", identify)) == [("returns", "de")]


def test_same_ids_get_numbers(tmp_path):
    for name in ("returns.html", "returns.md", "returns.txt", "de/returns.md"):
        put(tmp_path, name, "A text.")
    assert ids(read(tmp_path, identify)) == [("returns", "de"), ("returns", "en"), ("returns-2", "en"), ("returns-3", "en")]


def test_a_file_called_none_is_no_unanswerable_article(tmp_path):
    assert read_one(tmp_path, "none.md", "A text.").article_id == "none-2"


def test_hidden_and_other_files_are_passed_over(tmp_path):
    for name in (".hidden.md", ".git/a.md", "~$draft.docx", "picture.png", "a.MD"):
        put(tmp_path, name, "A text.")
    reading = read(tmp_path, identify)
    assert (ids(reading), reading.failures) == ([("a", "en")], [])


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(TongshiError, match="does not exist"):
        read(tmp_path / "nowhere", identify)
    with pytest.raises(TongshiError, match="holds nothing"):
        read(tmp_path, identify)
    with pytest.raises(TongshiError, match="holds nothing"):
        read(put(tmp_path, "a.png", b"x"), identify)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", CHINESE.encode("gb18030"), "save it as UTF-8"),
        ("a.txt", f"Our partner's shop in China: {CHINESE} {'All else is as usual. ' * 9}".encode("gb18030"), "save it as UTF-8"),
        ("a.txt", f"{'All else is as usual. ' * 9} Скидки в магазине.".encode("cp1251"), "save it as UTF-8"),
        ("a.html", "<div>" * 2000 + "Text.", "cannot be read: "),
        ("a.md", bytes(range(256)), "save it as UTF-8"),
        ("a.md", "", "holds no text"),
        ("a.md", "---\nid: [\n---\nText.", "the front matter is not valid YAML"),
        ("a.md", "---\nvalid_until: 2026-06-31\n---\nText.", "the front matter is not valid YAML"),
        ("a.md", "---\nlanguage: nl\n---\nText.", "the language 'nl' is none of ar de"),
        ("a.md", "---\nquestions:\n- Returns: how?\n---\nText.", "each question must be a text"),
        ("a.md", "---\nid: product:X\n---\nText.", "kept for products"),
        ("a.html", "<script>x()</script>", "holds no text"),
        ("a.pdf", b"%PDF-1.4 no more", "cannot be read as PDF"),
        ("a.pdf", pdf_bytes([]), "scanned"),
        ("a.docx", b"PK no archive", "cannot be read as Word document"),
        ("a.csv", "name,price\nx,1\n", "columns are missing"),
        ("a.csv", "question,answer\n", "holds no rows"),
        ("a.csv", "question,answer\nWhy?,\n", "line 2: the answer is empty"),
        ("a.jsonl", '\n{"q": "Why?"', "line 2: is not valid JSON"),
        ("a.jsonl", '{"q": "Why?", "a": ["b", "c"]}', "line 1: answer must be a text"),
        (
            "a.jsonl",
            '{"q": "Why?", "a": "So.", "valid_from": "0001-01-01"}',
            "line 1: valid_from or valid_until: 0001-01-01 cannot",
        ),
        ("a.jsonl", "[1]", "line 1: is not a JSON object"),
        ("a.jsonl", '{"name": 1}', "line 1: there is neither"),
    ],
)
def test_broken_files_are_reported(tmp_path, name, content, reason):
    assert reason in failure(tmp_path, name, content)


def test_the_rest_is_read(tmp_path):
    put(tmp_path, "a.pdf", b"nothing")
    put(tmp_path, "b.jsonl", '{"q": "Why?", "a": "So."}\n{oops\n{"q": "Who?", "a": "We."}\n')
    put(tmp_path, "c.md", "A text.")
    put(tmp_path, "d.html", "<div>" * 2000 + "Text.")
    put(tmp_path, "e.md", "---\nvalid_until: 2026-06-31\n---\nText.")
    reading = read(tmp_path, identify)
    assert ids(reading) == [("b/why", "en"), ("b/who", "en"), ("c", "en")]
    assert [file for file, _ in reading.failures] == ["a.pdf", "b.jsonl", "d.html", "e.md"]
    assert reading.failures[1][1].startswith("line 2: ")


def test_importing_again_changes_nothing(tmp_path):
    folder = tmp_path / "kb"
    put(folder, "zh/returns.md", f"# 退货\n\n{CHINESE}")
    put(folder, "returns.txt", ARABIC)
    put(folder, "faq.csv", "question,answer\nWhy?,So.\nReally?,So.\n")
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.upgrade()
    base = KnowledgeBase(KnowledgeStore(database), HashEncoder(), tmp_path / "index")
    assert base.put(read(folder, identify).articles, "kb") == Change(added=3, changed=0, removed=0, same=0)
    assert base.put(read(folder, identify).articles, "kb") == Change(added=0, changed=0, removed=0, same=3)
    put(folder, "returns.txt", f"{ARABIC} {ARABIC}")
    assert base.put(read(folder, identify).articles, "kb") == Change(added=0, changed=1, removed=0, same=2)
    assert base.article("returns", "zh", "kb").text == f"# 退货\n\n{CHINESE}"


def test_passages_stand_under_their_headings():
    text = "# Sending\nBy post.\n\n## How long?\n\nTwo days.\n\n### Lands\n\n- DE\n- FR\n\n#1 in town."
    assert passages(text) == ["Sending: By post.", "How long? Two days.", "Lands:\n- DE\n- FR", "Lands: #1 in town."]


def test_passages_cut_tables_between_rows():
    rows = [f"Land {number} | {'Yes. No. ' * 10}" for number in range(12)]
    found = passages("\n".join(rows))
    assert len(found) > 1
    assert all(len(passage) <= PASSAGE_LENGTH + 10 and passage.startswith("Land ") for passage in found)


@pytest.mark.parametrize(
    ("clause", "between"),
    [
        ("คุณสามารถส่งคืนสินค้าได้ฟรีทั่วประเทศไทย", " "),
        ("商品可以免费退回", "，"),
        ("商品可以免费退回", ""),
        ("يمكنك إرجاع المنتج مجانا", "، "),
        ("back", " "),
    ],
)
def test_passages_fit_in_every_script_even_without_an_end_of_a_sentence(clause, between):
    text = between.join([clause] * 200)
    found = passages(text)
    assert len(found) > 2
    assert all(len(passage) * (1 + ("\u2e80" < passage[0])) <= PASSAGE_LENGTH for passage in found)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert not between or all(passage.rstrip("，،").endswith(clause) for passage in found)
