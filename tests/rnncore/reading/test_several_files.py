"""Several files at once, and the kinds of files in a zip: all are listed, some can be left out."""

from __future__ import annotations

import pytest

from rnncore import read_text
from rnncore.errors import TextError
from rnncore.reading.file_kinds import kind_name
from rnncore.reading.text import read_texts
from tests.support.zips import zip_of

MIXED = {
    "book/part 10.txt": "the last part, a long one",
    "book/part 9.txt": "the first part",
    "book/LICENSE": "free",
    "book/Readme.md": "about",
    "settings.json": '{"a": 1}',
    "cover.png": b"\x89PNG\r\n\x1a\n",
}


def test_a_zip_lists_its_kinds_of_files_the_largest_first():
    read = read_text(zip_of(MIXED), "book.zip")
    assert [(kind.name, kind.files) for kind in read.kinds] == [
        (".txt", 2),
        (".json", 1),
        ("readme", 1),
        ("licence", 1),
    ]
    assert read.kinds[0].characters == len("the last part, a long one" + "the first part")
    assert "about" in read.text


def test_kinds_of_files_can_be_left_out():
    out = frozenset({"licence", "readme", ".json"})
    read = read_text(zip_of(MIXED), "book.zip", left_out=out)
    assert read.text == "the first part\n\nthe last part, a long one\n"
    assert "Left out: 3 files (.json, readme, licence)." in read.notes
    assert len(read.kinds) == 4  # the choice stays


def test_leaving_out_everything_is_refused():
    with pytest.raises(TextError, match="choose a kind of file"):
        read_text(zip_of({"a.txt": "words"}), "a.zip", left_out=frozenset({".txt"}))


def test_a_single_file_has_no_kinds():
    assert read_text(b"words", "a.txt", left_out=frozenset({".txt"})).kinds == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/B.TXT", ".txt"),
        ("a.b/c", "no ending"),
        (r"a\LICENSE.txt", "licence"),
        ("COPYING", "licence"),
        ("readme", "readme"),
        ("x.tar.gz", ".gz"),
    ],
)
def test_the_kind_follows_from_the_name(name, kind):
    assert kind_name(name) == kind


def test_several_files_are_joined_in_natural_order_and_documents_are_read():
    files = [("part 10.txt", b"ten"), ("part 9.html", b"<html><body><p>nine</p></body></html>")]
    read = read_texts([*files, ("z.zip", zip_of({"a.txt": "zip one", "b.txt": "zip two"}))])
    assert read.text == "nine\n\nten\n\nzip one\n\nzip two\n"
    assert read.name == "z.zip and 2 more"  # that with the most text
    assert read.notes[0] == "3 files were joined: part 9.html, part 10.txt, z.zip."


def test_a_file_that_cannot_be_read_is_passed_over_with_the_reason():
    read = read_texts([("a.pdf", b"%PDF-1.4"), ("b.txt", b"words")])
    assert (read.text, read.name) == ("words", "b.txt")
    assert read.notes[0].startswith("Passed over. a.pdf is a PDF document")


def test_noise_and_empty_files_are_passed_over_beside_a_text():
    noise = bytes(range(32)) * 50
    files = [("a.bin", noise), ("b.txt", b""), ("c.txt", b"words and more words")]
    read = read_texts(files)
    assert (read.text, read.name) == ("words and more words", "c.txt")
    assert read.notes[0].startswith("Passed over. a.bin is not a text: ")
    assert read.notes[1].startswith("Passed over. b.txt is empty; ")


def test_only_unreadable_files_are_refused_as_one_would_be():
    with pytest.raises(TextError, match=r"a\.pdf is a PDF document"):
        read_texts([("b.rtf", b"{\\rtf1"), ("a.pdf", b"%PDF-1.4")])
