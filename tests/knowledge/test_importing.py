"""Reading files into articles: every kind of file, broken files, languages and ids, and importing twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest

from tests.knowledge.helpers import HashEncoder
from tongshi.errors import TongshiError
from tongshi.knowledge.articles import PASSAGE_LENGTH, Article, Reading, passages
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


def test_front_matter_with_an_unknown_language_falls_back_to_the_settings(tmp_path):
    assert read_one(tmp_path, "x.md", f"---\nlanguage: sv\n---\n{CHINESE}").language == "en"


def test_plain_text(tmp_path):
    article = read_one(tmp_path, "退货.txt", f"{CHINESE}\n\n\n\n• 一\n• 二\n")
    assert article.text == f"{CHINESE}\n\n- 一\n- 二"
    assert (article.article_id, article.language, article.title) == ("退货", "zh", "退货")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_of_unicode(tmp_path, encoding):
    assert read_one(tmp_path, "a.txt", f"Hello, {ARABIC}".encode(encoding)).text == f"Hello, {ARABIC}"


def test_western_text_in_windows_1252(tmp_path):
    assert read_one(tmp_path, "a.txt", "Rückgabe für 5 € möglich".encode("cp1252")).text == "Rückgabe für 5 € möglich"


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
        ("a.md", bytes(range(256)), "save it as UTF-8"),
        ("a.md", "", "holds no text"),
        ("a.md", "---\nid: [\n---\nText.", "the front matter is not valid YAML"),
        ("a.md", "---\nid: product:X\n---\nText.", "kept for products"),
        ("a.html", "<script>x()</script>", "holds no text"),
        ("a.pdf", b"%PDF-1.4 no more", "cannot be read as PDF"),
        ("a.pdf", pdf_bytes([]), "scanned"),
        ("a.docx", b"PK no archive", "cannot be read as Word document"),
        ("a.csv", "name,price\nx,1\n", "columns are missing"),
        ("a.csv", "question,answer\n", "holds no rows"),
        ("a.csv", "question,answer\nWhy?,\n", "line 2: the answer is empty"),
        ("a.jsonl", '\n{"q": "Why?"', "line 2: is not valid JSON"),
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
    reading = read(tmp_path, identify)
    assert ids(reading) == [("b/why", "en"), ("b/who", "en"), ("c", "en")]
    assert [file for file, _ in reading.failures] == ["a.pdf", "b.jsonl"]
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
