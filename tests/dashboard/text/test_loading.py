"""Loading: sample texts, uploads in many encodings, clean-up, and names without paths."""

from __future__ import annotations

import contextlib
import gzip
import io
import tracemalloc
import zipfile
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.server import limits, memory, reading_budget
from dashboard.text import loading
from dashboard.text.cleanup import CLEANUP_RULES
from dashboard.text.encoding_guess import ENCODINGS
from dashboard.text.loading import ReadOptions, load, load_files, load_sample, sample_names
from rnncore.errors import TextError

RUSSIAN = (
    "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива "
    "по-своему. Всё смешалось в доме Облонских. Жена узнала, что муж был в связи с бывшею "
    "в их доме француженкою-гувернанткой, и объявила мужу, что не может жить с ним в одном доме.\n"
)
FRENCH = (
    "Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte, mes yeux "
    "se fermaient si vite que je n’avais pas le temps de me dire : « Je m’endors. »\n"
)
JAPANESE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
    "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。\n"
)


def decode_all(text: loading.LoadedText) -> str:
    return text.preview(len(text))


def test_the_story_comes_first_and_every_sample_has_a_title():
    assert sample_names()[0] == "lighthouse.txt"
    on_disk = {path.name for path in loading.SAMPLE_FOLDER.glob("*.txt")}
    assert set(sample_names()) == set(loading.SAMPLE_TITLES) == on_disk


@pytest.mark.parametrize("name", sample_names())
def test_samples_are_read_unchanged(name):
    text = load_sample(name)
    path = loading.SAMPLE_FOLDER / name
    assert decode_all(text) == path.read_text(encoding="utf-8")
    assert (text.name, text.size, text.notes) == (name, path.stat().st_size, ())
    assert len(text) == len(text.ids)


def test_ids_of_a_small_vocabulary_take_one_byte():
    assert load_sample("lighthouse.txt").ids.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-16"),
        (FRENCH, "cp1252"),
        (FRENCH, "utf-8-sig"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "utf-8"),
    ],
)
def test_the_encoding_of_an_upload_is_detected(text, encoding):
    read = load((text * 20).encode(encoding), "book.txt")
    assert decode_all(read) == text * 20


def test_a_chosen_encoding_is_used():
    raw = (RUSSIAN * 3).encode("koi8-r")
    assert decode_all(load(raw, "book.txt", ReadOptions(encoding="koi8-r"))) == RUSSIAN * 3
    assert decode_all(load(raw, "book.txt", ReadOptions(encoding="cp1251"))) != RUSSIAN * 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/home/somebody/secret/book.txt", "book.txt"),
        ("C:\\Users\\somebody\\book.txt", "book.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\", ".."),
        ("", "untitled"),
        ("a\nb\x1b[31m.txt", "a?b?[31m.txt"),
    ],
)
def test_names_never_contain_paths(name, shown):
    assert load(b"abcabc\n", name).name == shown
    with pytest.raises(TextError) as refused:
        load(b"aaaa", name)
    for part in ("somebody", "secret", "etc/", "\x1b"):
        assert part not in str(refused.value)


def test_clean_up_that_leaves_no_text_is_refused():
    raw = "\t\t☃☃\n".encode("utf-16")
    with pytest.raises(TextError, match="switch some of it off"):
        load(raw * 2, "book.txt", ReadOptions(cleanup_rules=frozenset(CLEANUP_RULES)))


def packed(raw: bytes, kind: str) -> bytes:
    """Return the bytes unchanged or in an archive."""
    if kind == "gzip":
        return gzip.compress(raw)
    if kind == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("book.txt", raw)
        return file.getvalue()
    return raw


