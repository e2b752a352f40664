"""Articles out of files: Markdown, plain text, HTML, PDF, Word, and tables of questions and answers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

import docx
import regex
from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PreformattedString, Tag
from docx.table import Table
from docx.text.paragraph import Paragraph
from markdown_it import MarkdownIt
from pypdf import PdfReader

from tongshi.errors import TongshiError
from tongshi.knowledge.articles import (
    ATTRIBUTE,
    UNANSWERABLE,
    Article,
    Reading,
    life,
    with_front_matter,
)
from tongshi.knowledge.products import PREFIX
from tongshi.language.identify import LanguageIdentifier, get_identifier
from tongshi.language.text import clean, fold
from tongshi.settings import LANGUAGES, get_settings

ID_LENGTH = 180
"""Characters of an id at the most; the database takes 200, and a suffix may follow."""

_QUESTION_SLUG = 60
_IDENTIFIED = 2000
_FOREIGN_SHARE = 0.25
_FULL_LINE = 0.75
_DELIMITERS = ",;\t|"
_KEYS = {
    "q": "question",
    "questions": "question",
    "a": "answer",
    "lang": "language",
    "body": "text",
    "content": "text",
    "approved": "verbatim",
}
_LOCALE = re.compile(rf"({'|'.join(LANGUAGES)})(?:[-_](?:[A-Z]{{2}}|Han[st]))?")
_HEADING = re.compile(r"^#{1,6} +(\S.*)$", re.MULTILINE)
_BULLET = re.compile(r"[•▪◦●‣*–-]\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SOFT_BREAK = regex.compile(
    r"(?<=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}，。！？、：；）」』])\s*\n\s*"
    r"(?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}（「『])"
)
_NO_SLUG = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_HARD_BREAK = "\u2028"
_DROPPED = ("script", "style", "nav", "noscript", "template", "title")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = (
    *_HEADINGS, "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "head", "header", "hr", "html", "li", "main", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
)  # fmt: skip


class _Broken(TongshiError):
    """A file or a line of it cannot be read; the message is the reason."""


@dataclass(frozen=True)
class _Document:
    """What a file says: the title it has beside its headings ("" where it has none), its text, and its front matter."""

    title: str
    text: str
    front: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Place:
    """What a file's place says: its path from the folder read, the id that follows from it, and its language, if it names one."""

    source: str
    article_id: str
    language: str | None
    name: str


def read(path: Path, identify: LanguageIdentifier | None = None) -> Reading:
    """Read articles from a file, or from all files in a folder and its subfolders, in sorted order.

    Read are .md, .txt, .html, .htm, .pdf, .docx, .csv and .jsonl; hidden files and other kinds are passed over.

    Args:
        path: a file or a folder.
        identify: tells the language where neither front matter nor path does; this process's identifier by default.

    Returns:
        The articles, no two of the same id and language, and what could not be read: (path, reason) a file or a line of it.

    Raises:
        TongshiError: the path does not exist, or there is no file of these kinds.
    """
    root, files = _files(path)
    reader = _Reader(identify)
    for file in files:
        reader.take(file, _place(file, root))
    return Reading(_unique(reader.articles), reader.failures)


def _files(path: Path) -> tuple[Path, list[Path]]:
    """The folder that paths are told from, and the files to read."""
    kinds = " ".join([*_READERS, *_ROW_READERS])
    if not path.exists():
        raise TongshiError(f"{path} does not exist; name a file or a folder of {kinds}.")
    if path.is_file():
        root, candidates = path.parent, [path]
    else:
        root, candidates = path, [one for one in path.rglob("*") if one.is_file() and not _hidden(one.relative_to(path))]
    files = sorted(one for one in candidates if one.suffix.lower() in {**_READERS, **_ROW_READERS})
    if not files:
        raise TongshiError(f"{path} holds nothing that can be read; wanted are {kinds}.")
    return root, files


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.parts)


def _place(file: Path, root: Path) -> _Place:
    """Language and id from a path such as `de/returns.md` or `returns.de.md`; the deepest language named holds."""
    relative = PurePosixPath(file.relative_to(root).as_posix())
    folders, name = list(relative.parent.parts), relative.stem
    language = _language(root.resolve().name)
    for place in reversed(range(len(folders))):
        if found := _language(folders[place]):
            language = found
            del folders[place]
            break
    stem, _, ending = name.rpartition(".")
    if stem and (found := _language(ending)):
        language, name = found, stem
    article_id = "/".join(slug for part in (*folders, name) if (slug := _slug(part))) or "article"
    article_id = f"{article_id}-2" if article_id == UNANSWERABLE else article_id
    return _Place(str(relative), article_id[:ID_LENGTH], language, _spoken(name))


