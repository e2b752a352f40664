"""Questions and answers row by row: tables, lines of JSON, and e-mails."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from tongshi.knowledge.documents import Broken, decode
from tongshi.knowledge.mail import read_eml, read_mbox

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
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="")
    try:
        for row in reader:
            cells = keys({key: value.strip() for key, value in row.items() if key and value})
            if cells:
                yield f"line {reader.line_num}", cells
    except csv.Error as error:
        raise Broken(f"line {reader.line_num}: is no row of a table: {error}") from error


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
