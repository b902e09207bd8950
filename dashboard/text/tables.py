"""The columns of a table (.csv, .tsv, .json, .jsonl), of which one can become the text.

Every step is short, so that other visitors do not wait: Python's own JSON reader takes a whole
file in one step.
"""

from __future__ import annotations

import csv
import json
import json.scanner
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

MAX_COLUMNS = 50  # more are no choice for a person
BYTES_PER_CHARACTER = 24  # at the peak of reading a JSON file
_PREVIEWS, _PREVIEW_LENGTH = 3, 80
_DELIMITERS = "\t;,|"
_LOOK_LINES = 50  # that decide whether a text is a table
_UNNAMED_LINES = 10  # of them must be rows, in a file whose name does not end with .csv or .tsv
_CSV_NAMES = (".csv", ".tsv", ".tab")
_MAX_DEPTH = 3  # of objects in objects whose values are columns
_SHORT_LINE = 1 << 16  # characters that Python's own JSON reader takes in one short step

csv.field_size_limit(1 << 24)  # characters: a cell may hold a chapter


@dataclass(frozen=True)
class Column:
    """A column: its name, how many of its cells have a text, and the beginnings of the first."""

    name: str
    cells: int
    characters: int
    preview: tuple[str, ...]


Row = Mapping[str, str]


def find_columns(text: str, name: str) -> list[Column]:
    """Return the columns of a table, that with the most characters first; none for other texts."""
    cells: dict[str, int] = {}
    lengths: dict[str, int] = {}
    previews: dict[str, list[str]] = {}
    for row in read_rows(text, name):
        for key, value in row.items():
            if not value or (key not in cells and len(cells) >= MAX_COLUMNS):
                continue
            cells[key] = cells.get(key, 0) + 1
            lengths[key] = lengths.get(key, 0) + len(value)
            if len(shown := previews.setdefault(key, [])) < _PREVIEWS:
                shown.append(" ".join(value[:_PREVIEW_LENGTH].split()))
    found = [Column(key, cells[key], lengths[key], tuple(previews[key])) for key in cells]
    return sorted(found, key=lambda column: -column.characters)


def take_column(text: str, name: str, column: str) -> str:
    """Return the cells of a column, each followed by a line feed; empty cells are left out."""
    cells = (row.get(column, "") for row in read_rows(text, name))
    return "".join(f"{cell}\n" for cell in cells if cell)


def read_rows(text: str, name: str) -> Iterator[Row]:
    """Yield the rows of a table; nothing if the text is not a table.

    name: the file's name, which helps to tell a table with commas from sentences.
    """
    first = _first_sign(text)
    if first == "{" and (rows := _read_json_lines(text)):
        yield from rows
    elif first in ("{", "["):
        yield from _read_json(text)
    else:
        yield from _read_csv(text, name)


def may_be_json(text: str) -> bool:
    """Return whether a text begins as JSON does."""
    return _first_sign(text) in ("{", "[")


def _first_sign(text: str) -> str:
    return text[:1000].lstrip()[:1]


# -- JSON ----------------------------------------------------------------------------------------


class _SlowDecoder(json.JSONDecoder):
    """Python's JSON reader without its parts in C: other threads run meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        from json.decoder import JSONArray, JSONObject  # type: ignore[attr-defined]

        self.parse_array, self.parse_object = JSONArray, JSONObject
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _read_json_lines(text: str) -> list[Row]:
    """Return the rows of a file with one object a line; an empty list for other files."""
    rows: list[Row] = []
    for line in _lines(text):
        if not line.strip():
            continue
        value = _parse(line)
        if not isinstance(value, dict):
            return []
        rows.append(_flatten(value))
    return rows if len(rows) > 1 else []


def _read_json(text: str) -> Iterator[Row]:
    value = _parse(text)
    for item in _find_list(value):
        if isinstance(item, dict):
            yield _flatten(item)


def _parse(text: str) -> Any:
    """Return the value of a JSON text, or None if it is not JSON."""
    with suppress(ValueError, RecursionError):
        return json.loads(text) if len(text) < _SHORT_LINE else _SlowDecoder().decode(text)
    return None


def _find_list(value: object, depth: int = 0) -> list[Any]:
    """Return the longest list of objects in a JSON value; the value itself or inside objects."""
    if isinstance(value, list):
        return value if any(isinstance(item, dict) for item in value[:100]) else []
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        found = [_find_list(inner, depth + 1) for inner in value.values()]
        return max(found, key=len, default=[])
    return []


def _flatten(value: dict[str, Any], prefix: str = "", depth: int = 1) -> dict[str, str]:
    """Return an object's texts and numbers by name, those of objects in it as ``outer.inner``."""
    row: dict[str, str] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, str):
            row[name] = _plain(inner)
        elif isinstance(inner, dict) and depth < _MAX_DEPTH:
            row |= _flatten(inner, f"{name}.", depth + 1)
        elif isinstance(inner, list) and inner and all(isinstance(i, str) for i in inner):
            row[name] = _plain("\n".join(inner))
        elif isinstance(inner, (int, float)) and not isinstance(inner, bool):
            row[name] = str(inner)
    return row


def _plain(text: str) -> str:
    """Return a text with LF line endings, and with ? for halves of characters (surrogates)."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


# -- CSV -----------------------------------------------------------------------------------------


def _read_csv(text: str, name: str) -> Iterator[Row]:
    delimiter = _find_delimiter(text, name)
    if delimiter is None:
        return
    # A damaged quotation mark in the middle ends the table there.
    with suppress(csv.Error):
        reader = csv.reader(_lines(text), delimiter=delimiter)
        header = _name_columns(next(reader, []))
        for row in reader:
            yield dict(zip(header, row, strict=False))


def _find_delimiter(text: str, name: str) -> str | None:
    """Return the delimiter that gives all of the first lines the same number of cells, or None."""
    is_named = name.lower().removesuffix(".gz").endswith(_CSV_NAMES)
    for delimiter in _DELIMITERS:
        rows: list[list[str]] = []
        with suppress(csv.Error):
            for row in csv.reader(_first_lines(text), delimiter=delimiter):
                rows.append(row)
        rows = [row for row in rows if row]
        counts = {len(row) for row in rows}
        enough = 2 if is_named else _UNNAMED_LINES
        if len(counts) != 1 or counts.pop() < 2 or len(rows) < enough:
            continue
        # Sentences with one comma each are no table; the cells of a header are short names.
        if is_named or (delimiter != "," and all(len(cell) < 40 for cell in rows[0])):
            return delimiter
    return None


def _first_lines(text: str) -> Iterator[str]:
    """Yield the first lines, but for the last of them: its cells may go on below."""
    for number, line in enumerate(_lines(text)):
        if number == _LOOK_LINES:
            return
        yield line


def _name_columns(header: Iterable[str]) -> list[str]:
    """Return different names for all columns; one without a name is called column 3."""
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = " ".join(cell.split())[:_PREVIEW_LENGTH] or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _lines(text: str) -> Iterator[str]:
    """Yield the lines with their line feeds, without a copy of the whole text."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end
