"""The store: runs open unchanged, damage is handled, one process holds a run, limits apply."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboard.runs import labels, lock, marker, text_files
from dashboard.runs.json_record import read_record, write_record
from dashboard.runs.labels import Labels
from dashboard.runs.lock import RunInUseError
from dashboard.runs.run import new_run
from dashboard.runs.store import NoSuchRunError, Store, default_root
from dashboard.runs.text_files import DamagedTextError
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

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX modes and locks")


@pytest.fixture
def store(tmp_path):
    store = TrackedStore(tmp_path / "runs")
    yield store
    store.close()


@pytest.fixture
def no_notice(monkeypatch):
    """Let a run be deleted by the next clean-up after the one that gave it notice."""
    monkeypatch.setattr(limits, "REMOVAL_NOTICE_SECONDS", 0.0)


def clean_up(store):
    """Clean up twice; return how many runs were deleted."""
    assert store.clean_up() == 0, "a run was deleted without notice"
    return store.clean_up()


def suspend(run):
    assert run.autosaver.suspend(), run.autosaver.problem
    return run


# -- opening -----------------------------------------------------------------------------------


def test_training_continues_exactly_after_a_run_is_opened(store):
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


def test_an_opened_run_is_paused_and_has_its_properties(store):
    run = suspend(small_run(store, 30))
    opened = store.open(run.id)
    assert opened.trainer.status().phase == "paused"
    assert (opened.id, opened.created, opened.notes) == (run.id, run.created, ())
    assert opened.autosaver.saved_iteration == 30
    assert opened.autosaver.saved_at == pytest.approx(run.autosaver.saved_at)
    assert opened.text.name == "cat.txt"
    assert opened.train_settings == TRAIN


def test_a_run_with_any_cell_opens_again(store):
    for cell_type in ("lstm", "gru", "vanilla"):
        run = suspend(small_run(store, 3, replace(MODEL, cell_type=cell_type)))
        assert_same(run, store.open(run.id))


def test_an_opened_run_is_not_saved_before_it_changes(store):
    run = suspend(small_run(store, 3))
    before = saves(store, run.id)
    suspend(store.open(run.id))
    assert saves(store, run.id) == before


def test_a_run_too_large_for_memory_is_refused_before_it_is_read(store, monkeypatch):
    run = suspend(small_run(store))
    monkeypatch.setattr(memory, "free", lambda: 1000)
    with pytest.raises(limits.TooLargeError, match="memory"):
        store.open(run.id)
    monkeypatch.undo()
    store.open(run.id)  # its lock is free


def test_a_float64_run_needs_more_memory(store, monkeypatch):
    V = len(TEXT.vocab)
    doubles = RNN(V, TEXT.vocab.idx_to_char, 3, 6, num_layers=2, dropout=0.2, dtype="float64")
    run = new_run(TEXT, MODEL, TRAIN, doubles)
    store.start_autosave(run)
    assert run.autosaver.save_now()
    suspend(run)
    between = (MODEL.memory(V) + MODEL.memory(V, 8)) / 2  # enough for float32
    enough = MODEL.memory(V, 8) / limits.MEMORY_SHARE
    monkeypatch.setattr(memory, "free", lambda: int(between / limits.MEMORY_SHARE))
    with pytest.raises(limits.TooLargeError, match="memory"):
        store.open(run.id)
    monkeypatch.setattr(memory, "free", lambda: int(1.1 * enough))
    assert store.open(run.id).solver.model.dtype == "float64"


@pytest.mark.parametrize(
    "run_id",
    ["", ".", "..", "../../../../etc", "a" * 15, "a" * 17, "a" * 15 + "/", "a" * 16 + "\n",
     "a" * 15 + "\0", "a" * 15 + ".", "ä" * 16, "/" + "a" * 15, None, 7],
)  # fmt: skip
def test_an_invalid_id_never_becomes_a_path(tmp_path, run_id):
    (tmp_path / "runs").mkdir()
    for refused in (Store(tmp_path / "runs").open, Store(tmp_path / "runs").delete):
        with pytest.raises(NoSuchRunError):
            refused(run_id)
    assert os.listdir(tmp_path) == ["runs"]
    assert not os.listdir(tmp_path / "runs")


def test_an_unknown_id_is_reported(store):
    with pytest.raises(NoSuchRunError, match="no run under this link"):
        store.open("a" * 16)
    assert not store.root.exists()


@posix
def test_only_the_user_can_read_the_folders(store):
    run = small_run(store)
    assert (store.root.stat().st_mode & 0o777) == 0o700
    assert ((store.root / run.id).stat().st_mode & 0o777) == 0o700


@pytest.fixture
def from_pretrained(store):
    """A run that started from a trained network."""
    pretrained = small_run(steps=5).solver.model
    run = new_run(TEXT, MODEL, TRAIN, pretrained)
    store.start_autosave(run)
    advance(run, 3)
    return suspend(run)


def test_the_pretrained_network_is_restored(store, from_pretrained):
    opened = store.open(from_pretrained.id)
    np.testing.assert_array_equal(opened.initial_model.flat, from_pretrained.initial_model.flat)
    assert not np.array_equal(opened.initial_model.flat, opened.solver.model.flat)
    assert opened.notes == ()
    assert small_run(store, 3).initial_model is None
    assert store.open(suspend(small_run(store, 3)).id).initial_model is None


@pytest.mark.parametrize("damage", ["cut", "flip", "other"])
def test_a_damaged_pretrained_network_is_reported_and_the_run_opens(store, from_pretrained, damage):
    path = store.root / from_pretrained.id / "first.npz"
    if damage == "other":
        path.write_bytes((path.parent / "text.npz").read_bytes())
    else:
        {"cut": cut, "flip": flip}[damage](path)
    opened = store.open(from_pretrained.id)
    assert opened.initial_model is None
    assert "Reset will start from a new network." in opened.notes[0]
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
def test_the_save_before_a_damaged_one_is_opened(store, damage):
    run = small_run(store, 10)
    advance(run, 10)
    suspend(run)
    kind, harm = DAMAGES[damage]
    newest = max(saves(store, run.id))
    harm(store.root / run.id / f"{newest:08d}.{kind}")
    opened = store.open(run.id)
    assert opened.solver.iteration == 10
    # An unfinished save is ignored without a note.
    assert bool(opened.notes) == (not damage.startswith("no "))
    assert all("at iteration 10" in note for note in opened.notes)
    advance(opened, 3)
    suspend(opened)
    assert newest not in saves(store, run.id) or damage.startswith("no ")
    assert store.open(run.id).solver.iteration == 13


def test_a_damaged_save_does_not_look_like_another_process_save(store):
    run = small_run(store, 10)
    advance(run, 10)
    suspend(run)
    cut(store.root / run.id / f"{max(saves(store, run.id)):08d}.npz")
    opened = suspend(store.open(run.id))
    advance(opened, 1)
    assert opened.autosaver.save_now(), opened.autosaver.problem


def test_a_run_without_a_complete_save_is_refused_but_not_deleted(store):
    run = suspend(small_run(store, 5))
    files = sorted((store.root / run.id).glob("0*.npz"))
    for path in files:
        cut(path)
    for _ in range(2):
        with pytest.raises(FileFormatError, match="None of this run's saves can be opened"):
            store.open(run.id)
    (info,) = store.list_runs()
    assert "no complete save" in info.damaged
    assert (info.id, info.text_name, info.iteration) == (run.id, "cat.txt", 0)
    store.clean_up()
    assert sorted((store.root / run.id).glob("0*.npz")) == files
    store.delete(run.id)
    assert store.list_runs() == []


@pytest.mark.parametrize("name", ["run.json", "text.npz", "text-copy.npz"])
@pytest.mark.parametrize("harm", [cut, flip, lambda path: path.write_bytes(b""), Path.unlink])
def test_a_damaged_record_or_text_is_restored_from_its_copy(store, name, harm):
    run = suspend(small_run(store, 5))
    path = store.root / run.id / name
    whole = path.read_bytes()
    harm(path)
    is_there = path.exists()
    (info,) = store.list_runs()
    assert (info.text_name, info.damaged, info.iteration) == ("cat.txt", "", 5)
    opened = suspend(store.open(run.id))
    assert_same(run, opened)
    advance(opened, 1)
    assert opened.autosaver.save_now()
    assert path.read_bytes() == whole
    if is_there:
        assert "restored from its copy" in opened.notes[0]
        assert path.with_name(f"{name}.damaged").exists()
    suspend(opened)
    assert store.open(run.id).notes == ()


def test_a_run_of_an_earlier_version_is_rebuilt_from_its_network(store):
    run = suspend(small_run(store, 5))
    folder = store.root / run.id
    for path in folder.glob("0*.json"):  # saves had no copy of the facts
        values = read_record(path)
        del values["facts"]
        write_record(path, values)
    for name in ("run.json", "text-copy.npz", marker.NAME):
        (folder / name).unlink()
    assert store.clean_up() == 0
    (info,) = store.list_runs()
    assert (info.id, info.text_name, info.damaged) == (run.id, "Recovered text", "")
    opened = store.open(run.id)
    assert opened.model_settings == MODEL
    assert opened.text.vocab == run.text.vocab
    np.testing.assert_array_equal(opened.text.ids, run.text.ids)
    np.testing.assert_array_equal(opened.solver.model.flat, run.solver.model.flat)


@pytest.mark.parametrize("harm", [flip, Path.unlink])
def test_a_run_without_a_readable_text_is_set_aside_and_its_network_can_be_taken(
    store, harm, monkeypatch
):
    run = suspend(small_run(store, 5))
    monkeypatch.setattr(limits, "REMOVAL_NOTICE_SECONDS", 0.0)
    for name in text_files.NAMES:
        harm(store.root / run.id / name)
    with pytest.raises(DamagedTextError):
        store.open(run.id)
    (info,) = store.list_runs()
    assert info.damaged
    assert info.has_network
    np.testing.assert_array_equal(store.load_network(run.id).flat, run.solver.model.flat)
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 0)
    assert clean_up(store) == 0
    assert [info.id for info in store.list_runs()] == [run.id]
    store.delete(run.id)
    assert not (store.root / run.id).exists()


def test_a_run_whose_record_is_lost_is_not_cleaned_up(store):
    """It has whole saves."""
    run = suspend(small_run(store, 5))
    (store.root / run.id / "run.json").unlink()
    assert store.clean_up() == 0
    assert_same(run, store.open(run.id))


def test_the_record_of_another_run_is_replaced_by_the_runs_own(store):
    one, two = suspend(small_run(store, 1)), suspend(small_run(store, 2))
    (store.root / one.id / "run.json").write_bytes((store.root / two.id / "run.json").read_bytes())
    assert_same(one, store.open(one.id))


def test_folders_of_other_programs_are_never_touched(tmp_path, monkeypatch):
    """Even with names like those of runs and of what a killed program leaves over."""
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 0)
    names = ["master-thesis-v2", "n" * 16, f".deleted-{'a' * 16}-01234567", ".deleted-x",
             f".new-{'a' * 16}-01234567"]  # fmt: skip
    files = ["chapter.txt", "text.npz", "lock", "00000001.npz", "00000001.json",
             f"x.{'a' * 16}.part", "run.json"]  # fmt: skip
    for name in names:
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text("mine")
    store = Store(tmp_path)
    assert (store.clean_up(), store.list_runs(), store.size()) == (0, [], 0)
    for name in names[:2]:
        for refused in (store.open, store.delete, store.load_network):
            with pytest.raises(NoSuchRunError):
                refused(name)
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    for name in names:
        assert {p.name: p.read_text() for p in (tmp_path / name).iterdir()} == dict.fromkeys(
            files, "mine"
        )


def test_a_run_with_a_file_of_a_person_is_not_cleaned_up(store, monkeypatch, no_notice):
    run = suspend(small_run(store, 1))
    (store.root / run.id / "notes.txt").write_text("mine")
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 0)
    assert clean_up(store) == 0
    (store.root / run.id / "notes.txt").unlink()
    assert store.clean_up() == 1


def test_a_delete_that_was_interrupted_is_completed(store):
    run = suspend(small_run(store, 1))
    gone = store.root / f".deleted-{run.id}-0123abcd"
    (store.root / run.id).rename(gone)
    (gone / "run.json").unlink()
    empty = store.root / f".new-{'b' * 16}-0123abcd"
    empty.mkdir()
    unfinished = store.root / f".new-{'c' * 16}-0123abcd"
    unfinished.mkdir()
    (unfinished / f"{marker.NAME}.{'d' * 16}.part").write_text("A run of")
    store.clean_up()
    assert os.listdir(store.root) == []


def test_random_damage_is_refused_or_harmless(store):
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


# -- locking -----------------------------------------------------------------------------------


def test_a_run_can_be_open_only_once(store):
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


def test_a_lock_file_that_is_deleted_meanwhile_does_not_count(tmp_path, monkeypatch):
    real = lock._lock

    def slow(file):
        (tmp_path / "lock").unlink()
        return real(file)

    monkeypatch.setattr(lock, "_lock", slow)
    folder_lock = lock.FolderLock(tmp_path / "lock")
    with pytest.raises(FileNotFoundError):
        folder_lock.acquire()
    assert not folder_lock.held


def test_a_run_without_file_locks_opens_but_is_never_cleaned_up(store, monkeypatch, no_notice):
    """Some network disks have no locks, so another computer may have the run open."""
    run = suspend(small_run(store, 2))
    monkeypatch.setattr(lock, "_lock", lambda file: None)
    suspend(store.open(run.id))
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 0)
    assert clean_up(store) == 0
    monkeypatch.undo()
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 0)
    assert store.clean_up() == 1


def test_a_lock_ends_when_its_folder_is_moved(tmp_path):
    (tmp_path / "run").mkdir()
    folder_lock = lock.FolderLock(tmp_path / "run" / "lock")
    folder_lock.acquire()
    assert folder_lock.held
    if os.name != "nt":  # Windows cannot rename a folder with an open file in it
        (tmp_path / "run").rename(tmp_path / "moved")
        assert not folder_lock.held
        with pytest.raises(FileNotFoundError):
            folder_lock.acquire()
        assert not (tmp_path / "run").exists()
    folder_lock.release()


HOLDER = """
import sys
from pathlib import Path
from dashboard.runs.store import Store
run = Store(Path(sys.argv[1])).open(sys.argv[2])
print("locked", flush=True)
sys.stdin.read()
"""


@posix
def test_a_killed_process_frees_its_run(store):
    run = suspend(small_run(store, 2))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store.root), run.id],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(RunInUseError, match=f"process {holder.pid}"):
            store.open(run.id)
        assert [info.id for info in store.list_runs()] == [run.id]
        holder.kill()
    store.open(run.id)


def test_a_run_continued_elsewhere_is_not_overwritten(store):
    stale = suspend(small_run(store, 5))
    other = store.open(stale.id)
    advance(other, 20)
    suspend(other)
    advance(stale, 1)
    assert not stale.autosaver.save_now()
    assert "continued in another window" in stale.autosaver.problem
    assert store.open(stale.id).solver.iteration == 25


def test_a_suspended_run_is_saved_again_when_it_continues(store):
    run = suspend(small_run(store, 5))
    advance(run, 5)
    assert run.autosaver.save_now()
    with pytest.raises(RunInUseError):
        store.open(run.id)
    assert store.list_runs()[0].iteration == 10


# -- listing, deleting, limits -----------------------------------------------------------------


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


def test_a_missing_folder_has_no_runs(tmp_path):
    assert Store(tmp_path / "none").list_runs() == []
    assert Store(tmp_path / "none").clean_up() == 0
    (tmp_path / "file").write_text("")
    assert Store(tmp_path / "file").list_runs() == []


def test_leftovers_are_deleted(store):
    run = suspend(small_run(store, 2))
    for name in (f"00000009.npz.{'a' * 16}.part", f"run.json.{'b' * 16}.part"):
        (store.root / run.id / name).write_bytes(b"half")
    unsaved = store.root / ("n" * 16)  # the program was killed before its first save
    unsaved.mkdir()
    marker.write(unsaved)
    (unsaved / "text.npz").write_bytes(b"text")
    (store.root / "mine").mkdir()  # not a run, so it is kept
    assert len(store.list_runs()) == 1
    assert store.clean_up() == 0
    assert sorted(os.listdir(store.root)) == sorted([run.id, "mine"])
    assert not list((store.root / run.id).glob("*.part"))
    assert_same(run, store.open(run.id))


def test_the_oldest_unused_runs_beyond_the_limits_are_deleted(store, monkeypatch, no_notice):
    used = small_run(store, 1)
    rest = [suspend(small_run(store, 1)) for _ in range(4)]
    size = store.list_runs()[0].size
    monkeypatch.setattr(limits, "MAX_STORE_BYTES", int(3.5 * size))
    assert clean_up(store) == 1
    assert {info.id for info in store.list_runs()} == {used.id, *(run.id for run in rest[1:])}
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 2)
    assert clean_up(store) == 1
    assert [info.id for info in store.list_runs()] == [rest[3].id, rest[2].id, used.id]
    assert used.autosaver.save_now()


def test_a_run_is_removed_only_after_a_notice_of_a_week(store, monkeypatch):
    run, newer = (suspend(small_run(store, 1)) for _ in range(2))
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 1)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert store.clean_up() == 0
    info = store.list_runs()[1]
    assert (info.id, info.labels.remove_after) == (run.id, now + 7 * 24 * 3600)
    assert labels.describe_removal(info.labels).startswith("To be removed after ")
    assert labels.describe_removal(store.list_runs()[0].labels) == ""
    now += 7 * 24 * 3600 - 1
    assert store.clean_up() == 0
    now += 1
    assert store.clean_up() == 1
    assert [info.id for info in store.list_runs()] == [newer.id]


def test_a_run_that_is_opened_after_the_notice_is_kept_and_says_so(store, monkeypatch, no_notice):
    old, _ = (suspend(small_run(store, 1)) for _ in range(2))
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 1)
    store.clean_up()
    opened = suspend(store.open(old.id))
    assert "To be removed after" in opened.notes[0]
    assert "Now that it was opened, it is kept." in opened.notes[0]
    assert clean_up(store) == 1
    assert [info.id for info in store.list_runs()] == [old.id]
    assert store.open(old.id).notes == ()


def test_a_notice_is_withdrawn_when_there_is_room_again(store, monkeypatch):
    suspend(small_run(store, 1))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "MAX_STORED_RUNS", 0)
        store.clean_up()
    assert store.list_runs()[0].labels.remove_after
    store.clean_up()
    assert not store.list_runs()[0].labels.remove_after


@pytest.mark.parametrize("label", [{"name": "lighthouse"}, {"starred": True}])
def test_a_named_or_starred_run_is_never_removed(store, monkeypatch, no_notice, label):
    run = suspend(small_run(store, 1))
    store.set_labels(run.id, **label)
    monkeypatch.setattr(limits, "MAX_STORED_RUNS", 0)
    assert clean_up(store) == 0
    opened = store.open(run.id)
    assert opened.labels == Labels(**label)
    advance(opened, 1)
    suspend(opened)
    (info,) = store.list_runs()
    assert (info.iteration, info.labels) == (2, Labels(**label))
    cut(store.root / run.id / "run.json")  # the save has a copy
    assert suspend(store.open(run.id)).labels == Labels(**label)
    assert store.list_runs()[0].labels == Labels(**label)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("  a\nb\t c ", "a b c"), ("x" * 500, "x" * 80), ("\0\u202e", ""), ("Zoë 🙂", "Zoë 🙂")],
)
def test_a_name_is_one_short_printable_line(given, kept):
    assert labels.clean_name(given) == kept


def test_a_deleted_run_is_gone(store):
    run = suspend(small_run(store, 2))
    store.delete(run.id)
    assert os.listdir(store.root) == []
    for again in (store.delete, store.open):
        with pytest.raises(NoSuchRunError):
            again(run.id)


# -- the folder --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "variable", "base"),
    [("linux", None, ".local/share"), ("linux", "XDG_DATA_HOME", "data"),
     ("darwin", None, "Library/Application Support"), ("win32", None, "AppData/Local"),
     ("win32", "LOCALAPPDATA", "data")],
)  # fmt: skip
def test_the_default_folder_is_in_the_users_data_folder(
    tmp_path, monkeypatch, platform, variable, base
):
    for name in ("LSTM_WORKBENCH_RUNS", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "data"))
    assert default_root() == tmp_path / base / "lstm-workbench" / "runs"


def test_an_environment_variable_sets_the_folder(tmp_path, monkeypatch):
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
