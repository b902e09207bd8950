"""Tables: their columns are found, and one of them becomes the text."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.text.tables import find_columns, take_column
from tests.support.holds import longest_hold

ROWS = [
    {"id": "1", "text": "Call me Ishmael.", "by": "Melville"},
    {"id": "2", "text": 'He said: "go", and\nwent.', "by": "Unknown, perhaps"},
    {"id": "3", "text": "", "by": "Nobody"},
]


def as_csv(delimiter=","):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(ROWS[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue()


TABLES = {
    "a.csv": as_csv(),
    "b.tsv": as_csv("\t"),
    "semicolons.csv": as_csv(";"),
    "a.json": json.dumps(ROWS),
    "a.jsonl": "\n".join(json.dumps(row) for row in ROWS) + "\n",
    "nested.json": json.dumps({"meta": {"n": 3}, "data": {"rows": ROWS, "few": [{"x": 1}]}}),
    "no ending": json.dumps(ROWS, indent=1),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_are_offered_with_a_preview_and_one_becomes_the_text(name):
    columns = find_columns(TABLES[name], name)
    assert {column.name for column in columns} == {"id", "text", "by"}
    assert columns[0].name == "text"  # the most characters
    assert columns[0].cells == 2
    assert columns[0].preview == ("Call me Ishmael.", 'He said: "go", and went.')
    assert take_column(TABLES[name], name, "text") == (
        'Call me Ishmael.\nHe said: "go", and\nwent.\n'
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("novel.txt", "It was late, and cold.\n" * 40),
        ("verse.txt", "A line; and a half of one,\nanother line without.\n" * 20),
        ("a.csv", "one column\nonly\n"),
        ("a.csv", ""),
        ("a.json", "[1, 2, 3]"),
        ("a.json", '{"a": "b"'),
        ("a.json", "[" * 100_000),
        ("a.json", "[" + "9" * 5000 + "]"),
        ("code.py", "{\n  x = 1\n}\n"),
        ("[", "["),
    ],
)
def test_other_texts_have_no_columns(name, text):
    assert find_columns(text, name) == []
    assert take_column(text, name, "text") == ""


def test_a_table_without_a_name_is_recognised_by_its_tabs():
    rows = "".join(f"{i}\tword {i}\n" for i in range(20))
    assert [c.name for c in find_columns("id\tword\n" + rows, "data.txt")] == ["word", "id"]


def test_objects_in_objects_and_lists_of_texts_are_columns():
    row = {"user": {"name": "Ada", "at": {"x": {"y": 1}}}, "lines": ["a", "b"], "n": 3, "ok": True}
    found = {c.name: c.preview for c in find_columns(json.dumps([row]), "a.json")}
    assert found == {"user.name": ("Ada",), "lines": ("a b",), "n": ("3",)}


def test_halves_of_characters_and_other_line_endings_are_replaced():
    text = r'[{"a": "\ud800x\r\ny\rz"}]'
    assert take_column(text, "x.json", "a") == "?x\ny\nz\n"


def test_columns_with_the_same_or_no_name_are_told_apart():
    columns = find_columns("a,,a\n1,22,333\n", "x.csv")
    assert [c.name for c in columns] == ["a (3)", "column 2", "a"]


def test_rows_may_be_too_short_or_too_long():
    text = "a,b\n" + "1,2\n" * 60 + "3\n4,5,6\n"
    assert take_column(text, "x.csv", "b") == "2\n" * 60 + "5\n"


def test_no_more_columns_are_offered_than_a_person_can_read():
    row = {f"c{i}": "x" for i in range(500)}
    assert len(find_columns(json.dumps([row]), "x.json")) == 50


CELLS = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(CELLS, CELLS),
        min_size=1,
        max_size=5,
    )
)
def test_any_cells_come_back_from_csv_and_json(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    wanted = "".join(f"{b}\n" for _, b in rows if b)
    as_json = json.dumps([{"a": a, "b": b} for a, b in rows])
    assert take_column(as_json, "x.json", "b") == wanted
    assert take_column(out.getvalue(), "x.csv", "b") == wanted


def test_a_large_table_keeps_no_thread_waiting():
    text = json.dumps([{"text": "words and words " * 4, "n": i} for i in range(30_000)])
    assert longest_hold(lambda: find_columns(text, "x.json")) < 0.2
