"""The text of files: Markdown, plain text, HTML, PDF and Word, with headings, lists and tables kept."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import docx
import regex
from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PreformattedString, Tag
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.table import Table
from docx.text.paragraph import Paragraph
from markdown_it import MarkdownIt
from pypdf import PdfReader

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import with_front_matter
from tongshi.language.encodings import decoded, is_western
from tongshi.language.text import clean

HEADING = re.compile(r"^#{1,6} +(\S.*)$", re.MULTILINE)
"""A heading as texts have it, on a line of its own."""

_FULL_LINE = 0.75
_BULLET = re.compile(r"[•▪◦●‣*–-]\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SOFT_BREAK = regex.compile(
    r"(?<=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}，。！？、：；）」』])\s*\n\s*"
    r"(?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}（「『])"
)
_HARD_BREAK = "\u2028"
_DROPPED = ("script", "style", "nav", "noscript", "template", "title", "del", "s", "strike")
_OFF = "@w:val='0' or @w:val='false' or @w:val='off'"
_GONE = (
    ".//w:del | .//w:moveFrom | .//w:tr[w:trPr/w:del]"
    f" | .//w:r[w:rPr/w:strike[not({_OFF})] or w:rPr/w:dstrike[not({_OFF})]]"
    " | .//w:sdt[w:sdtPr/w:docPartObj/w:docPartGallery/@w:val='Table of Contents']"
)
_WRAPPERS = " | ".join(
    f".//w:{name}" for name in ("ins", "moveTo", "sdt", "smartTag", "customXml", "fldSimple", "dir", "bdo", "rubyBase")
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = (
    *_HEADINGS, "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "head", "header", "hr", "html", "li", "main", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
)  # fmt: skip


class Broken(TongshiError):
    """A file or a line of it cannot be read; the message is the reason."""


@dataclass(frozen=True)
class Document:
    """What a file says: the title it has beside its headings ("" where it has none), its text, and its front matter."""

    title: str
    text: str
    front: dict[str, Any] = field(default_factory=dict)


def one_line(value: object) -> str:
    """A value as clean text on one line, "" for None."""
    return " ".join(clean("" if value is None else str(value)).split())


def unreadable(error: Exception) -> str:
    """Why something cannot be read, where a reader failed in a way of its own."""
    return f"cannot be read: {one_line(error) or type(error).__name__}"


def tidy(text: str) -> str:
    """Clean text with headings on their own and at most one blank line."""
    lines = [line.rstrip() for line in clean(_lines(text)).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", HEADING.sub(r"\n\g<0>\n", "\n".join(lines))).strip()


def _unix(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)


def _lines(text: str) -> str:
    return _unix(text).replace("\f", "\n\n").replace(_HARD_BREAK, "\n").replace("\u2029", "\n\n")


def _squash(text: str) -> str:
    """On one line; scripts without spaces get none where a line was broken."""
    return " ".join(_SOFT_BREAK.sub("", text).split())


def decode(data: bytes) -> str:
    """Text in UTF-8, in UTF-16, or, where it looks like that, in Windows-1252; line ends as `\\n`.

    Raises:
        Broken: it is in none of these.
    """
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig" or _plausible(text, encoding):
            return _unix(text)
    raise Broken("is neither UTF-8 nor UTF-16 nor Windows-1252 text; save it as UTF-8")


def _encodings(data: bytes) -> list[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if b"\0" in data:
        return ["utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"]
    return ["utf-8-sig", "cp1252"]


def _plausible(text: str, encoding: str) -> bool:
    """Whether a guessed encoding makes sense: no control characters, and what would be Western looks so."""
    return not _CONTROL.search(text) and (encoding != "cp1252" or is_western(text))


def _front(data: bytes) -> tuple[dict[str, Any], str]:
    try:
        return with_front_matter(decode(data).rstrip() + "\n", "file")
    except Broken:
        raise
    except TongshiError as error:
        raise Broken(" ".join(str(error).removeprefix("file: ").split())) from error


def _read_text(data: bytes) -> Document:
    front, body = _front(data)
    return Document("", re.sub(r"(?m)^[ \t]*[•▪◦●‣*-]\s+", "- ", body), front)


def _read_markdown(data: bytes) -> Document:
    front, body = _front(data)
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(body)
    return Document("", _html_text(parse_html(html)), front)


def _read_html(data: bytes) -> Document:
    return html_document(_decode_html(data))


def parse_html(page: str) -> BeautifulSoup:
    """The tags of a web page; those whose ends are left out end where browsers end them."""
    return BeautifulSoup(page, "lxml")


def html_document(page: str) -> Document:
    """What a web page says, without its scripts and navigation and without what is struck out."""
    soup = parse_html(page)
    title = one_line(soup.title.get_text()) if soup.title else ""
    return Document(title, _html_text(soup))


def _decode_html(data: bytes) -> str:
    """As `decode`, after the encoding that the page declares."""
    declared = EncodingDetector.find_declared_encoding(data, is_html=True)
    try:
        return _unix(decoded(data, declared)) if declared and not declared.startswith("utf") else decode(data)
    except (LookupError, UnicodeError):
        return decode(data)


def _html_text(soup: BeautifulSoup) -> str:
    for tag in soup.find_all(_DROPPED):
        tag.decompose()
    for tag in soup.find_all("br"):
        tag.replace_with(_HARD_BREAK)
    return "\n\n".join(block for block in _blocks(soup) if block)


def _blocks(node: Tag) -> Iterator[str]:
    """What a tag holds, each block as its own text; loose text between blocks is a paragraph."""
    loose: list[str] = []
    for child in node.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_BLOCKS)):
            yield _paragraph("".join(loose))
            loose = []
            yield from _block(child)
        elif isinstance(child, Tag):
            loose.append(child.get_text())
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            loose.append(str(child))
    yield _paragraph("".join(loose))


def _block(tag: Tag) -> Iterator[str]:
    if tag.name in _HEADINGS:
        text = _inline(tag)
        yield f"{'#' * int(tag.name[1])} {text}" if text else ""
    elif tag.name in ("ul", "ol"):
        yield "\n".join(f"- {text}" for text in _items([tag]) if text)
    elif tag.name == "table" and not tag.find("table"):
        rows = ([_inline(cell) for cell in one.find_all(["th", "td"])] for one in tag.find_all("tr"))
        yield "\n".join(line for cells in rows if (line := _row(cells)))
    elif tag.name == "pre":
        yield "\n".join(line.rstrip() for line in _lines(tag.get_text()).split("\n") if line.strip())
    else:
        yield from _blocks(tag)


def _paragraph(text: str) -> str:
    return "\n".join(line for part in text.split(_HARD_BREAK) if (line := _squash(part)))


def _inline(tag: Tag) -> str:
    return _squash(tag.get_text())


def _items(tags: list[Tag]) -> Iterator[str]:
    """The texts of list items, each before those of the lists in it."""
    for tag in tags:
        if tag.name != "li":
            yield from _items(tag.find_all(True, recursive=False))
            continue
        inner: list[Tag] = []
        while found := tag.find(("ul", "ol", "li")):
            inner.append(found.extract())
        yield _squash(" ".join(_blocks(tag)))
        yield from _items(inner)


def _row(cells: list[str]) -> str:
    """A table's row as a line, "" where all cells are empty."""
    return " | ".join(cells) if any(cells) else ""


