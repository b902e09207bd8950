"""The index of runs: it equals the folders, whatever happens to its file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from dashboard.runs import index
from dashboard.runs.folder import RunFolder
from dashboard.runs.index import NAME, Index
from dashboard.runs.json_record import read_record, write_record
from dashboard.runs.run_row import RunRow, read_row
from dashboard.settings import Goal
from dashboard.training.goals import Plan
from tests.support.many_runs import copy_runs
from tests.support.paths import ROOT
from tests.support.runs import TrackedStore, advance, saves, small_run


@pytest.fixture
def store(tmp_path):
    with closing(TrackedStore(tmp_path / "runs")) as opened:
        yield opened


@pytest.fixture
def reads(monkeypatch):
    """Return the ids of the folders that are read, in order."""
    ids: list[str] = []

    def read(folder):
        ids.append(folder.path.name)
        return read_row(folder)

    monkeypatch.setattr(index, "read_row", read)
    return ids


def test_rows_are_those_of_the_folders_newest_first(store):
    ids = copy_runs(store, 3)
    rows = Index(store.root).list_rows().rows
    infos = store.list_runs()
    assert [row.id for row in rows] == [info.id for info in infos] == ids[::-1]
    for row, info in zip(rows, infos, strict=True):
        for name in ("text_name", "created", "saved", "iteration", "size", "labels", "damaged"):
            assert getattr(row, name) == getattr(info, name)
    assert (rows[0].iteration, rows[0].title) == (3, "cat · LSTM 2 × 6")
    assert len(rows[0].figures.curve) == 3
    assert rows[0].figures.params > 0 < rows[0].chars_per_second


def test_only_changed_folders_are_read_again(store, reads):
    ids = copy_runs(store, 3)
    Index(store.root).list_rows()
    reads.clear()
    again = Index(store.root)  # another process
    assert len(again.list_rows().rows) == 3
    assert reads == []
    store.set_labels(ids[1], name="the best", note="two\nlines", starred=True)
    shutil.rmtree(store.root / ids[0])
    rows = {row.id: row for row in again.list_rows().rows}
    assert (set(rows), set(reads)) == (set(ids[1:]), {ids[1]})
    labels = rows[ids[1]].labels
    assert (labels.name, labels.note, labels.starred) == ("the best", "two\nlines", True)
    assert rows[ids[1]].title == "the best"


def test_a_folder_that_changed_just_now_is_read_until_its_time_is_certain(store, reads):
    (run_id,) = copy_runs(store, 1)
    listed = Index(store.root)
    os.utime(store.root / run_id)
    listed.list_rows()
    listed.list_rows()
    assert reads == [run_id] * 2
    earlier = time.time() - 10
    os.utime(store.root / run_id, (earlier, earlier))
    listed.list_rows()
    listed.list_rows()
    assert reads == [run_id] * 3


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def scribble(path):
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"x" * (len(raw) - 4096)
    path.write_bytes(bytes(raw))


def no_database(path):
    path.write_bytes(b"not a database at all" * 400)


def older(path):
    with closing(sqlite3.connect(path)) as base:
        base.execute("DROP TABLE runs")
        base.execute("CREATE TABLE runs (id TEXT, other TEXT)")
        base.execute("PRAGMA user_version = 0")


def wrong_rows(path):
    with closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE runs SET row = '{\"id\": 3}'")
        base.commit()


@pytest.mark.parametrize("harm", [os.remove, cut, scribble, no_database, older, wrong_rows])
def test_a_lost_older_or_damaged_index_is_made_anew(store, reads, harm):
    copy_runs(store, 3)
    rows = repr(Index(store.root).list_rows())  # NaN is not equal to NaN
    harm(store.root / NAME)
    assert repr(Index(store.root).list_rows()) == rows
    reads.clear()
    assert repr(Index(store.root).list_rows()) == rows
    assert reads == []


def test_the_index_of_a_later_version_is_left_alone(store):
    copy_runs(store, 2)
    Index(store.root).list_rows()
    with closing(sqlite3.connect(store.root / NAME)) as base:
        base.execute("PRAGMA user_version = 99")
        base.execute("DROP TABLE runs")
    before = (store.root / NAME).read_bytes()
    assert len(Index(store.root).list_rows().rows) == 2
    assert (store.root / NAME).read_bytes() == before


def test_without_a_writable_index_the_rows_are_kept_in_memory(store, reads, monkeypatch):
    copy_runs(store, 2)
    (store.root / NAME).mkdir()  # cannot be opened as a file
    listed = Index(store.root)
    assert len(listed.list_rows().rows) == 2
    reads.clear()
    assert len(listed.list_rows().rows) == 2
    assert reads == []


def test_reading_ends_in_time_and_continues_with_the_next_call(store):
    ids = copy_runs(store, 3)
    listed = Index(store.root)
    counts = []
    for _ in range(4):
        listing = listed.list_rows(seconds=0)
        counts.append((len(listing.rows), listing.unread))
        assert listing.rows[0].id == ids[-1]
    assert counts == [(1, 2), (2, 1), (3, 0), (3, 0)]


def test_only_the_user_can_read_the_index(store):
    copy_runs(store, 1)
    Index(store.root).list_rows()
    files = [path for path in store.root.iterdir() if path.name.startswith(NAME)]
    assert files
    if os.name == "posix":
        assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_folders_of_others_and_unfinished_runs_have_no_row(store):
    (run_id,) = copy_runs(store, 1)
    foreign = store.root / "a-foreign-folder"
    foreign.mkdir()
    (foreign / "run.json").write_text("{}")
    assert [row.id for row in Index(store.root).list_rows().rows] == [run_id]
    assert Index(store.root / "missing").list_rows() == index.Listing([], 0)


def test_a_run_of_an_earlier_version_gets_its_figures_from_its_network(store):
    run = small_run(store, 5)
    folder = store.root / run.id
    (number,) = saves(store, run.id)
    new = Index(store.root).list_rows().rows[0]
    path = folder / f"{number:08d}.json"
    values = read_record(path)
    del values["figures"]
    write_record(path, values)
    (old,) = Index(store.root).list_rows().rows
    assert old.figures == new.figures


@pytest.mark.parametrize(
    ("goal", "progress"),
    [
        (Goal("plateau", 3), "2 iterations, until validation stalls"),
        (Goal("minutes", 2), "2 iterations, goal 2 min"),
        (Goal("iterations", 1_000_000), "2 of 1,000,000 iterations"),
    ],
)
def test_progress_is_told_in_the_unit_of_the_goal(store, goal, progress):
    run = small_run(store)
    run.set_plan(Plan(goal))
    advance(run, 2)
    assert run.autosaver.save_now()
    (row,) = Index(store.root).list_rows().rows
    assert row.progress == progress


def test_a_damaged_run_has_a_row_that_says_why(store):
    run = small_run(store, 2)
    folder = store.root / run.id
    for path in folder.glob("*.npz"):
        path.unlink()
    (folder / "run.json").write_bytes(b"x")
    (row,) = Index(store.root).list_rows().rows
    assert row.damaged
    assert row.trained
    assert not row.has_network
    assert RunRow.from_values(row.to_values()).damaged == row.damaged


_LIST = """
import sys
from pathlib import Path
from dashboard.runs.index import Index
for _ in range(3):
    listing = Index(Path(sys.argv[1])).list_rows(seconds=60)
    assert (len(listing.rows), listing.unread) == (10, 0), listing
