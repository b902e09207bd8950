"""Autosave: when it saves, that it does not delay training, and what happens if it fails."""

from __future__ import annotations

import errno
import math
import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from dashboard.runs import snapshot
from dashboard.runs.autosave import _rollback_order as rollback_order
from dashboard.runs.folder import RunFolder
from dashboard.runs.snapshot import Journal
from dashboard.server import limits
from dashboard.settings import Goal
from dashboard.training import trainer
from dashboard.training.goals import Plan, TrainingStart
from rnncore.errors import FileFormatError, SaveError
from rnncore.storage import atomic_write, checkpoint
from tests.support.runs import TrackedStore, advance, assert_same, saves, small_run
from tests.support.trainers import until

PLAN = Plan(Goal("minutes", 5), TrainingStart(20, 3.5))
FULL = "Autosave failed: the disk is full. Training continues; download the model to keep it."


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "CHUNK_SECONDS", 0.01)
    monkeypatch.setattr(limits, "AUTOSAVE_SECONDS", 0.05)
    store = TrackedStore(tmp_path / "runs")
    yield store
    store.close()


def disk_full(*args, **kwargs):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise atomic_write.save_error("The run", error) from error


# -- when it saves -----------------------------------------------------------------------------


def test_a_run_that_has_learnt_nothing_is_not_stored(store):
    run = small_run()
    autosaver = store.start_autosave(run)
    run.trainer.pause()
    assert autosaver.suspend()
    assert (autosaver.saved_iteration, autosaver.problem) == (None, "")
    assert not store.root.exists()


def test_a_run_is_stored_from_its_first_chunk_on(store, monkeypatch):
    monkeypatch.setattr(limits, "AUTOSAVE_SECONDS", 1000.0)
    run = small_run()
    autosaver = store.start_autosave(run)
    run.trainer.start(60)
    until(lambda: autosaver.saved_iteration)
    assert run.trainer.status().active
    assert store.list_runs()[0].id == run.id
    assert autosaver.size() == store.list_runs()[0].size


def test_a_run_that_diverges_before_its_first_save_starts_again(store):
    run = small_run()
    store.start_autosave(run)
    first = run.solver.model.flat.copy()
    diverge(run)
    assert "restored to its state at iteration 0" in run.trainer.status().message
    assert run.solver.iteration == 0
    np.testing.assert_array_equal(run.solver.model.flat, first)


def test_a_run_is_saved_repeatedly_while_it_trains_and_when_it_pauses(store):
    run = small_run(store)
    run.trainer.start(60)
    for _ in range(3):
        before = run.autosaver.saved_iteration
        until(lambda: run.autosaver.saved_iteration > before)  # noqa: B023
    assert run.trainer.status().active
    run.trainer.pause()
    run.trainer.join()
    until(lambda: run.autosaver.saved_iteration == run.solver.iteration)
    assert run.autosaver.problem == ""
    assert run.autosaver.saved_at == pytest.approx(time.time(), abs=60)
    run.autosaver.suspend()
    assert_same(run, store.open(run.id))


def test_a_run_is_saved_when_it_finishes(store, monkeypatch):
    monkeypatch.setattr(limits, "AUTOSAVE_SECONDS", 1000.0)
    run = small_run(store)
    run.trainer.change(replace(run.train_settings, num_iters=40))
    run.trainer.start(60)
    until(lambda: run.autosaver.saved_iteration == 40)
    run.autosaver.suspend()
    assert store.open(run.id).trainer.status().phase == "finished"


def test_single_steps_and_changed_settings_are_saved(store):
    run = small_run(store)
    run.trainer.step(60)
    run.autosaver.flush()
    assert run.autosaver.saved_iteration == 1
    run.trainer.change(replace(run.train_settings, lr=0.5))
    run.autosaver.suspend()
    opened = store.open(run.id)
    assert opened.train_settings.lr == 0.5
    assert opened.trainer.changes == run.trainer.changes != []