def _read_pdf(data: bytes) -> Document:
    try:
        reader = PdfReader(io.BytesIO(data))
        pages = [page.extract_text() for page in reader.pages]
        title = one_line(reader.metadata.title if reader.metadata else "")
    except Exception as error:  # a broken file makes pypdf raise nearly anything
        raise Broken(f"cannot be read as PDF: {one_line(error) or type(error).__name__}") from error
    text = "\n\n".join(_reflow(page) for page in pages)
    if not text.strip():
        raise Broken("holds no text; if its pages are scanned, recognise their text first")
    return Document("" if title.startswith("Microsoft Word - ") else title, text)


def _reflow(page: str) -> str:
    """Lines as they are printed put together to paragraphs: a line clearly shorter than the others is a paragraph's last."""
    lines = [line.strip() for line in _lines(page).split("\n")]
    full = _FULL_LINE * max(map(len, lines))
    blocks: list[str] = []
    ended = True
    for line in lines:
        if bullet := _BULLET.match(line):
            item = f"- {line[bullet.end() :]}"
            if blocks and blocks[-1].startswith("- "):
                blocks[-1] += f"\n{item}"
            else:
                blocks.append(item)
        elif line and ended:
            blocks.append(line)
        elif line:
            blocks[-1] += f"\n{line}"
        ended = len(line) < full or not line
    return "\n\n".join(map(_rejoin, blocks))