def _language(name: object) -> str | None:
    """One of the twelve from `de`, `pt-BR` or `zh_Hant`."""
    match = _LOCALE.fullmatch(str(name or "").strip())
    return match and match[1]


def _slug(text: str, most: int = ID_LENGTH) -> str:
    """Lower-case letters and digits of any script, hyphens between."""
    return _NO_SLUG.sub("-", fold(text)).strip("-")[:most].rstrip("-")


def _spoken(name: str) -> str:
    title = " ".join(re.split(r"[\s_-]+", name)).strip()
    return title[:1].upper() + title[1:]


def _unique(articles: list[Article]) -> list[Article]:
    """The same articles; an id that was there before in its language gets a number."""
    taken: set[tuple[str, str]] = set()
    found: list[Article] = []
    for article in articles:
        article_id, number = article.article_id, 1
        while (article_id, article.language) in taken:
            number += 1
            article_id = f"{article.article_id}-{number}"
        taken.add((article_id, article.language))
        found.append(replace(article, article_id=article_id))
    return found


class _Reader:
    """Collects articles and failures, file by file."""

    def __init__(self, identify: LanguageIdentifier | None) -> None:
        self._identify = identify
        self.articles: list[Article] = []
        self.failures: list[tuple[str, str]] = []

    def take(self, file: Path, place: _Place) -> None:
        """Read one file; what is wrong with it goes into `failures`."""
        suffix = file.suffix.lower()
        try:
            if suffix in _ROW_READERS:
                self._take_rows(_ROW_READERS[suffix](file.read_bytes()), place)
            else:
                self._take_document(_READERS[suffix](file.read_bytes()), place)
        except _Broken as error:
            self._fail(place, str(error))
        except OSError as error:
            self._fail(place, f"cannot be opened: {error.strerror or error}")

    def _fail(self, place: _Place, reason: str) -> None:
        self.failures.append((place.source, reason))

    def _take_document(self, document: _Document, place: _Place) -> None:
        front = _keys(document.front)
        text = _tidy(document.text)
        article_id = _given_id(front.get("id")) or place.article_id
        questions = _strings(front.get("question"))
        if not text and not (article_id == UNANSWERABLE and questions):
            raise _Broken("holds no text")
        heading = _HEADING.search(text)
        title = _line(front.get("title")) or (heading[1] if heading else "") or document.title or place.name
        language = self._language(front.get("language"), place, text or " ".join(questions))
        verbatim = bool(questions) and front.get("verbatim") is True
        self.articles.append(Article(article_id, language, title, text, questions, verbatim, place.source, **_life(front)))

    def _language(self, given: object, place: _Place, *texts: str) -> str:
        """The language given, else the path's, else the first that a text is identified as, else the settings'."""
        if given:
            return _language(re.split("[-_]", _line(given).lower())[0]) or get_settings().language
        if place.language:
            return place.language
        self._identify = self._identify or get_identifier()
        named = (self._identify(text[:_IDENTIFIED]).language for text in texts if text)
        return next((language for language in named if language in LANGUAGES), get_settings().language)

    def _take_rows(self, rows: Iterator[_Row], place: _Place) -> None:
        pairs = _Pairs()
        plain: list[Article] = []
        number, before = 0, len(self.failures)
        for number, row in rows:
            try:
                if isinstance(row, _Broken):
                    raise row
                if "question" in row:
                    pairs.add(self._pair(row, place, pairs))
                else:
                    plain.append(self._plain(row, place))
            except _Broken as error:
                self._fail(place, f"line {number}: {error}")
        self.articles += [*pairs.articles, *plain]
        if not (pairs.articles or plain or len(self.failures) > before):
            raise _Broken("holds no rows")

    def _pair(self, row: dict[str, Any], place: _Place, pairs: _Pairs) -> Article:
        """A question and its answer; the answer may be left out where the id has one."""
        questions, answer = _strings(row["question"]), _tidy(_string(row.get("answer")))
        if not questions:
            raise _Broken("the question is empty")
        given = _given_id(row.get("id"))
        language = self._language(row.get("language"), place, answer, *questions)
        answer = answer or pairs.answer(given, language)
        if not answer:
            raise _Broken("the answer is empty")
        verbatim = _string(row.get("verbatim")).strip().lower() not in ("false", "no", "n", "0")
        article_id = given or _under(place, questions[0])
        title = _line(row.get("title"))
        return Article(article_id, language, title, answer, questions, verbatim, place.source, **_life(row))

    def _plain(self, row: dict[str, Any], place: _Place) -> Article:
        text, title = _tidy(_string(row.get("text"))), _line(row.get("title"))
        if not text:
            raise _Broken("there is neither a question with an answer nor a text")
        article_id = _given_id(row.get("id")) or _under(place, title or text)
        language = self._language(row.get("language"), place, text)
        return Article(article_id, language, title, text, source=place.source, **_life(row))