def test_an_unchanged_run_is_not_saved_again(store):
    run = small_run(store, 3)
    before = saves(store, run.id)
    assert run.autosaver.save_now()
    run.trainer._call(run.trainer.after_stop)
    run.autosaver.flush()
    assert saves(store, run.id) == before


def test_saving_takes_at_most_a_fiftieth_of_the_time(store):
    run = small_run(store)
    job = run.autosaver._copy(run.solver)
    run.autosaver._write(replace(job, held=3.0))  # training waited three seconds for the copy
    assert run.autosaver.interval >= 150
    run.autosaver._write(replace(job, held=0.0))
    assert run.autosaver.interval < 15  # only the last save counts


# -- it does not delay training ----------------------------------------------------------------


class SlowDisk:
    """A disk that writes when the test allows it, and records what is written."""

    def __init__(self, monkeypatch):
        self.gate = threading.Semaphore(0)
        self.written, self.writing, self.most = [], 0, 0
        self._real = RunFolder.save
        monkeypatch.setattr(RunFolder, "save", lambda *args: self.save(*args))

    def save(self, folder, copy, *run):
        self.writing += 1
        self.most = max(self.most, self.writing)
        assert self.gate.acquire(timeout=20)
        self._real(folder, copy, *run)
        self.written.append(copy.journal.iteration)
        self.writing -= 1


def test_of_waiting_snapshots_only_the_newest_is_written(store, monkeypatch):
    run = small_run(store)
    disk = SlowDisk(monkeypatch)
    for _ in range(5):
        run.trainer.step(60)
    disk.gate.release(10)
    assert run.autosaver.flush()
    assert disk.written == [1, 5]
    assert disk.most == 1


def test_an_older_snapshot_never_becomes_the_newest_save(store):
    run = small_run(store, 1)
    older = run.autosaver._copy(run.solver)
    advance(run, 5)
    assert run.autosaver.save_now()
    run.autosaver._write(older)  # as if its thread had started late
    assert run.autosaver.saved_iteration == 6
    run.autosaver.suspend()
    assert store.open(run.id).solver.iteration == 6


def test_training_continues_during_a_save(store, monkeypatch):
    run = small_run(store)
    disk = SlowDisk(monkeypatch)
    run.trainer.start(60)
    until(lambda: disk.writing)
    before, copies = run.solver.iteration, run.autosaver._copies
    run.autosaver._last -= 60  # another save would be due
    until(lambda: run.solver.iteration > before + 20)
    assert disk.written == []
    assert run.autosaver._copies == copies  # no copy is made while the disk is busy
    run.trainer.pause()
    disk.gate.release(1000)
    run.trainer.join()
    run.autosaver.flush()
    assert disk.most == 1


def test_a_snapshot_does_not_change_with_later_training(store):
    run = small_run(store, 20)
    copy = snapshot.take(run.solver, run.sample_log.entries, run.trainer.changes, run.plan)
    advance(run, 20)
    folder = store.folder("c" * 16)
    folder.save(copy, run.autosaver._facts, run.text)
    again = folder.load_solver(1, run.text)
    folder.lock.release()
    for _ in range(20):
        again.step()
    np.testing.assert_array_equal(again.model.flat, run.solver.model.flat)
    np.testing.assert_array_equal(again.history["loss"], run.solver.history["loss"])
    assert copy.journal.iteration == 20


# -- which saves are kept ----------------------------------------------------------------------


def with_validations(store, losses):
    run = small_run(store)
    for loss in losses:
        advance(run, 1)
        run.solver.history.set_last("val_loss", loss)
        run.autosaver.save_now()
    return run


def test_the_last_two_saves_and_the_best_are_kept(store):
    run = with_validations(store, [3.0, 1.0, 2.0, 2.5, math.nan, 2.7])
    assert saves(store, run.id) == [3, 6, 7]  # save 1 was made at iteration 0
    folder = store.folder(run.id)
    assert folder.find_best() == 3
    assert folder.read_journal(3).val_loss == 1.0
    assert folder.read_journal(7).best_val == 1.0
    assert folder.load_solver(3, run.text).iteration == 2