def _rejoin(block: str) -> str:
    """Broken lines and hyphenated words made whole; list items keep their lines."""
    block = re.sub(r"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])", "", block)
    return "\n".join(_squash(part) for part in re.split(r"\n(?=- )", block))


def _read_docx(data: bytes) -> Document:
    try:
        document = docx.Document(io.BytesIO(data))
        _accept(document.element.body)
        parts = [_word_part(part) for part in document.iter_inner_content()]
        title = one_line(document.core_properties.title)
    except Exception as error:  # a broken file makes python-docx raise nearly anything
        raise Broken(f"cannot be read as Word document: {one_line(error) or type(error).__name__}") from error
    blocks = []
    for kind, group in groupby((part for part in parts if part[1]), key=lambda part: part[0]):
        blocks.append(("\n" if kind == "item" else "\n\n").join(text for _, text in group))
    return Document(title, "\n\n".join(blocks))


def _accept(body: BaseOxmlElement) -> None:
    """Have a document hold directly what it shows once its tracked changes are accepted; python-docx reads nothing else.

    What was deleted, moved away or struck out goes, and so do a table of contents and the readings above Japanese words; what
    stands in insertions, content controls, fields and the like takes their place.
    """
    for gone in body.xpath(_GONE):
        gone.getparent().remove(gone)
    for wrapper in body.xpath(_WRAPPERS):
        content = wrapper.find(qn("w:sdtContent")) if wrapper.tag == qn("w:sdt") else wrapper
        # The runs of a word with a reading stand within another run.
        place = wrapper.getparent().getparent() if wrapper.tag == qn("w:rubyBase") else wrapper
        for child in list(content if content is not None else ()):
            place.addprevious(child)
        place.getparent().remove(place)


def _word_part(part: Paragraph | Table) -> tuple[str, str]:
    """(kind, text), the kind one of table, heading, item, paragraph."""
    if isinstance(part, Table):
        return "table", "\n".join(row for one in part.rows if (row := _row(_word_cells(one))))
    text = "\n".join(line for one in part.text.split("\n") if (line := _squash(one)))
    style = part.style.name if part.style and part.style.name else ""
    if not text:
        return "paragraph", ""
    if level := re.fullmatch(r"Title|Heading ([1-9])", style):
        return "heading", f"{'#' * min(6, int(level[1] or 1))} {_squash(text)}"
    properties = part._p.pPr
    if style.startswith("List") or (properties is not None and properties.numPr is not None):
        return "item", f"- {_squash(text)}"
    return "paragraph", text


def _word_cells(row: Any) -> list[str]:
    """Texts of a row's cells; a merged cell counts once."""
    return [_squash(cell.text) for cell in dict.fromkeys(row.cells)]


READERS: dict[str, Callable[[bytes], Document]] = {
    ".md": _read_markdown,
    ".txt": _read_text,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
}
"""What reads a file of each kind; it raises `Broken` where it cannot."""