A_FILE = st.one_of(
    st.binary(max_size=400),
    st.builds(
        lambda text, encoding: (text * 5).encode(encoding, "replace"),
        st.text(min_size=1, max_size=60),
        st.sampled_from(tuple(ENCODINGS)),
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    A_FILE,
    st.sampled_from(["plain", "gzip", "zip"]),
    st.sampled_from([None, *tuple(ENCODINGS)]),
    st.frozensets(st.sampled_from(sorted(CLEANUP_RULES)), max_size=3),
)
def test_any_file_gives_a_text_or_a_text_error(raw, kind, encoding, cleanup_rules):
    options = ReadOptions(encoding=encoding, cleanup_rules=cleanup_rules)
    with contextlib.suppress(TextError):
        read = load(packed(raw, kind), "book", options)
        assert len(read.vocab) > 1
        decode_all(read).encode("utf-8")  # as the page shows it


@pytest.mark.parametrize("raw", [b"", b"aaaa", b"\x89PNG\r\n\x1a\n" + bytes(50), b"\x00\x01" * 99])
def test_files_that_are_no_text_are_refused(raw):
    with pytest.raises(TextError):
        load(raw, "book.txt")


BOOK = b"""The Project Gutenberg eBook of Nothing

*** START OF THE PROJECT GUTENBERG EBOOK NOTHING ***

It was a bright cold day.

*** END OF THE PROJECT GUTENBERG EBOOK NOTHING ***

A licence.
"""


def test_project_gutenbergs_boilerplate_can_be_kept():
    assert "licence" not in decode_all(load(BOOK, "book.txt"))
    assert "licence" in decode_all(load(BOOK, "book.txt", ReadOptions(strip_gutenberg=False)))


def test_applied_rules_stay_among_the_suggestions():
    raw = "“Odd” quotes  and trailing  \nspaces.  \n".encode()
    unchanged = load(raw, "book.txt")
    keys = {suggestion.key for suggestion in unchanged.suggestions}
    assert {"quotes", "trailing"} <= keys
    cleaned = load(raw, "book.txt", ReadOptions(cleanup_rules=frozenset({"trailing", "no such"})))
    assert decode_all(cleaned) == "“Odd” quotes  and trailing\nspaces.\n"
    assert {suggestion.key for suggestion in cleaned.suggestions} == keys


def test_texts_with_equal_characters_are_equal():
    one, other = load(b"abcabc\n", "one.txt"), load(b"abcabc\n", "other.txt")
    assert one == other
    assert hash(one) == hash(other)
    # The same ids over another vocabulary, and the same vocabulary in another order.
    assert len({one, other, load(b"abdabd\n", "one.txt"), load(b"acbacb\n", "one.txt")}) == 3
    assert one != "abcabc\n"


def test_frequencies_are_sorted_and_invisible_characters_shown():
    names, counts = load(b"bb a\nbb", "book.txt").frequencies()
    assert list(zip(names, counts.tolist(), strict=True)) == [
        ("b", 4),
        ("↵", 1),
        ("␣", 1),
        ("a", 1),
    ]


def pages(size: int) -> bytes:
    """Return a gzip file that expands to ``size`` bytes."""
    return gzip.compress(b"All work and no play makes Jack a dull boy.\n" * (size // 44))


def test_a_file_that_expands_beyond_the_memory_to_spare_is_stopped_while_it_grows(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 20 * 2**20)
    allowed = int(20 * 2**20 * limits.MEMORY_SHARE)
    raw = pages(40 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(limits.TooLargeError, match=r"can be spared\. Upload a part"):
            load(raw, "book.txt.gz")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * allowed


def test_all_files_that_are_read_at_a_time_share_one_budget(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 400 * 2**20)
    small = pages(2**20)
    with reading_budget.open_account() as take:
        load(small, "book.txt.gz")
        take(90 * 2**20)
        monkeypatch.setattr(memory, "available", lambda: 310 * 2**20)
        with pytest.raises(limits.TooLargeError, match="other files that are being read now use"):
            load(small, "book.txt.gz")
        # What the refused reading had taken was given back.
        take(2**20)
    load(small, "book.txt.gz")


@pytest.mark.parametrize(
    "line",
    [
        "All work and no play makes Jack a dull boy.\n",
        "\n",
        "ab \n",
        "Все счастливые семьи похожи друг на друга.\n",
        "\ta\t\tb\n",
        "“Où est l’été ?”\n",
        "word ",
    ],
)
@pytest.mark.parametrize("rules", [(), tuple(CLEANUP_RULES)])
def test_reading_takes_no_more_memory_than_it_reports(monkeypatch, line, rules):
    reported = []
    monkeypatch.setattr(reading_budget, "open_account", lambda: nullcontext(reported.append))
    text = "a" + line * (2**18 // len(line))
    raw = gzip.compress(text.encode())
    tracemalloc.start()
    try:
        load(raw, "book.txt.gz", ReadOptions(cleanup_rules=frozenset(rules)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < sum(reported) + 2 * 2**20  # and tables of a fixed size
    assert sum(reported) < 50 * len(text.encode())


def test_a_column_of_a_table_becomes_the_text():
    raw = b"id,text\n" + b"1,cat\n2,dog\n" * 20
    whole = load(raw, "a.csv")
    assert {column.name for column in whole.columns} == {"id", "text"}
    assert whole.preview(8) == "id,text\n"
    chosen = load(raw, "a.csv", ReadOptions(column="text"))
    assert chosen.preview(100) == "cat\ndog\n" * 12 + "cat\n"
    assert chosen.columns == whole.columns
    assert "column text: 40 cells" in chosen.notes[-1]
    assert load(raw, "a.csv", ReadOptions(column="gone")) == whole


def test_several_files_become_one_text_in_the_order_of_their_names():
    files = [("b10.txt", b"ten"), ("b2.txt", b"two"), ("a.pdf", b"%PDF-1.4 "), ("LICENSE", b"free")]
    loaded = load_files(files)
    assert loaded.preview() == "free\n\ntwo\n\nten\n"
    assert [(kind.name, kind.files) for kind in loaded.kinds] == [(".txt", 2), ("licence", 1)]
    assert any("a.pdf is a PDF document" in note for note in loaded.notes)
    only = load_files(files, ReadOptions(left_out=frozenset({"licence"})))
    assert only.preview() == "two\n\nten\n"
    assert only.size == sum(len(raw) for _, raw in files)
    assert only.kinds == loaded.kinds