def test_of_saves_with_equal_losses_the_earliest_is_the_best(store):
    run = with_validations(store, [2.0, 1.0, math.nan, math.nan, math.nan])
    assert saves(store, run.id) == [3, 5, 6]


def test_a_very_large_run_keeps_fewer_saves(store, monkeypatch):
    monkeypatch.setattr(limits, "MAX_RUN_BYTES", 1)
    run = with_validations(store, [1.0, 2.0, 3.0])
    assert saves(store, run.id) == [4]


# -- failures ----------------------------------------------------------------------------------


def test_a_full_disk_is_reported_and_the_old_saves_are_kept(store, monkeypatch):
    run = small_run(store, 10)
    before = saves(store, run.id)
    monkeypatch.setattr(checkpoint, "save", disk_full)
    run.trainer.start(60)
    until(lambda: run.autosaver.problem)
    assert run.autosaver.problem == FULL
    later = run.solver.iteration
    until(lambda: run.solver.iteration > later + 20)
    assert run.trainer.status().phase == "running"
    assert saves(store, run.id) == before
    monkeypatch.undo()
    until(lambda: not run.autosaver.problem)
    run.autosaver.suspend()
    assert_same(run, store.open(run.id))


def test_a_failure_between_network_and_journal_leaves_no_partial_save(store, monkeypatch):
    run = small_run(store, 10)
    before = sorted(os.listdir(store.root / run.id))
    advance(run, 5)
    monkeypatch.setattr("dashboard.runs.folder.write_record", disk_full)
    assert not run.autosaver.save_now()
    assert run.autosaver.problem == FULL
    assert sorted(os.listdir(store.root / run.id)) == before


@pytest.mark.parametrize("blocked", ["", "runs"])
def test_training_continues_if_the_folder_cannot_be_created(tmp_path, monkeypatch, blocked):
    """A file with the folder's name stops every user, also root."""
    monkeypatch.setattr(trainer, "CHUNK_SECONDS", 0.01)
    monkeypatch.setattr(limits, "AUTOSAVE_SECONDS", 0.02)
    parent = tmp_path / "home"
    parent.mkdir(exist_ok=True)
    obstacle = parent / blocked if blocked else parent
    if not blocked:
        parent.rmdir()
    obstacle.write_text("in the way")
    store = TrackedStore(parent / "runs")
    run = small_run()
    autosaver = store.start_autosave(run)
    run.trainer.start(60)
    until(lambda: autosaver.problem)
    assert autosaver.problem == (
        "Autosave failed: a file has the name of the folder of the runs. "
        "Training continues; download the model to keep it."
    )
    until(lambda: run.solver.iteration > 20)
    obstacle.unlink()
    until(lambda: not autosaver.problem)
    assert autosaver.suspend()
    assert_same(run, store.open(run.id))
    store.close()


def test_a_deleted_folder_is_created_again(store):
    run = small_run(store, 3)
    for path in (store.root / run.id).iterdir():
        path.unlink()
    (store.root / run.id).rmdir()
    advance(run, 1)
    assert run.autosaver.save_now(), run.autosaver.problem
    run.autosaver.suspend()
    assert_same(run, store.open(run.id))


@pytest.mark.parametrize(
    ("error", "reason"),
    [(MemoryError(), "no memory left"), (ZeroDivisionError("x"), "something unexpected"),
     (OSError(errno.EROFS, "ro"), "cannot be written to"), (OSError("odd"), "the disk refused"),
     (SaveError("The run was not saved: b holds values that are not finite."), "not finite. ")],
)  # fmt: skip
def test_no_failure_of_a_save_stops_training(store, monkeypatch, caplog, error, reason):
    def fail(*args):
        raise error

    run = small_run(store)
    for owner, name in ((snapshot, "take"), (RunFolder, "save")):
        monkeypatch.setattr(owner, name, fail)
        run.autosaver.problem = ""
        run.trainer.start(60)
        until(lambda: run.autosaver.problem)
        assert run.autosaver.problem.startswith("Autosave failed: ")
        assert reason in run.autosaver.problem
        later = run.solver.iteration
        until(lambda: run.solver.iteration > later)  # noqa: B023
        run.trainer.pause()
        run.trainer.join()
        run.autosaver.flush()
        monkeypatch.undo()
        monkeypatch.setattr(limits, "AUTOSAVE_SECONDS", 0.05)
    assert bool(caplog.records) == isinstance(error, ZeroDivisionError)
    assert run.autosaver.save_now()
    assert run.autosaver.problem == ""


