"""The Text section: a column of a table, several files at once, kinds of files in a zip."""

from __future__ import annotations

from tests.support.zips import zip_of

LINES = b"the cat sat on the mat\n" * 20
TABLE = b"id,text\n" + b"".join(b"%d,a cat and a dog\n" % i for i in range(30))


def put(page, *files):
    """Leave these files in the uploader; a file of the same name is the same file as before."""
    uploader = page.app.file_uploader(key="upload")
    uploader._files = [(f"id-{name}", name, raw, "text/plain") for name, raw in files]
    page.app.run()


def text_of(page):
    return page.app.session_state["_text"]


def test_a_column_of_a_table_becomes_the_text(visit):
    page = visit()
    page.upload("a.csv", TABLE)
    assert text_of(page).preview(8) == "id,text\n"
    (preview,) = page.app.dataframe
    assert list(preview.value["Column"]) == ["text", "id"]
    page.choose("column", "text")
    assert text_of(page).preview() == "a cat and a dog\n" * 25
    assert page.says("The text is the column text: 30 cells")
    page.upload("b.txt", LINES)
    assert text_of(page).preview() == LINES.decode()[:400]
    assert page.value("column") is None
    assert not page.app.dataframe


def test_several_files_at_once_become_one_text_and_kinds_can_be_left_out(visit):
    page = visit()
    put(page, ("b10.txt", b"ten " * 40), ("b9.txt", b"nine " * 40), ("LICENSE", b"free " * 40))
    assert page.says("3 files were joined: LICENSE, b9.txt, b10.txt.")
    page.choose("left_out", ["licence"])
    assert text_of(page).preview(5) == "nine "
    page.choose("left_out", ["licence", ".txt"])
    assert page.says("choose a kind of file")
    assert text_of(page).preview(5) == "nine "  # the text before stays


def test_the_files_of_a_zip_have_kinds_too(visit):
    page = visit()
    page.upload("a.zip", zip_of({"a.txt": LINES, "settings.json": b'{"a": 1}'}))
    page.choose("left_out", [".json"])
    assert "{" not in text_of(page).vocab.idx_to_char


def test_a_later_upload_replaces_the_first_and_both_can_be_used(visit):
    page = visit()
    first, second = ("a.txt", LINES), ("b.txt", b"another text " * 30)
    put(page, first)
    put(page, first, second)
    assert text_of(page).preview(12) == "another text"
    page.press("Use all 2 files")
    assert page.says("2 files were joined: a.txt, b.txt.")
    put(page, first)  # the second was removed from the uploader
    assert text_of(page).preview(12) == "the cat sat "
    put(page)
    assert text_of(page).preview(12) == "the cat sat "