class _Pairs:
    """Questions gathered under their answers."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, str], int] = {}
        self._by_answer: dict[tuple[str, str, bool], int] = {}
        self.articles: list[Article] = []

    def answer(self, article_id: str, language: str) -> str:
        """The answer that an id has in a language, "" where it has none."""
        place = self._by_id.get((article_id, language))
        return "" if place is None else self.articles[place].text

    def add(self, article: Article) -> None:
        """Add a pair; one whose id or whose answer is there already adds its questions to it.

        Raises:
            _Broken: the id is there with another answer.
        """
        key, answer = (article.article_id, article.language), (article.language, article.text, article.verbatim)
        place = self._by_id.get(key, self._by_answer.get(answer))
        if place is None:
            place = len(self.articles)
            self.articles.append(article)
        elif self.articles[place].text != article.text:
            raise _Broken(f"the id {article.article_id!r} has another answer further up; give each answer an id of its own")
        else:
            kept = self.articles[place]
            questions = tuple(dict.fromkeys(kept.questions + article.questions))
            self.articles[place] = replace(kept, title=kept.title or article.title, questions=questions)
        self._by_id.setdefault(key, place)
        self._by_answer.setdefault(answer, place)


def _under(place: _Place, text: str) -> str:
    """The id of a row that has none: the file's, and what the row begins with."""
    return f"{place.article_id[: ID_LENGTH - _QUESTION_SLUG - 1]}/{_slug(text, _QUESTION_SLUG) or 'row'}"


def _given_id(value: object) -> str:
    """An id that an editor wrote, "" where there is none.

    Raises:
        _Broken: it is too long, or kept for products.
    """
    article_id = _line(value)
    if len(article_id) > ID_LENGTH:
        raise _Broken(f"the id is longer than {ID_LENGTH} characters")
    if article_id.startswith((ATTRIBUTE, PREFIX)):
        raise _Broken(f"the id {article_id!r} is kept for products; choose another")
    return article_id


def _life(front: dict[str, Any]) -> dict[str, Any]:
    try:
        return life(front)
    except TongshiError as error:
        raise _Broken(f"valid_from or valid_until: {error}") from error


def _string(value: object) -> str:
    return "" if value is None else str(value)


def _line(value: object) -> str:
    return " ".join(clean(_string(value)).split())


def _strings(value: object) -> tuple[str, ...]:
    """The texts of a list, or of the one thing that stands for it, each once."""
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(text for one in values if (text := _line(one))))