def test_a_run_that_cannot_be_saved_is_not_suspended(store, monkeypatch):
    run = small_run(store, 1)
    advance(run, 1)
    monkeypatch.setattr(checkpoint, "save", disk_full)
    assert not run.autosaver.suspend()
    monkeypatch.undo()
    assert run.autosaver.suspend()


def test_a_deleted_run_is_not_saved_again(store):
    run = small_run(store, 1)
    run.autosaver.discard()
    store.delete(run.id)
    run.trainer.step(60)
    assert run.autosaver.suspend()
    assert os.listdir(store.root) == []
    assert "deleted" in run.autosaver.problem


# -- after a divergence ------------------------------------------------------------------------


def diverge(run):
    run.solver.model.flat[...] = np.nan
    run.trainer.step(60)
    run.autosaver.flush()


def test_a_divergence_restores_the_last_good_state(store):
    run = small_run(store, 50)
    good = run.solver.model.flat.copy()
    entries = list(run.sample_log.entries)
    advance(run, 30)
    assert len(run.sample_log.entries) > len(entries)
    diverge(run)
    status = run.trainer.status()
    assert status.phase == "failed"
    assert "The network was restored to its state at iteration 50." in status.message
    np.testing.assert_array_equal(run.solver.model.flat, good)
    assert run.sample_log.entries == entries
    assert run.autosaver.saved_iteration == 50
    run.trainer.step(60)
    assert run.solver.iteration == 51
    run.autosaver.suspend()
    assert_same(run, store.open(run.id))


def test_a_save_with_a_risen_loss_is_skipped_and_deleted(store):
    run = small_run(store, 50)
    advance(run, 10)
    run.solver.history._table.rows[3, 50:60] = 40.0  # rising towards infinity
    run.autosaver.save_now()
    unusable = max(saves(store, run.id))
    diverge(run)
    assert run.solver.iteration == 50
    assert unusable not in saves(store, run.id)
    run.autosaver.suspend()
    assert store.open(run.id).solver.iteration == 50


def test_a_damaged_save_is_skipped(store):
    run = small_run(store, 20)
    advance(run, 20)
    run.autosaver.save_now()
    path = store.root / run.id / f"{max(saves(store, run.id)):08d}.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    diverge(run)
    assert run.solver.iteration == 20


def test_without_a_save_nothing_is_restored(store):
    run = small_run(store)
    for path in (store.root / run.id).glob("0*"):
        path.unlink()
    diverge(run)
    assert "diverged" in run.trainer.status().message
    assert "restored" not in run.trainer.status().message


def test_the_order_of_saves_to_restore():
    def journal(iteration, loss):
        return Journal(0.0, iteration, 100, loss, math.nan, math.nan, (), (), PLAN)

    saved = {9: journal(90, 9.0), 8: journal(80, 1.3), 5: journal(50, 1.0), 1: journal(0, math.nan)}
    assert rollback_order(saved, None) == [8, 5, 1]
    assert rollback_order(saved, 9) == [8, 5, 9, 1]
    assert rollback_order({}, None) == []


def test_a_journal_is_read_exactly_or_refused():
    journal = Journal(1.5, 3, 9, math.nan, 2.0, 1.0, (), (), PLAN)
    assert repr(Journal.from_values(journal.to_values())) == repr(journal)
    for name, value in (
        ("saved", None),
        ("diary", [[1]]),
        ("changes", 7),
        ("loss", "x"),
        ("plan", {"kind": "x"}),
    ):
        with pytest.raises(FileFormatError, match="journal is damaged"):
            Journal.from_values({**journal.to_values(), name: value})
