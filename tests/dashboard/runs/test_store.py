"""Runs on disk: opened as they were, damaged or not, owned by one, listed, deleted, bounded."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboard.runs import lock
from dashboard.runs.json_record import read_record, write_record
from dashboard.runs.lock import RunInUseError
from dashboard.runs.run import new_run
from dashboard.runs.store import NoSuchRunError, Store, default_root
from dashboard.server import limits, memory
from dashboard.settings import ModelSettings
from rnncore import RNN, RnnCoreError
from rnncore.errors import FileFormatError
from tests.support.paths import ROOT
from tests.support.runs import (
    MODEL,
    TEXT,
    TRAIN,
    TrackedStore,
    advance,
    assert_same,
    saves,
    small_run,
)

posix = pytest.mark.skipif(os.name == "nt", reason="modes and locks of this kind are POSIX")


@pytest.fixture
def store(tmp_path):
    store = TrackedStore(tmp_path / "runs")
    yield store
    store.close()


def suspend(run):
    assert run.autosaver.suspend(), run.autosaver.problem
    return run


# -- opening -----------------------------------------------------------------------------------


def test_a_run_that_is_opened_goes_on_as_if_it_had_never_stopped(store):
    whole = small_run()
    parted = small_run(store)
    for steps in (70, 37, 43):
        for run in (whole, parted):
            advance(run, steps)
            run.trainer.change(replace(run.train_settings, lr=1e-3 * steps, clip=math.inf))
        suspend(parted)
        parted = store.open(parted.id)
        assert_same(whole, parted)
    assert whole.sample_log.entries
    assert len(whole.solver.history.validations()[0])
    assert len(whole.trainer.changes) == 4


def test_an_opened_run_is_paused_and_says_what_it_is(store):
    run = suspend(small_run(store, 30))
    opened = store.open(run.id)
    assert opened.trainer.status().phase == "paused"
    assert (opened.id, opened.created, opened.notes) == (run.id, run.created, ())
    assert opened.autosaver.saved_iteration == 30
    assert opened.autosaver.saved_at == pytest.approx(run.autosaver.saved_at)
    assert opened.text.name == "cat.txt"
    assert opened.train_settings == TRAIN


def test_every_kind_of_cell_opens_again(store):
    for cell_type in ("lstm", "gru", "vanilla"):
        run = suspend(small_run(store, 3, replace(MODEL, cell_type=cell_type)))
        assert_same(run, store.open(run.id))


def test_a_run_that_was_opened_but_not_trained_is_not_written_again(store):
    run = suspend(small_run(store, 3))
    before = saves(store, run.id)
    suspend(store.open(run.id))
    assert saves(store, run.id) == before


def test_a_run_too_large_for_this_machine_is_refused_before_it_is_read(store, monkeypatch):
    run = suspend(small_run(store))
    monkeypatch.setattr(memory, "free", lambda: 1000)
    with pytest.raises(limits.TooLargeError, match="memory"):
        store.open(run.id)
    monkeypatch.undo()
    store.open(run.id)  # and nobody holds it


def test_a_run_of_doubles_needs_twice_the_memory(store, monkeypatch):
    V = len(TEXT.vocab)
    doubles = RNN(V, TEXT.vocab.idx_to_char, 3, 6, num_layers=2, dropout=0.2, dtype="float64")
    run = new_run(TEXT, MODEL, TRAIN, doubles)
    store.start_autosave(run)
    assert run.autosaver.save_now()
    suspend(run)
    enough = MODEL.memory(V, 8) / limits.MEMORY_SHARE
    monkeypatch.setattr(memory, "free", lambda: int(0.9 * enough))  # plenty for single precision
    with pytest.raises(limits.TooLargeError, match="memory"):
        store.open(run.id)
    monkeypatch.setattr(memory, "free", lambda: int(1.1 * enough))
    assert store.open(run.id).solver.model.dtype == "float64"


@pytest.mark.parametrize(
    "run_id",
    ["", ".", "..", "../../../../etc", "a" * 15, "a" * 17, "a" * 15 + "/", "a" * 16 + "\n",
     "a" * 15 + "\0", "a" * 15 + ".", "ä" * 16, "/" + "a" * 15, None, 7],
)  # fmt: skip
def test_what_is_no_id_never_becomes_a_path(tmp_path, run_id):
    (tmp_path / "runs").mkdir()
    for refused in (Store(tmp_path / "runs").open, Store(tmp_path / "runs").delete):
        with pytest.raises(NoSuchRunError):
            refused(run_id)
    assert os.listdir(tmp_path) == ["runs"]
    assert not os.listdir(tmp_path / "runs")


def test_an_unknown_id_is_said_to_be_unknown(store):
    with pytest.raises(NoSuchRunError, match="no run under this link"):
        store.open("a" * 16)
    assert not store.root.exists()


@posix
def test_runs_are_for_their_owner_alone(store):
    run = small_run(store)
    assert (store.root.stat().st_mode & 0o777) == 0o700
    assert ((store.root / run.id).stat().st_mode & 0o777) == 0o700


@pytest.fixture
def taught(store):
    """A run on a network that had learnt something before."""
    taught = small_run(steps=5).solver.model
    run = new_run(TEXT, MODEL, TRAIN, taught)
    store.start_autosave(run)
    advance(run, 3)
    return suspend(run)


def test_a_network_that_knew_something_comes_back_as_it_began(store, taught):
    opened = store.open(taught.id)
    np.testing.assert_array_equal(opened.initial_model.flat, taught.initial_model.flat)
    assert not np.array_equal(opened.initial_model.flat, opened.solver.model.flat)
    assert opened.notes == ()
    assert small_run(store, 3).initial_model is None
    assert store.open(suspend(small_run(store, 3)).id).initial_model is None


@pytest.mark.parametrize("damage", ["cut", "flip", "other"])
def test_a_first_network_that_is_damaged_is_told_and_the_run_opens(store, taught, damage):
    path = store.root / taught.id / "first.npz"
    if damage == "other":
        path.write_bytes((path.parent / "text.npz").read_bytes())
    else:
        {"cut": cut, "flip": flip}[damage](path)
    opened = store.open(taught.id)
    assert opened.initial_model is None
    assert "Reset begins with a new one." in opened.notes[0]
    assert opened.solver.iteration == 3


# -- damage ------------------------------------------------------------------------------------


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "cut network": ("npz", cut),
    "flipped bit in the network": ("npz", flip),
    "empty network": ("npz", lambda path: path.write_bytes(b"")),
    "no network": ("npz", Path.unlink),
    "cut journal": ("json", cut),
    "flipped bit in the journal": ("json", flip),
    "no journal": ("json", Path.unlink),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_if_the_newest_save_is_damaged_the_one_before_is_opened(store, damage):
    run = small_run(store, 10)
    advance(run, 10)
    suspend(run)
    kind, harm = DAMAGES[damage]
    newest = max(saves(store, run.id))
    harm(store.root / run.id / f"{newest:08d}.{kind}")
    opened = store.open(run.id)
    assert opened.solver.iteration == 10
    # A save that was not finished is nothing to speak of; one that was is.
    assert bool(opened.notes) == (not damage.startswith("no "))
    assert all("at iteration 10" in note for note in opened.notes)
    advance(opened, 3)
    suspend(opened)
    assert newest not in saves(store, run.id) or damage.startswith("no ")
    assert store.open(run.id).solver.iteration == 13


def test_a_damaged_save_is_not_taken_for_progress_made_elsewhere(store):
    run = small_run(store, 10)
    advance(run, 10)
    suspend(run)
    cut(store.root / run.id / f"{max(saves(store, run.id)):08d}.npz")
    opened = suspend(store.open(run.id))
    advance(opened, 1)
    assert opened.autosaver.save_now(), opened.autosaver.problem


def test_a_run_without_a_whole_save_is_refused_listed_as_damaged_and_left_alone(store):
    run = suspend(small_run(store, 5))
    files = sorted((store.root / run.id).glob("0*.npz"))
    for path in files:
        cut(path)
    for _ in range(2):
        with pytest.raises(FileFormatError, match="None of this run's saves can be opened"):
            store.open(run.id)
    (info,) = store.list_runs()
    assert "no save that is whole" in info.damaged
    assert (info.id, info.text_name, info.iteration) == (run.id, "cat.txt", 0)
    store.tidy()
    assert sorted((store.root / run.id).glob("0*.npz")) == files
    store.delete(run.id)
    assert store.list_runs() == []


@pytest.mark.parametrize("name", ["run.json", "text.npz"])
def test_a_run_whose_text_or_record_is_damaged_is_refused(store, name):
    run = suspend(small_run(store))
    flip(store.root / run.id / name)
    with pytest.raises(FileFormatError, match="damaged"):
        store.open(run.id)
    (info,) = store.list_runs()
    assert bool(info.damaged) == (name == "run.json")


def test_another_runs_record_or_text_in_the_folder_is_noticed(store):
    one, two = suspend(small_run(store)), suspend(small_run(store))
    (store.root / one.id / "run.json").write_bytes((store.root / two.id / "run.json").read_bytes())
    with pytest.raises(FileFormatError, match="another run"):
        store.open(one.id)


def test_random_damage_is_refused_or_does_not_matter(store):
    run = suspend(small_run(store, 4))
    rng = np.random.default_rng(0)
    paths = [p for p in sorted((store.root / run.id).iterdir()) if p.name != "lock"]
    for _ in range(60):
        path = paths[rng.integers(len(paths))]
        whole = path.read_bytes()
        data = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data[: rng.integers(len(data))] if rng.random() < 0.3 else data)
        assert len(store.list_runs()) == 1
        with contextlib.suppress(RnnCoreError):
            Store.open(store, run.id).autosaver.discard()
        path.write_bytes(whole)
    assert_same(run, store.open(run.id))


# -- one owner ---------------------------------------------------------------------------------


def test_a_run_has_one_owner_at_a_time(store):
    run = small_run(store, 2)
    with pytest.raises(RunInUseError, match=rf"in use.*process {os.getpid()}"):
        store.open(run.id)
    with pytest.raises(RunInUseError):
        store.delete(run.id)
    suspend(run)
    opened = store.open(run.id)
    with pytest.raises(RunInUseError):
        store.open(run.id)
    suspend(opened)
    store.delete(run.id)


def test_a_lock_on_a_file_that_was_deleted_meanwhile_is_no_lock(tmp_path, monkeypatch):
    real = lock._lock

    def slow(file):
        (tmp_path / "lock").unlink()
        return real(file)

    monkeypatch.setattr(lock, "_lock", slow)
    mine = lock.FolderLock(tmp_path / "lock")
    with pytest.raises(FileNotFoundError):
        mine.take()
    assert not mine.held


HOLDER = """
import sys
from pathlib import Path
from dashboard.runs.store import Store
run = Store(Path(sys.argv[1])).open(sys.argv[2])
print("mine", flush=True)
sys.stdin.read()
"""


@posix
def test_another_process_owns_a_run_until_it_dies(store):
    run = suspend(small_run(store, 2))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store.root), run.id],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout.readline() == "mine\n"
        with pytest.raises(RunInUseError, match=f"process {holder.pid}"):
            store.open(run.id)
        assert [info.id for info in store.list_runs()] == [run.id]
        holder.kill()
    store.open(run.id)


def test_a_run_that_went_on_elsewhere_is_not_overwritten(store):
    stale = suspend(small_run(store, 5))
    other = store.open(stale.id)
    advance(other, 20)
    suspend(other)
    advance(stale, 1)
    assert not stale.autosaver.save_now()
    assert "gone on in another window" in stale.autosaver.problem
    assert store.open(stale.id).solver.iteration == 25


def test_a_run_that_was_put_away_is_saved_again_when_it_goes_on(store):
    run = suspend(small_run(store, 5))
    advance(run, 5)
    assert run.autosaver.save_now()
    with pytest.raises(RunInUseError):
        store.open(run.id)
    assert store.list_runs()[0].iteration == 10


# -- listing, deleting, bounds -----------------------------------------------------------------


def test_runs_are_listed_newest_first_with_their_figures(store):
    runs = [suspend(small_run(store, steps)) for steps in (3, 60, 7)]
    (store.root / "notes.txt").write_text("not a run")
    (store.root / "elsewhere").mkdir()
    infos = store.list_runs()
    assert [info.id for info in infos] == [run.id for run in reversed(runs)]
    assert [info.iteration for info in infos] == [7, 60, 3]
    assert [info.text_name for info in infos] == ["cat.txt"] * 3
    assert [math.isnan(info.best_val) for info in infos] == [True, False, True]
    assert infos[1].best_val == runs[1].trainer.status().best_val
    assert infos[1].created == runs[1].created
    assert infos[1].num_iters == TRAIN.num_iters
    for info in infos:
        on_disk = sum(p.stat().st_size for p in (store.root / info.id).iterdir())
        assert info.size == on_disk > 0
    assert store.size() == sum(info.size for info in infos)
    assert not any(info.damaged for info in infos)


def test_nothing_is_listed_where_nothing_is(tmp_path):
    assert Store(tmp_path / "none").list_runs() == []
    assert Store(tmp_path / "none").tidy() == 0
    (tmp_path / "file").write_text("")
    assert Store(tmp_path / "file").list_runs() == []


def test_left_overs_are_swept(store):
    run = suspend(small_run(store, 2))
    for name in (f"00000009.npz.{'a' * 16}.part", f"run.json.{'b' * 16}.part"):
        (store.root / run.id / name).write_bytes(b"half")
    (store.root / ".deleted-x").mkdir()
    (store.root / ".deleted-x" / "text.npz").write_bytes(b"old")
    never = store.root / ("n" * 16)  # the program was killed before its first save
    never.mkdir()
    (never / "text.npz").write_bytes(b"text")
    (store.root / "mine").mkdir()  # not a run: not ours to remove
    assert len(store.list_runs()) == 1
    assert store.tidy() == 0
    assert sorted(os.listdir(store.root)) == sorted([run.id, "mine"])
    assert not list((store.root / run.id).glob("*.part"))
    assert_same(run, store.open(run.id))


def test_the_oldest_unused_runs_beyond_the_bound_go(store, monkeypatch):
    used = small_run(store, 1)
    rest = [suspend(small_run(store, 1)) for _ in range(4)]
    size = store.list_runs()[0].size
    monkeypatch.setattr(limits, "MAX_STORE_BYTES", int(3.5 * size))
    assert store.tidy() == 1
    assert {info.id for info in store.list_runs()} == {used.id, *(run.id for run in rest[1:])}
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 2)
    assert store.tidy() == 1
    assert [info.id for info in store.list_runs()] == [rest[3].id, rest[2].id, used.id]
    assert used.autosaver.save_now()


def test_a_deleted_run_is_gone(store):
    run = suspend(small_run(store, 2))
    store.delete(run.id)
    assert os.listdir(store.root) == []
    for again in (store.delete, store.open):
        with pytest.raises(NoSuchRunError):
            again(run.id)


# -- where -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "variable", "base"),
    [("linux", None, ".local/share"), ("linux", "XDG_DATA_HOME", "data"),
     ("darwin", None, "Library/Application Support"), ("win32", None, "AppData/Local"),
     ("win32", "LOCALAPPDATA", "data")],
)  # fmt: skip
def test_runs_are_kept_where_the_system_keeps_a_users_data(
    tmp_path, monkeypatch, platform, variable, base
):
    for name in ("LSTM_WORKBENCH_RUNS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "data"))
    assert default_root() == tmp_path / base / "lstm-workbench" / "runs"


def test_a_folder_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("LSTM_WORKBENCH_RUNS", str(tmp_path / "mine"))
    assert Store().root == tmp_path / "mine"
    monkeypatch.setenv("LSTM_WORKBENCH_RUNS", "")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_root().is_absolute()


def test_settings_of_another_version_are_refused(store):
    run = suspend(small_run(store))
    path = store.root / run.id / "run.json"
    values = read_record(path)
    assert ModelSettings(**values["settings"]) == MODEL
    write_record(path, {**values, "settings": {**values["settings"], "attention": 1}})
    with pytest.raises(FileFormatError, match="attention"):
        store.open(run.id)
    write_record(path, {**values, "format": "lstm-workbench run 99"})
    with pytest.raises(FileFormatError, match="format"):
        store.open(run.id)