def _tidy(text: str) -> str:
    """Clean text with headings on their own and at most one blank line."""
    lines = [line.rstrip() for line in clean(_lines(text)).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", _HEADING.sub(r"\n\g<0>\n", "\n".join(lines))).strip()


def _unix(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)


def _lines(text: str) -> str:
    return _unix(text).replace("\f", "\n\n").replace(_HARD_BREAK, "\n").replace("\u2029", "\n\n")


def _squash(text: str) -> str:
    """On one line; scripts without spaces get none where a line was broken."""
    return " ".join(_SOFT_BREAK.sub("", text).split())


def _decode(data: bytes) -> str:
    """Text in UTF-8, in UTF-16, or, where it looks like that, in Windows-1252; line ends as `\\n`.

    Raises:
        _Broken: it is in none of these.
    """
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig" or _plausible(text, encoding):
            return _unix(text)
    raise _Broken("is neither UTF-8 nor UTF-16 nor Windows-1252 text; save it as UTF-8")


def _encodings(data: bytes) -> list[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if b"\0" in data:
        return ["utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"]
    return ["utf-8-sig", "cp1252"]


def _plausible(text: str, encoding: str) -> bool:
    """Whether a guessed encoding makes sense: no control characters, and Western text is mostly ASCII."""
    if _CONTROL.search(text):
        return False
    letters = "".join(text.split())
    return encoding != "cp1252" or sum(not char.isascii() for char in letters) <= _FOREIGN_SHARE * len(letters)


def _front(data: bytes) -> tuple[dict[str, Any], str]:
    try:
        return with_front_matter(_decode(data).rstrip() + "\n", "file")
    except _Broken:
        raise
    except TongshiError as error:
        raise _Broken(" ".join(str(error).removeprefix("file: ").split())) from error


def _read_text(data: bytes) -> _Document:
    front, body = _front(data)
    return _Document("", re.sub(r"(?m)^[ \t]*[•▪◦●‣*-]\s+", "- ", body), front)


def _read_markdown(data: bytes) -> _Document:
    front, body = _front(data)
    html = MarkdownIt("commonmark").enable("table").render(body)
    return _Document("", _html_text(BeautifulSoup(html, "html.parser")), front)


def _read_html(data: bytes) -> _Document:
    soup = BeautifulSoup(_decode_html(data), "html.parser")
    title = _line(soup.title.get_text()) if soup.title else ""
    return _Document(title, _html_text(soup))


def _decode_html(data: bytes) -> str:
    """As `_decode`, after the encoding that the page declares."""
    declared = EncodingDetector.find_declared_encoding(data, is_html=True)
    try:
        return _unix(data.decode(declared)) if declared and not declared.startswith("utf") else _decode(data)
    except (LookupError, UnicodeDecodeError):
        return _decode(data)


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


def _read_pdf(data: bytes) -> _Document:
    try:
        reader = PdfReader(io.BytesIO(data))
        pages = [page.extract_text() for page in reader.pages]
        title = _line(reader.metadata.title if reader.metadata else "")
    except Exception as error:  # a broken file makes pypdf raise nearly anything
        raise _Broken(f"cannot be read as PDF: {_line(error) or type(error).__name__}") from error
    text = "\n\n".join(_reflow(page) for page in pages)
    if not text.strip():
        raise _Broken("holds no text; if its pages are scanned, recognise their text first")
    return _Document("" if title.startswith("Microsoft Word - ") else title, text)


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


def _read_docx(data: bytes) -> _Document:
    try:
        document = docx.Document(io.BytesIO(data))
        parts = [_word_part(part) for part in document.iter_inner_content()]
        title = _line(document.core_properties.title)
    except Exception as error:  # a broken file makes python-docx raise nearly anything
        raise _Broken(f"cannot be read as Word document: {_line(error) or type(error).__name__}") from error
    blocks = []
    for kind, group in groupby((part for part in parts if part[1]), key=lambda part: part[0]):
        blocks.append(("\n" if kind == "item" else "\n\n").join(text for _, text in group))
    return _Document(title, "\n\n".join(blocks))


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


_Row = tuple[int, "dict[str, Any] | _Broken"]


def _keys(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the names used here; what is empty is left out."""
    named: dict[str, Any] = {}
    for key, value in row.items():
        key = str(key).strip().casefold()
        if value not in (None, ""):
            named.setdefault(_KEYS.get(key, key), value)
    return named


def _read_csv(data: bytes) -> Iterator[_Row]:
    """Rows of a table with a header, cells parted by commas, semicolons, tabs or bars.

    Raises:
        _Broken: the columns needed are not there, or it is no table.
    """
    text = _decode(data)
    head = text.partition("\n")[0]
    for delimiter in _DELIMITERS:
        columns = set(_keys(dict.fromkeys(next(csv.reader([head], delimiter=delimiter), []), True)))
        if {"question", "answer"} <= columns or "text" in columns:
            return _csv_rows(text, delimiter)
    raise _Broken("columns are missing: wanted are question and answer, or title and text")


def _csv_rows(text: str, delimiter: str) -> Iterator[_Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="")
    try:
        for row in reader:
            cells = _keys({key: value.strip() for key, value in row.items() if key and value})
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise _Broken(f"line {reader.line_num}: is no row of a table: {error}") from error


def _read_jsonl(data: bytes) -> Iterator[_Row]:
    for number, line in enumerate(_decode(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, _Broken(f"is not valid JSON: {error}")
            continue
        yield number, _keys(row) if isinstance(row, dict) else _Broken("is not a JSON object")


_READERS: dict[str, Callable[[bytes], _Document]] = {
    ".md": _read_markdown,
    ".txt": _read_text,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
}
_ROW_READERS: dict[str, Callable[[bytes], Iterator[_Row]]] = {".csv": _read_csv, ".jsonl": _read_jsonl}
