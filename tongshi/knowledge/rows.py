"""Questions and answers row by row: tables, lines of JSON, and e-mails."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tongshi.knowledge.documents import Broken, decode
from tongshi.knowledge.mail import read_eml, read_mbox

_DELIMITERS = ",;\t|"
_QUOTES = 'a quotation mark that opens a cell is not closed at its end; one within a quoted cell is doubled ("")'
_KEYS = {
    "q": "question",
    "questions": "question",
    "a": "answer",
    "lang": "language",
    "body": "text",
    "content": "text",
    "approved": "verbatim",
}

# An answer may be longer than the module's own limit, beyond which it drops the rest of a table.
csv.field_size_limit(sys.maxsize)

Row = tuple[str, "dict[str, Any] | Broken"]
"""Name of a line or message, and what it says or why it cannot be read."""


def keys(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the names used here; what is empty is left out."""
    named: dict[str, Any] = {}
    for key, value in row.items():
        key = str(key).strip().casefold()
        if value not in (None, ""):
            named.setdefault(_KEYS.get(key, key), value)
    return named


def _read_csv(data: bytes) -> Iterator[Row]:
    """Rows of a table with a header, cells parted by commas, semicolons, tabs or bars.

    Raises:
        Broken: the columns needed are not there, or it is no table.
    """
    text = decode(data)
    head = text.partition("\n")[0]
    for delimiter in _DELIMITERS:
        columns = set(keys(dict.fromkeys(next(csv.reader([head], delimiter=delimiter), []), True)))
        if {"question", "answer"} <= columns or "text" in columns:
            return _csv_rows(text, delimiter)
    raise Broken("columns are missing: wanted are question and answer, or title and text")


def _csv_rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = _without_end([cell.strip() for cell in next(reader)])
    while True:
        first = reader.line_num + 1
        try:
            cells = _without_end([cell.strip() for cell in next(reader)])
        except StopIteration:
            return
        except csv.Error as error:
            lines = f"line {first}" if reader.line_num <= first else f"lines {first} to {reader.line_num}"
            yield lines, Broken(f"{_QUOTES} ({error})")
            continue
        name = f"line {first}"
        if len(cells) > len(columns):
            yield name, Broken(f"has more cells than columns; put quotation marks around a text that holds {delimiter!r}")
        elif row := keys({key: value for key, value in zip(columns, cells) if key}):
            yield name, row


def _without_end(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end of their row."""
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _read_jsonl(data: bytes) -> Iterator[Row]:
    for number, line in enumerate(decode(data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"line {number}", Broken(f"is not valid JSON: {error}")
            continue
        yield f"line {number}", keys(row) if isinstance(row, dict) else Broken("is not a JSON object")


ROW_READERS: dict[str, Callable[[bytes], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".eml": read_eml,
    ".mbox": read_mbox,
}
"""What reads a file of each kind; it raises `Broken` where it cannot read it at all."""