"""


def test_several_processes_use_one_index(store):
    copy_runs(store, 10)
    command = [sys.executable, "-c", _LIST, str(store.root)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    with closing(sqlite3.connect(store.root / NAME)) as base:
        assert base.execute("SELECT count(*) FROM runs").fetchone() == (10,)


def list_seconds(store, count: int) -> tuple[float, float]:
    """Return the processor time until ``count`` runs are listed, at first and by a new process."""
    copy_runs(store, count)
    times = []
    for _ in range(2):
        started = time.process_time()
        assert len(Index(store.root).list_rows(seconds=600).rows) == count
        times.append(time.process_time() - started)
    return times[0], times[1]


def test_a_list_of_many_runs_opens_at_once(store):
    _, again = list_seconds(store, 200)
    assert again < 0.2  # measured: 0.02


@pytest.mark.slow
def test_a_list_of_2_000_runs_opens_at_once(store):
    first, again = list_seconds(store, 2_000)
    print(f"2,000 runs: {first:.2f} s without an index, {again:.2f} s with one")
    assert again < 1.0


def test_rows_survive_json(store):
    (run_id,) = copy_runs(store, 1)
    row = read_row(RunFolder(store.root / run_id))
    assert repr(RunRow.from_values(row.to_values())) == repr(row)
